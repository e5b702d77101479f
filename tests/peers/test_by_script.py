"""A script with a token does what the portal and the console do: it connects a company whose identity provider is an
unmodified SimpleSAMLphp, and finds out from a reference code why a person could not sign in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.services.actor import Verb
from tests.peers.authlib_app import AuthlibApp
from tests.peers.simplesamlphp import PASSWORD, SimpleSamlPhp
from tests.support import pages
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.people import Browser, Visited, choose_home_realm
from tests.support.saml_idp import key_pair
from tests.support.servers import Client, LiveHub

pytestmark = pytest.mark.peer("simplesamlphp")

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class Script:
    """Nothing but HTTP, a token and JSON."""

    def __init__(self, hub: LiveHub) -> None:
        made = hub.built.services.api_tokens.create(ME, "onboarding", frozenset({Verb.CONFIGURE, Verb.READ_TRACES}), days=1)
        self.base, self.session = f"{hub.url}/api/v1", requests.Session()
        self.session.headers["Authorization"] = f"Bearer {made.secret}"

    def __call__(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self.session.request(method, self.base + path, timeout=30, **({"json": body} if body else {}))
        assert answer.status_code < 300, (answer.status_code, answer.text)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def script(hub: LiveHub) -> Script:
    return Script(hub)


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[SimpleSamlPhp]:
    needs("simplesamlphp")
    with SimpleSamlPhp(tmp_path / "simplesamlphp") as made:
        yield made


def connect(script: Script, idp: SimpleSamlPhp, metadata: str) -> dict[str, Any]:
    """What an operator's script sends for a new customer; and sends again when something changed."""
    script("PUT", "/tenants/acme", name="Acme")
    script("PUT", "/tenants/acme/domains/acme.example")
    saved = script(
        "PUT",
        "/tenants/acme/connectors/ssp",
        type="saml",
        name="Acme sign-in",
        metadata=metadata,
        settings={"name_id_format": PERSISTENT},
        enabled=True,
    )
    sheet = json.dumps(script("GET", "/tenants/acme/connectors/ssp/sheet"))
    found = re.search(r"https?://[^\"]+/upstream/[^\"]+/metadata", sheet)
    assert found is not None, sheet
    idp.trust(found.group(0))
    return saved


def register(script: Script, hub: LiveHub) -> str:
    """An application that answers what it learned; its address."""

    def make(url: str) -> AuthlibApp:
        made = script(
            "PUT",
            "/applications/wiki",
            protocol="oidc",
            name="Wiki",
            tenants=["acme"],
            settings={"redirect_uris": [f"{url}/callback"]},
        )
        issuer = script("GET", "/applications/wiki/sheet")["issuer"]
        client = Client(made["settings"]["client_id"], made["client_secret"], f"{url}/callback")
        return AuthlibApp(issuer, client, auth="client_secret_basic")

    return hub.serve(make).url


def sign_in(application: str) -> Visited:
    with Browser() as browser:
        page = browser.open(f"{application}/login")
        if "username" not in page.text:
            page = choose_home_realm(browser, page, "ann@acme.example")
        form = next(form for form in pages.forms(page.text, page.url) if "password" in form.fields)
        return browser.submit(form, username="ann", password=PASSWORD)


def test_a_script_connects_a_company_and_explains_a_failed_sign_in(hub: LiveHub, script: Script, idp: SimpleSamlPhp) -> None:
    good = idp.metadata().decode()
    outdated = replace_certificates(good, key_pair("another").certificate_pem)

    # The metadata that the customer sent holds a certificate that their identity provider no longer signs with.
    saved = connect(script, idp, outdated)
    application = register(script, hub)
    assert any("certificate" in line for line in saved["understood"])
    refused = sign_in(application)

    code = pages.reference_code(refused.text)
    found = script("GET", f"/traces/{code}")
    assert found["summary"]["outcome"] == "failed"
    assert (found["summary"]["tenant"], found["summary"]["connector"]) == ("acme", "ssp")
    assert found["verdict"]["check"] == "saml.response_signature"
    assert "certificate" in found["verdict"]["cause"] + found["verdict"]["fix"]
    assert found["verdict"]["act"] == "customer_it"

    # As the verdict says: newer metadata. Then the same person signs in.
    connect(script, idp, good)
    welcome = sign_in(application)
    assert welcome.json()["userinfo"]["email"] == "ann@acme.example"
    assert script("GET", "/traces?outcome=succeeded&tenant_slug=acme")["items"][0]["application"] == "wiki"


def replace_certificates(metadata: str, certificate_pem: str) -> str:
    body = "".join(certificate_pem.split("-----")[2].split())
    return re.sub(r"(<ds:X509Certificate>)[^<]+(</ds:X509Certificate>)", rf"\g<1>{body}\g<2>", metadata)
