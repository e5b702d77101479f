"""A person signs in: every protocol pair from one table, through HTTP, with home realm discovery by email domain."""

from __future__ import annotations

import pytest

from broker.domain import claims as c
from tests.support.hub import ME, Hub, query_of
from tests.support.partners import App, Side, choose_home_realm

PAIRS = [("saml", "saml"), ("saml", "oidc"), ("oidc", "saml"), ("oidc", "oidc")]


def federation(hub: Hub, app: str, upstream: str) -> tuple[App, Side]:
    """Two tenants, so that the person's address decides; the tested one signs in by `upstream`."""
    hub.tenant("acme", "acme.example")
    hub.tenant("other", "other.example")
    hub.saml_idp("other")
    side: Side = hub.saml_idp("acme") if upstream == "saml" else hub.oidc_op("acme")
    return (hub.saml_app() if app == "saml" else hub.oidc_app()), side


@pytest.mark.parametrize(("app", "upstream"), PAIRS)
def test_every_pair_signs_a_person_in(hub: Hub, app: str, upstream: str) -> None:
    application, side = federation(hub, app, upstream)

    learned = application.sign_in(hub.browser(), side)

    assert learned.subject
    assert learned.subject != side.email
    assert learned.tenant == hub.tenants["acme"]
    assert learned.claims["email" if app == "oidc" else c.EMAIL] == [side.email]


@pytest.mark.parametrize(("app", "upstream"), PAIRS)
def test_the_subject_is_the_same_at_every_login_and_at_both_endpoints(hub: Hub, app: str, upstream: str) -> None:
    application, side = federation(hub, app, upstream)

    first = application.sign_in(hub.browser(), side)
    hub.clock.forward(days=3)
    second = application.sign_in(hub.browser(), side)
    hub.clock.forward(minutes=1)
    at_tenant = application.sign_in(hub.browser(), side, tenant="acme")

    assert first.subject == second.subject == at_tenant.subject


@pytest.mark.parametrize("upstream", ["saml", "oidc"])
def test_a_second_application_asks_nothing(hub: Hub, upstream: str) -> None:
    first, side = federation(hub, "saml", upstream)
    second, browser = hub.oidc_app(), hub.browser()

    at_first = first.sign_in(browser, side)
    at_second = second.learn(browser.open(second.login_url()))

    assert at_second.claims["email"] == [side.email]
    assert at_second.subject != at_first.subject, "subjects are pairwise by default"


def test_a_trace_tells_the_whole_login(hub: Hub) -> None:
    application, side = federation(hub, "saml", "saml")

    application.sign_in(hub.browser(), side)

    view = hub.built.traces.find(ME, side.email)[0]
    assert view.outcome == "succeeded"
    names = [event.name for event in view.events]
    assert "SAML single sign-on" in names
    assert "sent to the identity provider" in names
    assert "tenant.email_domain" in names
    assert "answered the application" in names


def test_the_typed_address_reaches_the_identity_provider_as_a_hint(hub: Hub) -> None:
    application, side = federation(hub, "saml", "oidc")
    browser = hub.browser()

    sent = choose_home_realm(browser, browser.open(application.login_url()), side.email)

    assert query_of(sent.headers["Location"])["login_hint"] == side.email
