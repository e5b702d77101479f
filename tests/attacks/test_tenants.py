"""SECURITY 4: a tenant speaks only for its own people; an answer belongs to one login, one browser, one connector.

Each attack goes through HTTP and stands beside its benign neighbour. `check` is the validation that must stop it.
"""

from __future__ import annotations

import pytest

from broker.domain import claims as c
from broker.services.applications import SaveApplication
from tests.support.hub import ME, Hub
from tests.support.partners import SamlApp, SamlSide


class Two:
    """Two tenants with an identity provider each, and an application that serves both."""

    def __init__(self, hub: Hub) -> None:
        hub.tenant("acme", "acme.example")
        hub.tenant("evil", "evil.example")
        self.acme, self.evil = hub.saml_idp("acme"), hub.saml_idp("evil")
        self.evil.email = "eve@evil.example"
        self.app = hub.saml_app()


@pytest.fixture
def two(hub: Hub) -> Two:
    return Two(hub)


def failed_check(hub: Hub, response: object) -> str:
    view = hub.trace(response)  # type: ignore[arg-type]
    assert view.outcome == "failed"
    return next(event.name for event in reversed(view.events) if event.passed is False)


def begin(hub: Hub, app: SamlApp, side: SamlSide) -> tuple[object, object]:
    from tests.support.partners import choose_home_realm

    browser = hub.browser()
    return browser, choose_home_realm(browser, browser.open(app.login_url()), side.email)


FOREIGN = [
    ("another tenant's domain", ["ann@acme.example"], "tenant.email_domain"),
    ("a domain of nobody", ["eve@nobody.example"], "tenant.email_domain"),
    ("an unproved subdomain", ["eve@sub.evil.example"], "tenant.email_domain"),
    ("the parent of its domain", ["eve@example"], "tenant.email_form"),
    ("a trailing dot", ["eve@evil.example."], "tenant.email_form"),
    ("a trailing space", ["eve@evil.example "], "tenant.email_form"),
    ("two at signs", ["ann@acme.example@evil.example"], "tenant.email_form"),
    ("a list in one value", ["ann@acme.example,eve@evil.example"], "tenant.email_form"),
    ("a display name", ["ann@acme.example <eve@evil.example>"], "tenant.email_form"),
    ("two values", ["eve@evil.example", "ann@acme.example"], "tenant.email_form"),
    ("full-width letters", ["ann@ａcme.example"], "tenant.email_form"),
    ("a new line", ["eve@evil.example\n@acme.example"], "tenant.email_form"),
]


@pytest.mark.parametrize(("case", "values", "check"), FOREIGN, ids=[case for case, _, _ in FOREIGN])
def test_an_address_that_is_not_the_tenants_own_ends_the_login(hub: Hub, two: Two, case: str, values: list[str], check: str) -> None:
    browser, waiting = begin(hub, two.app, two.evil)

    refused = two.evil.authenticate(browser, waiting, attributes={"email": values})  # type: ignore[arg-type]

    assert refused.status_code == 403
    assert failed_check(hub, refused) == check
    assert hub.count("identities") == 0


@pytest.mark.parametrize("value", ["eve@evil.example", "eve@EVIL.example"])
def test_the_tenants_own_address_passes_and_is_normalised(hub: Hub, two: Two, value: str) -> None:
    browser, waiting = begin(hub, two.app, two.evil)

    learned = two.app.learn(two.evil.authenticate(browser, waiting, attributes={"email": [value]}))  # type: ignore[arg-type]

    assert learned.claims[c.EMAIL] == ["eve@evil.example"]
    assert learned.claims[c.EMAIL_VERIFIED] == ["true"]


def test_a_second_attribute_cannot_carry_what_the_first_may_not(hub: Hub, two: Two) -> None:
    """A upn reads like an address to an application: a foreign one is dropped, not released."""
    browser, waiting = begin(hub, two.app, two.evil)
    attributes = {"email": ["eve@evil.example"], "upn": ["ann@acme.example"], "preferred_username": ["ann@acme.example"]}

    learned = two.app.learn(two.evil.authenticate(browser, waiting, attributes=attributes))  # type: ignore[arg-type]

    assert c.UPN not in learned.claims
    assert "ann@acme.example" not in str(learned.claims)


