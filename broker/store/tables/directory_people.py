"""The people of a directory, as their directory and as staff see them. The login's own queries are in `directory_logins`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from broker.store.tables.directories import groups, leavers, links, members, people, words
from broker.store.tables.identities import IdentityLinkRow, IdentityRow, IdentityWordRow

AnyRow = Row[Any]
_identities = IdentityRow.__table__
_identity_links = IdentityLinkRow.__table__
_identity_words = IdentityWordRow.__table__
_LAST = "\U0010ffff"
ADDRESS = "@"
"""With this begins the `kind` of a word that is an address; the rest is the address's type."""


@dataclass(frozen=True, slots=True)
class WantedPeople:
    """Conditions that all hold; None: does not matter. Keys and addresses come folded."""

    id: str | None = None
    user_name_key: str | None = None
    external_id: str | None = None
    display_key: str | None = None
    email: str | None = None
    email_type: str | None = None
    active: bool | None = None
    group_id: str | None = None
    changed_after: datetime | None = None
    changed_from: datetime | None = None


def _own(tenant_id: str, connector_id: str) -> ColumnElement[bool]:
    return and_(people.c.tenant_id == tenant_id, people.c.connector_id == connector_id)


def find(connection: Connection, tenant_id: str, connector_id: str, person_id: str, *, lock: bool = False) -> AnyRow | None:
    """`lock`: until the unit of work ends nobody else changes this person."""
    query = select(people).where(_own(tenant_id, connector_id), people.c.id == person_id)
    return connection.execute(query.with_for_update() if lock else query).first()


def create(connection: Connection, tenant_id: str, values: dict[str, Any], found_by: Iterable[tuple[str, str]]) -> bool:
    """False: the directory has somebody of this name. `found_by`: (kind, word)."""
    try:
        with connection.begin_nested():
            connection.execute(insert(people).values(tenant_id=tenant_id, **values))
    except IntegrityError:
        return False
    _add_words(connection, values["connector_id"], values["id"], found_by)
    return True


def save(
    connection: Connection,
    tenant_id: str,
    connector_id: str,
    person_id: str,
    values: dict[str, Any],
    found_by: set[tuple[str, str]],
) -> bool:
    """False: the directory has somebody else of this name."""
    try:
        with connection.begin_nested():
            own = (_own(tenant_id, connector_id), people.c.id == person_id)
            connection.execute(update(people).where(*own).values(**values))
    except IntegrityError:
        return False
    held = connection.execute(select(words.c.kind, words.c.word).where(words.c.person_id == person_id))
    if {(row.kind, row.word) for row in held} != found_by:
        connection.execute(delete(words).where(words.c.connector_id == connector_id, words.c.person_id == person_id))
        _add_words(connection, connector_id, person_id, found_by)
    return True


def _add_words(connection: Connection, connector_id: str, person_id: str, found_by: Iterable[tuple[str, str]]) -> None:
    if rows := [{"person_id": person_id, "kind": kind, "word": word, "connector_id": connector_id} for kind, word in found_by]:
        connection.execute(insert(words), rows)


def remove(connection: Connection, tenant_id: str, connector_id: str, person_id: str) -> None:
    connection.execute(delete(people).where(_own(tenant_id, connector_id), people.c.id == person_id))


def existing(connection: Connection, tenant_id: str, connector_id: str, ids: Collection[str]) -> set[str]:
    """Which of these ids are people of this directory. They stay so until the unit of work ends."""
    wanted, found = sorted(ids), set()
    for start in range(0, len(wanted), 500):
        own = (_own(tenant_id, connector_id), people.c.id.in_(wanted[start : start + 500]))
        held = select(people.c.id).where(*own).order_by(people.c.id).with_for_update(read=True, key_share=True)
        found |= set(connection.execute(held).scalars())
    return found


# --- lists ------------------------------------------------------------------------------------------------------------


def _wanted(tenant_id: str, connector_id: str, wanted: WantedPeople) -> list[ColumnElement[bool]]:
    asked = ((name, getattr(wanted, name)) for name in ("id", "user_name_key", "external_id", "display_key", "active"))
    found = [_own(tenant_id, connector_id), *(people.c[name] == value for name, value in asked if value is not None)]
    if wanted.changed_after is not None:
        found.append(people.c.changed_at > wanted.changed_after)
    if wanted.changed_from is not None:
        found.append(people.c.changed_at >= wanted.changed_from)
    if wanted.email is not None:
        kind = words.c.kind.startswith(ADDRESS) if wanted.email_type is None else words.c.kind == f"{ADDRESS}{wanted.email_type}"
        same = (words.c.connector_id == connector_id, words.c.word == wanted.email, kind)
        found.append(people.c.id.in_(select(words.c.person_id).where(*same)))
    if wanted.group_id is not None:
        found.append(
            people.c.id.in_(
                select(members.c.person_id).where(members.c.tenant_id == tenant_id, members.c.group_id == wanted.group_id)
            )
        )
    return found


