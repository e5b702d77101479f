"""Queries on key pairs and hub secrets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from broker.store.tables.keys import hub_secrets, signing_keys


def all_keys(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(signing_keys).order_by(signing_keys.c.created_at)))


def add_key(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(signing_keys).values(**values))


def all_secrets(connection: Connection) -> dict[str, bytes]:
    return {row.name: row.sealed for row in connection.execute(select(hub_secrets))}


def add_secret(connection: Connection, name: str, sealed: bytes) -> None:
    connection.execute(insert(hub_secrets).values(name=name, sealed=sealed))
