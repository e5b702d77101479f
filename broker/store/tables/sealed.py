"""Every column that holds sealed values, for re-wrapping them under another master key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select, update

from broker.store.tables.keys import hub_secrets, signing_keys
from broker.store.tables.staff import staff
from broker.store.tables.trusts import connectors


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """`key`: the table's primary key. `words`: what its values are, for people."""

    table: Table
    key: str
    column: str
    words: str

    def batch(self, connection: Connection, after: str, limit: int) -> list[tuple[str, bytes]]:
        """(primary key, sealed value), in order, behind `after`."""
        key, value = self.table.c[self.key], self.table.c[self.column]
        rows = connection.execute(select(key, value).where(key > after, value.is_not(None)).order_by(key).limit(limit))
        return [(row[0], bytes(row[1])) for row in rows]

    def replace(self, connection: Connection, key: str, before: bytes, after: bytes) -> bool:
        """False when the value was changed meanwhile."""
        where: Any = (self.table.c[self.key] == key) & (self.table.c[self.column] == before)
        return connection.execute(update(self.table).where(where).values({self.column: after})).rowcount == 1


COLUMNS = (
    SealedColumn(signing_keys, "id", "sealed_private", "signing and encryption keys"),
    SealedColumn(hub_secrets, "name", "sealed", "secrets of the hub"),
    SealedColumn(connectors, "id", "sealed_secrets", "secrets of connectors"),
    SealedColumn(staff, "id", "sealed_totp", "second factors of staff"),
)
