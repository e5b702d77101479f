"""Every transient store keeps the contract: today the one in the hub's own database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from broker.store.db import Database, engine_options
from broker.store.transient.sql import SqlTransientStore
from tests.conformance.transient import SUITE, Bench
from tests.support import databases
from tests.support.clock import FixedClock


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    url, clock = databases.fresh(tmp_path), FixedClock()
    database = Database(create_engine(url, **engine_options(url)))
    yield Bench(SqlTransientStore(database, clock), clock, database)
    database.dispose()
    databases.drop(url)


@pytest.mark.parametrize("promise", SUITE, ids=lambda promise: promise.__name__)
def test_given_a_store_in_sql_then(promise: Callable[[Bench], None], bench: Bench) -> None:
    promise(bench)


def test_given_a_secret_key_when_stored_then_the_database_does_not_contain_it(bench: Bench) -> None:
    bench.put("handle-in-a-cookie")
    with bench.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM transients").fetchall()
    assert len(rows) == 1
    assert "handle-in-a-cookie" not in repr(rows)