def test_mail_and_email_together_must_agree(hub: Hub, two: Two) -> None:
    browser, waiting = begin(hub, two.app, two.evil)
    attributes = {"mail": ["eve@evil.example"], "email": ["ann@acme.example"]}

    refused = two.evil.authenticate(browser, waiting, attributes=attributes)  # type: ignore[arg-type]

    assert refused.status_code == 403


def test_no_address_at_all_ends_the_login(hub: Hub, two: Two) -> None:
    browser, waiting = begin(hub, two.app, two.evil)

    refused = two.evil.authenticate(browser, waiting, attributes={"given_name": ["Eve"]})  # type: ignore[arg-type]

    assert failed_check(hub, refused) == "tenant.email"


def test_guests_are_a_declared_exception_keyed_by_subject_and_unverified(hub: Hub) -> None:
    hub.tenant("partners", "partners.example")
    idp, app = hub.saml_idp("partners", admits_guests=True), hub.saml_app()
    browser = hub.browser()

    learned = app.learn(idp.authenticate(browser, browser.open(app.login_url()), attributes={"email": ["ann@acme.example"]}))

    assert learned.claims[c.EMAIL_VERIFIED] == ["false"]


@pytest.mark.parametrize("name", [c.TENANT, c.CONNECTOR, c.EMAIL_VERIFIED, "tenant", "sub", "iss", "tid", "email_verified"])
def test_protocol_claims_cannot_be_injected(hub: Hub, two: Two, name: str) -> None:
    browser, waiting = begin(hub, two.app, two.evil)
    attributes = {"email": ["eve@evil.example"], name: [hub.tenants["acme"]]}

    learned = two.app.learn(two.evil.authenticate(browser, waiting, attributes=attributes))  # type: ignore[arg-type]

    assert learned.tenant == hub.tenants["evil"]
    assert hub.tenants["acme"] not in str(learned.claims)


def test_the_same_name_id_in_two_connectors_is_two_people(hub: Hub, two: Two) -> None:
    first = two.app.learn(two.acme.authenticate(*begin(hub, two.app, two.acme), name_id="u-1"))  # type: ignore[arg-type]
    second = two.app.learn(two.evil.authenticate(*begin(hub, two.app, two.evil), name_id="u-1"))  # type: ignore[arg-type]

    assert first.subject != second.subject
    assert hub.count("identities") == 2


def test_the_same_address_under_another_subject_is_another_person(hub: Hub, two: Two) -> None:
    """Nobody is matched by email: the address was given to a successor."""
    first = two.app.learn(two.acme.authenticate(*begin(hub, two.app, two.acme), name_id="u-1"))  # type: ignore[arg-type]
    second = two.app.learn(two.acme.authenticate(*begin(hub, two.app, two.acme), name_id="u-2"))  # type: ignore[arg-type]

    assert first.claims[c.EMAIL] == second.claims[c.EMAIL]
    assert first.subject != second.subject


def test_mix_up_an_answer_of_another_provider_is_refused(hub: Hub, two: Two) -> None:
    """B's identity provider answers A's transaction, at A's address and at its own."""
    browser, waiting = begin(hub, two.app, two.acme)
    forged, relay_state = two.evil.answer_to(waiting, recipient=two.acme.acs)  # type: ignore[arg-type]

    at_acme = failed_check(hub, two.acme.deliver(browser, forged, relay_state))  # type: ignore[arg-type]
    at_evil = failed_check(hub, two.evil.deliver(browser, *two.evil.answer_to(waiting)))  # type: ignore[arg-type]

    assert at_acme.startswith("saml.")
    assert at_evil == "upstream.address"
    assert hub.count("identities") == 0


def test_an_entity_id_registered_twice_is_two_trusts(hub: Hub, two: Two) -> None:
    """B registers a connector with A's entityID and its own key: each connector believes its own key only."""
    twin = hub.saml_idp("evil", "twin", entity_id=two.acme.idp.entity_id)
    browser, waiting = begin(hub, two.app, two.acme)
    forged, relay_state = twin.answer_to(waiting, recipient=two.acme.acs)  # type: ignore[arg-type]

    refused = failed_check(hub, two.acme.deliver(browser, forged, relay_state))  # type: ignore[arg-type]
    honest = two.acme.authenticate(browser, waiting)  # type: ignore[arg-type]

    assert refused.startswith("saml.")
    assert two.app.learn(honest).status == "success"


