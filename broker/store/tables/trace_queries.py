"""Looking through traces: always along an index, and never further than `EXAMINED` rows in one go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, literal, or_, select, tuple_

from broker.store.db import Instant
from broker.store.tables.traces import TraceRow
from broker.store.tables.trusts import applications, connectors, tenants

EXAMINED = 20_000
"""A rare wish in a busy hub: the page then ends early and its cursor leads on, instead of the database reading everything."""

_traces = TraceRow.__table__
_COLUMNS = tuple(column for column in _traces.c if column.name != "events")
_ORDER = (_traces.c.started_at.desc(), _traces.c.code.desc())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which traces. None: all. `requests`: error codes of requests of nobody that we know, which belong in the list too."""

    application_id: str | None = None
    connector_id: str | None = None
    outcome: str | None = None
    error_code: str | None = None
    email_hash: str | None = None
    identity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    requests: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends; the next one begins behind it."""

    started_at: datetime
    code: str


def search(
    connection: Connection, tenant_id: str | None, wanted: Wanted, *, after: Place | None, limit: int
) -> tuple[list[Row[Any]], Place | None]:
    """The newest first, without events, and where the next page begins (None at the end). `tenant_id` None: of every tenant."""
    indexed = _along_index(tenant_id, wanted, after)
    examined = indexed.limit(EXAMINED).subquery()
    names = ("application_id", "connector_id", "outcome", "error_code")
    filters = [examined.c[name] == value for name in names if (value := getattr(wanted, name)) is not None]
    if wanted.requests:
        filters.append(or_(examined.c.application_id.is_not(None), examined.c.error_code.in_(wanted.requests)))
    newest = (examined.c.started_at.desc(), examined.c.code.desc())
    rows = list(connection.execute(select(examined).where(*filters).order_by(*newest).limit(limit + 1)))
    if len(rows) > limit:
        return rows[:limit], _place(rows[limit - 1])
    last = connection.execute(indexed.offset(EXAMINED - 1).limit(1)).first()
    return rows, None if last is None else _place(last)


def _along_index(tenant_id: str | None, wanted: Wanted, after: Place | None) -> Select[Any]:
    query = select(*_COLUMNS).order_by(*_ORDER)
    equal = {"tenant_id": tenant_id, "email_hash": wanted.email_hash, "identity_id": wanted.identity_id}
    query = query.where(*(_traces.c[name] == value for name, value in equal.items() if value is not None))
    if wanted.since is not None:
        query = query.where(_traces.c.started_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_traces.c.started_at < wanted.until)
    if after is not None:
        place = tuple_(literal(after.started_at, Instant()), literal(after.code))
        behind = tuple_(_traces.c.started_at, _traces.c.code) < place
        query = query.where(_traces.c.started_at <= after.started_at, behind)
    return query


def _place(row: Row[Any]) -> Place:
    return Place(row.started_at, row.code)


def related(connection: Connection, tenant_id: str | None, row: Any, *, limit: int) -> list[Row[Any]]:
    """Other sign-ins of the same person, the newest first: by identity, or by address where nobody was identified."""
    same = [
        _traces.c[name] == value
        for name, value in (("identity_id", row.identity_id), ("email_hash", row.email_hash))
        if value is not None
    ]
    if not same:
        return []
    here = () if tenant_id is None else (_traces.c.tenant_id == tenant_id,)
    query = select(*_COLUMNS).where(or_(*same), _traces.c.code != row.code, *here).order_by(*_ORDER).limit(limit)
    return list(connection.execute(query))


@dataclass(frozen=True, slots=True)
class Label:
    """How people know an object. `tenant_slug` and `kind` for connectors."""

    id: str
    slug: str
    name: str
    tenant_slug: str = ""
    kind: str = ""


def labels(connection: Connection, rows: Collection[Any]) -> dict[str, Label]:
    """By id: the tenants, applications and connectors that these rows name and that still exist."""
    found: dict[str, Label] = {}
    for table, column in ((tenants, "tenant_id"), (applications, "application_id")):
        wanted = {getattr(row, column) for row in rows} - {None, ""}
        for row in connection.execute(select(table.c.id, table.c.slug, table.c.name).where(table.c.id.in_(wanted))):
            found[row.id] = Label(row.id, row.slug, row.name)
    wanted = {row.connector_id for row in rows} - {None, ""}
    query = (
        select(connectors.c.id, connectors.c.slug, connectors.c.name, connectors.c.type, tenants.c.slug.label("tenant_slug"))
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(connectors.c.id.in_(wanted))
    )
    for row in connection.execute(query):
        found[row.id] = Label(row.id, row.slug, row.name, row.tenant_slug, row.type)
    return found


def newest_failure(connection: Connection, tenant_id: str, connector_id: str, at: datetime) -> Row[Any] | None:
    """Code and error of the failed sign-in of that moment."""
    its = and_(_traces.c.connector_id == connector_id, _traces.c.outcome == "failed")
    query = select(_traces.c.code, _traces.c.error_code).where(_traces.c.tenant_id == tenant_id, _traces.c.started_at == at, its)
    return connection.execute(query.limit(1)).first()


def events_of_success(connection: Connection, tenant_id: str, connector_id: str, at: datetime) -> bytes | None:
    """What is written of the sign-in that worked at that moment."""
    its = and_(_traces.c.connector_id == connector_id, _traces.c.outcome == "succeeded")
    query = select(_traces.c.events).where(_traces.c.tenant_id == tenant_id, _traces.c.started_at == at, its)
    return connection.execute(query.limit(1)).scalar()
