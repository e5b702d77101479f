"""The audit log: rows are added and never changed (there is no update or delete here on purpose)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Connection, Integer, Row, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class AuditRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor: Mapped[str] = mapped_column(String(120))
    tenant_id: Mapped[str | None] = mapped_column(String(40), index=True)
    action: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(255), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


_audit = AuditRow.__table__


def add(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(_audit).values(**values))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. None or "": all."""

    actor: str = ""
    action: str = ""
    object_kind: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def search(connection: Connection, tenant_id: str | None, wanted: Wanted, *, before_id: int | None, limit: int) -> list[Row[Any]]:
    """The newest first, at most `limit`, older than `before_id`. `tenant_id` None: of every tenant."""
    query = select(_audit).order_by(_audit.c.id.desc())
    if tenant_id is not None:
        query = query.where(_audit.c.tenant_id == tenant_id)
    if wanted.object_id:
        query = query.where(_audit.c.object_id == wanted.object_id)
    if before_id is not None:
        query = query.where(_audit.c.id < before_id)
    if wanted.since is not None:
        query = query.where(_audit.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_audit.c.at < wanted.until)
    if wanted.object_kind:
        query = query.where(_audit.c.object_kind == wanted.object_kind)
    if wanted.actor:
        query = query.where(_audit.c.actor.contains(wanted.actor, autoescape=True))
    if wanted.action:
        query = query.where(_audit.c.action.contains(wanted.action, autoescape=True))
    return list(connection.execute(query.limit(limit)))


def latest(connection: Connection, tenant_id: str | None, limit: int) -> list[Row[Any]]:
    query = select(_audit).order_by(_audit.c.id.desc()).limit(limit)
    return list(connection.execute(query if tenant_id is None else query.where(_audit.c.tenant_id == tenant_id)))
