"""The groups of a directory, and who is in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, tuple_, update

from broker.store.tables.directories import groups, members

AnyRow = Row[Any]
_PART = 500


@dataclass(frozen=True, slots=True)
class WantedGroups:
    """Conditions that all hold; None: does not matter."""

    id: str | None = None
    name_key: str | None = None
    external_id: str | None = None
    member_id: str | None = None
    changed_after: datetime | None = None
    changed_from: datetime | None = None


def _own(tenant_id: str, connector_id: str) -> ColumnElement[bool]:
    return and_(groups.c.tenant_id == tenant_id, groups.c.connector_id == connector_id)


def find(connection: Connection, tenant_id: str, connector_id: str, group_id: str, *, lock: bool = False) -> AnyRow | None:
    query = select(groups).where(_own(tenant_id, connector_id), groups.c.id == group_id)
    return connection.execute(query.with_for_update() if lock else query).first()


def create(connection: Connection, tenant_id: str, values: dict[str, Any]) -> None:
    connection.execute(insert(groups).values(tenant_id=tenant_id, **values))


def save(connection: Connection, tenant_id: str, connector_id: str, group_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(groups).where(_own(tenant_id, connector_id), groups.c.id == group_id).values(**values))


def remove(connection: Connection, tenant_id: str, connector_id: str, group_id: str) -> None:
    connection.execute(delete(groups).where(_own(tenant_id, connector_id), groups.c.id == group_id))


def search(
    connection: Connection, tenant_id: str, connector_id: str, wanted: WantedGroups, *, skip: int, limit: int
) -> tuple[int, list[AnyRow]]:
    """(how many there are, one page of them), in an order that stays."""
    asked = ((name, getattr(wanted, name)) for name in ("id", "name_key", "external_id"))
    found = [_own(tenant_id, connector_id), *(groups.c[name] == value for name, value in asked if value is not None)]
    if wanted.changed_after is not None:
        found.append(groups.c.changed_at > wanted.changed_after)
    if wanted.changed_from is not None:
        found.append(groups.c.changed_at >= wanted.changed_from)
    if wanted.member_id is not None:
        found.append(
            groups.c.id.in_(
                select(members.c.group_id).where(members.c.tenant_id == tenant_id, members.c.person_id == wanted.member_id)
            )
        )
    total = connection.execute(select(func.count()).select_from(groups).where(*found)).scalar_one()
    if not limit or skip >= total:
        return total, []
    return total, list(connection.execute(select(groups).where(*found).order_by(groups.c.id).offset(skip).limit(limit)))


def page(
    connection: Connection, tenant_id: str, connector_id: str, *, prefix: str, after: tuple[str, str], limit: int
) -> list[AnyRow]:
    """By name, each with `people`, the number of its members."""
    size = select(func.count()).select_from(members).where(members.c.group_id == groups.c.id).scalar_subquery()
    query = select(groups, size.label("people")).where(_own(tenant_id, connector_id))
    query = query.where(tuple_(groups.c.name_key, groups.c.id) > tuple_(*after))
    if prefix:
        query = query.where(groups.c.name_key >= prefix, groups.c.name_key < f"{prefix}\U0010ffff")
    return list(connection.execute(query.order_by(groups.c.name_key, groups.c.id).limit(limit)))


# --- members ----------------------------------------------------------------------------------------------------------


def members_of(connection: Connection, tenant_id: str, group_ids: Collection[str], limit: int) -> list[AnyRow]:
    """(group_id, person_id) of groups of one directory, at most `limit`."""
    query = (
        select(members.c.group_id, members.c.person_id)
        .where(members.c.tenant_id == tenant_id, members.c.group_id.in_(group_ids))
        .order_by(members.c.group_id, members.c.person_id)
        .limit(limit)
    )
    return list(connection.execute(query)) if group_ids else []


def add(connection: Connection, tenant_id: str, group_id: str, ids: Collection[str]) -> int:
    """The number of those who were not in it."""
    fresh = sorted(set(ids) - _among(connection, tenant_id, group_id, ids))
    for part in _parts(fresh):
        connection.execute(insert(members), [{"group_id": group_id, "person_id": each, "tenant_id": tenant_id} for each in part])
    return len(fresh)


def take_out(connection: Connection, tenant_id: str, group_id: str, ids: Collection[str]) -> int:
    """The number of those who were in it."""
    own = (members.c.tenant_id == tenant_id, members.c.group_id == group_id)
    parts = _parts(sorted(ids))
    return sum(connection.execute(delete(members).where(*own, members.c.person_id.in_(part))).rowcount for part in parts)


def keep_only(connection: Connection, tenant_id: str, group_id: str, ids: Collection[str]) -> int:
    """Everybody else leaves; their number."""
    own = (members.c.tenant_id == tenant_id, members.c.group_id == group_id)
    held = set(connection.execute(select(members.c.person_id).where(*own)).scalars())
    return take_out(connection, tenant_id, group_id, held - set(ids))


def _among(connection: Connection, tenant_id: str, group_id: str, ids: Collection[str]) -> set[str]:
    own = (members.c.tenant_id == tenant_id, members.c.group_id == group_id)
    found: set[str] = set()
    for part in _parts(sorted(ids)):
        found |= set(connection.execute(select(members.c.person_id).where(*own, members.c.person_id.in_(part))).scalars())
    return found


def _parts(ids: list[str]) -> list[list[str]]:
    """Databases limit the number of parameters."""
    return [ids[start : start + _PART] for start in range(0, len(ids), _PART)]
