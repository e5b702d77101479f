"""Queries on domains as far as their proof is concerned: taking one, passing it on, looking again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from broker.store.tables.trusts import domains


def hold(connection: Connection, tenant_id: str, values: dict[str, Any]) -> bool:
    """True for exactly one of several tenants that prove a domain at the same moment."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(domains).values(tenant_id=tenant_id, **values).on_conflict_do_nothing(index_elements=[domains.c.name])
    # Not the row count: after an INSERT, SQLAlchemy does not know it on every database.
    return connection.execute(statement.returning(domains.c.name)).first() is not None


def pass_on(connection: Connection, tenant_id: str, name: str, values: dict[str, Any]) -> int:
    """From `tenant_id`, as long as it still holds it."""
    held = (domains.c.tenant_id == tenant_id, domains.c.name == name)
    return connection.execute(update(domains).where(*held).values(**values)).rowcount


def due(connection: Connection, before: datetime, limit: int) -> list[Row[Any]]:
    """Domains of every tenant that DNS or a file proved and that were last looked at before this time; longest ago first."""
    unseen = or_(domains.c.checked_at.is_(None), domains.c.checked_at <= before)
    wanted = select(domains).where(domains.c.proof.in_(("dns", "http")), unseen)
    return list(connection.execute(wanted.order_by(domains.c.checked_at, domains.c.name).limit(limit)))


def looked(connection: Connection, tenant_id: str, name: str, proof: str, values: dict[str, Any]) -> int:
    """As long as it is the tenant's, and proved in that way."""
    held = (domains.c.tenant_id == tenant_id, domains.c.name == name, domains.c.proof == proof)
    return connection.execute(update(domains).where(*held).values(**values)).rowcount
