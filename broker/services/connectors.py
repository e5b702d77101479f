"""Connectors: what an identity provider's description means, and saving it without ever breaking a working one."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import UnsetType

from broker.catalog.prepare import provider_id
from broker.domain import random_ids
from broker.domain.access_errors import StaleVersion
from broker.domain.errors import Conflict, Forbidden, InvalidSettings, UnknownObject
from broker.domain.messages import translatable
from broker.domain.trust import Connector
from broker.services import fingerprints
from broker.services.actor import Actor, Verb
from broker.services.connector_guards import check_other_ways_on, check_secrets, check_weakening, held_off
from broker.services.context import HIDDEN, Action, Change, Workbench, check_version, difference, given, record, risks
from broker.services.tenants import check_name, check_slug, check_transform_rules
from broker.store import mapping
from broker.store.tables import hub_settings, trust_queries
from connectors import registry
from connectors.contract import Discovers, PublishesMetadata, ReadsMetadata, SetupSheet

NOT_FOLLOWED = "What is published at {host} is not read again by itself any more."
BY_SETTINGS = translatable("Its settings were entered one by one, without a description of the provider.")
_RISK = "Risk accepted: "
_TRIES = 3


@dataclass(frozen=True, slots=True)
class SaveConnector:
    """Creates or changes a tenant's connector. `settings` are plain values; secret ones that are absent stay as they are.

    `metadata`: the provider's description; what it says is taken over, then `settings` on top. UNSET stays as it is when
    this is written, whatever it was before the provider was asked. `of_this_type`: nobody asks for another one, so a type
    that was changed meanwhile is not changed back.
    """

    tenant_id: str
    slug: str
    type: str
    name: str | UnsetType
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    metadata: bytes | None = field(default=None, repr=False)
    enabled: bool | UnsetType = False
    acceptance_rules: tuple[dict[str, Any], ...] | UnsetType | None = None
    admits_guests: bool | UnsetType = False
    expected_version: int | None = None
    of_this_type: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """What a description means: settings, and the same in words. Nothing has been saved. `version`: of the connector that it
    started from, 0 when there was none; None where the caller looks after that."""

    settings: Any = field(repr=False)
    understood: tuple[str, ...]
    warnings: tuple[str, ...]
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A connector with the words that were said when it was last saved. `available`: its type is installed here."""

    connector: Connector
    understood: tuple[str, ...]
    warnings: tuple[str, ...]
    available: bool = True


