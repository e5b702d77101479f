"""Tenants and domains: what is refused, what is written down, what goes with what; and how traces are found."""

from __future__ import annotations

import pytest

from broker.domain.errors import (
    Conflict,
    InvalidSettings,
    UnknownObject,
)
from broker.services.context import Action, difference
from broker.services.tenants import SaveDomain, SaveTenant
from tests.support.hub import ME, Hub
from tests.unit.services.core_audit import entries, last_entry, version


@pytest.fixture
def acme(hub: Hub) -> str:
    return hub.tenant("acme", "acme.example")


RULE = {"template": "pass_through", "claim": "email"}
WRONG_TENANTS: list[tuple[SaveTenant, str]] = [
    (SaveTenant("", "T"), "slug"),
    (SaveTenant("Acme", "T"), "slug"),
    (SaveTenant("-acme", "T"), "slug"),
    (SaveTenant("acme-", "T"), "slug"),
    (SaveTenant("a/b", "T"), "slug"),
    (SaveTenant("a.b", "T"), "slug"),
    (SaveTenant("acmé", "T"), "slug"),
    (SaveTenant("acme\n", "T"), "slug"),
    (SaveTenant("a" * 64, "T"), "slug"),
    (SaveTenant("t", " "), "name"),
    (SaveTenant("t", "n" * 201), "name"),
    (SaveTenant("t", "T", session_idle_seconds=299), "session"),
    (SaveTenant("t", "T", session_idle_seconds=601, session_absolute_seconds=600), "session"),
    (SaveTenant("t", "T", session_absolute_seconds=30 * 24 * 3600 + 1), "session"),
    (SaveTenant("t", "T", acceptance_rules=({"template": "permit_all"},)), "acceptance[1]"),
    (SaveTenant("t", "T", acceptance_rules=(RULE, {"template": "rm"})), "acceptance[2]"),
]


