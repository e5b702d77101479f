"""What was last read of the metadata that connectors follow. Nothing here is read or written by a login."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, Integer, Row, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db
from broker.store.tables.trusts import connectors, tenants

LONGEST_ADDRESS = 2000
TELL_AFTER = 3
"""So many readings in a row must fail before somebody is told on the home page: half an hour without is nothing."""


class ConnectorFollowingRow(db.Model):  # type: ignore[name-defined, misc]
    """`read_at`: the last try; `good_at`: the last that worked; `changed_at`: when it last changed the connector.

    `address`, `version`: what `etag` and `last_modified` belong to. `valid_until`: what the document says of itself, which
    is no change of configuration. `waits`: why a person has to decide, as words. `problem`: why the last try failed, in words.
    """

    __tablename__ = "connector_following"
    connector_id: Mapped[str] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    due_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    address: Mapped[str] = mapped_column(String(LONGEST_ADDRESS), server_default="")
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    etag: Mapped[str] = mapped_column(String(200), server_default="")
    last_modified: Mapped[str] = mapped_column(String(200), server_default="")
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    good_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime | None] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    failures: Mapped[int] = mapped_column(Integer, server_default="0", index=True)
    problem: Mapped[str] = mapped_column(String(500), server_default="")
    waits: Mapped[str] = mapped_column(String(200), server_default="", index=True)


connector_following = ConnectorFollowingRow.__table__


def troubled(connection: Connection, tenant_id: str | None, limit: int) -> list[Row[Any]]:
    """Of connectors that are on: what waits for a person, and what could not be read again and again. None: of every tenant."""
    following = connector_following.c
    query = (
        select(
            following.waits,
            following.problem,
            following.good_at,
            following.read_at,
            connectors.c.slug.label("connector"),
            connectors.c.name.label("connector_name"),
            tenants.c.slug.label("tenant"),
            tenants.c.name.label("tenant_name"),
        )
        .join(connectors, connectors.c.id == following.connector_id)
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(or_(following.waits > "", following.failures >= TELL_AFTER), connectors.c.enabled, tenants.c.enabled)
        .order_by(following.waits.desc(), following.good_at, following.connector_id)
        .limit(limit)
    )
    return list(connection.execute(query if tenant_id is None else query.where(following.tenant_id == tenant_id)))
