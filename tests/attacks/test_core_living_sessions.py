"""A session does not outlive what it stood on: domain, guests, connector, identity, tenant."""


from __future__ import annotations

from typing import Any

import pytest

from broker.services.tenants import SaveDomain, SaveTenant
from tests.support.boundary import failed_check, learned
from tests.support.hub import ME, Hub
from tests.support.partners import OidcApp, SamlSide


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    return hub.saml_idp("acme")


# --- a session that outlives what it stood on -------------------------------------------------------------------------


class Living:
    """Ann is signed in at the wiki; the second application asks the session."""

    def __init__(self, hub: Hub, email: str = "ann@acme.example", **connector: Any) -> None:
        hub.tenant("acme", "acme.example")
        self.hub, self.idp = hub, hub.saml_idp("acme", **connector)
        self.app, self.browser = hub.oidc_app(), hub.browser()
        first = hub.saml_app()
        waiting = self.browser.open(first.login_url(tenant="acme"))
        assert first.learn(self.idp.authenticate(self.browser, waiting, attributes={"email": [email]} if email else {"given_name": ["Ann"]})).subject

    def reused(self) -> bool:
        """Does the session answer, or is the identity provider asked again?"""
        answer = self.browser.open(self.app.login_url(tenant="acme"))
        return answer.status_code == 302 and answer.headers["Location"].startswith(self.app.redirect_uri)


@pytest.mark.parametrize("moved", [False, True], ids=["removed", "moved to another tenant"])
def test_a_session_ends_with_the_domain_of_its_address(hub: Hub, moved: bool) -> None:
    living = Living(hub)
    assert living.reused()

    hub.built.tenants.delete_domain(ME, hub.tenants["acme"], "acme.example")
    if moved:
        hub.built.tenants.save_domain(ME, SaveDomain(hub.tenant("other"), "acme.example"))

    assert not living.reused()


def test_a_session_with_a_verified_address_does_not_become_a_guests(hub: Hub) -> None:
    """The domain is taken back, and the connector admits guests: the session still says "verified"."""
    living = Living(hub, admits_guests=True)
    hub.built.tenants.delete_domain(ME, hub.tenants["acme"], "acme.example")

    assert not living.reused()


@pytest.mark.parametrize("email", ["gus@gmail.example", ""])
def test_a_guests_session_ends_when_guests_are_admitted_no_more(hub: Hub, email: str) -> None:
    living = Living(hub, email, admits_guests=True)
    assert living.reused()

    hub.saml_idp("acme", admits_guests=False)

    assert not living.reused()


def test_a_guests_session_ends_when_a_tenant_proves_the_domain(hub: Hub) -> None:
    living = Living(hub, "gus@gmail.example", admits_guests=True)
    hub.tenant("gmail", "gmail.example")

    assert not living.reused()


def test_a_session_ends_when_its_tenant_allows_shorter_ones(hub: Hub) -> None:
    living = Living(hub)
    hub.clock.forward(hours=2)
    assert living.reused()

    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", session_idle_seconds=300, session_absolute_seconds=7200))

    assert not living.reused()


def test_a_connector_made_anew_under_the_same_slug_inherits_nobody(hub: Hub, acme: SamlSide) -> None:
    app = hub.saml_app()
    before = learned(app, acme)
    hub.built.connectors.delete(ME, hub.tenants["acme"], "idp")
    again = hub.saml_idp("acme")

    after = learned(app, again)

    assert again.connector_id != acme.connector_id
    assert after.subject != before.subject


def test_a_connector_of_another_provider_under_the_same_name_inherits_nobody(hub: Hub, acme: SamlSide) -> None:
    app = hub.saml_app()
    before = learned(app, acme)
    other = hub.saml_idp("acme", entity_id="https://elsewhere.example/saml")

    after = learned(app, other)

    assert other.connector_id == acme.connector_id, "the same object, another issuer"
    assert after.subject != before.subject


def test_an_identity_that_is_switched_off_is_off_at_login_and_single_sign_on(hub: Hub) -> None:
    from broker.store.tables import identities

    living = Living(hub)
    with hub.built.database.unit_of_work() as connection:
        identity_id = connection.exec_driver_sql("SELECT id FROM identities").scalar()
        identities.set_enabled(connection, hub.tenants["acme"], identity_id, enabled=False)

    at_session = living.browser.open(living.app.login_url(tenant="acme"))
    at_login = living.idp.authenticate(browser := hub.browser(), browser.open(living.app.login_url(tenant="acme")))

    assert at_session.status_code == at_login.status_code == 403
    assert failed_check(hub, at_session) == failed_check(hub, at_login) == "identity.enabled"


def test_the_session_is_not_extended_to_an_application_of_another_tenant(hub: Hub) -> None:
    living = Living(hub)
    closed = OidcApp(hub, "closed")
    hub.tenant("other", "other.example")
    hub.saml_idp("other")
    hub.oidc_app("closed", tenant_ids=(hub.tenants["other"],))

    answer = living.browser.open(closed.login_url())

    assert not answer.headers["Location"].startswith(closed.redirect_uri)
