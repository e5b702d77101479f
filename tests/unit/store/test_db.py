"""The unit of work: all or nothing, joined by whoever is inside, and never half-finished by a read around it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError

from broker.store.statements import Statement
from broker.store.tables import configuration
from broker.store.tables.configuration import ConfigurationChange, Lease
from broker.web.logs import JsonLines
from tests.support.clock import NOW
from tests.support.hub import Hub

CHANGES = select(ConfigurationChange.__table__.c.object_id)


def changes(hub: Hub) -> list[str]:
    with hub.built.database.reading() as connection:
        return [row.object_id for row in connection.execute(CHANGES) if row.object_id.startswith("t-")]


def note(hub: Hub, name: str) -> None:
    with hub.built.database.unit_of_work() as connection:
        configuration.record_change(connection, "test", f"t-{name}", hub.clock.now())


class StopError(Exception):
    pass


def test_everything_or_nothing(hub: Hub) -> None:
    with pytest.raises(StopError), hub.built.database.unit_of_work():
        note(hub, "a")
        note(hub, "b")
        raise StopError

    assert changes(hub) == []


def test_what_the_driver_was_told_directly_is_undone_alike(hub: Hub) -> None:
    """Logins write by prepared statements, of which SQLAlchemy knows nothing: alone, and beside what it executes itself."""
    transient, later = hub.built.hub.transient, hub.clock.now() + timedelta(minutes=1)
    for beside in (False, True):
        with pytest.raises(StopError), hub.built.database.unit_of_work():
            transient.put("test", "key", b"value", later)
            if beside:
                note(hub, "a")
            raise StopError
        assert transient.get("test", "key") is None

    transient.put("test", "key", b"value", later)
    assert transient.get("test", "key") == b"value"
    assert changes(hub) == []


DEFERRED = (
    "CREATE TEMPORARY TABLE parent (id INTEGER PRIMARY KEY)",
    "CREATE TEMPORARY TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO child VALUES (1)",
)


def test_a_commit_that_fails_leaves_nothing_and_breaks_nothing(hub: Hub) -> None:
    """As on a full disk. The connection is used by whoever comes next."""
    with pytest.raises(DBAPIError), hub.built.database.unit_of_work() as connection:
        note(hub, "a")
        for statement in DEFERRED:
            connection.execute(text(statement))

    assert changes(hub) == []
    note(hub, "b")
    assert changes(hub) == ["t-b"]


def test_a_read_around_a_unit_of_work_does_not_split_it(hub: Hub) -> None:
    database = hub.built.database
    with database.reading() as outer:
        outer.execute(CHANGES).all()
        with pytest.raises(StopError), database.unit_of_work():
            note(hub, "a")
            raise StopError
        note(hub, "b")

    assert changes(hub) == ["t-b"]


def test_a_read_inside_sees_what_was_just_written(hub: Hub) -> None:
    with hub.built.database.unit_of_work():
        note(hub, "a")
        assert changes(hub) == ["t-a"]


def test_threads_take_turns(hub: Hub) -> None:
    """Read-modify-write by many threads: no update is lost, nobody is told that the database is locked."""
    database, count = hub.built.database, 8

    def work() -> None:
        for _ in range(10):
            with database.unit_of_work():
                note(hub, str(len(changes(hub))))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = changes(hub)
    assert len(found) == count * 10
    if database.engine.dialect.name == "sqlite":
        assert sorted(found) == sorted(f"t-{number}" for number in range(count * 10)), "each saw what the one before wrote"


ANN = "ann@acme.example"
PREPARED = Statement(insert(Lease.__table__).values({each: bindparam(each) for each in ("name", "owner", "expires_at")}))
UNREADABLE = {"postgresql": "SELECT CAST(:given AS BIGINT)", "sqlite": "SELECT json(:given)"}


def a_row_that_is_not_whole(connection: Connection) -> None:
    connection.execute(insert(ConfigurationChange.__table__).values(kind=ANN, object_id=None))


def a_key_that_is_taken(connection: Connection) -> None:
    for _ in range(2):
        connection.execute(insert(Lease.__table__).values(name=ANN, owner=ANN, expires_at=NOW))


def a_value_that_cannot_be_read(connection: Connection) -> None:
    connection.execute(text(UNREADABLE[connection.dialect.name]), {"given": ANN})


def a_key_that_is_taken_for_a_login(connection: Connection) -> None:
    for _ in range(2):
        PREPARED.run(connection, name=ANN, owner=ANN, expires_at=NOW)


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (a_row_that_is_not_whole, "object_id"),
        (a_key_that_is_taken, "leases"),
        (a_value_that_cannot_be_read, "SELECT"),
        (a_key_that_is_taken_for_a_login, "leases"),
    ],
)
def test_what_was_to_be_written_stands_in_no_error_of_the_database(hub: Hub, refused: Callable[[Connection], None], named: str) -> None:
    """Errors go to the log, with their tracebacks and those of their causes. PostgreSQL would quote the key or the whole row."""
    drivers = hub.built.database.engine.dialect.dbapi.Error
    with pytest.raises((DBAPIError, drivers)) as caught, hub.built.database.unit_of_work() as connection:
        refused(connection)

    record = logging.makeLogRecord({"msg": str(caught.value), "exc_info": (caught.type, caught.value, caught.tb)})
    logged = JsonLines().format(record)
    assert named in str(caught.value)
    assert "Traceback" in logged
    assert ANN not in logged
