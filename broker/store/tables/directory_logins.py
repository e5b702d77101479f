"""What a login asks a directory: who is this, and which groups are they in? Two queries, both by index."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from broker.store.statements import Row, Statement
from broker.store.tables.directories import groups, leavers, links, members, people
from broker.store.tables.identities import IdentityLinkRow

_identity_links = IdentityLinkRow.__table__
_columns = (people.c.id, people.c.user_name, people.c.active, people.c.claims)
_of_directory = (people.c.tenant_id == bindparam("tenant_id"), people.c.connector_id == bindparam("connector_id"))
MAX_GROUPS = 1000
_HELD: Any = {"read": True, "of": people}
"""Until the login is committed the directory can neither switch them off nor delete them: it waits, and then signs them out."""


@dataclass(frozen=True, slots=True)
class Found:
    """A directory's person. `claims` as they were prepared when the directory last said something."""

    id: str
    user_name: str
    active: bool
    claims: bytes


_BY_LINK = Statement(
    select(*_columns)
    .join(links, links.c.person_id == people.c.id)
    .join(_identity_links, _identity_links.c.identity_id == links.c.identity_id)
    .where(
        *_of_directory,
        links.c.connector_id == bindparam("connector_id"),
        _identity_links.c.connector_id == bindparam("connector_id"),
        _identity_links.c.key_hash == bindparam("key_hash"),
    )
    .with_for_update(**_HELD)
)
_BY_IDENTITY = Statement(
    select(*_columns)
    .join(links, links.c.person_id == people.c.id)
    .where(*_of_directory, links.c.connector_id == bindparam("connector_id"), links.c.identity_id == bindparam("identity_id"))
    .with_for_update(**_HELD)
)


def _alike(condition: ColumnElement[bool]) -> Statement:
    """Of several people alike, those who are switched on come first: two without one mean that all are off."""
    wanted = select(*_columns).where(*_of_directory, condition).order_by(people.c.active.desc()).limit(2)
    return Statement(wanted.with_for_update(**_HELD))


_BY_EXTERNAL_ID = _alike(people.c.external_id == bindparam("external_id"))
_BY_USER_NAME = _alike(people.c.user_name_key == bindparam("user_name_key"))
_BY_EMAIL = _alike(people.c.email == bindparam("email"))
_IDENTITY = Statement(
    select(_identity_links.c.identity_id).where(
        _identity_links.c.connector_id == bindparam("connector_id"), _identity_links.c.key_hash == bindparam("key_hash")
    )
)
_GROUPS = Statement(
    select(groups.c.id, groups.c.name)
    .join(members, members.c.group_id == groups.c.id)
    .where(
        groups.c.tenant_id == bindparam("tenant_id"),
        groups.c.connector_id == bindparam("connector_id"),
        members.c.person_id == bindparam("person_id"),
    )
    .order_by(groups.c.name_key)
    .limit(MAX_GROUPS)
)


def by_link(connection: Connection, tenant_id: str, connector_id: str, key_hash: bytes) -> Found | None:
    """Whom this upstream key was recognised as before. `key_hash`: `identities.link_key` of issuer and subject."""
    return _one([_BY_LINK.first(connection, tenant_id=tenant_id, connector_id=connector_id, key_hash=key_hash)])


def by_identity(connection: Connection, tenant_id: str, connector_id: str, identity_id: str) -> Found | None:
    return _one([_BY_IDENTITY.first(connection, tenant_id=tenant_id, connector_id=connector_id, identity_id=identity_id)])


def by_external_id(connection: Connection, tenant_id: str, connector_id: str, external_id: str) -> list[Found]:
    return _read(_BY_EXTERNAL_ID.all(connection, tenant_id=tenant_id, connector_id=connector_id, external_id=external_id))


def by_user_name(connection: Connection, tenant_id: str, connector_id: str, user_name_key: str) -> list[Found]:
    return _read(_BY_USER_NAME.all(connection, tenant_id=tenant_id, connector_id=connector_id, user_name_key=user_name_key))


def by_email(connection: Connection, tenant_id: str, connector_id: str, email: str) -> list[Found]:
    """By the main address, folded."""
    return _read(_BY_EMAIL.all(connection, tenant_id=tenant_id, connector_id=connector_id, email=email))


def groups_of(connection: Connection, tenant_id: str, connector_id: str, person_id: str) -> list[tuple[str, str]]:
    """(id, name)."""
    rows = _GROUPS.all(connection, tenant_id=tenant_id, connector_id=connector_id, person_id=person_id)
    return [(row[0], row[1]) for row in rows]


def identity_of(connection: Connection, connector_id: str, key_hash: bytes) -> str | None:
    row = _IDENTITY.first(connection, connector_id=connector_id, key_hash=key_hash)
    return None if row is None else str(row[0])


def leaver_key(kind: str, value: str) -> bytes:
    """Length-prefixed, so that no kind and value can imitate another."""
    return hashlib.sha256(f"directory leaver {len(kind)}:{kind}{value}".encode("utf-8", "surrogatepass")).digest()


def has_left(connection: Connection, tenant_id: str, connector_id: str, keys: Collection[bytes]) -> bool:
    own = (leavers.c.tenant_id == tenant_id, leavers.c.connector_id == connector_id, leavers.c.key_hash.in_(sorted(keys)))
    return connection.execute(select(leavers.c.left_at).where(*own).limit(1)).first() is not None


def remember(connection: Connection, tenant_id: str, connector_id: str, identity_id: str, person_id: str, at: datetime) -> None:
    """From now on this identity is that person of the directory."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    became = {"person_id": person_id, "created_at": at}
    statement = make(links).values(connector_id=connector_id, identity_id=identity_id, tenant_id=tenant_id, **became)
    # Two first sign-ins of one person may end in the same moment.
    key, same = [links.c.connector_id, links.c.identity_id], links.c.tenant_id == tenant_id
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=became, where=same))


def _one(rows: list[Row | None]) -> Found | None:
    found = _read([row for row in rows if row is not None])
    return found[0] if found else None


def _read(rows: list[Row]) -> list[Found]:
    return [Found(row[0], row[1], bool(row[2]), bytes(row[3])) for row in rows]
