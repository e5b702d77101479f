"""mod_auth_mellon (Apache httpd, lasso) as a SAML application of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from broker.domain import claims as c
from broker.services.applications import SaveApplication
from tests.peers.apache import Apache, variables
from tests.support import pages
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.people import BOB, Browser, Visited, choose_home_realm, pick
from tests.support.saml_idp import key_pair
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("mod_auth_mellon")

CONFIGURATION = """
<Location />
    MellonEnable info
    MellonEndpointPath /mellon
    MellonSPentityId {url}/mellon/metadata
    MellonSPPrivateKeyFile {folder}/sp.key
    MellonSPCertFile {folder}/sp.crt
    MellonIdPMetadataFile {folder}/hub.xml
    MellonSignatureMethod rsa-sha256
    MellonSetEnvNoPrefix email {email}
    MellonSetEnvNoPrefix tenant {tenant}
</Location>
<Location /secret>
    AuthType Mellon
    MellonEnable auth
    Require valid-user
</Location>
"""


@pytest.fixture
def apache() -> Iterator[Apache]:
    needs("mod_auth_mellon")
    with Apache(("auth_mellon",)) as server:
        yield server


def connect(hub: LiveHub, apache: Apache, *, tenant: str | None = None, **changes: Any) -> None:
    """Each side reads the other's metadata, as administrators do."""
    key = key_pair("mellon")
    (apache.folder / "sp.key").write_text(key.private_pem)
    (apache.folder / "sp.crt").write_text(key.certificate_pem)
    address = f"{hub.url}/saml/metadata" if tenant is None else f"{hub.url}/t/{tenant}/saml/metadata"
    (apache.folder / "hub.xml").write_bytes(requests.get(address, timeout=20).content)
    apache.start(CONFIGURATION.format(url=apache.url, folder=apache.folder, email=c.EMAIL, tenant=c.TENANT))
    own = requests.get(f"{apache.url}/mellon/metadata", timeout=20).content
    changes.setdefault("tenant_ids", None)
    hub.built.applications.save(ME, SaveApplication("intranet", "Intranet", "saml", metadata=own, **changes))


def enter(browser: Browser, apache: Apache, email: str = "alice@acme.example") -> Visited:
    """Opens the protected page; stands before the identity provider."""
    return choose_home_realm(browser, browser.open(f"{apache.url}/secret/who.shtml"), email)


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_a_protected_page_knows_who_reads_it(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser, sign: str, tenant: str | None
) -> None:
    connect(hub, apache, tenant=tenant, settings={"sign": sign})

    page = pick(browser, enter(browser, apache))

    assert page.url == f"{apache.url}/secret/who.shtml", page.says()
    told = variables(page.text)
    assert told["email"] == "alice@acme.example"
    assert told["tenant"] == hub.tenants["acme"]
    assert told["REMOTE_USER"]
    assert "@" not in told["REMOTE_USER"]


def test_its_metadata_makes_the_hub_demand_signed_requests(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser
) -> None:
    connect(hub, apache)
    settings = hub.built.applications.get("intranet").settings

    assert settings.require_signed_requests
    assert settings.acs_urls[0].startswith(apache.url)
    assert "Who are you?" in enter(browser, apache).text


def test_encrypted_assertions_are_read(hub: LiveHub, acme: str, apache: Apache, browser: Browser) -> None:
    connect(hub, apache, settings={"encrypt_assertions": True})

    page = pick(browser, enter(browser, apache))

    assert variables(page.text)["email"] == "alice@acme.example", page.says() + apache.errors()


def test_whoever_may_not_enter_is_refused_by_a_saml_status(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser
) -> None:
    rules = ({"template": "permit_all"}, {"template": "deny", "claim": "email", "value": "bob@acme.example"})
    connect(hub, apache, authorization_rules=rules)

    refused = pick(browser, enter(browser, apache), BOB)
    page = browser.submit(refused.form("/return"))

    assert refused.status == 403
    assert page.status == 401, page.says()
    assert page.url == f"{apache.url}/mellon/postResponse"
    assert 'StatusCode2="urn:oasis:names:tc:SAML:2.0:status:RequestDenied"' in apache.errors()
    assert f"(reference {pages.reference_code(refused.text)})" in apache.errors()


def test_a_passive_request_without_a_session_answers_no_passive(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser
) -> None:
    connect(hub, apache)

    page = browser.open(f"{apache.url}/mellon/login?IsPassive=true&ReturnTo={apache.url}/secret/who.shtml")

    assert page.status == 401, page.says()
    assert 'StatusCode2="urn:oasis:names:tc:SAML:2.0:status:NoPassive"' in apache.errors()


def test_a_passive_request_within_a_session_asks_nothing(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser
) -> None:
    connect(hub, apache)
    pick(browser, enter(browser, apache))

    page = browser.open(f"{apache.url}/mellon/login?IsPassive=true&ReturnTo={apache.url}/secret/who.shtml")

    assert variables(page.text)["email"] == "alice@acme.example", page.says()
