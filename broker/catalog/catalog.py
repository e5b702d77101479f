"""Look-ups of prepared configuration. Lazy, bounded, thread-safe; an entry lives until its object changes."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from broker.catalog.prepare import PreparedApplication, PreparedConnector, PreparedTenant, Preparer
from broker.domain.branding import Branding
from broker.domain.errors import ConfigurationError
from broker.domain.folding import fold
from broker.domain.home_realm import Candidate
from broker.domain.host import Host
from broker.domain.trust import Application, Domain
from broker.keys.keyring import Keyring
from broker.store import mapping
from broker.store.db import Database
from broker.store.tables import configuration, directory_queries, hosts, hub_settings, trust_queries

log = logging.getLogger("vestibule.catalog")
T = TypeVar("T")
MAX_ENTRIES = 4000
DIRECTORY = "directory"
"""Changes of a connector's directory carry the connector's id."""
MAX_CHANGES_FOLLOWED = 500
MAX_CANDIDATES = 100
ONE_OR_MORE = 2
ALL_KEYS = "all"
"""What a change of the hub's own keys names."""


class Catalog:
    """See the module. `refresh()` once per protocol request; everything else is memory after first use."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        preparer: Preparer,
        built_in: Mapping[str, Callable[[], Application]] | None = None,
    ) -> None:
        """`built_in`: how each application is that is part of the program, by id."""
        self._database = database
        self._keyring = keyring
        self.preparer = preparer
        self._built_in = built_in or {}
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._version = -1

    def refresh(self) -> None:
        """Reads the configuration version; forgets what changed since the one that is known."""
        with self._database.reading() as connection:
            version, known = configuration.current_version(connection), self._version
            if version == known:
                return
            changes = configuration.changes_since(connection, known, MAX_CHANGES_FOLLOWED)
        with self._lock:
            # Nothing to follow (the database is an older copy), a gap (purged rows) or a long absence: forget everything.
            # Versions may skip, so count only what we were given.
            if known < 0 or not changes or len(changes) >= MAX_CHANGES_FOLLOWED or changes[0][0] > known + len(changes):
                self._entries.clear()
                self._keyring.forget()
            for _, kind, object_id in changes:
                self._forget(kind, object_id)
            self._version = version

    def _forget(self, kind: str, object_id: str) -> None:
        if kind == "keys":
            self._keyring.forget()
            # Connectors hold the keys of their tenant, or the hub's. Whose keys changed is what the change names.
            for key in [key for key, entry in self._entries.items() if key[0] == "connector" and _holds(entry, object_id)]:
                del self._entries[key]
            return
        self._entries.pop((kind, object_id), None)
        if kind == DIRECTORY:
            self._entries.pop(("connector", object_id), None)
        stale = {name for name, _ in self._entries if name.startswith(f"{kind} by ")}
        if kind == "tenant":
            stale |= {"connector by none", "host by name"}  # its ways in and its hosts go with it
        if kind in {"connector", "domain"}:
            # A tenant's prepared form lists both; which tenant it was, the change does not say.
            stale.add("tenant")
        for key in [key for key in self._entries if key[0] in stale]:
            del self._entries[key]

    def _cached(self, kind: str, key: str, load: Callable[[], T | None]) -> T | None:
        entry = self._entries.get((kind, key))
        if entry is not None:
            return entry  # type: ignore[no-any-return]
        version = self._version
        loaded = load()
        if loaded is not None:
            with self._lock:
                # What was read before a change arrived must not outlive it.
                if version == self._version:
                    self._entries[(kind, key)] = loaded
                    while len(self._entries) > MAX_ENTRIES:
                        self._entries.popitem(last=False)
        return loaded

    # --- look-ups -----------------------------------------------------------------------------------------------------

    def tenant(self, tenant_id: str) -> PreparedTenant | None:
        def load() -> PreparedTenant | None:
            with self._database.reading() as connection:
                row = trust_queries.tenant(connection, tenant_id)
                if row is None:
                    return None
                domains = frozenset(domain.name for domain in trust_queries.domains_of(connection, tenant_id))
                found = trust_queries.enabled_connectors(connection, [tenant_id], MAX_CANDIDATES)
            return self.preparer.tenant(row, domains, tuple(_candidate(row) for row in found))

        return self._cached("tenant", tenant_id, load)

    def tenant_by_slug(self, slug: str) -> PreparedTenant | None:
        def load() -> str | None:
            with self._database.reading() as connection:
                row = trust_queries.tenant_by_slug(connection, slug)
            return None if row is None else str(row.id)

        tenant_id = self._cached("tenant by slug", slug, load)
        return None if tenant_id is None else self.tenant(tenant_id)

    def hub_branding(self, *, ask: bool = True) -> Branding:
        """How pages look where neither tenant nor application says otherwise. `ask`: the database, if it is not known."""

        def load() -> Branding:
            with self._database.reading() as connection:
                return mapping.branding(hub_settings.branding(connection)[0])

        if not ask:
            return self._entries.get(("hub_branding", hub_settings.HUB)) or Branding()
        return self._cached("hub_branding", hub_settings.HUB, load) or Branding()

    def hosts(self) -> Mapping[str, Host]:
        """All hosts of tenants by name, switched on or not: one look-up, so that unknown names ask the database for nothing."""

        def load() -> dict[str, Host]:
            with self._database.reading() as connection:
                return {row.name: mapping.host(row) for row in hosts.every(connection)}

        return self._cached("host by name", "", load) or {}

    def connector(self, connector_id: str) -> PreparedConnector | None:
        def load() -> PreparedConnector | None:
            with self._database.reading() as connection:
                row = trust_queries.connector(connection, None, connector_id)
                directory = directory_queries.find(connection, None, connector_id)
            # A draft has no settings to prepare, and what is switched off must not answer: for logins neither exists.
            if row is None or not row.enabled:
                return None
            try:
                return self.preparer.connector(self.preparer.read_connector(row), directory)
            except ConfigurationError as error:
                # Saved by another version, or its plug-in is gone: this way in is closed, and no other one with it.
                log.error("a connector cannot be used", extra={"connector": connector_id, "cause": f"{error} {error.cause}"})  # noqa: TRY400
                return None

        return self._cached("connector", connector_id, load)

    def usable(self, tenant_id: str, connector_id: str) -> PreparedConnector | None:
        """The connector, if this way of signing in is switched on."""
        return self.connector(connector_id) if self.enabled(tenant_id, connector_id) else None

    def draft(self, connector_id: str) -> PreparedConnector | None:
        """Prepared although it may be switched off, for tests only; None while it lacks its settings. Never kept."""
        with self._database.reading() as connection:
            row = trust_queries.connector(connection, None, connector_id)
            directory = directory_queries.find(connection, None, connector_id)
        try:
            return None if row is None else self.preparer.connector(self.preparer.read_connector(row), directory)
        except ConfigurationError:
            return None

    def testable(self, tenant_id: str, connector_id: str) -> PreparedConnector | None:
        """The connector, switched on or not, if it is this tenant's and the tenant is switched on."""
        tenant, prepared = self.tenant(tenant_id), self.connector(connector_id) or self.draft(connector_id)
        if tenant is None or not tenant.tenant.enabled or prepared is None:
            return None
        return prepared if prepared.connector.tenant_id == tenant_id else None

    def connector_by_slug(self, tenant_id: str, slug: str) -> PreparedConnector | None:
        def load() -> str | None:
            with self._database.reading() as connection:
                row = trust_queries.connector_by_slug(connection, tenant_id, slug)
            return None if row is None else str(row.id)

        connector_id = self._cached("connector by slug", f"{tenant_id}/{slug}", load)
        return None if connector_id is None else self.connector(connector_id)

    def application(self, application_id: str) -> PreparedApplication | None:
        def load() -> PreparedApplication | None:
            if (ours := self._built_in.get(application_id)) is not None:
                return self.preparer.application(ours())
            with self._database.reading() as connection:
                row = trust_queries.application(connection, application_id)
            return None if row is None else self.preparer.application(self.preparer.read_application(row))

        return self._cached("application", application_id, load)

    def application_by(self, protocol: str, key: str) -> PreparedApplication | None:
        """By the name that the protocol's requests carry: client id, entityID."""

        def load() -> str | None:
            with self._database.reading() as connection:
                return trust_queries.application_id_by_key(connection, protocol, key)

        application_id = self._cached("application by key", f"{protocol} {key}", load)
        return None if application_id is None else self.application(application_id)

    def application_by_slug(self, slug: str) -> PreparedApplication | None:
        """Only one that somebody registered: what is part of the program has no address of its own."""

        def load() -> str | None:
            with self._database.reading() as connection:
                row = trust_queries.application_by_slug(connection, slug)
            return None if row is None else str(row.id)

        application_id = self._cached("application by slug", slug, load)
        return None if application_id is None else self.application(application_id)

    # --- questions of home realm discovery ----------------------------------------------------------------------------

    def domain(self, name: str) -> Domain | None:
        with self._database.reading() as connection:
            row = trust_queries.domain(connection, name)
        return None if row is None else mapping.domain(row)

    def owns_domain(self, tenant_id: str, name: str) -> bool:
        """Has this tenant proved exactly this domain? From memory: a changed domain forgets its tenant."""
        tenant = self.tenant(tenant_id)
        return tenant is not None and name in tenant.domains

    def candidates(
        self, tenant_ids: frozenset[str] | None, limit: int, connector_ids: frozenset[str] | None = None
    ) -> list[Candidate]:
        """Enabled connectors of enabled tenants among `tenant_ids` (None: of all) and `connector_ids` (None: any), at most
        `limit`, in no particular order."""
        if tenant_ids is not None and len(tenant_ids) == 1:
            tenant = self.tenant(next(iter(tenant_ids)))
            if tenant is None or not tenant.tenant.enabled:
                return []
            if len(tenant.candidates) < MAX_CANDIDATES:  # then these are all that it has
                found = (each for each in tenant.candidates if connector_ids is None or each.connector_id in connector_ids)
                return list(found)[:limit]
        if tenant_ids is None and connector_ids is None and limit <= ONE_OR_MORE:
            return list(self._cached("connector by none", "", self._one_or_more) or ())[:limit]
        with self._database.reading() as connection:
            rows = trust_queries.enabled_connectors(connection, _listed(tenant_ids), limit, _listed(connector_ids))
        return [_candidate(row) for row in rows]

    def _one_or_more(self) -> tuple[Candidate, ...]:
        """Whether there is one way in, or more, or none: asked by every login that says nothing of where it comes from."""
        with self._database.reading() as connection:
            return tuple(_candidate(row) for row in trust_queries.enabled_connectors(connection, None, ONE_OR_MORE))

    def named(
        self, tenant_ids: frozenset[str] | None, limit: int, connector_ids: frozenset[str] | None, names: Sequence[str]
    ) -> list[Candidate]:
        """Those of them whose provider has one of these names, or toward which we have it."""
        ours = [found for name in names if (found := self.preparer.connector_id_of(name)) is not None]
        with self._database.reading() as connection:
            rows = trust_queries.connectors_named(
                connection, _listed(tenant_ids), limit, _listed(connector_ids), provider_ids=list(names), ids=ours
            )
        return [_candidate(row) for row in rows]

    def chooser(
        self, tenant_ids: frozenset[str] | None, connector_ids: frozenset[str] | None, *, search: str, after: str, limit: int
    ) -> tuple[list[Candidate], str]:
        """One page of those, by name, and the cursor of the next page ("" at the end). `search`: part of the name."""
        connector_id, _, name_key = after.partition(" ")
        with self._database.reading() as connection:
            rows = trust_queries.chooser(
                connection,
                _listed(tenant_ids),
                _listed(connector_ids),
                search=fold(search),
                after=(name_key, connector_id),
                limit=limit + 1,
            )
        more = f"{rows[limit - 1].id} {rows[limit - 1].name_key}" if len(rows) > limit else ""
        return [_candidate(row) for row in rows[:limit]], more

    def enabled(self, tenant_id: str, connector_id: str) -> bool:
        """The one gate: is this way of signing in switched on? Asked at start, callback, reuse, token and userinfo."""
        tenant, connector = self.tenant(tenant_id), self.connector(connector_id)
        if tenant is None or connector is None:
            return False
        return tenant.tenant.enabled and connector.connector.enabled and connector.connector.tenant_id == tenant_id


def _holds(entry: PreparedConnector, owner_id: str) -> bool:
    """A tenant may have begun or ceased to have keys of its own, so a change of the hub's concerns everybody."""
    return owner_id in (ALL_KEYS, entry.connector.tenant_id)


def _listed(ids: frozenset[str] | None) -> list[str] | None:
    return None if ids is None else sorted(ids)


def _candidate(row: Any) -> Candidate:
    return Candidate(row.tenant_id, row.id, row.type, row.name)
