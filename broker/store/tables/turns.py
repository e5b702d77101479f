"""Whose turn it is: queries on tables with one row a connector and a time (`due_at`) at which it is looked at again.

Rows appear by themselves for connectors that are switched on; `due_at` NULL means that nobody looks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from broker.store.tables.trusts import connectors, tenants

TurnTable = Table
"""One with the columns `connector_id`, `tenant_id` and `due_at`."""
_RUNS = connectors.c.enabled & tenants.c.enabled


def of_tenant(connection: Connection, tenant_id: str, table: TurnTable) -> dict[str, Row[Any]]:
    rows = connection.execute(select(table).where(table.c.tenant_id == tenant_id))
    return {row.connector_id: row for row in rows}


def of_connectors(connection: Connection, table: TurnTable, connector_ids: Collection[str]) -> dict[str, Row[Any]]:
    rows = connection.execute(select(table).where(table.c.connector_id.in_(list(connector_ids))))
    return {row.connector_id: row for row in rows}


def rest(connection: Connection, table: TurnTable) -> int:
    """Nobody looks at what is switched off."""
    off = select(connectors.c.id).join(tenants, tenants.c.id == connectors.c.tenant_id).where(~_RUNS)
    its = (table.c.due_at.is_not(None), table.c.connector_id.in_(off))
    return connection.execute(update(table).where(*its).values(due_at=None)).rowcount


def without_turn(connection: Connection, table: TurnTable, limit: int) -> list[Row[Any]]:
    """(id, tenant_id) of connectors that are switched on and have no time for the next look."""
    return list(
        connection.execute(
            select(connectors.c.id, connectors.c.tenant_id)
            .join(tenants, tenants.c.id == connectors.c.tenant_id)
            .outerjoin(table, table.c.connector_id == connectors.c.id)
            .where(_RUNS, table.c.due_at.is_(None))
            .order_by(connectors.c.id)
            .limit(limit)
        )
    )


def due(connection: Connection, table: TurnTable, now: datetime, limit: int) -> list[Row[Any]]:
    """Whole connectors whose time has come, whoever has waited longest first."""
    return list(
        connection.execute(
            select(connectors)
            .join(table, table.c.connector_id == connectors.c.id)
            .where(table.c.due_at <= now)
            .order_by(table.c.due_at)
            .limit(limit)
        )
    )


def put(connection: Connection, tenant_id: str, table: TurnTable, connector_id: str, values: dict[str, Any]) -> None:
    """Only what is given changes. Nothing is written for a connector that is gone by now."""
    its = (table.c.tenant_id == tenant_id, table.c.connector_id == connector_id)
    change = update(table).where(*its).values(**values)
    if connection.execute(change).rowcount:
        return
    there = select(connectors.c.id).where(connectors.c.tenant_id == tenant_id, connectors.c.id == connector_id)
    if connection.execute(there).first() is None:
        return
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(connector_id=connector_id, tenant_id=tenant_id, **values))
    except IntegrityError:
        # Somebody asked at the same moment as the clock, or the connector went just now.
        connection.execute(change)
