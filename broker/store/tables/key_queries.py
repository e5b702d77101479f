"""Queries on key pairs and hub secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from broker.domain.keys import HUB, KeyState, KeyUse
from broker.store.tables.keys import hub_secrets, signing_keys

_keys = signing_keys.c


def _of(owner_id: str) -> Select[Any]:
    return select(signing_keys).where(_keys.owner_id == owner_id).order_by(_keys.created_at, _keys.id)


def keys_of(connection: Connection, owner_id: str) -> list[Row[Any]]:
    """Every key of the hub (`HUB`), a tenant or an application, the oldest first."""
    return list(connection.execute(_of(owner_id)))


def owners(connection: Connection) -> frozenset[str]:
    """Whoever has keys of their own that partners are shown."""
    chosen = select(_keys.owner_id).where(_keys.owner_id != HUB, _keys.state != KeyState.REVOKED.value).distinct()
    return frozenset(connection.execute(chosen).scalars())


def owners_page(connection: Connection, *, after: str, limit: int) -> list[Row[Any]]:
    """Kind and id of owners, in order of their ids."""
    chosen = select(_keys.owner_kind, _keys.owner_id).where(_keys.owner_id > after, _keys.state != KeyState.REVOKED.value)
    return list(connection.execute(chosen.distinct().order_by(_keys.owner_id).limit(limit)))


def key(connection: Connection, key_id: str) -> Row[Any] | None:
    return connection.execute(select(signing_keys).where(_keys.id == key_id)).first()


def by_thumbprint(connection: Connection, thumbprint: str) -> Row[Any] | None:
    return connection.execute(select(signing_keys).where(_keys.thumbprint == thumbprint)).first()


def add_key(connection: Connection, values: dict[str, Any]) -> bool:
    """False when its owner has such a key in that state already, or the key is known."""
    try:
        with connection.begin_nested():
            connection.execute(insert(signing_keys).values(**values))
    except IntegrityError:
        return False
    return True


def change_key(connection: Connection, key_id: str, *, while_state: KeyState, **values: Any) -> bool:
    """False when the key is not in that state any more, or its owner has another one in the new state."""
    change = update(signing_keys).where(_keys.id == key_id, _keys.state == while_state.value).values(**values)
    try:
        with connection.begin_nested():
            return connection.execute(change).rowcount == 1
    except IntegrityError:
        return False


def remove_key(connection: Connection, key_id: str, *, while_state: KeyState) -> bool:
    gone = delete(signing_keys).where(_keys.id == key_id, _keys.state == while_state.value)
    return connection.execute(gone).rowcount == 1


def remove_keys_of(connection: Connection, owner_id: str) -> None:
    """With the tenant or application itself."""
    connection.execute(delete(signing_keys).where(_keys.owner_id == owner_id, _keys.owner_id != HUB))


# --- by the clock -----------------------------------------------------------------------------------------------------


def ended(connection: Connection, now: datetime, limit: int) -> list[Row[Any]]:
    """Retiring and revoked keys whose time is over."""
    chosen = select(signing_keys).where(_keys.ends_at <= now, _keys.state.in_((KeyState.RETIRING.value, KeyState.REVOKED.value)))
    return list(connection.execute(chosen.order_by(_keys.ends_at).limit(limit)))


def beside_the_hub(connection: Connection, now: datetime, waits: Mapping[KeyUse, timedelta], limit: int) -> list[Row[Any]]:
    """Keys that sign while the hub's are published beside them: for long enough, or because their owner gives them up and its
    partners have had their time (`waits`). Whoever still waits is left out, however many they are: the others have their turn.
    """
    other = signing_keys.alias("other")
    early = or_(*((other.c.use == use.value) & (other.c.hub_beside_since > now - wait) for use, wait in waits.items()))
    leaving = (other.c.state == KeyState.ACTIVE.value) & other.c.hub_beside_until.is_(None)
    waiting = select(other.c.id).where(other.c.owner_id == _keys.owner_id, leaving, early).exists()
    over = (_keys.hub_beside_until <= now) | (_keys.hub_beside_until.is_(None) & ~waiting)
    chosen = select(signing_keys).where(_keys.state == KeyState.ACTIVE.value, _keys.hub_beside_since.is_not(None), over)
    return list(connection.execute(chosen.order_by(_keys.hub_beside_since, _keys.id).limit(limit)))


def announced(connection: Connection, use: str, before: datetime, limit: int) -> list[Row[Any]]:
    """Next keys that were announced before then."""
    chosen = select(signing_keys).where(_keys.state == KeyState.NEXT.value, _keys.use == use, _keys.created_at <= before)
    return list(connection.execute(chosen.order_by(_keys.created_at).limit(limit)))


def signing_since(connection: Connection, use: str, before: datetime, limit: int) -> list[Row[Any]]:
    """Keys that we made which have signed since before then and have no successor yet."""
    following = signing_keys.alias("following")
    has_next = (
        select(following.c.id)
        .where(
            following.c.owner_id == _keys.owner_id,
            following.c.use == _keys.use,
            following.c.algorithm == _keys.algorithm,
            following.c.state == KeyState.NEXT.value,
        )
        .exists()
    )
    chosen = select(signing_keys).where(
        _keys.state == KeyState.ACTIVE.value,
        _keys.use == use,
        _keys.imported.is_(False),
        _keys.hub_beside_since.is_(None),
        _keys.promoted_at <= before,
        ~has_next,
    )
    return list(connection.execute(chosen.order_by(_keys.promoted_at).limit(limit)))


def expiring(connection: Connection, owner_id: str | None, before: datetime, limit: int) -> list[Row[Any]]:
    """Keys in use whose certificate ends before then, the first to end first. `owner_id` None: of everybody."""
    states = (KeyState.NEXT.value, KeyState.ACTIVE.value)
    chosen = select(signing_keys).where(_keys.not_after <= before, _keys.state.in_(states))
    if owner_id is not None:
        chosen = chosen.where(_keys.owner_id == owner_id)
    return list(connection.execute(chosen.order_by(_keys.not_after, _keys.id).limit(limit)))


# --- secrets of the hub -----------------------------------------------------------------------------------------------


def all_secrets(connection: Connection) -> dict[str, bytes]:
    return {row.name: row.sealed for row in connection.execute(select(hub_secrets))}


def add_secret(connection: Connection, name: str, sealed: bytes) -> None:
    connection.execute(insert(hub_secrets).values(name=name, sealed=sealed))
