"""Queries on staff accounts and one-time links. Staff belong to the hub, so no query here names a tenant first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, update

from broker.store.tables.staff import passkeys, staff, staff_links

_KEYS = select(func.count()).where(passkeys.c.staff_id == staff.c.id).scalar_subquery().label("passkeys")


def _accounts() -> Select[Any]:
    """Every column, and how many passkeys the account has."""
    return select(staff, _KEYS)


def by_id(connection: Connection, staff_id: str) -> Row[Any] | None:
    return connection.execute(_accounts().where(staff.c.id == staff_id)).first()


def by_email(connection: Connection, email: str) -> Row[Any] | None:
    return connection.execute(_accounts().where(staff.c.email == email)).first()


def by_identity(connection: Connection, identity_id: str) -> Row[Any] | None:
    return connection.execute(_accounts().where(staff.c.identity_id == identity_id)).first()


def search(connection: Connection, text: str, *, after_email: str, limit: int) -> list[Row[Any]]:
    """By email; those whose email or name contains `text`."""
    query = _accounts().where(staff.c.email > after_email)
    if text:
        query = query.where(or_(staff.c.email.icontains(text, autoescape=True), staff.c.name.icontains(text, autoescape=True)))
    return list(connection.execute(query.order_by(staff.c.email).limit(limit)))


def create(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(staff).values(**values))


def change(connection: Connection, staff_id: str, values: dict[str, Any]) -> int:
    return connection.execute(update(staff).where(staff.c.id == staff_id).values(**values)).rowcount


def remove(connection: Connection, staff_id: str) -> int:
    return connection.execute(delete(staff).where(staff.c.id == staff_id)).rowcount


def owners_who_signed_in(connection: Connection) -> int:
    """Enabled owners who have been here: who can still let others in."""
    query = select(func.count()).where(staff.c.role == "owner", staff.c.enabled.is_(True), staff.c.last_sign_in_at.is_not(None))
    return int(connection.execute(query).scalar_one())


def other_owners(connection: Connection, doomed: str) -> int:
    """The same, but for one who is to go. Inside a unit of work: two who go at once do not count each other, for the second
    waits here until the first is gone. All are held in one order, so that nobody waits in a circle."""
    held = select(staff.c.id).where(staff.c.role == "owner", staff.c.enabled.is_(True), staff.c.last_sign_in_at.is_not(None))
    owners = connection.execute(held.order_by(staff.c.id).with_for_update()).scalars()
    return len(set(owners) - {doomed})


def use_totp_step(connection: Connection, staff_id: str, step: int) -> bool:
    """True once for each step, and never for an earlier one (RFC 6238 5.2)."""
    fresh = or_(staff.c.totp_used_step.is_(None), staff.c.totp_used_step < step)
    done = connection.execute(update(staff).where(staff.c.id == staff_id, fresh).values(totp_used_step=step))
    return done.rowcount == 1


# --- one-time links ---------------------------------------------------------------------------------------------------


def add_link(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(staff_links).values(**values))


def link(connection: Connection, token_hash: bytes) -> Row[Any] | None:
    return connection.execute(select(staff_links).where(staff_links.c.token_hash == token_hash)).first()


def claim_link(connection: Connection, token_hash: bytes, staff_id: str) -> bool:
    done = connection.execute(
        update(staff_links)
        .where(staff_links.c.token_hash == token_hash, staff_links.c.staff_id.is_(None))
        .values(staff_id=staff_id)
    )
    return done.rowcount == 1


def use_link(connection: Connection, token_hash: bytes, at: datetime) -> bool:
    """True for whoever comes first."""
    done = connection.execute(
        update(staff_links).where(staff_links.c.token_hash == token_hash, staff_links.c.used_at.is_(None)).values(used_at=at)
    )
    return done.rowcount == 1


def drop_links(connection: Connection, staff_id: str | None) -> None:
    """Of one account, or those for the first owner."""
    whose = staff_links.c.staff_id.is_(None) if staff_id is None else staff_links.c.staff_id == staff_id
    connection.execute(delete(staff_links).where(whose))


def purge_links(connection: Connection, now: datetime) -> int:
    """What is over opens nothing, used or not."""
    return connection.execute(delete(staff_links).where(staff_links.c.expires_at <= now)).rowcount
