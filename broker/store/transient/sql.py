"""The transient store in the hub's own database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from broker.domain.clock import Clock
from broker.store.db import Database
from broker.store.statements import Statement
from broker.store.tables.transients import transients as table
from broker.store.transient.contract import key_hash

_NEW: dict[str, Any] = {name: bindparam(name) for name in ("kind", "key_hash", "value", "expires_at")}
_KEY = ["kind", "key_hash"]
_IS_IT = and_(table.c.kind == bindparam("kind"), table.c.key_hash == bindparam("key_hash"))


def _upsert(insert: Any) -> Any:
    statement = insert(table).values(**_NEW)
    new = {"value": statement.excluded.value, "expires_at": statement.excluded.expires_at}
    return statement.on_conflict_do_update(index_elements=_KEY, set_=new)


def _insert_once(insert: Any) -> Any:
    # An expired marker counts as absent even before it is purged. The primary key makes the insert atomic.
    statement = insert(table).values(**_NEW)
    new = {"expires_at": statement.excluded.expires_at}
    gone = table.c.expires_at <= bindparam("now", type_=table.c.expires_at.type)
    return statement.on_conflict_do_update(index_elements=_KEY, set_=new, where=gone).returning(table.c.kind)


def _either(make: Any) -> Statement:
    return Statement(make(sqlite.insert), {"postgresql": make(postgresql.insert)})


_PUT = _either(_upsert)
_ADD_ONCE = _either(_insert_once)
_GET = Statement(select(table.c.value, table.c.expires_at).where(_IS_IT))
_TAKE = Statement(delete(table).where(_IS_IT).returning(table.c.value, table.c.expires_at))
_EXCHANGE = Statement(
    update(table)
    .where(_IS_IT, table.c.expires_at > bindparam("now", type_=table.c.expires_at.type))
    .values(
        kind=bindparam("new_kind"),
        value=bindparam("new_value"),
        expires_at=bindparam("new_expires_at", type_=table.c.expires_at.type),
    )
)
_DELETE = Statement(delete(table).where(_IS_IT))


class SqlTransientStore:
    """See `contract.TransientStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, kind: str, key: str, value: bytes, expires_at: datetime) -> None:
        with self._database.unit_of_work() as connection:
            _PUT.run(connection, kind=kind, key_hash=key_hash(key), value=value, expires_at=expires_at)

    def get(self, kind: str, key: str) -> bytes | None:
        with self._database.reading() as connection:
            return self._living(_GET.first(connection, kind=kind, key_hash=key_hash(key)))

    def take(self, kind: str, key: str) -> bytes | None:
        with self._database.unit_of_work() as connection:
            return self._living(_TAKE.first(connection, kind=kind, key_hash=key_hash(key)))

    def exchange(self, kind: str, key: str, new_kind: str, value: bytes, expires_at: datetime) -> bool:
        with self._database.unit_of_work() as connection:
            changed = _EXCHANGE.run(
                connection,
                kind=kind,
                key_hash=key_hash(key),
                now=self._clock.now(),
                new_kind=new_kind,
                new_value=value,
                new_expires_at=expires_at,
            )
        return changed == 1

    def add_once(self, kind: str, key: str, expires_at: datetime) -> bool:
        with self._database.unit_of_work() as connection:
            row = _ADD_ONCE.first(
                connection, kind=kind, key_hash=key_hash(key), value=b"", expires_at=expires_at, now=self._clock.now()
            )
        return row is not None

    def delete(self, kind: str, key: str) -> None:
        with self._database.unit_of_work() as connection:
            _DELETE.run(connection, kind=kind, key_hash=key_hash(key))

    def purge(self) -> int:
        with self._database.unit_of_work() as connection:
            return connection.execute(delete(table).where(table.c.expires_at <= self._clock.now())).rowcount

    def _living(self, row: tuple[Any, ...] | None) -> bytes | None:
        if row is None:
            return None
        value, expires_at = row
        return None if expires_at <= self._clock.now() else bytes(value)
