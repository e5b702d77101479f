"""Flask-SQLAlchemy's declarative base, the engine's settings, and the unit of work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, Dialect, Engine, MetaData, event
from sqlalchemy.engine import ExceptionContext
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
    # What is written stands in no error, so in no log either: claims of people, addresses, texts of requests.
    hidden = {"hide_parameters": True}
    if url.startswith("sqlite"):
        return {**hidden, "connect_args": {"timeout": 10}, "pool_size": 20, "max_overflow": 20}
    return {**hidden, "pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}


class Database:
    """The engine and the unit of work. One per application.

    SQLite has one writer at a time, so a process keeps one connection and its threads take turns: its page cache stays
    warm, and nobody polls a busy lock. Other databases hand out pooled connections.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        event.listen(engine, "handle_error", _without_values)
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._current: ContextVar[Connection | None] = ContextVar("connection", default=None)
        self._turns = _Turns(engine) if engine.dialect.name == "sqlite" else None

    def unit_of_work(self) -> AbstractContextManager[Connection]:
        """One database transaction, committed at the end or rolled back on any error. Nested calls join it.

        On SQLite it begins IMMEDIATE: a deferred transaction that reads and then writes fails "locked" at once, whatever
        the busy timeout. Never hold it over a network call.
        """
        joined = self._current.get()
        return self._own_unit() if joined is None else nullcontext(joined)

    @contextmanager
    def _own_unit(self) -> Iterator[Connection]:
        with self._turns.writing() if self._turns else self.engine.begin() as connection:
            token = self._current.set(connection)
            try:
                yield connection
            finally:
                self._current.reset(token)

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for single statements: the open unit of work if there is one, else autocommit."""
        joined = self._current.get()
        if joined is not None:
            return nullcontext(joined)
        return self._turns.reading() if self._turns else self._reader.connect()

    def dispose(self) -> None:
        """Closes every connection that is not in use, the kept one included."""
        if self._turns is not None:
            self._turns.close()
        self.engine.dispose()


_DATA_EXCEPTION = "22"
"""The class of states whose very sentence quotes the value: `invalid input syntax for type bigint: "…"`."""


def _without_values(context: ExceptionContext) -> None:
    wrapped = context.sqlalchemy_exception
    said = leave_out_values(context.original_exception)
    if said and wrapped is not None:
        wrapped.args = (f"({type(context.original_exception).__name__}) {said}",)


def leave_out_values(error: BaseException) -> str:
    """Leaves of PostgreSQL's error what happened and to which constraint; "" for any other. Its DETAIL quotes the key or the
    whole row, its CONTEXT may quote parameters, and errors go to the log with all that they say.
    """
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None or not diagnosis.message_primary:
        return ""  # SQLite quotes no values; and what the driver says itself is about connections
    refused = str(diagnosis.sqlstate).startswith(_DATA_EXCEPTION)
    said = f"a value was refused (SQLSTATE {diagnosis.sqlstate})" if refused else str(diagnosis.message_primary)
    error.args = (said,)
    return said


class _Turns:
    """The one SQLite connection of a process, under a lock that the same thread may take again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._only_reads = False
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", self._begin)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._lock:
            connection, before = self._open(), self._only_reads
            self._only_reads = False
            try:
                if connection.in_transaction():
                    connection.rollback()  # begun by a read that encloses this; the database has no transaction yet
                with self._immediately(connection):
                    yield connection
            finally:
                self._only_reads = before

    @contextmanager
    def _immediately(self, connection: Connection) -> Iterator[None]:
        """The driver is told itself: SQLAlchemy's own beginning costs more than most of what happens in between. It still
        begins one of its own when it is asked to execute something, and then it is the one that ends both."""
        driver = connection.connection.dbapi_connection
        assert driver is not None
        try:
            driver.execute("BEGIN IMMEDIATE")
            yield
            (connection if connection.in_transaction() else driver).commit()
        except BaseException:
            try:
                connection.rollback()  # SQLAlchemy's, also one whose COMMIT failed: until then it would refuse to do any more
            finally:
                driver.rollback()  # what is left of it in the database; nothing when nothing is
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._lock:
            connection, before = self._open(), self._only_reads
            self._only_reads = True
            try:
                yield connection
            finally:
                self._only_reads = before
                if not before and connection.in_transaction():
                    connection.rollback()  # SQLAlchemy's idea of a transaction; the database has none

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _begin(self, connection: Connection) -> None:
        if connection is not self._connection:  # which is told by `_immediately`
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _tune_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # `_Turns._begin` says which kind of BEGIN, and when
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-8000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
