"""Queries on staff accounts and their sessions. Staff belong to the hub; only `of_tenant` narrows to a tenant's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from broker.store.tables.staff import staff, staff_sessions


def by_id(connection: Connection, staff_id: str) -> Row[Any] | None:
    return connection.execute(select(staff).where(staff.c.id == staff_id)).first()


def by_email(connection: Connection, email: str) -> Row[Any] | None:
    return connection.execute(select(staff).where(staff.c.email == email)).first()


def create(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(staff).values(**values))


# --- sessions ---------------------------------------------------------------------------------------------------------


def session(connection: Connection, handle_hash: bytes) -> Any:
    """A session and its account in one row (None: there is none), by the browser's own secret handle."""
    columns = (
        staff_sessions.c.id.label("session_id"),
        staff_sessions.c.method,
        staff_sessions.c.created_at.label("session_created_at"),
        staff_sessions.c.authenticated_at,
        staff_sessions.c.seen_at,
        staff_sessions.c.ends_at,
    )
    query = select(staff, *columns).join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
    return connection.execute(query.where(staff_sessions.c.handle_hash == handle_hash)).first()


def open_session(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(staff_sessions).values(**values))


def saw_session(connection: Connection, session_id: str, at: datetime) -> None:
    connection.execute(update(staff_sessions).where(staff_sessions.c.id == session_id).values(seen_at=at))


def end_session(connection: Connection, handle_hash: bytes) -> int:
    return connection.execute(delete(staff_sessions).where(staff_sessions.c.handle_hash == handle_hash)).rowcount
