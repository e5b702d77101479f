"""Queries on the sessions and passkeys of staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from broker.store.tables.identities import IdentityRow
from broker.store.tables.staff import passkeys, staff, staff_sessions

identities = IdentityRow.__table__


def session(connection: Connection, handle_hash: bytes) -> Any:
    """A session and its account in one row (None: there is none), by the browser's own secret handle."""
    columns = (
        staff_sessions.c.id.label("session_id"),
        staff_sessions.c.method,
        staff_sessions.c.created_at.label("session_created_at"),
        staff_sessions.c.authenticated_at,
        staff_sessions.c.seen_at,
        staff_sessions.c.ends_at,
        identities.c.enabled.label("person_enabled"),
        identities.c.signed_out_at.label("person_signed_out_at"),
    )
    count = select(func.count()).where(passkeys.c.staff_id == staff.c.id).scalar_subquery().label("passkeys")
    query = select(staff, count, *columns).join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
    query = query.outerjoin(identities, identities.c.id == staff.c.identity_id)
    return connection.execute(query.where(staff_sessions.c.handle_hash == handle_hash)).first()


def open_session(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(staff_sessions).values(**values))


def sessions_of(connection: Connection, staff_id: str, now: datetime, idle_since: datetime) -> list[Row[Any]]:
    """Those that still open the console, newest first."""
    mine = (staff_sessions.c.staff_id == staff_id, staff_sessions.c.ends_at > now, staff_sessions.c.seen_at > idle_since)
    return list(connection.execute(select(staff_sessions).where(*mine).order_by(staff_sessions.c.seen_at.desc())))


def saw_session(connection: Connection, session_id: str, at: datetime) -> None:
    connection.execute(update(staff_sessions).where(staff_sessions.c.id == session_id).values(seen_at=at))


def confirm_session(connection: Connection, session_id: str, at: datetime) -> None:
    connection.execute(update(staff_sessions).where(staff_sessions.c.id == session_id).values(authenticated_at=at))


def end_session(connection: Connection, handle_hash: bytes) -> int:
    return connection.execute(delete(staff_sessions).where(staff_sessions.c.handle_hash == handle_hash)).rowcount


def end_one(connection: Connection, staff_id: str, session_id: str) -> int:
    mine = (staff_sessions.c.staff_id == staff_id, staff_sessions.c.id == session_id)
    return connection.execute(delete(staff_sessions).where(*mine)).rowcount


def end_all(connection: Connection, staff_id: str, *, but: str = "") -> int:
    mine = (staff_sessions.c.staff_id == staff_id, staff_sessions.c.id != but)
    return connection.execute(delete(staff_sessions).where(*mine)).rowcount


def purge(connection: Connection, now: datetime) -> int:
    return connection.execute(delete(staff_sessions).where(staff_sessions.c.ends_at <= now)).rowcount


# --- passkeys ---------------------------------------------------------------------------------------------------------


def add_passkey(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(passkeys).values(**values))


def passkey(connection: Connection, credential_id: bytes) -> Row[Any] | None:
    return connection.execute(select(passkeys).where(passkeys.c.credential_id == credential_id)).first()


def passkeys_of(connection: Connection, staff_id: str) -> list[Row[Any]]:
    return list(connection.execute(select(passkeys).where(passkeys.c.staff_id == staff_id).order_by(passkeys.c.created_at)))


def used_passkey(connection: Connection, passkey_id: str, sign_count: int, at: datetime) -> None:
    connection.execute(update(passkeys).where(passkeys.c.id == passkey_id).values(sign_count=sign_count, last_used_at=at))


def remove_passkey(connection: Connection, staff_id: str, passkey_id: str) -> int:
    return connection.execute(delete(passkeys).where(passkeys.c.staff_id == staff_id, passkeys.c.id == passkey_id)).rowcount


def remove_passkeys(connection: Connection, staff_id: str) -> int:
    return connection.execute(delete(passkeys).where(passkeys.c.staff_id == staff_id)).rowcount
