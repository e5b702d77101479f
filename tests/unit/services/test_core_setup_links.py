"""Set-up links: one tenant, one connector, a limited time, and nothing that weakens a check."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import (
    Conflict,
    InvalidSettings,
    InvalidSetupLink,
    UnknownObject,
)
from broker.services.connectors import SaveConnector
from broker.services.tenants import SaveTenant
from tests.support.hub import ME, Hub
from tests.support.saml_idp import SmallIdp
from tests.unit.services.core_audit import entries, last_entry


@pytest.fixture
def acme(hub: Hub) -> str:
    return hub.tenant("acme", "acme.example")


RULE = {"template": "pass_through", "claim": "email"}



@pytest.fixture
def token(hub: Hub, acme: str) -> str:
    return hub.built.setup_links.create(ME, acme).token


@pytest.mark.parametrize(("days", "taken"), [(0, False), (1, True), (90, True), (91, False)])
def test_a_link_has_its_time(hub: Hub, acme: str, days: int, taken: bool) -> None:
    if taken:
        assert hub.built.setup_links.create(ME, acme, days=days).token
    else:
        with pytest.raises(InvalidSettings):
            hub.built.setup_links.create(ME, acme, days=days)


def take(hub: Hub, token: str, document: bytes) -> None:
    """Gives metadata; if it would change a connector that works, says yes to that."""
    renewal, visit = hub.built.services.setup_renewal, hub.built.setup_links.visit(token)
    if not renewal.take(visit, document):
        renewal.accept(visit, keep_dropped=False)


def steps(hub: Hub, token: str) -> list[Any]:
    links = hub.built.setup_links
    return [
        lambda: links.open(token),
        lambda: links.choose_kind(token, "saml"),
        lambda: take(hub, token, SmallIdp().metadata()),
        lambda: hub.built.services.setup_renewal.fetch(links.visit(token), "https://idp.example/metadata"),
        lambda: links.enter_oidc(token, {"issuer": "https://op.example"}),
        lambda: links.enable(token, untested=True),
        lambda: links.disable(token),
    ]


@pytest.mark.parametrize("why", ["unknown", "expired", "revoked", "tenant switched off"])
def test_a_link_that_is_over_does_nothing_at_all(hub: Hub, acme: str, token: str, why: str) -> None:
    hub.built.setup_links.choose_kind(token, "saml")
    if why == "expired":
        hub.clock.forward(days=14)
    elif why == "revoked":
        hub.built.setup_links.revoke(ME, acme, hub.built.setup_links.all(acme)[0].id)
    elif why == "tenant switched off":
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    before = entries(hub)

    for step in steps(hub, "x" + token if why == "unknown" else token):
        with pytest.raises(InvalidSetupLink):
            step()

    assert entries(hub) == before


def test_a_link_lives_until_its_last_second(hub: Hub, token: str) -> None:
    hub.clock.forward(days=14, seconds=-1)

    assert hub.built.setup_links.open(token).tenant_name == "Acme"


def test_a_link_is_revoked_once_and_by_its_own_tenant(hub: Hub, acme: str, token: str) -> None:
    links, other = hub.built.setup_links, hub.tenant("other")
    link_id = links.all(acme)[0].id
    with pytest.raises(UnknownObject):
        links.revoke(ME, other, link_id)
    assert links.open(token)

    links.revoke(ME, acme, link_id)

    assert links.all(acme)[0].revoked
    assert last_entry(hub).action == "setup_link.deleted"
    with pytest.raises(UnknownObject):
        links.revoke(ME, acme, link_id)


def test_a_link_is_not_stored_in_the_open(hub: Hub, acme: str, token: str) -> None:
    with hub.built.database.reading() as connection:
        stored = connection.exec_driver_sql("SELECT * FROM setup_links").all()

    assert token not in str(stored)
    assert hub.built.setup_links.all(acme)[0].token == ""


@pytest.mark.parametrize("number", range(2, 7))
def test_the_first_step_comes_first(hub: Hub, token: str, number: int) -> None:
    with pytest.raises(InvalidSettings) as refused:
        steps(hub, token)[number]()

    assert refused.value.field == "kind"


def test_a_link_sets_up_its_own_connector_only(hub: Hub, acme: str, token: str) -> None:
    """Two links, one tenant, and a neighbour: whatever one link does, the others' connectors stay."""
    hub.tenant("other")
    theirs, links = hub.saml_idp("other", "saml"), hub.built.setup_links
    existing = hub.saml_idp("acme", "saml")
    second = links.create(ME, acme).token

    links.choose_kind(token, "saml")
    links.choose_kind(second, "saml")
    take(hub, token, SmallIdp("https://mine.example").metadata())
    links.enable(token, untested=True)

    found = {connector.slug: connector for connector in hub.built.connectors.all(acme)}
    assert set(found) == {"saml", "saml-2", "saml-3"}
    assert found["saml-2"].settings.entity_id == "https://mine.example"
    assert found["saml-2"].enabled
    assert not found["saml-3"].enabled
    assert found["saml"].id == existing.connector_id
    other = hub.built.connectors.get(hub.tenants["other"], "saml")
    assert (other.id, other.version) == (theirs.connector_id, 1)