class Connectors:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._preparer = bench.catalog.preparer

    # --- reading ------------------------------------------------------------------------------------------------------

    def get(self, tenant_id: str, slug: str) -> Connector:
        """Raises UnknownObject."""
        found = self.find(tenant_id, slug)
        if found is None:
            raise UnknownObject(f"The tenant has no connector {slug!r}.", field="connector")
        return found

    def find(self, tenant_id: str, slug: str) -> Connector | None:
        with self._bench.database.reading() as connection:
            row = trust_queries.connector_by_slug(connection, tenant_id, slug)
        return None if row is None else self._preparer.read_connector(row)

    def by_id(self, tenant_id: str, connector_id: str) -> Connector | None:
        with self._bench.database.reading() as connection:
            row = trust_queries.connector(connection, tenant_id, connector_id)
        return None if row is None else self._preparer.read_connector(row)

    def words(self, tenant_id: str, connector_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(understood, warnings) as they were said when the connector was last saved."""
        with self._bench.database.reading() as connection:
            row = trust_queries.connector(connection, tenant_id, connector_id)
        return ((), ()) if row is None else (tuple(row.understood), tuple(row.warnings))

    def tested_at(self, tenant_id: str, connector_id: str) -> datetime | None:
        """When a test login last passed with the connector as it is now."""
        with self._bench.database.reading() as connection:
            row = trust_queries.connector(connection, tenant_id, connector_id)
        found: datetime | None = None if row is None else row.tested_at
        return found

    def all(self, tenant_id: str) -> list[Connector]:
        with self._bench.database.reading() as connection:
            rows = trust_queries.connectors_of(connection, tenant_id)
        return [self._preparer.read_connector(row) for row in rows]

    def page(self, tenant_id: str, *, search: str = "", after_slug: str = "", limit: int = 50) -> list[Said]:
        """By slug, with their words; those of a type that is no longer installed too, without settings."""
        with self._bench.database.reading() as connection:
            rows = trust_queries.connectors_page(connection, tenant_id, search=search.strip(), after=after_slug, limit=limit)
        return [self._said(row) for row in rows]

    def said(self, tenant_id: str, slug: str) -> Said:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = trust_queries.connector_by_slug(connection, tenant_id, slug)
        if row is None:
            raise UnknownObject(f"The tenant has no connector {slug!r}.", field="connector")
        return self._said(row)

    def slugs(self, tenant_id: str) -> dict[str, str]:
        """Id → slug of a tenant's connectors."""
        with self._bench.database.reading() as connection:
            return {row.id: row.slug for row in trust_queries.connectors_of(connection, tenant_id)}

    def names(self, connector_ids: Collection[str]) -> dict[str, str]:
        """Id → `tenant/connector`; for whoever sees every tenant."""
        with self._bench.database.reading() as connection:
            rows = trust_queries.connector_names(connection, connector_ids)
        return {row.id: f"{row.tenant_slug}/{row.slug}" for row in rows}

    def _said(self, row: Any) -> Said:
        if row.type not in registry.names():
            shown = Connector(row.id, row.tenant_id, row.slug, row.name, row.type, None, row.enabled, row.version)
            return Said(shown, (), (f"The connector type {row.type} is not installed here.",), available=False)
        return Said(self._preparer.read_connector(row), tuple(row.understood), tuple(row.warnings))

    def setup_sheet(self, connector: Connector) -> SetupSheet:
        """What to enter at the identity provider; works before the connector has any metadata."""
        tools = self._preparer.tools(connector.id, connector.tenant_id)
        return registry.connector_type(connector.type).setup_sheet(connector, tools)

    def metadata_of(self, connector_id: str) -> bytes | None:
        """Our own description toward a connector's identity provider, drafts included: its administrator needs it first."""
        with self._bench.database.reading() as connection:
            row = trust_queries.connector(connection, None, connector_id)
        if row is None or not isinstance(kind := registry.connector_type(row.type), PublishesMetadata):
            return None
        return kind.metadata_document(self._preparer.read_connector(row), self._preparer.tools(connector_id, row.tenant_id))

    # --- understanding ------------------------------------------------------------------------------------------------

    def read_metadata(
        self, type_name: str, document: bytes, current: Any | None = None, connector_id: str = "con_preview"
    ) -> Understood:
        """In words what a metadata document says. Raises InvalidMetadata; saves nothing."""
        kind = registry.connector_type(type_name)
        if not isinstance(kind, ReadsMetadata):
            raise InvalidSettings(
                f"A connector of type {type_name} takes no metadata; give issuer, client id and secret.", field="metadata"
            )
        settings, understood, warnings = kind.settings_from_metadata(document, self._preparer.tools(connector_id), current)
        return Understood(settings, tuple(understood), tuple(warnings))

    def fetch_metadata(self, url: str) -> bytes:
        """Raises FetchError. Redirects and private addresses are the fetcher's business."""
        answer = self._bench.fetcher.get(url, headers={"Accept": "application/samlmetadata+xml, application/xml, text/xml"})
        if answer.status != 200:
            raise InvalidSettings(f"The address answered with status {answer.status}, not with metadata.", field="metadata")
        return answer.body

    def understand(self, command: SaveConnector) -> Understood:
        """Settings complete and checked, over the network where the type needs it (OIDC discovery). Saves nothing."""
        kind = registry.connector_type(command.type)
        existing = self.find(command.tenant_id, command.slug) if command.tenant_id else None
        current = existing.settings if existing is not None and existing.type == command.type else None
        if command.of_this_type and existing is not None and current is None:
            raise StaleVersion(cause=f"it is of type {existing.type} by now")
        connector_id = existing.id if existing is not None else "con_preview"
        tools = self._preparer.tools(connector_id, command.tenant_id)
        understood: list[str] = []
        warnings: list[str] = []
        values = mapping.plain(current) if current is not None else {}
        if command.metadata is not None:
            read = self.read_metadata(command.type, command.metadata, current, connector_id)
            values = mapping.plain(read.settings)
            understood, warnings = list(read.understood), list(read.warnings)
            if values.get("metadata_url") and "metadata_url" not in command.settings:
                # What is given last counts: an address that is followed further would undo the document by the clock.
                understood.append(NOT_FOLLOWED.format(host=urlsplit(values["metadata_url"]).hostname))
                values["metadata_url"] = ""
        settings = mapping.settings_from(kind.Settings, {**values, **command.settings})
        if isinstance(kind, Discovers) and settings != current:
            settings, found, worries = kind.discover(settings, tools)
            understood, warnings = [*understood, *found], [*warnings, *worries]
        elif command.metadata is None:
            # What was said of the description still holds when somebody changes one of our own choices.
            said, warned = self.words(command.tenant_id, existing.id) if current is not None and existing is not None else ((), ())
            understood = list(said) or ([BY_SETTINGS] if settings != mapping.settings_from(kind.Settings, {}) else [])
            warnings = [line for line in warned if not line.startswith(_RISK)]
        if current is not None:
            check_secrets(current, settings, command.settings)
        warnings += [f"{_RISK}{risk}" for risk in risks(settings) if f"{_RISK}{risk}" not in warnings]
        return Understood(settings, tuple(understood), tuple(warnings), 0 if existing is None else existing.version)

    # --- changing -----------------------------------------------------------------------------------------------------

    def save(self, actor: Actor, command: SaveConnector, understood: Understood | None = None) -> Change:
        """Understands (unless that was done before), prepares, writes. A connector that cannot be prepared is not saved.

        Asking the provider takes time: what somebody else changed meanwhile holds, and it is understood again on top of that.
        """
        actor.require(Verb.SET_UP, command.tenant_id)
        check_slug(command.slug)
        if rules := given(command.acceptance_rules, None):
            check_transform_rules(rules, "acceptance")
        # Whoever asked before may be inside a unit of work by now, where nobody waits for the network: they begin again.
        for _ in range(_TRIES if understood is None else 1):
            change = self._save(actor, command, understood or self.understand(command))
            if change is not None:
                return change
        raise StaleVersion(cause="changed while the provider was asked")

    def _save(self, actor: Actor, command: SaveConnector, understood: Understood) -> Change | None:
        """None when it was understood on top of something that does not hold any more."""
        with self._bench.database.unit_of_work() as connection:
            row = trust_queries.connector_to_change(connection, command.tenant_id, command.slug)
            existing = None if row is None else self._preparer.read_connector(row)
            version = 0 if existing is None else existing.version
            check_version(command.expected_version, version)
            connector = _connector(actor, command, existing, understood.settings)
            if understood.version not in (None, version):
                return None
            check_weakening(actor, existing, connector)
            return self._write(actor, existing, connector, understood)

    def draft(self, actor: Actor, tenant_id: str, slug: str, type_name: str, name: str) -> Connector:
        """An empty, disabled connector, so that its addresses exist before the provider's description does."""
        actor.require(Verb.SET_UP, tenant_id)
        kind = registry.connector_type(type_name)
        connector = Connector(
            random_ids.object_id("con"),
            tenant_id,
            check_slug(slug),
            check_name(name),
            type_name,
            mapping.settings_from(kind.Settings, {}),
            version=1,
        )
        with self._bench.database.unit_of_work():
            if self.find(tenant_id, slug) is not None:
                raise Conflict("The tenant has a connector of this name already.", field="connector")
            self._write(actor, None, connector, Understood(connector.settings, (), ()), prepare=False)
        return connector

    def discard_draft(self, actor: Actor, connector: Connector) -> bool:
        """Deletes a connector that has been nothing but a draft so far; False when it has been more than that."""
        actor.require(Verb.SET_UP, connector.tenant_id)
        if connector.version > 1:
            return False
        with self._bench.database.unit_of_work():
            self._delete(actor, connector.tenant_id, connector.id)
        return True

    def set_enabled(self, actor: Actor, tenant_id: str, slug: str, *, enabled: bool) -> Change:
        """Raises InvalidSettings when a connector that lacks its settings is to be switched on."""
        actor.require(Verb.SET_UP, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            trust_queries.connector_to_change(connection, tenant_id, slug)
            existing = self.get(tenant_id, slug)
            held = held_off(actor, existing, enabled=enabled)
            changed = replace(existing, enabled=enabled, held=held, version=existing.version + 1)
            said = self.words(tenant_id, existing.id)
            return self._write(actor, existing, changed, Understood(existing.settings, *said), prepare=enabled)

    def delete(self, actor: Actor, tenant_id: str, slug: str) -> Change:
        actor.require(Verb.CONFIGURE, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            # Not read: one whose plug-in is gone can still be deleted.
            row = trust_queries.connector_by_slug(connection, tenant_id, slug)
            if row is None:
                raise UnknownObject(f"The tenant has no connector {slug!r}.", field="connector")
            self._delete(actor, tenant_id, row.id)
        return Change("connector", slug, row.id, Action.DELETED)

    def _delete(self, actor: Actor, tenant_id: str, connector_id: str) -> None:
        bench, action = self._bench, Action.DELETED
        self._check_staff(actor, connector_id)
        with bench.database.unit_of_work() as connection:
            trust_queries.delete_connector(connection, tenant_id, connector_id)
            record(bench, actor, kind="connector", object_id=connector_id, tenant_id=tenant_id, action=action, fields_changed={})

    def _check_staff(self, actor: Actor, connector_id: str) -> None:
        """Whoever controls a connector through which staff sign in could become any of them. Raises Forbidden."""
        with self._bench.database.reading() as connection:
            chosen = connector_id in hub_settings.staff_connectors(connection)
        if chosen and not (actor.can(Verb.ADMINISTER) and actor.tenant_id is None):
            sentence = translatable("Staff sign in to the console through this connector: only an owner may change it.")
            raise Forbidden(sentence, cause=f"{actor.name} lacks {Verb.ADMINISTER}")

    def _write(
        self, actor: Actor, existing: Connector | None, connector: Connector, understood: Understood, *, prepare: bool = True
    ) -> Change:
        if prepare:
            self._preparer.connector(connector)
        before = None if existing is None else _shown(existing)
        changed = difference(before, _shown(connector))
        plain = mapping.plain(connector.settings)
        _, secrets = mapping.split_secrets(type(connector.settings), plain)
        had = {} if existing is None else mapping.split_secrets(type(existing.settings), mapping.plain(existing.settings))[1]
        if secrets != had:
            changed = {**changed, "secrets": (HIDDEN if had else None, f"{HIDDEN} (new)" if secrets else None)}
        if existing is not None and not changed:
            return Change("connector", connector.slug, connector.id, Action.UNCHANGED, notes=understood.warnings)
        opened, _ = mapping.split_secrets(type(connector.settings), plain)
        values = {
            "id": connector.id,
            "slug": connector.slug,
            "name": connector.name,
            "type": connector.type,
            "enabled": connector.enabled,
            "settings": opened,
            "sealed_secrets": self._bench.keyring.seal(json.dumps(secrets).encode(), f"connector {connector.id}")
            if secrets
            else None,
            "acceptance_rules": None if connector.acceptance_rules is None else list(connector.acceptance_rules),
            "admits_guests": connector.admits_guests,
            "understood": list(understood.understood),
            "warnings": list(understood.warnings),
            "provider_id": provider_id(connector.settings),
            "held": connector.held,
            "version": connector.version,
        }
        if existing is None:
            values["created_at"] = self._bench.clock.now()
        elif {"type", "secrets"} & changed.keys() or any(name.startswith("settings.") for name in changed):
            values["tested_at"] = None  # what passed a test was something else
        if existing is not None:
            self._check_staff(actor, existing.id)
        action = Action.CREATED if existing is None else Action.UPDATED
        with self._bench.database.unit_of_work() as connection:
            check_other_ways_on(actor, existing, connector, trust_queries.connectors_of(connection, connector.tenant_id))
            trust_queries.save_connector(connection, connector.tenant_id, values, exists=existing is not None)
            record(
                self._bench,
                actor,
                kind="connector",
                object_id=connector.id,
                tenant_id=connector.tenant_id,
                action=action,
                fields_changed=fingerprints.told(changed),
            )
        return Change("connector", connector.slug, connector.id, action, changed, understood.warnings)


def _connector(actor: Actor, command: SaveConnector, existing: Connector | None, settings: Any) -> Connector:
    """What is to be written over `existing`, which is what is stored now. Raises UnknownObject when that is gone."""
    if existing is None and isinstance(command.name, UnsetType):
        raise UnknownObject(f"The tenant has no connector {command.slug!r}.", field="connector")
    held = existing or Connector("", command.tenant_id, command.slug, "", command.type, settings)
    enabled = given(command.enabled, held.enabled)
    return replace(
        held,
        id=held.id or random_ids.object_id("con"),
        name=check_name(given(command.name, held.name)),
        type=command.type,
        settings=settings,
        enabled=enabled,
        version=1 if existing is None else held.version + 1,
        acceptance_rules=given(command.acceptance_rules, held.acceptance_rules),
        admits_guests=given(command.admits_guests, held.admits_guests),
        held=held_off(actor, existing, enabled=enabled),
    )


def _shown(connector: Connector) -> dict[str, Any]:
    """What may be seen of a connector: everything but secrets."""
    opened, _ = mapping.split_secrets(type(connector.settings), mapping.plain(connector.settings))
    return {
        "name": connector.name,
        "type": connector.type,
        "enabled": connector.enabled,
        "settings": opened,
        "acceptance_rules": None if connector.acceptance_rules is None else list(connector.acceptance_rules),
        "admits_guests": connector.admits_guests,
    }
