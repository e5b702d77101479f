"""pysaml2's own service provider before the hub, and its own identity provider behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from broker.domain import claims as c
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from tests.peers.pysaml2_sites import PERSISTENT, SHA256, Pysaml2App, Pysaml2Idp, metadata_of
from tests.support import pages
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.people import BOB, Browser, choose_home_realm, pick
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("pysaml2")


@pytest.fixture(autouse=True)
def _its_signatures_come_from_a_program() -> None:
    needs("xmlsec1")


def connect_app(
    hub: LiveHub,
    folder: Path,
    *,
    tenant: str | None = None,
    sp: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **changes: Any,
) -> Pysaml2App:
    app = hub.serve(lambda url: Pysaml2App(url, folder / "app", **(sp or {})))
    own = metadata_of(app)
    hub.built.applications.save(
        ME, SaveApplication("wiki", "Wiki", "saml", settings or {}, metadata=own, tenant_ids=None, **changes)
    )
    app.read_idp(requests.get(f"{hub.issuer(tenant)}/saml/metadata", timeout=20).content)
    return app


def connect_idp(
    hub: LiveHub, folder: Path, *, settings: dict[str, Any] | None = None, demands_signed: bool = False, sha1: bool = False, **answer: Any
) -> Pysaml2Idp:
    idp = hub.serve(lambda url: Pysaml2Idp(url, folder / "idp", **answer))
    tenant = hub.tenant("acme", "acme.example")
    idp.demands_signed_requests = demands_signed
    idp.algorithms = {} if sha1 else SHA256
    command = SaveConnector(tenant, "idp", "saml", "pysaml2", settings or {}, metadata=metadata_of(idp), enabled=True)
    connector_id = hub.built.connectors.save(ME, command).object_id
    idp.read_sp(requests.get(f"{hub.url}/upstream/{connector_id}/metadata", timeout=20).content)
    return idp


# --- its service provider before the hub ------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize(
    ("sign", "sp"),
    [
        ("assertion", {}),
        ("response", {"want_assertions_signed": False, "want_response_signed": True}),
        ("both", {"want_response_signed": True}),
    ],
)
def test_its_service_provider_believes_the_answer(
    hub: LiveHub, acme: str, browser: Browser, tmp_path: Path, sign: str, sp: dict[str, Any], tenant: str | None
) -> None:
    app = connect_app(hub, tmp_path, tenant=tenant, sp=sp, settings={"sign": sign})

    learned = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login"), "alice@acme.example")).json()

    assert learned["status"] == "Success"
    assert learned["attributes"][c.EMAIL] == ["alice@acme.example"]
    assert learned["name_id_format"] == PERSISTENT
    assert learned["relay_state"] == "there"
    assert learned["session_not_on_or_after"]


@pytest.mark.parametrize("way", ["", "?post"])
def test_its_signed_requests_are_verified(
    hub: LiveHub, acme: str, browser: Browser, tmp_path: Path, way: str
) -> None:
    app = connect_app(hub, tmp_path, sp={"authn_requests_signed": True})

    page = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login{way}"), "alice@acme.example"))

    assert hub.built.applications.get("wiki").settings.require_signed_requests
    assert page.json()["status"] == "Success"


def test_its_service_provider_reads_encrypted_assertions(
    hub: LiveHub, acme: str, browser: Browser, tmp_path: Path
) -> None:
    app = connect_app(hub, tmp_path, settings={"encrypt_assertions": True})

    page = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login"), "alice@acme.example"))

    assert page.json()["attributes"][c.EMAIL] == ["alice@acme.example"]


def test_a_passive_request_without_a_session_answers_no_passive(
    hub: LiveHub, acme: str, browser: Browser, tmp_path: Path
) -> None:
    app = connect_app(hub, tmp_path)

    assert browser.open(f"{app.url}/login?passive").json()["status"] == "StatusNoPassive"


def test_whoever_may_not_enter_is_refused_by_a_saml_status(
    hub: LiveHub, acme: str, browser: Browser, tmp_path: Path
) -> None:
    rules = ({"template": "permit", "claim": "email", "value": "alice@acme.example"},)
    app = connect_app(hub, tmp_path, authorization_rules=rules)

    refused = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login"), "bob@acme.example"), BOB)
    told = browser.submit(refused.form("/return")).json()

    assert refused.status == 403
    assert told["status"] == "StatusRequestDenied"


# --- its identity provider behind the hub -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="response and assertion signed"),
        pytest.param({"sign_response": False}, id="assertion signed"),
        pytest.param({"sign_assertion": False}, id="response signed"),
    ],
)
def test_its_people_sign_in(
    hub: LiveHub, application: str, browser: Browser, tmp_path: Path, answer: dict[str, Any]
) -> None:
    connect_idp(hub, tmp_path, **answer)

    page = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")

    assert page.status == 200, page.says()
    told = page.json()["userinfo"]
    assert (told["email"], told["given_name"], told["family_name"]) == ("ann@acme.example", "Ann", "Archer")


def test_an_answer_without_any_signature_is_refused(
    hub: LiveHub, application: str, browser: Browser, tmp_path: Path
) -> None:
    connect_idp(hub, tmp_path, sign_response=False, sign_assertion=False)

    page = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")

    assert "saml.signed" in failed_checks(hub, page.text)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_it_verifies_our_signed_requests(
    hub: LiveHub, application: str, browser: Browser, tmp_path: Path, binding: str
) -> None:
    connect_idp(hub, tmp_path, settings={"request_binding": binding}, demands_signed=True)

    page = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")

    assert hub.built.connectors.get(hub.tenants["acme"], "idp").settings.sign_requests
    assert page.json()["userinfo"]["email"] == "ann@acme.example", page.says()


def test_its_triple_des_is_refused(hub: LiveHub, application: str, browser: Browser, tmp_path: Path) -> None:
    """It encrypts with nothing better."""
    connect_idp(hub, tmp_path, settings={"offer_encryption": True}, encrypt_assertion=True)

    page = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")

    assert "saml.decryption" in failed_checks(hub, page.text)


@pytest.mark.parametrize("allowed_until", ["", "2020-01-01", "2999-01-01"])
def test_its_sha1_signatures_are_refused_unless_the_risk_was_accepted_for_a_time(
    hub: LiveHub, application: str, browser: Browser, tmp_path: Path, allowed_until: str
) -> None:
    connect_idp(hub, tmp_path, sha1=True, settings={"allow_sha1_until": allowed_until})

    page = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")

    if allowed_until == "2999-01-01":
        assert page.json()["userinfo"]["email"] == "ann@acme.example"
    else:
        assert "saml.response_signature" in failed_checks(hub, page.text)


def test_whoever_cancels_there_may_return_to_the_application(
    hub: LiveHub, application: str, browser: Browser, tmp_path: Path
) -> None:
    connect_idp(hub, tmp_path).cancels = True

    refused = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")
    told = browser.submit(refused.form("/return")).json()

    assert told["error"] == "access_denied"


def failed_checks(hub: LiveHub, page: str) -> set[str]:
    return {event.name for event in hub.trace(pages.reference_code(page)).events if event.passed is False}
