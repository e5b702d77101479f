"""The transient store in the hub's own database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from broker.domain.clock import Clock
from broker.store.db import Database
from broker.store.tables.transients import transients as table
from broker.store.transient.contract import key_hash

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class SqlTransientStore:
    """See `contract.TransientStore`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._insert = _INSERTS[database.engine.dialect.name]

    def put(self, kind: str, key: str, value: bytes, expires_at: datetime) -> None:
        statement = self._insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "key_hash"], set_={"value": statement.excluded.value, "expires_at": statement.excluded.expires_at}
        )
        with self._database.unit_of_work() as connection:
            connection.execute(statement, {"kind": kind, "key_hash": key_hash(key), "value": value, "expires_at": expires_at})

    def get(self, kind: str, key: str) -> bytes | None:
        with self._database.reading() as connection:
            row = connection.execute(
                select(table.c.value, table.c.expires_at).where(table.c.kind == kind, table.c.key_hash == key_hash(key))
            ).first()
        return None if row is None or row.expires_at <= self._clock.now() else row.value

    def take(self, kind: str, key: str) -> bytes | None:
        with self._database.unit_of_work() as connection:
            row = connection.execute(
                delete(table)
                .where(table.c.kind == kind, table.c.key_hash == key_hash(key))
                .returning(table.c.value, table.c.expires_at)
            ).first()
        return None if row is None or row.expires_at <= self._clock.now() else row.value

    def add_once(self, kind: str, key: str, expires_at: datetime) -> bool:
        # An expired marker counts as absent even before it is purged. The primary key makes the insert atomic.
        statement = self._insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "key_hash"],
            set_={"expires_at": statement.excluded.expires_at},
            where=table.c.expires_at <= self._clock.now(),
        ).returning(table.c.kind)
        with self._database.unit_of_work() as connection:
            row = connection.execute(
                statement, {"kind": kind, "key_hash": key_hash(key), "value": b"", "expires_at": expires_at}
            ).first()
        return row is not None

    def delete(self, kind: str, key: str) -> None:
        with self._database.unit_of_work() as connection:
            connection.execute(delete(table).where(table.c.kind == kind, table.c.key_hash == key_hash(key)))

    def purge(self) -> int:
        with self._database.unit_of_work() as connection:
            return connection.execute(delete(table).where(table.c.expires_at <= self._clock.now())).rowcount
