"""Prepared configuration follows every change, in every process, and never mixes two readings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from broker.app import create_app, vestibule
from broker.assembly.vestibule import Vestibule
from broker.catalog import catalog as module
from broker.services.applications import SaveApplication
from broker.services.tenants import SaveDomain, SaveTenant
from broker.store.tables import configuration
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import SamlApp


@pytest.fixture
def twin(hub: Hub) -> Iterator[Vestibule]:
    """A second process on the same database."""
    app = create_app(hub.settings, hub.clock)
    built = vestibule(app)
    yield built
    built.database.dispose()


class Cluster:
    """Logins go through the second process, changes through the first."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        self.idp, self.app = hub.saml_idp("acme"), hub.saml_app()
        self.other = create_app(hub.settings, hub.clock)

    def status(self, app: SamlApp | None = None, tenant: str | None = "acme") -> int:
        return Browser(self.other).open((app or self.app).login_url(tenant=tenant)).status_code


@pytest.fixture
def cluster(hub: Hub) -> Iterator[Cluster]:
    made = Cluster(hub)
    yield made
    vestibule(made.other).database.dispose()


def test_what_one_process_changes_the_next_request_of_another_sees(hub: Hub, cluster: Cluster) -> None:
    built, tenant_id = hub.built, hub.tenants["acme"]
    settings = {"entity_id": cluster.app.entity_id, "acs_urls": [cluster.app.acs]}
    assert cluster.status() == 302

    built.connectors.set_enabled(ME, tenant_id, "idp", enabled=False)
    assert cluster.status() == 403
    built.connectors.set_enabled(ME, tenant_id, "idp", enabled=True)
    assert cluster.status() == 302
    built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    assert cluster.status() == 404
    built.tenants.save(ME, SaveTenant("acme", "Acme"))
    assert cluster.status() == 302
    built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", settings, tenant_ids=(), enabled=True))
    assert cluster.status() == 403
    built.applications.delete(ME, "wiki")
    assert cluster.status() == 400
    built.tenants.delete(ME, "acme")
    assert cluster.status() == 404
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    cluster.app = hub.saml_app()
    assert cluster.status() == 302


def test_a_domain_that_moves_is_believed_where_it_is_now(hub: Hub, cluster: Cluster) -> None:
    hub.tenant("other", "other.example")
    catalog = vestibule(cluster.other).catalog
    catalog.refresh()
    acme, other = hub.tenants["acme"], hub.tenants["other"]
    assert (catalog.owns_domain(acme, "acme.example"), catalog.owns_domain(other, "acme.example")) == (True, False)

    hub.built.tenants.delete_domain(ME, acme, "acme.example")
    hub.built.tenants.save_domain(ME, SaveDomain(other, "acme.example"))
    catalog.refresh()

    assert (catalog.owns_domain(acme, "acme.example"), catalog.owns_domain(other, "acme.example")) == (False, True)
    found = catalog.domain("acme.example")
    assert found is not None
    assert found.tenant_id == other


def test_a_connector_made_anew_is_found_by_its_slug(hub: Hub, cluster: Cluster) -> None:
    catalog, acme = vestibule(cluster.other).catalog, hub.tenants["acme"]
    catalog.refresh()
    assert catalog.connector_by_slug(acme, "idp") is not None

    hub.built.connectors.delete(ME, acme, "idp")
    hub.saml_idp("acme")
    catalog.refresh()

    found = catalog.connector_by_slug(acme, "idp")
    assert found is not None
    assert found.connector.id != cluster.idp.connector_id


