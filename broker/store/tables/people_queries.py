"""People as staff look for them. The login's own queries are in `identities`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, exists, or_, select, tuple_

from broker.store.tables.identities import IdentityLinkRow, IdentityRow, IdentityWordRow
from broker.store.tables.trusts import connectors, tenants

AnyRow = Row[Any]
_people = IdentityRow.__table__
_links = IdentityLinkRow.__table__
_words = IdentityWordRow.__table__
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = "\U0010ffff"


def _shown(*more: Any) -> Select[Any]:
    columns = [column for column in _people.c if column.name != "profile"]
    return select(*columns, tenants.c.slug.label("tenant_slug"), tenants.c.name.label("tenant_name"), *more).join(
        tenants, tenants.c.id == _people.c.tenant_id
    )


def seen_last(connection: Connection, tenant_id: str | None, *, after: str, limit: int) -> list[tuple[AnyRow, str]]:
    """Who signed in most recently, each with its cursor. `tenant_id` None: of every tenant."""
    query = _shown().order_by(_people.c.last_seen_at.desc(), _people.c.id.desc()).limit(limit)
    if tenant_id is not None:
        query = query.where(_people.c.tenant_id == tenant_id)
    moment, _, person = after.partition(".")
    if moment.isdecimal() and len(moment) < 18:
        at = _EPOCH + timedelta(microseconds=int(moment))
        same_moment = and_(_people.c.last_seen_at == at, _people.c.id < person)
        query = query.where(_people.c.last_seen_at <= at, or_(_people.c.last_seen_at < at, same_moment))
    return [(row, f"{(row.last_seen_at - _EPOCH) // timedelta(microseconds=1)}.{row.id}") for row in connection.execute(query)]


def beginning(connection: Connection, tenant_id: str | None, prefix: str, *, after: str, limit: int) -> list[tuple[AnyRow, str]]:
    """People of whom something begins with `prefix` (folded), in the order of those words, each once, with its cursor."""
    inside = and_(_words.c.word >= prefix, _words.c.word < prefix + _LAST)
    earlier = _words.alias("earlier")
    # Somebody found by address and name is listed at the first of the two.
    again = exists().where(
        earlier.c.identity_id == _words.c.identity_id, earlier.c.word >= prefix, earlier.c.word < _words.c.word
    )
    query = _shown(_words.c.word).join(_words, _words.c.identity_id == _people.c.id).where(inside, ~again)
    if tenant_id is not None:
        query = query.where(_words.c.tenant_id == tenant_id)
    if after:
        person, _, word = after.partition(" ")
        query = query.where(tuple_(_words.c.word, _words.c.identity_id) > tuple_(word, person))
    query = query.order_by(_words.c.word, _words.c.identity_id).limit(limit)
    return [(row, f"{row.id} {row.word}") for row in connection.execute(query)]


def named(connection: Connection, tenant_id: str | None, id_or_subject: str) -> list[tuple[AnyRow, str]]:
    """The one person with this id or subject."""
    query = _shown().where(or_(_people.c.id == id_or_subject, _people.c.subject == id_or_subject))
    if tenant_id is not None:
        query = query.where(_people.c.tenant_id == tenant_id)
    return [(row, "") for row in connection.execute(query)]


def person(connection: Connection, tenant_id: str, identity_id: str) -> AnyRow | None:
    """With the profile as last seen."""
    query = _shown(_people.c.profile).where(_people.c.tenant_id == tenant_id, _people.c.id == identity_id)
    return connection.execute(query).first()


def links_of(connection: Connection, tenant_id: str, identity_id: str) -> list[AnyRow]:
    """The oldest first; each with its connector's name."""
    query = (
        select(_links, connectors.c.slug.label("connector_slug"), connectors.c.name.label("connector_name"), connectors.c.type)
        .join(connectors, connectors.c.id == _links.c.connector_id)
        .where(connectors.c.tenant_id == tenant_id, _links.c.identity_id == identity_id)
        .order_by(_links.c.created_at, _links.c.key_hash)
    )
    return list(connection.execute(query))


def unlink(connection: Connection, tenant_id: str, identity_id: str, connector_id: str, key_hash: bytes) -> int:
    """Only a link of this tenant's own connectors."""
    own = select(connectors.c.id).where(connectors.c.tenant_id == tenant_id)
    return connection.execute(
        delete(_links).where(
            _links.c.connector_id == connector_id,
            _links.c.connector_id.in_(own),
            _links.c.key_hash == key_hash,
            _links.c.identity_id == identity_id,
        )
    ).rowcount
