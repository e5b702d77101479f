"""Whether identity providers answer, as seen by whoever looks by the clock. Nothing here is read or written by a login."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, Index, Integer, Row, String, select
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db
from broker.store.tables.statistics import connector_health
from broker.store.tables.trusts import connectors, tenants

CONFIRMED = 2
"""So many looks in a row must fail before anybody is told: a restart of the provider is no news."""


class ConnectorReachRow(db.Model):  # type: ignore[name-defined, misc]
    """What the last look found. `due_at` NULL: it is switched off, so nobody looks. `reachable` NULL: it cannot be told.

    `since`: when `reachable` became what it is. `failures`: looks in a row without an answer.
    """

    __tablename__ = "connector_reach"
    __table_args__ = (Index(None, "reachable", "since"),)
    connector_id: Mapped[str] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    due_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    probed_at: Mapped[datetime | None] = mapped_column(Instant)
    reachable: Mapped[bool | None]
    since: Mapped[datetime | None] = mapped_column(Instant)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    problem: Mapped[str] = mapped_column(String(40), server_default="")
    detail: Mapped[str] = mapped_column(String(80), server_default="")
    address: Mapped[str] = mapped_column(String(300), server_default="")
    response_ms: Mapped[int | None] = mapped_column(Integer)
    tls_expires_at: Mapped[datetime | None] = mapped_column(Instant)
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)


connector_reach = ConnectorReachRow.__table__


def unreachable(connection: Connection, tenant_id: str | None, limit: int) -> list[Row[Any]]:
    """Switched on and silent for longest; not those through which somebody has signed in since. None: of every tenant."""
    reach, health = connector_reach.c, connector_health.c
    query = (
        select(
            reach.since,
            reach.problem,
            reach.detail,
            connectors.c.slug.label("connector"),
            connectors.c.name.label("connector_name"),
            tenants.c.slug.label("tenant"),
            tenants.c.name.label("tenant_name"),
        )
        .join(connectors, connectors.c.id == reach.connector_id)
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .outerjoin(connector_health, health.connector_id == reach.connector_id)
        .where(reach.reachable.is_(False), reach.failures >= CONFIRMED, connectors.c.enabled, tenants.c.enabled)
        .where(health.last_success_at.is_(None) | (health.last_success_at <= reach.since))
        .order_by(reach.since)
        .limit(limit)
    )
    return list(connection.execute(query if tenant_id is None else query.where(reach.tenant_id == tenant_id)))
