"""Browsers' single sign-on sessions. Only the hash of the cookie's handle is stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, ForeignKey, LargeBinary, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db
from broker.store.statements import Statement


class SessionRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "sessions"
    handle_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), index=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    ends_at: Mapped[datetime] = mapped_column(Instant, index=True)


_sessions = SessionRow.__table__
_FIND = Statement(select(_sessions.c.value).where(_sessions.c.handle_hash == bindparam("handle_hash")))
_CREATE = Statement(insert(_sessions).values({column.name: bindparam(column.name) for column in _sessions.c}))
_REPLACE = Statement(
    update(_sessions)
    .where(_sessions.c.tenant_id == bindparam("its_tenant"), _sessions.c.id == bindparam("its_id"))
    .values(value=bindparam("value"))
)
_END = Statement(delete(_sessions).where(_sessions.c.handle_hash == bindparam("handle_hash")))


def find(connection: Connection, handle_hash: bytes) -> bytes | None:
    """By the browser's own secret handle, which is why no tenant is named."""
    row = _FIND.first(connection, handle_hash=handle_hash)
    return None if row is None else bytes(row[0])


def find_by_id(connection: Connection, tenant_id: str, session_id: str) -> bytes | None:
    return connection.execute(
        select(_sessions.c.value).where(_sessions.c.tenant_id == tenant_id, _sessions.c.id == session_id)
    ).scalar()


def create(
    connection: Connection,
    tenant_id: str,
    handle_hash: bytes,
    *,
    session_id: str,
    identity_id: str,
    value: bytes,
    ends_at: datetime,
) -> None:
    _CREATE.run(
        connection,
        handle_hash=handle_hash,
        id=session_id,
        tenant_id=tenant_id,
        identity_id=identity_id,
        value=value,
        ends_at=ends_at,
    )


def replace(connection: Connection, tenant_id: str, session_id: str, value: bytes) -> None:
    _REPLACE.run(connection, its_tenant=tenant_id, its_id=session_id, value=value)


def of_identity(connection: Connection, tenant_id: str, identity_id: str) -> list[bytes]:
    """The values of one person's sessions; some may have ended."""
    rows = connection.execute(
        select(_sessions.c.value).where(_sessions.c.tenant_id == tenant_id, _sessions.c.identity_id == identity_id)
    )
    return [bytes(row.value) for row in rows]


def end_one(connection: Connection, tenant_id: str, identity_id: str, session_id: str) -> int:
    """Only when it is this person's."""
    return connection.execute(
        delete(_sessions).where(
            _sessions.c.tenant_id == tenant_id, _sessions.c.identity_id == identity_id, _sessions.c.id == session_id
        )
    ).rowcount


def end(connection: Connection, handle_hash: bytes) -> int:
    return _END.run(connection, handle_hash=handle_hash)


def end_all_of(connection: Connection, tenant_id: str, identity_id: str, *, keep: str = "") -> int:
    """`keep`: the id of a session that goes on."""
    return connection.execute(
        delete(_sessions).where(
            _sessions.c.tenant_id == tenant_id, _sessions.c.identity_id == identity_id, _sessions.c.id != keep
        )
    ).rowcount


def purge(connection: Connection, now: datetime) -> int:
    return connection.execute(delete(_sessions).where(_sessions.c.ends_at <= now)).rowcount
