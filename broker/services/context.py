"""What every service stands on, and the one way in which a change is written."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec import UnsetType

from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.domain.access_errors import StaleVersion
from broker.domain.branding import Branding
from broker.domain.clock import Clock
from broker.keys.keyring import Keyring
from broker.services.actor import Actor
from broker.settings import Settings
from broker.store.db import Database
from broker.store.tables import audit, configuration
from connectors.contract import Fetcher

T = TypeVar("T")

HIDDEN = "[secret]"


@dataclass(frozen=True, slots=True)
class Workbench:
    """Made once in `broker.app`."""

    database: Database
    catalog: Catalog
    places: Places
    keyring: Keyring
    clock: Clock
    fetcher: Fetcher
    settings: Settings


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan, and what a service call returns. `fields`: name → (before, after), secrets hidden."""

    kind: str
    name: str
    object_id: str
    action: Action
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def given(value: T | UnsetType, otherwise: T) -> T:
    """What is said, or what holds already when nothing is said."""
    return otherwise if isinstance(value, UnsetType) else value


def check_version(expected: int | None, found: int | None) -> None:
    """Raises StaleVersion when a change was made for another version of the object; None expects nothing, 0 that it is new."""
    if expected is not None and expected != (found or 0):
        raise StaleVersion(cause=f"version {found or 0} is stored, {expected} was expected")


def stored_branding(branding: Branding) -> dict[str, Any] | None:
    """As its column holds it: NULL when nothing differs from the hub's own."""
    return None if branding == Branding() else msgspec.to_builtins(branding)


def difference(before: dict[str, Any] | None, after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that differ; nested settings are compared key by key."""
    flat_before, flat_after = _flat(before or {}), _flat(after)
    names = sorted(flat_before.keys() | flat_after.keys())
    return {name: (flat_before.get(name), flat_after.get(name)) for name in names if flat_before.get(name) != flat_after.get(name)}


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            flat[name] = list(value) if isinstance(value, tuple) else value
    return flat


def record(
    bench: Workbench,
    actor: Actor,
    *,
    kind: str,
    object_id: str,
    tenant_id: str | None,
    action: Action,
    fields_changed: dict[str, tuple[Any, Any]],
) -> None:
    """Audit entry and new configuration version; inside the unit of work that wrote the change."""
    before = {name: pair[0] for name, pair in fields_changed.items()}
    after = {name: pair[1] for name, pair in fields_changed.items()}
    with bench.database.unit_of_work() as connection:
        configuration.record_change(connection, kind, object_id, bench.clock.now())
        note(bench, actor.name, kind=kind, object_id=object_id, tenant_id=tenant_id, action=action, before=before, after=after)


def note(
    bench: Workbench,
    actor: str,
    *,
    kind: str,
    object_id: str,
    tenant_id: str | None,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Audit entry of what changes no configuration: somebody signed in, somebody read a trace."""
    with bench.database.unit_of_work() as connection:
        audit.add(
            connection,
            {
                "at": bench.clock.now(),
                "actor": actor[:120],
                "tenant_id": tenant_id,
                "action": f"{kind}.{action}",
                "object_kind": kind,
                "object_id": object_id,
                "before": before or {},
                "after": after or {},
            },
        )


def record_refusal(bench: Workbench, actor: Actor, operation: str, tenant_id: str | None) -> None:
    """Audit entry of a change that was tried without the right to it. Nothing changed, so no version rises."""
    with bench.database.unit_of_work() as connection:
        audit.add(
            connection,
            {
                "at": bench.clock.now(),
                "actor": actor.name[:120],
                "tenant_id": tenant_id,
                "action": "operation.refused",
                "object_kind": "operation",
                "object_id": operation,
                "before": None,
                "after": None,
            },
        )


def risks(settings: Any) -> tuple[str, ...]:
    """The named risks that these settings switch on."""
    found = []
    for item in fields(settings):
        risk, value = item.metadata.get("risk"), getattr(settings, item.name)
        if risk and value != item.default:
            found.append(f"{item.name}: {risk}")
    return tuple(found)
