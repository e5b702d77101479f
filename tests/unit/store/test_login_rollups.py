"""Sums for the first page: whatever is folded, whenever, they equal the hours that they are made of."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, insert, select

from broker.domain import random_ids
from broker.services.operations.federation import ShowFederation
from broker.services.operations.usage import ShowStatistics
from broker.store import upgrade
from broker.store.db import Database
from broker.store.tables import login_counts, login_rollups
from broker.store.tables.statistics import connector_days, hub_hours, login_hours
from broker.store.tables.traces import TraceRow
from tests.support.clock import NOW
from tests.support.hub import ME, Hub

TENANTS, APPLICATIONS, CONNECTORS = ("ten_1", "ten_2"), ("app_1", "app_2", "app_3"), ("con_1", "con_2", "con_3", None)
OUTCOMES = (("succeeded", None), ("failed", "foreign_email"), ("failed", "missing_claim"), ("abandoned", None))


def logins(connection: Connection, chance: random.Random, since: datetime, hours: int, count: int) -> None:
    """Traces at any moment of these hours."""
    rows = []
    for _ in range(count):
        outcome, code = chance.choice(OUTCOMES)
        at = since + timedelta(seconds=chance.randrange(3600 * hours))
        rows.append(
            {
                "code": random_ids.object_id("trc")[:20],
                "tenant_id": chance.choice(TENANTS),
                "application_id": chance.choice(APPLICATIONS),
                "connector_id": chance.choice(CONNECTORS),
                "outcome": outcome,
                "error_code": code,
                "started_at": at,
                "expires_at": at + timedelta(days=30),
                "events": b"",
            }
        )
    connection.execute(insert(TraceRow.__table__), rows)


def of_each_tenant(connection: Connection, since: datetime, until: datetime) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """The same by the hours themselves, which is how one tenant's numbers are read."""
    through: Counter[tuple[str, str]] = Counter()
    into: Counter[tuple[str, str]] = Counter()
    for tenant_id in TENANTS:
        its_through, its_into = login_counts.totals(connection, tenant_id, since, until)
        through, into = through + its_through, into + its_into
    return through, into


@pytest.mark.parametrize("seed", range(6))
def test_given_any_logins_and_any_way_of_folding_then_the_sums_equal_the_hours(hub: Hub, seed: int) -> None:
    chance, database, statistics = random.Random(seed), hub.built.database, hub.built.services.statistics
    for _ in range(8):
        with database.unit_of_work() as connection:
            logins(connection, chance, hub.clock.now(), 6, chance.randrange(40))
        hub.clock.forward(hours=chance.choice((1, 5, 13, 30)), minutes=chance.randrange(60))
        if chance.random() < 0.8:
            statistics.fold()
        for hours in (1, 7, 24, 48, 24 * 31):
            since, until = hub.clock.now() - timedelta(hours=hours), hub.clock.now() + timedelta(seconds=1)
            with database.reading() as connection:
                assert login_counts.totals(connection, None, since, until) == of_each_tenant(connection, since, until)
                for application_id in (None, "app_2"):
                    for bucket in (login_counts.HOUR, 24 * login_counts.HOUR):
                        asked = {"bucket": bucket, "application_id": application_id}
                        whole = login_counts.logins(connection, None, since, until, **asked)  # type: ignore[arg-type]
                        parts: Counter[tuple[datetime, str, str]] = Counter()
                        for tenant_id in TENANTS:
                            for item in login_counts.logins(connection, tenant_id, since, until, **asked):  # type: ignore[arg-type]
                                parts[item.at, item.outcome, item.error_code] += item.count
                        assert {(item.at, item.outcome, item.error_code): item.count for item in whole} == dict(parts)


def test_given_a_day_that_slides_then_only_its_own_hours_are_kept_in_it(hub: Hub) -> None:
    chance, database = random.Random(1), hub.built.database
    with database.unit_of_work() as connection:
        logins(connection, chance, NOW, 10, 50)
    hub.clock.forward(hours=14)
    hub.built.services.statistics.fold()
    assert hub.count("recent_connectors") > 0
    hub.clock.forward(days=2)
    hub.built.services.statistics.fold()
    assert hub.count("recent_connectors") == 0
    assert hub.count("login_hours") > 0


def test_given_an_hour_is_counted_twice_then_the_sums_are_not(hub: Hub) -> None:
    with hub.built.database.unit_of_work() as connection:
        logins(connection, random.Random(2), NOW, 1, 20)
        for _ in range(2):
            login_counts.fold(connection, NOW.replace(minute=0))
        since = NOW - timedelta(hours=1)
        counts = login_rollups.by_connector(connection, since, NOW + timedelta(hours=1))
    assert sum(counts.values()) == 20


def test_given_numbers_from_before_there_were_sums_then_migrating_makes_them(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        database: Database = hub.built.database
        with database.unit_of_work() as connection:
            logins(connection, random.Random(3), NOW, 60, 200)
        hub.clock.forward(hours=64)
        hub.built.services.statistics.fold()
        before = hub.built.operations.run(ME, "statistics.show", ShowStatistics())
        map_before = hub.built.operations.run(ME, "federation.show", ShowFederation())
        month_before = hub.built.operations.run(ME, "federation.show", ShowFederation(24 * 31))
        with database.reading() as connection:
            sums = [list(connection.execute(select(table).order_by(*table.primary_key))) for table in (hub_hours, connector_days)]
        command.downgrade(upgrade.config(database), _before_sums())
        upgrade.migrate(database)
        with database.reading() as connection:
            made = [list(connection.execute(select(table).order_by(*table.primary_key))) for table in (hub_hours, connector_days)]
            assert made == sums
            assert connection.execute(select(login_hours)).first() is not None
        assert hub.built.operations.run(ME, "statistics.show", ShowStatistics()) == before
        assert hub.built.operations.run(ME, "federation.show", ShowFederation()) == map_before
        assert hub.built.operations.run(ME, "federation.show", ShowFederation(24 * 31)) == month_before
        hub.built.services.statistics.fold()
        assert hub.built.operations.run(ME, "federation.show", ShowFederation()) == map_before


def _before_sums() -> str:
    """The migration that was there before them, by name: numbers change when branches meet."""
    (found,) = Path(upgrade.__file__).parent.glob("migrations/versions/*_rollups.py")
    return f"{int(found.name[:4]) - 1:04}"
