"""Browsers' single sign-on sessions. Only the hash of the cookie's handle is stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, ForeignKey, LargeBinary, String, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class SessionRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "sessions"
    handle_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), index=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    ends_at: Mapped[datetime] = mapped_column(Instant, index=True)


_sessions = SessionRow.__table__


def find(connection: Connection, handle_hash: bytes) -> bytes | None:
    """By the browser's own secret handle, which is why no tenant is named."""
    return connection.execute(select(_sessions.c.value).where(_sessions.c.handle_hash == handle_hash)).scalar()


def find_by_id(connection: Connection, tenant_id: str, session_id: str) -> bytes | None:
    return connection.execute(
        select(_sessions.c.value).where(_sessions.c.tenant_id == tenant_id, _sessions.c.id == session_id)
    ).scalar()


def create(
    connection: Connection, tenant_id: str, handle_hash: bytes, *, session_id: str, identity_id: str, value: bytes, ends_at: datetime
) -> None:
    connection.execute(
        insert(_sessions).values(
            handle_hash=handle_hash, id=session_id, tenant_id=tenant_id, identity_id=identity_id, value=value, ends_at=ends_at
        )
    )


def replace(connection: Connection, tenant_id: str, session_id: str, value: bytes) -> None:
    connection.execute(
        update(_sessions).where(_sessions.c.tenant_id == tenant_id, _sessions.c.id == session_id).values(value=value)
    )


def end(connection: Connection, handle_hash: bytes) -> int:
    return connection.execute(delete(_sessions).where(_sessions.c.handle_hash == handle_hash)).rowcount


def end_all_of(connection: Connection, tenant_id: str, identity_id: str) -> int:
    return connection.execute(
        delete(_sessions).where(_sessions.c.tenant_id == tenant_id, _sessions.c.identity_id == identity_id)
    ).rowcount


def purge(connection: Connection, now: datetime) -> int:
    return connection.execute(delete(_sessions).where(_sessions.c.ends_at <= now)).rowcount
