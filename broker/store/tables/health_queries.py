"""How connectors fared: read from traces along the time index, kept in `connector_health`. Upkeep's business alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from broker.domain.login_report import TEST_APPLICATION_ID
from broker.store.tables.following import connector_following
from broker.store.tables.statistics import connector_health
from broker.store.tables.traces import TraceRow
from broker.store.tables.trusts import connectors, tenants

_traces = TraceRow.__table__


def last_seen(connection: Connection, since: datetime) -> list[Row[Any]]:
    """The newest success and the newest failure since then of every connector that still exists."""
    key = (_traces.c.connector_id, connectors.c.tenant_id, _traces.c.outcome)
    return list(
        connection.execute(
            select(*key, func.max(_traces.c.started_at).label("at"))
            .join(connectors, connectors.c.id == _traces.c.connector_id)
            .where(_traces.c.started_at >= since, _traces.c.outcome.in_(("succeeded", "failed")))
            .where(_traces.c.application_id != TEST_APPLICATION_ID)
            .group_by(*key)
        )
    )


def of_tenant(connection: Connection, tenant_id: str) -> dict[str, Row[Any]]:
    rows = connection.execute(select(connector_health).where(connector_health.c.tenant_id == tenant_id))
    return {row.connector_id: row for row in rows}


def of_connectors(connection: Connection, connector_ids: list[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(select(connector_health).where(connector_health.c.connector_id.in_(connector_ids)))
    return {row.connector_id: row for row in rows}


def put(connection: Connection, tenant_id: str, connector_id: str, values: dict[str, Any]) -> None:
    """Only what is given changes. Upkeep runs under a lease, so nobody else writes."""
    its = connector_health.c.connector_id == connector_id
    if connection.execute(update(connector_health).where(its).values(**values)).rowcount == 0:
        connection.execute(insert(connector_health).values(connector_id=connector_id, tenant_id=tenant_id, **values))


def some_connectors(connection: Connection, after_id: str, limit: int) -> list[Row[Any]]:
    """Id, tenant, settings, what is known of their expiry, and how they follow their metadata, in the order of ids."""
    known = connector_health.c.expires_at.label("known_expiry")
    read = (connector_following.c.good_at, connector_following.c.valid_until, connector_following.c.problem)
    return list(
        connection.execute(
            select(connectors.c.id, connectors.c.tenant_id, connectors.c.settings, known, *read)
            .outerjoin(connector_health, connector_health.c.connector_id == connectors.c.id)
            .outerjoin(connector_following, connector_following.c.connector_id == connectors.c.id)
            .where(connectors.c.id > after_id)
            .order_by(connectors.c.id)
            .limit(limit)
        )
    )


def expiring(connection: Connection, tenant_id: str | None, before: datetime, limit: int) -> list[Row[Any]]:
    """What ends first. `tenant_id` None: of every tenant. Only what is switched on."""
    query = (
        select(
            connector_health.c.expires_at,
            connectors.c.id.label("connector_id"),
            connectors.c.slug.label("connector"),
            connectors.c.name.label("connector_name"),
            tenants.c.slug.label("tenant"),
            tenants.c.name.label("tenant_name"),
        )
        .join(connectors, connectors.c.id == connector_health.c.connector_id)
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(connector_health.c.expires_at < before, connectors.c.enabled, tenants.c.enabled)
        .order_by(connector_health.c.expires_at)
        .limit(limit)
    )
    return list(connection.execute(query if tenant_id is None else query.where(connectors.c.tenant_id == tenant_id)))