@pytest.mark.parametrize(("command", "field"), WRONG_TENANTS, ids=[f"{field}-{number}" for number, (_, field) in enumerate(WRONG_TENANTS)])
def test_a_tenant_that_makes_no_sense_is_refused(hub: Hub, command: SaveTenant, field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        hub.built.tenants.save(ME, command)

    assert refused.value.field == field
    assert hub.count("tenants") == 0


@pytest.mark.parametrize("command", [SaveTenant("a" * 63, "T"), SaveTenant("0", "n" * 200), SaveTenant("t", "T", session_idle_seconds=300, session_absolute_seconds=300)])
def test_a_tenant_at_its_limits_is_taken(hub: Hub, command: SaveTenant) -> None:
    assert hub.built.tenants.save(ME, command).action is Action.CREATED


def test_saving_the_same_again_changes_nothing(hub: Hub, acme: str) -> None:
    before = entries(hub), version(hub)

    again = hub.built.tenants.save(ME, SaveTenant("acme", "Acme"))
    domain = hub.built.tenants.save_domain(ME, SaveDomain(acme, "ACME.example"))

    assert again.action is domain.action is Action.UNCHANGED
    assert again.object_id == acme
    assert (entries(hub), version(hub)) == before


def test_every_change_is_written_down_with_before_and_after(hub: Hub, acme: str) -> None:
    hub.built.tenants.save(ME, SaveTenant("acme", "New name"))

    entry = last_entry(hub)
    assert (entry.actor, entry.action, entry.tenant_id, entry.object_id) == ("cli:test", "tenant.updated", acme, acme)
    assert (entry.before, entry.after) == ({"name": "Acme"}, {"name": "New name"})
    assert hub.built.tenants.get("acme").name == "New name"


def test_a_deleted_tenant_takes_everything_with_it(hub: Hub, acme: str) -> None:
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    app.sign_in(hub.browser(), idp)
    hub.built.setup_links.create(ME, acme)
    kept = hub.tenant("other", "other.example")

    hub.built.tenants.delete(ME, "acme")

    assert last_entry(hub).action == "tenant.deleted"
    assert [hub.count(table) for table in ("connectors", "identities", "identity_links", "sessions", "setup_links")] == [0] * 5
    assert [tenant.id for tenant in hub.built.tenants.all()] == [kept]
    with pytest.raises(UnknownObject):
        hub.built.tenants.get("acme")
    with pytest.raises(UnknownObject):
        hub.built.tenants.by_id(acme)
    with pytest.raises(UnknownObject):
        hub.built.tenants.delete(ME, "acme")


DOMAINS: list[tuple[str, str | None]] = [
    ("acme.org", "acme.org"),
    (" ACME.org ", "acme.org"),
    ("acmewin", "acmewin"),
    ("ACMEWIN", "acmewin"),
    ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
    ("münchen.example", None),
    ("ａcme.example", None),
    ("acme.example.", None),
    (".example", None),
    ("*.example", None),
    ("acme.example\n.evil", None),
    ("ann@acme.example", None),
    ("", None),
    ("a" * 16, None),
    ("acme..example", None),
    ("-acme.example", None),
    ("1.2.3.4", None),
    ("a." * 130 + "example", None),
]


@pytest.mark.parametrize(("typed", "stored"), DOMAINS, ids=[f"{typed[:24]!r}" for typed, _ in DOMAINS])
def test_what_can_be_a_domain(hub: Hub, typed: str, stored: str | None) -> None:
    tenant = hub.tenant("acme")
    if stored is None:
        with pytest.raises(InvalidSettings):
            hub.built.tenants.save_domain(ME, SaveDomain(tenant, typed))
    else:
        hub.built.tenants.save_domain(ME, SaveDomain(tenant, typed))

    assert [domain.name for domain in hub.built.tenants.domains(tenant)] == ([] if stored is None else [stored])


def test_a_domain_belongs_to_one_tenant(hub: Hub, acme: str) -> None:
    other = hub.tenant("other")
    with pytest.raises(Conflict):
        hub.built.tenants.save_domain(ME, SaveDomain(other, "Acme.Example"))
    with pytest.raises(UnknownObject):
        hub.built.tenants.delete_domain(ME, other, "acme.example")

    assert hub.built.tenants.domains(other) == []
    assert hub.built.catalog.owns_domain(acme, "acme.example")


def test_a_domain_is_deleted_however_it_is_written(hub: Hub, acme: str) -> None:
    hub.built.tenants.delete_domain(ME, acme, " ACME.Example")

    assert hub.built.tenants.domains(acme) == []
    assert last_entry(hub).action == "domain.deleted"
    with pytest.raises(UnknownObject):
        hub.built.tenants.delete_domain(ME, acme, "acme.example")


def test_a_domain_is_served_by_connectors_of_its_own_tenant(hub: Hub, acme: str) -> None:
    mine = hub.saml_idp("acme")
    hub.tenant("other")
    theirs = hub.saml_idp("other")

    with pytest.raises(UnknownObject):
        hub.built.tenants.save_domain(ME, SaveDomain(acme, "acme.example", (theirs.connector_id,)))
    changed = hub.built.tenants.save_domain(ME, SaveDomain(acme, "acme.example", (mine.connector_id,)))

    assert changed.action is Action.UPDATED
    assert changed.fields == {"connector_ids": ([], [mine.connector_id])}




def test_traces_are_found_as_people_write_codes_and_addresses(hub: Hub, acme: str) -> None:
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    app.sign_in(hub.browser(), idp)
    code = hub.built.traces.find(ME, " ANN@acme.EXAMPLE ")[0].code

    for written in (code, code.lower(), code.replace("-", ""), code.replace("-", " ")):
        assert hub.built.traces.find(ME, written)[0].code == code
    for unknown in ("bob@acme.example", "ABCD-EFGH-JK", "no@address@there", "", "@"):
        with pytest.raises(UnknownObject):
            hub.built.traces.find(ME, unknown)


def test_an_address_is_not_readable_in_stored_traces(hub: Hub, acme: str) -> None:
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    app.sign_in(hub.browser(), idp)

    view = hub.built.traces.find(ME, idp.email)[0]

    assert all("ann@acme.example" not in f"{event.name} {event.detail} {event.data}" for event in view.events)


def test_differences_are_told_field_by_field() -> None:
    before = {"name": "A", "settings": {"x": 1, "gone": 2}, "list": (1,)}
    after = {"name": "B", "settings": {"x": 1, "new": 3}, "list": [1]}

    assert difference(before, after) == {"name": ("A", "B"), "settings.gone": (2, None), "settings.new": (None, 3)}
    assert difference(None, {"name": "A"}) == {"name": (None, "A")}
