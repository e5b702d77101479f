"""Settings of the hub itself that operators change while it runs: one JSON value a name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Connection, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import db


class HubSettingRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "hub_settings"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


_settings = HubSettingRow.__table__


def get(connection: Connection, name: str) -> Any | None:
    return connection.execute(select(_settings.c.value).where(_settings.c.name == name)).scalar()


def put(connection: Connection, name: str, value: Any) -> None:
    """Inside a unit of work."""
    connection.execute(delete(_settings).where(_settings.c.name == name))
    connection.execute(insert(_settings).values(name=name, value=value))


_STAFF_CONNECTORS = "staff_sign_in_connectors"


def staff_connectors(connection: Connection) -> frozenset[str]:
    """Ids of the connectors through which staff may sign in to the console."""
    return frozenset(get(connection, _STAFF_CONNECTORS) or ())


def choose_staff_connectors(connection: Connection, connector_ids: list[str]) -> None:
    put(connection, _STAFF_CONNECTORS, connector_ids)


_SAFEGUARDS = "safeguards"


def safeguards(connection: Connection) -> dict[str, Any]:
    """Settings of the process that took a safeguard away when it was last started, with their values."""
    return dict(get(connection, _SAFEGUARDS) or {})


def note_safeguards(connection: Connection, values: dict[str, Any]) -> None:
    put(connection, _SAFEGUARDS, values)


HUB = "hub"
"""Owner of the hub's own pictures, where tenants and applications have their ids."""
_BRANDING = "branding"


def branding(connection: Connection) -> tuple[dict[str, Any] | None, int]:
    """How pages look that belong to no tenant and no application, and its version; 0: never changed."""
    stored = get(connection, _BRANDING) or {}
    return stored.get("branding"), stored.get("version", 0)


def save_branding(connection: Connection, branding: dict[str, Any] | None, version: int) -> None:
    put(connection, _BRANDING, {"branding": branding, "version": version})