def test_candidates_are_those_of_enabled_tenants_and_connectors(hub: Hub, cluster: Cluster) -> None:
    catalog, acme = hub.built.catalog, hub.tenants["acme"]
    globex = hub.tenant("globex", "globex.example")
    second, third = hub.saml_idp("acme", "second"), hub.saml_idp("globex")

    def found(*tenant_ids: str, limit: int = 10) -> set[str]:
        catalog.refresh()
        return {candidate.connector_id for candidate in catalog.candidates(frozenset(tenant_ids) if tenant_ids else None, limit)}

    assert found(acme) == {cluster.idp.connector_id, second.connector_id}
    assert len(found(acme, limit=1)) == 1
    assert found(acme, globex) == found() == {cluster.idp.connector_id, second.connector_id, third.connector_id}
    hub.built.connectors.set_enabled(ME, acme, "second", enabled=False)
    assert found(acme) == {cluster.idp.connector_id}
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    assert found(acme) == set()
    assert found(acme, globex) == found() == {third.connector_id}
    assert found("ten_unknown") == set()


def test_whether_there_is_one_way_in_or_more_follows_every_change_of_connectors_and_tenants(
    hub: Hub, cluster: Cluster, twin: Vestibule
) -> None:
    def ways() -> int:
        twin.catalog.refresh()
        return len(twin.catalog.candidates(None, 2))

    assert ways() == 1
    hub.tenant("globex", "globex.example")
    hub.saml_idp("globex")
    assert ways() == 2
    hub.built.tenants.save(ME, SaveTenant("globex", "Globex", enabled=False))
    assert ways() == 1
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=False)
    assert ways() == 0
    hub.built.tenants.save(ME, SaveTenant("globex", "Globex"))
    assert ways() == 1
    hub.built.connectors.delete(ME, hub.tenants["globex"], "idp")
    assert ways() == 0


@pytest.mark.parametrize(
    ("tenant", "connector", "enabled"),
    [("acme", "acme", True), ("globex", "acme", False), ("acme", "none", False), ("none", "acme", False)],
)
def test_the_gate_wants_the_connector_of_this_tenant(hub: Hub, cluster: Cluster, tenant: str, connector: str, enabled: bool) -> None:
    hub.tenant("globex")
    tenants, connectors = {**hub.tenants, "none": "ten_0"}, {"acme": cluster.idp.connector_id, "none": "con_0"}
    hub.built.catalog.refresh()

    assert hub.built.catalog.enabled(tenants[tenant], connectors[connector]) is enabled


def test_memory_is_bounded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 5)
    for number in range(9):
        hub.tenant(f"t{number}")
    catalog = hub.built.catalog
    catalog.refresh()

    for number in range(9):
        assert catalog.tenant_by_slug(f"t{number}") is not None
    assert len(catalog._entries) <= 5


# --- versions ---------------------------------------------------------------------------------------------------------


def test_nothing_is_read_again_while_nothing_changes(hub: Hub, twin: Vestibule) -> None:
    acme = hub.tenant("acme")
    twin.catalog.refresh()
    first = twin.catalog.tenant(acme)
    twin.catalog.refresh()

    assert twin.catalog.tenant(acme) is first


def test_only_what_changed_is_forgotten(hub: Hub, twin: Vestibule) -> None:
    acme, globex = hub.tenant("acme"), hub.tenant("globex")
    twin.catalog.refresh()
    before = twin.catalog.tenant(acme), twin.catalog.tenant(globex)

    hub.built.tenants.save(ME, SaveTenant("acme", "New name"))
    twin.catalog.refresh()

    assert twin.catalog.tenant(acme) is not before[0]
    assert twin.catalog.tenant(globex) is before[1]


