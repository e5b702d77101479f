"""Traces of logins: the events are one value; the columns are what support searches by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Index,
    LargeBinary,
    Row,
    String,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db
from broker.store.statements import Statement


class TraceRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "traces"
    __table_args__ = (Index(None, "tenant_id", "started_at"),)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    tenant_id: Mapped[str | None] = mapped_column(String(40))
    application_id: Mapped[str | None] = mapped_column(String(40))
    connector_id: Mapped[str | None] = mapped_column(String(40))
    email_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    identity_id: Mapped[str | None] = mapped_column(String(40), index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    error_code: Mapped[str | None] = mapped_column(String(60))
    started_at: Mapped[datetime] = mapped_column(Instant, index=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    events: Mapped[bytes] = mapped_column(LargeBinary)


_traces = TraceRow.__table__


_ADD = Statement(insert(_traces).values({column.name: bindparam(column.name) for column in _traces.c}))


def _microseconds(column: Any) -> Any:
    """An `Instant` as the number that it is stored as, for arithmetic."""
    return type_coerce(column, BigInteger)


_keep = bindparam("keep_microseconds", type_=BigInteger)


def _append(events: Any) -> Any:
    """More events behind those that are stored; what is known already is not forgotten."""
    found = {name: func.coalesce(bindparam(name, type_=String()), _traces.c[name]) for name in FOUND}
    return (
        update(_traces)
        .where(_traces.c.code == bindparam("its_code"))
        .values(
            outcome=bindparam("outcome"),
            error_code=bindparam("error_code"),
            events=events,
            expires_at=func.coalesce(_microseconds(_traces.c.started_at) + _keep, _microseconds(_traces.c.expires_at)),
            **found,
        )
    )


FOUND = ("tenant_id", "application_id", "connector_id", "email_hash", "identity_id")
_both = _traces.c.events.op("||")(bindparam("more", type_=LargeBinary()))
# SQLite's || makes text of blobs, byte for byte; the cast makes a blob of it again.
_APPEND = Statement(_append(cast(_both, LargeBinary)), {"postgresql": _append(_both)})


def add(connection: Connection, values: dict[str, Any]) -> None:
    _ADD.run(connection, **values)


def append(connection: Connection, code: str, more: bytes, values: dict[str, Any], keep: timedelta | None = None) -> bool:
    """False when there is no such trace any more. `keep`: how long it is kept, if its tenant is known now."""
    microseconds = None if keep is None else keep // timedelta(microseconds=1)
    return _APPEND.run(connection, its_code=code, more=more, keep_microseconds=microseconds, **values) == 1


def keep_for(connection: Connection, tenant_id: str, keep: timedelta) -> None:
    """Another retention for everything that is stored of a tenant; what is older goes with the next upkeep."""
    expires_at = _microseconds(_traces.c.started_at) + keep // timedelta(microseconds=1)
    connection.execute(update(_traces).where(_traces.c.tenant_id == tenant_id).values(expires_at=expires_at))


def find(connection: Connection, code: str) -> Row[Any] | None:
    return connection.execute(select(_traces).where(_traces.c.code == code)).first()


def pending(connection: Connection, code: str) -> bytes | None:
    """The events of a login that has neither succeeded nor failed."""
    return connection.execute(select(_traces.c.events).where(_traces.c.code == code, _traces.c.outcome == "pending")).scalar()


def find_by_email(connection: Connection, email_hash: str, limit: int) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(_traces).where(_traces.c.email_hash == email_hash).order_by(_traces.c.started_at.desc()).limit(limit)
        )
    )


def purge(connection: Connection, now: datetime) -> int:
    return connection.execute(delete(_traces).where(_traces.c.expires_at <= now)).rowcount
