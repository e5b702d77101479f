"""Who may change what, and that every change is written down."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import Forbidden, UnknownObject
from broker.services.actor import Actor, Verb
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from broker.services.context import Action
from broker.services.tenants import SaveDomain, SaveTenant
from tests.support.hub import Hub
from tests.support.saml_idp import SmallIdp
from tests.unit.services.core_audit import entries, version


@pytest.fixture
def acme(hub: Hub) -> str:
    return hub.tenant("acme", "acme.example")


NOBODY = Actor("nobody", frozenset())


def strangers(acme: str) -> list[Actor]:
    """Everybody but operators: without a verb, with too small a verb, of another tenant."""
    return [NOBODY, Actor("reader", frozenset({Verb.READ_TRACES})), Actor("theirs", frozenset({Verb.CONFIGURE}), "ten_other")]


def attempts(hub: Hub, acme: str) -> dict[str, Any]:
    built = hub.built
    saml = SaveApplication("wiki", "Wiki", "saml", {"entity_id": "e", "acs_urls": ["https://w.example/acs"]})
    idp = SmallIdp().metadata()
    return {
        "tenant": lambda who: built.tenants.save(who, SaveTenant("acme", "New")),
        "new tenant": lambda who: built.tenants.save(who, SaveTenant("new", "New")),
        "delete tenant": lambda who: built.tenants.delete(who, "acme"),
        "domain": lambda who: built.tenants.save_domain(who, SaveDomain(acme, "new.example")),
        "delete domain": lambda who: built.tenants.delete_domain(who, acme, "acme.example"),
        "connector": lambda who: built.connectors.save(who, SaveConnector(acme, "idp", "saml", "I", metadata=idp)),
        "draft": lambda who: built.connectors.draft(who, acme, "d", "saml", "D"),
        "switch": lambda who: built.connectors.set_enabled(who, acme, "kept", enabled=False),
        "discard": lambda who: built.connectors.discard_draft(who, built.connectors.get(acme, "kept")),
        "delete connector": lambda who: built.connectors.delete(who, acme, "kept"),
        "application": lambda who: built.applications.save(who, saml),
        "delete application": lambda who: built.applications.delete(who, "kept"),
        "link": lambda who: built.setup_links.create(who, acme),
        "revoke": lambda who: built.setup_links.revoke(who, acme, "lnk_1"),
        "traces": lambda who: built.traces.find(who, "ABCD-EFGH-JK"),
    }


ATTEMPTS = (
    "tenant", "new tenant", "delete tenant", "domain", "delete domain", "connector", "draft", "switch", "discard",
    "delete connector", "application", "delete application", "link", "revoke", "traces",
)  # fmt: skip


@pytest.mark.parametrize("what", ATTEMPTS)
@pytest.mark.parametrize("number", range(3))
def test_nobody_changes_what_is_not_theirs(hub: Hub, acme: str, what: str, number: int) -> None:
    hub.saml_idp("acme", "kept")
    hub.saml_app("kept")
    before = entries(hub), version(hub)
    assert set(attempts(hub, acme)) == set(ATTEMPTS)
    stranger = strangers(acme)[number]
    if what == "traces" and number == 1:
        stranger = Actor("theirs", frozenset({Verb.READ_TRACES}), "ten_other")

    # Whoever may read traces, only not these, learns no more than that there is none.
    with pytest.raises(UnknownObject if what == "traces" and number == 1 else Forbidden):
        attempts(hub, acme)[what](stranger)

    assert (entries(hub), version(hub)) == before


@pytest.mark.parametrize("what", ["tenant", "domain", "delete domain", "delete connector", "application", "link", "revoke"])
def test_a_set_up_link_does_only_what_it_is_for(hub: Hub, acme: str, what: str) -> None:
    hub.saml_idp("acme", "kept")
    with pytest.raises(Forbidden):
        attempts(hub, acme)[what](Actor("setup-link:lnk_1", frozenset({Verb.SET_UP}), acme))


def test_an_operator_of_one_tenant_changes_it_and_no_other(hub: Hub, acme: str) -> None:
    mine = Actor("console:ann", frozenset({Verb.CONFIGURE}), acme)
    hub.tenant("other")

    hub.saml_idp("acme", "idp")
    served = SaveDomain(acme, "acme.example", (hub.built.connectors.get(acme, "idp").id,))
    assert hub.built.tenants.save_domain(mine, served).action is Action.UPDATED
    assert hub.built.tenants.save(mine, SaveTenant("acme", "New")).action is Action.UPDATED
    for forbidden in (SaveTenant("other", "New"), SaveTenant("fresh", "New"), SaveTenant("acme", "New", enabled=False)):
        with pytest.raises(Forbidden):
            hub.built.tenants.save(mine, forbidden)
    with pytest.raises(Forbidden):
        hub.built.tenants.save_domain(mine, SaveDomain(acme, "acme.org"))
