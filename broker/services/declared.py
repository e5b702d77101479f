"""A declarative file, read before the unit of work begins, because understanding it may need the network.

What a plan cannot show is told from the same reading: settings that the file leaves out and that are not at their defaults.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from broker.domain.errors import ConfigurationError, UnknownObject
from broker.domain.trust import Connector
from broker.services.connectors import Connectors, SaveConnector, Understood
from broker.services.declarative import (
    ApplicationEntry,
    ConnectorEntry,
    Source,
    TenantEntry,
)
from broker.services.tenants import Tenants
from broker.store import mapping
from connectors import registry
from connectors.contract import Discovers


@dataclass(frozen=True, slots=True)
class Read:
    """A connector entry, understood before the unit of work begins: understanding may need the network."""

    entry: ConnectorEntry
    type: str
    settings: dict[str, Any] = field(repr=False)
    metadata: bytes | None = field(repr=False)
    understood: Understood


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A setting of a connector that is neither what the file says nor its default: applying the file would not change it."""

    connector: str
    setting: str
    value: Any


class Reading:
    """Documents and connector settings of a file, understood. Changes nothing."""

    def __init__(self, tenants: Tenants, connectors: Connectors) -> None:
        self._tenants, self._connectors = tenants, connectors

    def read_all(self, source: Source) -> dict[tuple[str, str], Read]:
        """Every connector entry but drafts, which say nothing yet."""
        return {
            (tenant.slug, entry.slug): self._read(source, tenant, entry)
            for tenant in source.federation.tenants
            for entry in tenant.connectors
            if not entry.draft
        }

    def _read(self, source: Source, tenant: TenantEntry, entry: ConnectorEntry) -> Read:
        where = f"{tenant.slug}/{entry.slug}"
        settings = source.settings(entry.settings, where)
        type_name = registry.resolve(entry.type, metadata=entry.metadata is not None)
        metadata: bytes | None = None
        if entry.metadata is not None and "url" in entry.metadata:
            metadata = self._connectors.fetch_metadata(entry.metadata["url"])
            settings.setdefault("metadata_url", entry.metadata["url"])
        elif entry.metadata is not None:
            metadata = source.document(entry.metadata, f"{where}.metadata")
        try:
            command = save_command(self._tenant_id(tenant.slug), entry, type_name, settings, metadata)
            return Read(entry, type_name, settings, metadata, self._connectors.understand(command))
        except ConfigurationError as error:
            error.field = f"{where}.{error.field}"
            raise

    def _tenant_id(self, slug: str) -> str:
        try:
            return self._tenants.get(slug).id
        except UnknownObject:
            return ""

    def description(self, source: Source, entry: ApplicationEntry) -> bytes | None:
        """A service provider's metadata, read before the unit of work begins: it may come over the network."""
        if entry.metadata is None:
            return None
        if "url" in entry.metadata:
            return self._connectors.fetch_metadata(entry.metadata["url"])
        return source.document(entry.metadata, f"{entry.slug}.metadata")

    def unnamed(self, entries: dict[tuple[str, str], Read]) -> list[Unnamed]:
        """Drift that a plan cannot show, because a setting that the file leaves out keeps the value that is stored."""
        found: list[Unnamed] = []
        for (tenant_slug, slug), read in entries.items():
            existing = self._connectors.find(self._tenant_id(tenant_slug), slug)
            if existing is None or existing.type != read.type:
                continue
            differing = _differing(existing.settings, read.settings, self._plain_defaults(read))
            if differing and isinstance(registry.connector_type(read.type), Discovers):
                # The provider's own description may be the reason: asked only now, because it lies in the network.
                differing = _differing(existing.settings, read.settings, self._fresh(read, existing))
            found += [Unnamed(f"{tenant_slug}/{slug}", name, value) for name, value in differing.items()]
        return found

    def _plain_defaults(self, read: Read) -> dict[str, Any]:
        """Settings as the entry's document alone makes them, or the defaults."""
        if read.metadata is not None:
            return mapping.plain(self._connectors.read_metadata(read.type, read.metadata).settings)
        return mapping.plain(mapping.settings_from(registry.connector_type(read.type).Settings, {}))

    def _fresh(self, read: Read, existing: Connector) -> dict[str, Any]:
        """Settings as a new connector of this entry would have them."""
        _, secrets = mapping.split_secrets(type(existing.settings), mapping.plain(existing.settings))
        command = save_command("", read.entry, read.type, {**secrets, **read.settings}, read.metadata)
        return mapping.plain(self._connectors.understand(command).settings)


def save_command(
    tenant_id: str, entry: ConnectorEntry, type_name: str, settings: dict[str, Any], metadata: bytes | None
) -> SaveConnector:
    return SaveConnector(
        tenant_id=tenant_id,
        slug=entry.slug,
        type=type_name,
        name=entry.name,
        settings=settings,
        metadata=metadata,
        enabled=entry.enabled,
        acceptance_rules=None if entry.acceptance is None else tuple(entry.acceptance),
        admits_guests=entry.admits_guests,
    )


def _differing(stored: Any, named: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Stored settings that are not as expected, although the file says nothing of them. Secrets are nobody's to see."""
    values, skipped = mapping.plain(stored), {"secret", "discovered"}
    told = {item.name for item in fields(stored) if any(item.metadata.get(each) for each in skipped)} | named.keys()
    return {name: value for name, value in values.items() if name not in told and value != expected[name]}