def search(
    connection: Connection, tenant_id: str, connector_id: str, wanted: WantedPeople, *, skip: int, limit: int
) -> tuple[int, list[AnyRow]]:
    """(how many there are, one page of them), in an order that stays."""
    conditions = _wanted(tenant_id, connector_id, wanted)
    total = connection.execute(select(func.count()).select_from(people).where(*conditions)).scalar_one()
    if not limit or skip >= total:
        return total, []
    return total, list(connection.execute(select(people).where(*conditions).order_by(people.c.id).offset(skip).limit(limit)))


def page(
    connection: Connection, tenant_id: str, connector_id: str, *, prefix: str, active: bool | None, after: str, limit: int
) -> list[AnyRow]:
    """By user name, behind `after`; `prefix`: the folded beginning of a name or address."""
    query: Select[Any] = select(people).where(_own(tenant_id, connector_id), people.c.user_name_key > after)
    if prefix:
        inside = (words.c.connector_id == connector_id, words.c.word >= prefix, words.c.word < prefix + _LAST)
        query = query.where(people.c.id.in_(select(words.c.person_id).where(*inside)))
    if active is not None:
        query = query.where(people.c.active == active)
    return list(connection.execute(query.order_by(people.c.user_name_key).limit(limit)))


def groups_of(connection: Connection, tenant_id: str, connector_id: str, person_ids: Collection[str]) -> list[AnyRow]:
    """(person_id, id, name) of the groups of many people at once, by name."""
    query = (
        select(members.c.person_id, groups.c.id, groups.c.name)
        .join(groups, groups.c.id == members.c.group_id)
        .where(groups.c.tenant_id == tenant_id, groups.c.connector_id == connector_id, members.c.person_id.in_(person_ids))
        .order_by(groups.c.name_key)
    )
    return list(connection.execute(query)) if person_ids else []


# --- whom they became -------------------------------------------------------------------------------------------------


def identities_of(connection: Connection, tenant_id: str, connector_id: str, person_id: str) -> list[str]:
    """Of the hub's people those that this person has become."""
    own = (links.c.tenant_id == tenant_id, links.c.connector_id == connector_id, links.c.person_id == person_id)
    return list(connection.execute(select(links.c.identity_id).where(*own)).scalars())


def not_yet_matched(
    connection: Connection, tenant_id: str, connector_id: str, *, link_keys: Collection[bytes], addresses: Collection[str]
) -> list[str]:
    """Identities with a link to this very connector, by its keys or by folded addresses, that are nobody of the directory yet."""
    has_word = exists().where(
        _identity_words.c.tenant_id == tenant_id,
        _identity_words.c.identity_id == _identities.c.id,
        _identity_words.c.word.in_(addresses),
        func.lower(_identities.c.email) == _identity_words.c.word,
    )
    matched = exists().where(links.c.connector_id == connector_id, links.c.identity_id == _identities.c.id)
    query = (
        select(_identities.c.id)
        .join(_identity_links, _identity_links.c.identity_id == _identities.c.id)
        .where(_identities.c.tenant_id == tenant_id, _identity_links.c.connector_id == connector_id, ~matched)
        .where(or_(_identity_links.c.key_hash.in_(link_keys), has_word))
    )
    return list(dict.fromkeys(connection.execute(query).scalars()))


def leave(connection: Connection, tenant_id: str, connector_id: str, keys: Collection[bytes], at: datetime) -> None:
    """Whoever has one of these keys has been deleted by the directory."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # Several of one address may be deleted in the same moment. One after the other in a fixed order: nobody waits in a circle.
    for key in sorted(keys):
        statement = make(leavers).values(connector_id=connector_id, key_hash=key, tenant_id=tenant_id, left_at=at)
        same = [leavers.c.connector_id, leavers.c.key_hash]
        connection.execute(statement.on_conflict_do_update(index_elements=same, set_={"left_at": at}))


def come_back(connection: Connection, tenant_id: str, connector_id: str, keys: Collection[bytes]) -> None:
    own = (leavers.c.tenant_id == tenant_id, leavers.c.connector_id == connector_id)
    connection.execute(delete(leavers).where(*own, leavers.c.key_hash.in_(sorted(keys))))