def test_choosing_again_and_again_leaves_one_draft(hub: Hub, acme: str, token: str) -> None:
    links = hub.built.setup_links
    for kind in ("saml", "oidc", "adfs", "saml", "okta", "okta"):
        state = links.choose_kind(token, kind)
        assert state.connector is not None
        assert state.connector.type == kind

    assert [(connector.slug, connector.type) for connector in hub.built.connectors.all(acme)] == [("okta", "okta")]


def test_choosing_another_system_keeps_what_was_entered(hub: Hub, acme: str, token: str) -> None:
    links = hub.built.setup_links
    links.choose_kind(token, "saml")
    take(hub, token, SmallIdp().metadata())

    links.choose_kind(token, "okta")

    assert {connector.slug for connector in hub.built.connectors.all(acme)} == {"saml", "okta"}


def test_a_working_connector_is_not_replaced(hub: Hub, token: str) -> None:
    links = hub.built.setup_links
    links.choose_kind(token, "saml")
    take(hub, token, SmallIdp().metadata())
    links.enable(token, untested=True)

    with pytest.raises(Conflict):
        links.choose_kind(token, "okta")
    with pytest.raises(InvalidSettings):
        hub.built.setup_links.choose_kind(hub.built.setup_links.create(ME, hub.tenants["acme"]).token, "telepathy")
    assert links.disable(token).connector.enabled is False  # type: ignore[union-attr]
    assert links.choose_kind(token, "okta").connector.type == "okta"  # type: ignore[union-attr]


def test_a_form_sets_nothing_that_weakens_a_check(hub: Hub, acme: str, token: str) -> None:
    """Whoever holds the link can send any field; what is marked as a risk is the operator's to decide."""
    links = hub.built.setup_links
    links.choose_kind(token, "saml")
    take(hub, token, SmallIdp().metadata())

    links.enter_oidc(token, {"allow_sha1_until": "2030-01-01", "subject_attribute": " uid ", "nonsense": "x", "csrf": "y"})

    settings = hub.built.connectors.all(acme)[0].settings
    assert (settings.allow_sha1_until, settings.subject_attribute) == ("", "uid")


def test_a_form_never_admits_guests_or_changes_rules(hub: Hub, acme: str, token: str) -> None:
    links = hub.built.setup_links
    links.choose_kind(token, "saml")
    link_connector = hub.built.connectors.all(acme)[0]
    hub.built.connectors.save(
        ME, SaveConnector(acme, link_connector.slug, "saml", "Named", metadata=SmallIdp().metadata(), acceptance_rules=(RULE,))
    )

    take(hub, token, SmallIdp("https://new.example").metadata())

    after = hub.built.connectors.all(acme)[0]
    assert (after.name, after.admits_guests, after.acceptance_rules) == ("Named", False, (RULE,))
    assert after.settings.entity_id == "https://new.example"
    assert last_entry(hub).actor.startswith("setup-link:lnk_")


def test_an_uploaded_file_forgets_the_address_of_an_earlier_one(hub: Hub, acme: str, token: str) -> None:
    links = hub.built.setup_links
    links.choose_kind(token, "saml")
    connector = hub.built.connectors.all(acme)[0]
    hub.built.connectors.save(
        ME, SaveConnector(acme, connector.slug, "saml", "N", {"metadata_url": "https://old.example"}, SmallIdp().metadata())
    )

    take(hub, token, SmallIdp().metadata())

    assert hub.built.connectors.all(acme)[0].settings.metadata_url == ""
