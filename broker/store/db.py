"""Flask-SQLAlchemy's declarative base, the engine's settings, and the unit of work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, Dialect, Engine, MetaData, event
from sqlalchemy.types import TypeDecorator

db = SQLAlchemy(
    metadata=MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
)


class Instant(TypeDecorator[datetime]):
    """A UTC datetime kept as microseconds since 1970: the same in every database, no zone to get wrong."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value.timestamp() * 1_000_000)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


def engine_options(url: str) -> dict[str, Any]:
    """Options for `SQLALCHEMY_ENGINE_OPTIONS`."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 10}, "pool_size": 20, "max_overflow": 20}
    return {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}


class Database:
    """The engine and the unit of work. One per application.

    On SQLite each thread keeps its two connections open: checking one out of the pool costs more than a query does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._current: ContextVar[Connection | None] = ContextVar("connection", default=None)
        self._kept: threading.local | None = None
        if engine.dialect.name == "sqlite":
            self._kept = threading.local()
            _tune_sqlite(engine)

    @contextmanager
    def unit_of_work(self) -> Iterator[Connection]:
        """One database transaction, committed at the end or rolled back on any error. Nested calls join it.

        On SQLite it begins IMMEDIATE: a deferred transaction that reads and then writes fails "locked" at once, whatever
        the busy timeout. Never hold it over a network call.
        """
        joined = self._current.get()
        if joined is not None:
            yield joined
            return
        with self._writing() as connection:
            token = self._current.set(connection)
            try:
                yield connection
            finally:
                self._current.reset(token)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for single statements: the open unit of work if there is one, else autocommit."""
        joined = self._current.get()
        if joined is not None:
            yield joined
        elif self._kept is not None:
            yield self._keep("reader", self._reader)
        else:
            with self._reader.connect() as connection:
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._kept is None:
            with self.engine.begin() as connection:
                yield connection
        else:
            connection = self._keep("writer", self.engine)
            with connection.begin():
                yield connection

    def _keep(self, name: str, engine: Engine) -> Connection:
        found: Connection | None = getattr(self._kept, name, None)
        if found is None or found.closed:
            found = engine.connect()
            setattr(self._kept, name, found)
        return found

    def dispose(self) -> None:
        """Closes every connection that is not in use, this thread's kept ones included."""
        if self._kept is not None:
            for name in ("reader", "writer"):
                found: Connection | None = getattr(self._kept, name, None)
                if found is not None:
                    found.close()
        self.engine.dispose()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # SQLAlchemy's "begin" below says which kind of BEGIN
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-2000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
