"""Databases on a PostgreSQL server, emptied and handed out again: that costs a fraction of making and dropping one for every test.

A database is handed out again only if it equals the template in all its definitions, rows, sequences and the files of its
tables; else it is dropped (a test changed tables, or filled them with thousands of rows). Each time it belongs to a role of
another name: whoever still knows the earlier address is refused there, as if that database were gone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

FIRST_OF_OURS = 16384
"""Objects with lower ids belong to PostgreSQL itself."""
MOST_BYTES = 2_000_000
"""What tables may hold and still be emptied; beyond it indexes stay large, and a new database is the faster way."""
STOP_SECONDS = 30
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
CATALOGS = {
    "pg_attrdef": "oid", "pg_attribute": "attrelid", "pg_class": "oid", "pg_constraint": "oid", "pg_enum": "oid", "pg_index": "indexrelid",
    "pg_namespace": "oid", "pg_proc": "oid", "pg_trigger": "oid", "pg_type": "oid",
}  # fmt: skip
"""Where definitions stand, and by which column they are ours. Changing one gives its row another xmin."""

TABLES = """SELECT 'public.' || quote_ident(relname), pg_relation_size(oid), '' FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
"""Whether a table has rows is seen by its file: without any it has no byte. Nothing is planned or read for it."""

State = dict[str, list[tuple[int, str]]]
"""What a database consists of: the size of each table, the content of those that have some from the start and of sequences."""


@dataclass(frozen=True)
class Template:
    """What every database is a copy of, and how to compare and restore it."""

    name: str
    definitions: str
    question: str
    """What it consists of. Only a database with the same definitions can be asked."""
    state: State
    restoring: dict[str, str]
    """The statement that gives a table or a sequence its first content, for those that have some."""

    def changed(self, now: State) -> list[str]:
        return [part for part in now if now[part] != self.state[part]]


@dataclass
class Kept:
    name: str
    role: str
    connection: psycopg.Connection
    """Ours, for emptying. Triggers and foreign keys do not bind it."""


class Server:
    """`fresh()` and `give_back()`. The role of the URL is a superuser. One object per test process."""

    def __init__(self, url: str, prepare: Callable[[str], None]) -> None:
        self._url, self._prepare = make_url(url), prepare
        self._idle: list[Kept] = []
        self._out: dict[str, Kept] = {}

    def fresh(self) -> str:
        """The URL of a database that nobody else has."""
        kept = self._idle.pop() if self._idle else self._new()
        url = self._address(kept.name, kept.role).render_as_string(hide_password=False)
        self._out[url] = kept
        return url

    def give_back(self, url: str) -> None:
        """Nobody reaches the database under this URL any more."""
        kept = self._out.pop(url)
        former, kept.role = kept.role, _name("role")
        kept.connection.execute(f"ALTER ROLE {former} RENAME TO {kept.role}")
        _end_others(kept.connection)
        if self._emptied(kept):
            self._idle.append(kept)
        else:
            self._drop(kept)

    def close(self) -> None:
        for kept in [*self._idle, *self._out.values()]:
            self._drop(kept)
        if "_template" in vars(self):
            self._administrator.execute(f"DROP DATABASE {self._template.name} WITH (FORCE)")
            self._administrator.close()

    def _new(self) -> Kept:
        name, role = _name("test"), _name("role")
        # Files are copied as they are: there is nothing to protect against a crash.
        self._administrator.execute(f"CREATE DATABASE {name} TEMPLATE {self._template.name} STRATEGY FILE_COPY")
        password = sql.Literal(self._url.password)
        self._administrator.execute(sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(sql.Identifier(role), password))
        connection = self._connect(name)
        connection.execute("SET session_replication_role = replica")
        return Kept(name, role, connection)

    def _drop(self, kept: Kept) -> None:
        kept.connection.close()
        self._administrator.execute(f"DROP DATABASE {kept.name} WITH (FORCE)")
        self._administrator.execute(f"DROP ROLE {kept.role}")

    def _emptied(self, kept: Kept) -> bool:
        """Whether it is as new. VACUUM gives back the space, so that rows lie in the order in which they are written."""
        template, run = self._template, kept.connection.execute
        if _definitions(kept.connection) != template.definitions:
            return False
        now = _state(kept.connection, template.question)
        if sum(size for part in now.values() for size, _ in part) > MOST_BYTES:
            return False
        changed = template.changed(now)
        tables = [part for part in changed if part.startswith("public.")]
        if tables:
            run("; ".join(f"DELETE FROM {table}" for table in tables).encode())
            run(f"VACUUM {', '.join(tables)}".encode())
        if restoring := [template.restoring[part] for part in changed if part in template.restoring]:
            run("; ".join(restoring).encode())
        return _state(kept.connection, template.question) == template.state

    @cached_property
    def _administrator(self) -> psycopg.Connection:
        return self._connect(self._url.database or "postgres")

    @cached_property
    def _template(self) -> Template:
        name = _name("template")
        self._administrator.execute(f"CREATE DATABASE {name}")
        self._prepare(self._address(name, self._url.username).render_as_string(hide_password=False))
        with self._connect(name) as connection:
            return _described(connection, name)

    def _address(self, database: str, role: str | None) -> URL:
        return self._url.set(database=database, username=role)

    def _connect(self, database: str) -> psycopg.Connection:
        address = self._address(database, self._url.username).set(drivername="postgresql")
        return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def _end_others(connection: psycopg.Connection) -> None:
    """Whoever else is connected, and whoever is about to go. PostgreSQL's own waiting would look ten times a second."""
    end = time.monotonic() + STOP_SECONDS
    while connection.execute(OTHERS).fetchall():
        assert time.monotonic() < end, "somebody stays connected"
        connection.execute("SELECT pg_sleep(0.001)")


