"""Questions about the whole installation that `vestibule doctor` asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from broker.store.tables.staff import staff
from broker.store.tables.statistics import connector_health
from broker.store.tables.trusts import connectors, tenants


def database_time(connection: Connection) -> datetime | None:
    """The server's own clock; None where the database runs in this process."""
    if connection.dialect.name == "sqlite":
        return None
    found = connection.execute(text("SELECT clock_timestamp()")).scalar()
    return found.astimezone(UTC) if isinstance(found, datetime) else None


def enabled_staff(connection: Connection, role: str) -> int:
    query = select(func.count()).select_from(staff).where(staff.c.role == role, staff.c.enabled)
    return int(connection.execute(query).scalar() or 0)


def clock_offsets(connection: Connection, limit: int) -> list[int]:
    """Milliseconds by which identity providers' clocks are ahead of ours, one a connector, the latest first."""
    query = select(connector_health.c.clock_offset_ms).where(connector_health.c.clock_offset_ms.is_not(None))
    return [int(row[0]) for row in connection.execute(query.order_by(connector_health.c.last_success_at.desc()).limit(limit))]


def expiring_connectors(connection: Connection, before: datetime, limit: int) -> list[Row[Any]]:
    """Enabled connectors whose last certificate ends before that moment, the most urgent first."""
    query = (
        select(connectors.c.name, tenants.c.name.label("tenant_name"), connector_health.c.expires_at)
        .join(connectors, connectors.c.id == connector_health.c.connector_id)
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(connectors.c.enabled, connector_health.c.expires_at.is_not(None), connector_health.c.expires_at < before)
        .order_by(connector_health.c.expires_at)
        .limit(limit)
    )
    found: list[Any] = list(connection.execute(query))
    return found
