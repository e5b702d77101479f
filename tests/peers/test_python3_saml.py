"""python3-saml (OneLogin), strict, as a SAML application of the hub."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain import claims as c
from broker.services.applications import SaveApplication
from tests.peers.python3_saml_app import Python3SamlApp
from tests.support import pages
from tests.support.hub import ME
from tests.support.people import BOB, Browser, choose_home_realm, pick
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("python3-saml")

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def connect(
    hub: LiveHub,
    *,
    tenant: str | None = None,
    security: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **changes: Any,
) -> Python3SamlApp:
    """Each side reads the other's metadata."""
    app = hub.serve(lambda url: Python3SamlApp(url, **(security or {})))
    app.read_idp(f"{hub.issuer(tenant)}/saml/metadata")
    command = SaveApplication(
        "wiki", "Wiki", "saml", settings or {}, metadata=app.metadata(), tenant_ids=None, **changes
    )
    hub.built.applications.save(ME, command)
    return app


def sign_in(browser: Browser, app: Python3SamlApp, query: str = "", email: str = "alice@acme.example") -> dict[str, Any]:
    page = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login{query}"), email))
    assert page.url == f"{app.url}/acs", page.says()
    learned: dict[str, Any] = page.json()
    return learned


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize(
    ("sign", "security"),
    [
        ("assertion", {}),
        ("response", {"wantAssertionsSigned": False, "wantMessagesSigned": True}),
        ("both", {"wantMessagesSigned": True}),
    ],
)
def test_a_strict_application_believes_the_answer(
    hub: LiveHub, acme: str, browser: Browser, sign: str, security: dict[str, Any], tenant: str | None
) -> None:
    app = connect(hub, tenant=tenant, security=security, settings={"sign": sign})

    learned = sign_in(browser, app)

    assert learned["errors"] == [], learned["reason"]
    assert learned["authenticated"]
    assert learned["attributes"][c.EMAIL] == ["alice@acme.example"]
    assert learned["attributes"][c.TENANT] == [hub.tenants["acme"]]
    assert learned["name_id_format"] == PERSISTENT
    assert learned["session_index"]
    assert learned["relay_state"] == f"{app.url}/welcome"


def test_signed_requests_are_verified_where_metadata_promises_them(
    hub: LiveHub, acme: str, browser: Browser
) -> None:
    app = connect(hub, security={"authnRequestsSigned": True})

    assert hub.built.applications.get("wiki").settings.require_signed_requests
    assert sign_in(browser, app)["authenticated"]


def test_an_unsigned_request_is_refused_where_signed_ones_are_required(
    hub: LiveHub, acme: str, browser: Browser
) -> None:
    app = connect(hub, settings={"require_signed_requests": True})

    page = browser.open(f"{app.url}/login")

    assert page.status == 400, page.says()
    assert page.url.startswith(hub.url)
    assert hub.built.traces.find(ME, pages.reference_code(page.text))[0].outcome != "succeeded"


def test_encrypted_assertions_are_read(hub: LiveHub, acme: str, browser: Browser) -> None:
    app = connect(hub, security={"wantAssertionsEncrypted": True}, settings={"encrypt_assertions": True})

    learned = sign_in(browser, app)

    assert learned["errors"] == [], learned["reason"]
    assert learned["encrypted"]
    assert learned["attributes"][c.EMAIL] == ["alice@acme.example"]


@pytest.mark.parametrize(
    ("style", "name"), [("short", "email"), ("oid", "urn:oid:0.9.2342.19200300.100.1.3"), ("uri", c.EMAIL)]
)
def test_attributes_have_the_names_it_was_written_for(
    hub: LiveHub, acme: str, browser: Browser, style: str, name: str
) -> None:
    app = connect(hub, settings={"attribute_names": style})

    assert sign_in(browser, app)["attributes"][name] == ["alice@acme.example"]


def test_the_subject_stays_and_single_sign_on_asks_nothing(hub: LiveHub, acme: str, browser: Browser) -> None:
    app = connect(hub)

    first = sign_in(browser, app)
    second = browser.open(f"{app.url}/login").json()
    third = sign_in(browser, app, "?force")

    assert first["name_id"] == second["name_id"] == third["name_id"]


def test_a_passive_request_without_a_session_is_told_so(hub: LiveHub, acme: str, browser: Browser) -> None:
    app = connect(hub)

    learned = browser.open(f"{app.url}/login?passive").json()

    assert not learned["authenticated"]
    assert "Responder -> Signing in needs a page" in learned["reason"]


def test_whoever_may_not_enter_is_refused_with_a_reference_code(hub: LiveHub, acme: str, browser: Browser) -> None:
    app = connect(hub, authorization_rules=({"template": "permit", "claim": "email", "value": "alice@acme.example"},))

    refused = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login"), "bob@acme.example"), BOB)
    learned = browser.submit(refused.form("/return")).json()

    assert refused.status == 403
    assert not learned["authenticated"]
    assert f"(reference {pages.reference_code(refused.text)})" in learned["reason"]