def _name(what: str) -> str:
    return f"vestibule_{what}_{secrets.token_hex(8)}"


def _described(connection: psycopg.Connection, name: str) -> Template:
    tables = _names(connection, "SELECT 'public.' || quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    sequences = _names(connection, "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'S'")
    filled = [table for table in tables if _names(connection, f"SELECT 1 FROM {table} LIMIT 1")]
    connection.execute(f"VACUUM {', '.join(set(tables) - set(filled))}".encode())  # a migration may have filled and emptied one
    restoring = {}
    for table in filled:
        rows = sql.Literal(_names(connection, f"SELECT jsonb_agg(r)::text FROM {table} r")[0]).as_string(connection)
        restoring[table] = f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, {rows}::jsonb)"
    for sequence in sequences:
        restoring[sequence] = _names(connection, f"SELECT format('SELECT setval(%L, %s, %L)', '{sequence}', last_value, is_called) FROM {sequence}")[0]
    contents = [f"SELECT '{table}', 0, md5(string_agg(r::text, chr(10))) FROM {table} r" for table in filled]
    contents += [f"SELECT '{sequence}', 0, last_value::text || is_called FROM {sequence}" for sequence in sequences]
    question = " UNION ALL ".join([TABLES, *contents])
    return Template(name, _definitions(connection), question, _state(connection, question), restoring)


def _definitions(connection: psycopg.Connection) -> str:
    each = " UNION ALL ".join(
        f"SELECT concat_ws(' ', '{catalog}', {column}, xmin) AS row FROM {catalog} WHERE {column} >= {FIRST_OF_OURS}"
        for catalog, column in CATALOGS.items()
    )
    return _names(connection, f"SELECT md5(string_agg(row, ',' ORDER BY row)) FROM ({each}) AS rows")[0]


def _names(connection: psycopg.Connection, question: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(question.encode(), prepare=True)]


def _state(connection: psycopg.Connection, question: str) -> State:
    found: State = {}
    for part, size, content in connection.execute(question.encode(), prepare=True):
        found.setdefault(part, []).append((size, content))
    return found
