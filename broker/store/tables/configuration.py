"""Versions of configuration, and leases for work that one process does at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Connection, Integer, String, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db
from broker.store.statements import Statement


class ConfigurationChange(db.Model):  # type: ignore[name-defined, misc]
    """One row per change: workers read the highest version and drop exactly what changed since the one they know."""

    __tablename__ = "configuration_changes"
    version: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(Instant)


class Lease(db.Model):  # type: ignore[name-defined, misc]
    """Who may run a named job until when."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[datetime] = mapped_column(Instant)


_changes = ConfigurationChange.__table__
_leases = Lease.__table__
_CURRENT = Statement(select(func.max(_changes.c.version)))


def current_version(connection: Connection) -> int:
    row = _CURRENT.first(connection)
    return int(row[0] or 0) if row else 0


def changes_since(connection: Connection, version: int, limit: int) -> list[tuple[int, str, str]]:
    rows = connection.execute(
        select(_changes.c.version, _changes.c.kind, _changes.c.object_id)
        .where(_changes.c.version > version)
        .order_by(_changes.c.version)
        .limit(limit)
    )
    return [(row.version, row.kind, row.object_id) for row in rows]


def record_change(connection: Connection, kind: str, object_id: str, at: datetime) -> None:
    if connection.dialect.name == "postgresql":
        # Versions are drawn when a row is written and seen when it is committed. Whoever saw the later of two first would
        # never look for the earlier one, so changes are written one after the other. (SQLite has one writer anyway.)
        connection.execute(text("LOCK TABLE configuration_changes IN EXCLUSIVE MODE"))
    connection.execute(insert(_changes).values(kind=kind, object_id=object_id, at=at))


def acquire_lease(connection: Connection, name: str, owner: str, now: datetime, expires_at: datetime) -> bool:
    """True if `owner` holds the lease now: it was free, expired or already its own."""
    taken = connection.execute(
        update(_leases)
        .where(_leases.c.name == name, (_leases.c.expires_at <= now) | (_leases.c.owner == owner))
        .values(owner=owner, expires_at=expires_at)
    )
    if taken.rowcount:
        return True
    try:
        with connection.begin_nested():
            connection.execute(insert(_leases).values(name=name, owner=owner, expires_at=expires_at))
    except IntegrityError:
        return False
    return True


def purge_changes(connection: Connection, keep: int) -> int:
    """Keeps the newest `keep` rows; a worker that is further behind forgets everything it had prepared."""
    newest = current_version(connection)
    return connection.execute(delete(_changes).where(_changes.c.version <= newest - keep)).rowcount