def test_a_stolen_answer_is_refused_in_another_browser(hub: Hub, two: Two) -> None:
    _, waiting = begin(hub, two.app, two.acme)
    thief, _ = begin(hub, two.app, two.acme)
    stolen = two.acme.answer_to(waiting)  # type: ignore[arg-type]

    refused = two.acme.deliver(thief, *stolen)  # type: ignore[arg-type]

    assert failed_check(hub, refused) == "transaction.browser"


def test_an_answer_is_used_once_even_in_another_transaction(hub: Hub, two: Two) -> None:
    """The same assertion, re-wrapped for a second request of the same browser."""
    browser, first = begin(hub, two.app, two.acme)
    two.acme.authenticate(browser, first, assertion_id="_same")  # type: ignore[arg-type]
    second = browser.open(two.app.login_url(ForceAuthn="true"))  # type: ignore[attr-defined]
    from tests.support.partners import choose_home_realm

    second = choose_home_realm(browser, second, two.acme.email)  # type: ignore[arg-type]
    refused = two.acme.authenticate(browser, second, assertion_id="_same")  # type: ignore[arg-type]

    assert refused.status_code == 403
    assert failed_check(hub, refused) == "upstream.used_once"


SWITCHES = ["tenant", "connector", "application"]


@pytest.mark.parametrize("what", SWITCHES)
@pytest.mark.parametrize("when", ["at start", "at the answer", "at single sign-on"])
def test_what_is_switched_off_is_off_from_the_next_request(hub: Hub, two: Two, what: str, when: str) -> None:
    browser, waiting = begin(hub, two.app, two.acme)
    if when == "at single sign-on":
        two.acme.authenticate(browser, waiting)  # type: ignore[arg-type]
    _switch_off(hub, two, what)

    if when == "at the answer":
        response = two.acme.authenticate(browser, waiting)  # type: ignore[arg-type]
    else:
        response = browser.open(two.app.login_url(tenant="acme" if what != "tenant" else None))  # type: ignore[attr-defined]

    assert "SAMLResponse" not in response.get_data(as_text=True) or two.app.learn(response).status != "success"
    assert not response.headers.get("Location", "").startswith(two.acme.idp.sso)


def _switch_off(hub: Hub, two: Two, what: str) -> None:
    from broker.services.tenants import SaveTenant

    if what == "tenant":
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    elif what == "connector":
        hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=False)
    else:
        settings = {"entity_id": two.app.entity_id, "acs_urls": [two.app.acs]}
        hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", settings, tenant_ids=None, enabled=False))


def test_home_realm_discovery_tells_nobody_who_the_customers_are(hub: Hub, two: Two) -> None:
    browser = hub.browser()
    shown = browser.open(two.app.login_url())
    from tests.support.partners import form_of

    unknown = browser.post(form_of(shown)[0], {"email": "x@unknown.example"})
    hidden = browser.post(form_of(shown)[0], {"connector": "con_00000"})

    assert "acme" not in shown.get_data(as_text=True).lower().replace("name@company.com", "")
    assert unknown.status_code == 400
    assert "acme" not in unknown.get_data(as_text=True).lower()
    assert hidden.status_code == 400


def test_an_application_serves_only_its_tenants(hub: Hub, two: Two) -> None:
    closed = hub.saml_app("closed", tenant_ids=(hub.tenants["acme"],))
    browser = hub.browser()
    two.app.sign_in(browser, two.evil)

    response = browser.open(closed.login_url())

    assert response.status_code == 302, "the session of the other tenant does not answer; acme's provider is asked"
    assert response.headers["Location"].startswith(two.acme.idp.sso)


def test_a_tenant_endpoint_admits_only_its_own_people(hub: Hub, two: Two) -> None:
    browser = hub.browser()
    two.app.sign_in(browser, two.evil)

    response = browser.open(two.app.login_url(tenant="acme"))

    assert response.status_code == 302
    assert response.headers["Location"].startswith(two.acme.idp.sso)
