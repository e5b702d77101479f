"""After a refusal the person may try again: with nothing left of what was refused.

A refused answer says who somebody claims to be under one tenant's rules. If it survived the choice of another home realm,
that tenant's rules would be applied to it: a person of one company could become one of another.
"""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from broker.domain import claims as c
from broker.services.applications import SaveApplication
from tests.support import pages
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import SamlApp, SamlSide, form_of


class Two:
    """Two companies; Mallory works for the second and her provider says what she likes."""

    def __init__(self, hub: Hub) -> None:
        hub.tenant("acme", "acme.example")
        hub.tenant("evil", "evil.example")
        self.hub = hub
        self.acme, self.evil = hub.saml_idp("acme"), hub.saml_idp("evil")
        self.evil.email = "mallory@evil.example"
        self.app = hub.saml_app()

    def refused(self, browser: Browser, email: str = "ann@acme.example") -> str:
        """Mallory signs in at her own company, which claims somebody else's address; the login's address."""
        path, waiting = begin(browser, self.app, self.evil)
        answer = self.evil.authenticate(browser, waiting, attributes={"email": [email]})
        assert answer.status_code == 403
        return path


def begin(browser: Browser, app: SamlApp, side: SamlSide) -> tuple[str, TestResponse]:
    """(the login's address, the redirect to the provider)"""
    path, _ = form_of(browser.open(app.login_url()))
    return path, browser.post(path, {"email": side.email})


@pytest.fixture
def two(hub: Hub) -> Two:
    return Two(hub)


@pytest.mark.parametrize("reopened", [True, False], ids=["through Try again", "straight"])
@pytest.mark.parametrize("by", ["email", "connector"])
def test_a_refused_answer_does_not_follow_to_another_tenant(hub: Hub, two: Two, reopened: bool, by: str) -> None:
    browser = hub.browser()
    path = two.refused(browser)
    if reopened:
        browser.open(path)

    chosen = browser.post(path, {"email": "ann@acme.example"} if by == "email" else {"connector": two.acme.connector_id})

    assert chosen.status_code == 302, "Acme's own provider is asked"
    assert chosen.headers["Location"].startswith(two.acme.idp.sso)
    assert hub.count("identities") == hub.count("sessions") == 0


def test_trying_again_at_the_same_provider_asks_it_again(hub: Hub, two: Two) -> None:
    browser = hub.browser()
    path = two.refused(browser)

    again = browser.post(path, {"email": two.evil.email})
    learned = two.app.learn(two.evil.authenticate(browser, again))

    assert learned.claims[c.EMAIL] == [two.evil.email]


def test_a_session_that_was_not_permitted_does_not_follow_either(hub: Hub, two: Two) -> None:
    """Single sign-on offered a person whom the application does not permit; the person then names another company."""
    browser = hub.browser()
    two.app.sign_in(browser, two.evil)
    closed = _closed_to(hub, [{"template": "permit", "claim": c.EMAIL, "value": two.acme.email}])
    refused = browser.open(closed.login_url())
    assert refused.status_code == 403
    path = _try_again(refused)

    chosen = browser.post(path, {"email": two.acme.email})

    assert chosen.status_code == 302
    assert chosen.headers["Location"].startswith(two.acme.idp.sso)
    assert hub.count("identities") == 1

    permitted = closed.learn(two.acme.authenticate(browser, chosen))

    assert permitted.tenant == hub.tenants["acme"]
    assert hub.count("sessions") == 1, "the browser's older session gave way"


def test_the_claims_of_a_refused_person_are_not_given_to_the_next(hub: Hub, two: Two) -> None:
    """The first person is not permitted; a colleague then answers the same waiting login and gets their own name."""
    closed = _closed_to(hub, [{"template": "permit", "claim": c.EMAIL, "value": "ann@acme.example"}])
    browser = hub.browser()
    _, waiting = begin(browser, closed, two.acme)

    refused = two.acme.authenticate(browser, waiting, attributes={"email": ["bob@acme.example"]}, name_id="bob")
    learned = closed.learn(two.acme.authenticate(browser, waiting, name_id="ann"))

    assert refused.status_code == 403
    assert learned.claims[c.EMAIL] == ["ann@acme.example"]


def _closed_to(hub: Hub, rules: list[dict[str, str]]) -> SamlApp:
    app = hub.saml_app("closed")
    settings = {"entity_id": app.entity_id, "acs_urls": [app.acs]}
    hub.built.applications.save(
        ME, SaveApplication("closed", "Closed", "saml", settings, tenant_ids=None, authorization_rules=tuple(rules))
    )
    return app


def _try_again(page: TestResponse) -> str:
    return pages.links(page.get_data())["Try again"]
