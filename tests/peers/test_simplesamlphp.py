"""SimpleSAMLphp as an identity provider behind the hub, its connector made from its own metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from broker.domain import claims as c
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from broker.services.traces import TraceView
from tests.peers.python3_saml_app import Python3SamlApp
from tests.peers.simplesamlphp import PASSWORD, SimpleSamlPhp
from tests.support import pages
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.people import Browser, Visited, choose_home_realm
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("simplesamlphp")

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
Connect = Callable[..., SimpleSamlPhp]


@pytest.fixture
def connect(hub: LiveHub, tmp_path: Path) -> Iterator[Connect]:
    """`connect(settings=…, **options of SimpleSAMLphp for this partner)`: a tenant whose people sign in there."""
    needs("simplesamlphp")
    with ExitStack() as stack:

        def make(*, settings: dict[str, Any] | None = None, **options: Any) -> SimpleSamlPhp:
            idp = stack.enter_context(SimpleSamlPhp(tmp_path / "simplesamlphp"))
            # Its default is a transient NameID: a persistent one has to be asked for.
            settings = {"name_id_format": PERSISTENT, **(settings or {})}
            tenant = hub.tenant("acme", "acme.example")
            command = SaveConnector(
                tenant, "ssp", "saml", "SimpleSAMLphp", settings, metadata=idp.metadata(), enabled=True
            )
            connector_id = hub.built.connectors.save(ME, command).object_id
            idp.trust(f"{hub.url}/upstream/{connector_id}/metadata", **options)
            return idp

        yield make


def sign_in(browser: Browser, page: Visited, password: str = PASSWORD) -> Visited:
    """Fills in SimpleSAMLphp's own form."""
    page = choose_home_realm(browser, page, "ann@acme.example")
    assert "Enter your username and password" in page.text, page.says()
    form = next(form for form in pages.forms(page.text, page.url) if "password" in form.fields)
    return browser.submit(form, username="ann", password=password)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="response and assertion signed"),
        pytest.param({"saml20.sign.response": False}, id="assertion signed"),
        pytest.param({"saml20.sign.assertion": False}, id="response signed"),
    ],
)
def test_a_person_signs_in(connect: Connect, application: str, browser: Browser, options: dict[str, Any]) -> None:
    connect(**options)

    page = sign_in(browser, browser.open(f"{application}/login"))

    assert page.status == 200, page.says()
    told = page.json()["userinfo"]
    assert told["email"] == "ann@acme.example"
    assert told["given_name"] == "Ann"
    assert told["family_name"] == "Archer"


def test_an_unsigned_answer_is_refused(
    hub: LiveHub, connect: Connect, application: str, browser: Browser
) -> None:
    connect(**{"saml20.sign.response": False, "saml20.sign.assertion": False})

    refused = sign_in(browser, browser.open(f"{application}/login"))

    assert_refused(hub, refused, check="saml.signed")


def test_from_stock_saml_to_stock_saml(hub: LiveHub, connect: Connect, browser: Browser) -> None:
    connect()
    app = hub.serve(Python3SamlApp)
    app.read_idp(f"{hub.url}/saml/metadata")
    hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", metadata=app.metadata(), tenant_ids=None))

    learned = sign_in(browser, browser.open(f"{app.url}/login")).json()

    assert learned["errors"] == [], learned["reason"]
    assert learned["attributes"][c.EMAIL] == ["ann@acme.example"]


def test_signed_requests_satisfy_a_provider_that_verifies_them(
    connect: Connect, application: str, browser: Browser
) -> None:
    connect(settings={"sign_requests": True}, **{"validate.authnrequest": True})

    assert sign_in(browser, browser.open(f"{application}/login")).status == 200


def test_a_provider_that_verifies_requests_refuses_unsigned_ones(
    connect: Connect, application: str, browser: Browser
) -> None:
    """Shows that the test above sees signatures at work."""
    idp = connect(**{"validate.authnrequest": True})

    page = browser.open(f"{application}/login")

    assert page.url.startswith(idp.url)
    assert "no signature found on message" in page.text


def test_an_encrypted_assertion_in_a_signed_response_is_read(
    connect: Connect, application: str, browser: Browser
) -> None:
    """This version encrypts with AES-CBC, whose ciphertext has to be covered by a signature."""
    connect(settings={"offer_encryption": True}, **{"assertion.encryption": True})

    page = sign_in(browser, browser.open(f"{application}/login"))

    assert page.status == 200, page.says()
    assert page.json()["userinfo"]["email"] == "ann@acme.example"


@pytest.mark.parametrize("accepted", [False, True])
def test_unsigned_cbc_is_decrypted_only_where_the_risk_was_accepted(
    hub: LiveHub, connect: Connect, application: str, browser: Browser, accepted: bool
) -> None:
    settings = {"offer_encryption": True, "accept_unsigned_cbc": accepted}
    connect(settings=settings, **{"assertion.encryption": True, "saml20.sign.response": False})

    page = sign_in(browser, browser.open(f"{application}/login"))

    if accepted:
        assert page.json()["userinfo"]["email"] == "ann@acme.example"
    else:
        assert_refused(hub, page, check="saml.decryption")


def test_the_default_transient_name_needs_an_identifying_attribute(
    hub: LiveHub, connect: Connect, application: str, browser: Browser
) -> None:
    connect(settings={"name_id_format": ""})

    refused = sign_in(browser, browser.open(f"{application}/login"))

    view = assert_refused(hub, refused, check="saml.subject")
    assert "transient" in view.verdict


def test_with_an_identifying_attribute_a_transient_name_will_do(
    connect: Connect, application: str, browser: Browser
) -> None:
    connect(settings={"name_id_format": "", "subject_attribute": "urn:oid:0.9.2342.19200300.100.1.1"})  # uid

    first = sign_in(browser, browser.open(f"{application}/login")).json()
    with Browser() as another_day:
        second = sign_in(another_day, another_day.open(f"{application}/login")).json()

    assert first["claims"]["sub"] == second["claims"]["sub"]


def test_fresh_authentication_is_asked_for_and_proved(connect: Connect, application: str, browser: Browser) -> None:
    connect()
    first = sign_in(browser, browser.open(f"{application}/login")).json()

    again = sign_in(browser, browser.open(f"{application}/login?prompt=login")).json()

    assert again["claims"]["sub"] == first["claims"]["sub"]
    assert again["claims"]["auth_time"] >= first["claims"]["auth_time"]


def test_a_passive_request_passes_through_and_comes_back_as_login_required(
    connect: Connect, application: str, browser: Browser
) -> None:
    idp = connect(settings={"forward_passive": True})

    page = browser.open(f"{application}/login?prompt=none")

    assert any(address.startswith(idp.url) for address in page.chain), page.says()
    assert page.json()["error"] == "login_required"


def test_a_wrong_password_stays_with_the_identity_provider(
    connect: Connect, application: str, browser: Browser
) -> None:
    idp = connect()

    page = sign_in(browser, browser.open(f"{application}/login"), password="guess")

    assert page.url.startswith(idp.url)
    assert "Incorrect username or password" in page.text


def assert_refused(hub: LiveHub, page: Visited, *, check: str) -> TraceView:
    """A page of the hub's, and a trace on which this check failed."""
    assert page.url.startswith(hub.url), page.says()
    assert 400 <= page.status < 500
    view = hub.trace(pages.reference_code(page.text))
    assert check in {event.name for event in view.events if event.passed is False}, view
    return view