@pytest.mark.parametrize("case", ["a gap", "a long absence", "an older copy of the database"])
def test_what_cannot_be_followed_is_forgotten_altogether(hub: Hub, twin: Vestibule, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    acme = hub.tenant("acme")
    twin.catalog.refresh()
    before = twin.catalog.tenant(acme)
    secret = twin.keyring._open()
    if case == "an older copy of the database":
        hub.tenant("globex")
        twin.catalog.refresh()
        before = twin.catalog.tenant(acme)
    with hub.built.database.unit_of_work() as connection:
        if case == "an older copy of the database":
            connection.exec_driver_sql("DELETE FROM configuration_changes WHERE version = (SELECT max(version) FROM configuration_changes)")
        else:
            for number in range(4):
                configuration.record_change(connection, "application", f"app_{number}", hub.clock.now())
        if case == "a gap":
            configuration.purge_changes(connection, 1)
    if case == "a long absence":
        monkeypatch.setattr(module, "MAX_CHANGES_FOLLOWED", 4)

    twin.catalog.refresh()

    assert twin.catalog.tenant(acme) is not before
    assert twin.keyring._open() is not secret


def test_requests_that_notice_one_change_at_once_do_not_fail(hub: Hub, twin: Vestibule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thread A has read the version; thread B follows the change first; then A looks for changes that it knows already."""
    acme = hub.tenant("acme")
    twin.catalog.refresh()
    hub.built.tenants.save(ME, SaveTenant("acme", "New name"))
    since, inside = configuration.changes_since, threading.local()

    def interrupted(*arguments: Any) -> list[tuple[int, str, str]]:
        if not getattr(inside, "nested", False):
            inside.nested = True
            twin.catalog.refresh()
        return since(*arguments)

    monkeypatch.setattr(configuration, "changes_since", interrupted)
    twin.catalog.refresh()

    found = twin.catalog.tenant(acme)
    assert found is not None
    assert found.tenant.name == "New name"


def test_what_was_read_before_a_change_does_not_outlive_it(hub: Hub, twin: Vestibule, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow request loads a tenant; before it keeps it, the tenant is switched off and another request notices."""
    acme = hub.tenant("acme")
    twin.catalog.refresh()
    prepare = twin.catalog.preparer.tenant

    def slow(*arguments: Any) -> Any:
        prepared = prepare(*arguments)
        if prepared.tenant.enabled:
            hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
            twin.catalog.refresh()
        return prepared

    monkeypatch.setattr(twin.catalog.preparer, "tenant", slow)
    twin.catalog.tenant(acme)

    found = twin.catalog.tenant(acme)
    assert found is not None
    assert not found.tenant.enabled


def test_a_change_of_keys_reaches_the_other_process(hub: Hub, twin: Vestibule) -> None:
    from broker.domain.keys import KeyState, KeyUse

    twin.catalog.refresh()
    before = twin.keyring.active(KeyUse.SAML_SIGNING)
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql(f"UPDATE signing_keys SET state = '{KeyState.RETIRING}' WHERE id = '{before.id}'")
        key = _another_key(hub)
        hub.built.keyring.store(key)
        configuration.record_change(connection, "keys", "all", hub.clock.now())

    twin.catalog.refresh()

    assert twin.keyring.active(KeyUse.SAML_SIGNING).id == key.id
    assert [found.id for found in twin.keyring.published(KeyUse.SAML_SIGNING)] == [key.id, before.id]


def _another_key(hub: Hub) -> Any:
    from broker.domain.keys import KeyUse
    from broker.keys.generate import generate

    return generate(KeyUse.SAML_SIGNING, "RS256", "localhost", hub.clock.now())


def test_changes_become_visible_in_the_order_of_their_versions(hub: Hub, twin: Vestibule) -> None:
    """Who sees version 11 first would never look for version 10: a change that is being written makes the next one wait."""
    acme, database = hub.tenant("acme"), hub.built.database
    first_written, second_tries, second_done = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with database.unit_of_work() as connection:
            configuration.record_change(connection, "tenant", acme, hub.clock.now())
            first_written.set()
            second_tries.wait(60)
            second_done.wait(0.3)
            overtaken.append(second_done.is_set())

    def second() -> None:
        first_written.wait(60)
        second_tries.set()
        with twin.database.unit_of_work() as connection:
            configuration.record_change(connection, "application", "app_1", hub.clock.now())
        second_done.set()

    overtaken: list[bool] = []
    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert overtaken == [False]
    assert second_done.is_set()
