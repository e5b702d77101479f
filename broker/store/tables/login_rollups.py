"""Sums over `login_hours` that the first page asks for, kept up where hours are folded: the same numbers, fewer rows.

`hub_hours` is an hour of the whole hub, `connector_days` a day (UTC) of one connector. `recent_connectors` is the sum by
connector of the folded hours from a mark on: a day that slides with the clock holds no whole calendar day, so its hours are
added when they are folded and taken away when they are a day old. Whoever asks about another window corrects by the days and
hours between its begin and the mark, so it is exact always.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from broker.store.db import Instant
from broker.store.tables import hub_settings
from broker.store.tables.statistics import connector_days, hub_hours, login_hours, recent_connectors

_FROM = "statistics.recent_from"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_COUNT = login_hours.c["count"]

Counts = Counter[tuple[str, str]]
"""By (connector or application, outcome)."""


def recent_from(connection: Connection, folded_until: datetime) -> datetime:
    """Begin of the window; its end is always where folding stands. Without a mark it is empty."""
    value = hub_settings.get(connection, _FROM)
    return folded_until if value is None else datetime.fromisoformat(value)


def forget(connection: Connection, hour: datetime) -> None:
    """Before an hour is counted, for the case that it was before."""
    connection.execute(delete(hub_hours).where(hub_hours.c.hour == hour))
    if hub_settings.get(connection, _FROM) is None:
        hub_settings.put(connection, _FROM, hour.isoformat())
    _shift(connection, hour, hour + _HOUR, -1)
    _add_to_day(connection, hour, -1)


def fold(connection: Connection, hour: datetime) -> None:
    """After `login_hours` has its rows, in the same unit of work."""
    key = (login_hours.c.hour, login_hours.c.application_id, login_hours.c.outcome, login_hours.c.error_code)
    summed = select(*key, func.sum(_COUNT)).where(login_hours.c.hour == hour).group_by(*key)
    connection.execute(insert(hub_hours).from_select(list(hub_hours.c.keys()), summed))
    _shift(connection, hour, hour + _HOUR, 1)
    _add_to_day(connection, hour, 1)


def slide(connection: Connection, begin: datetime, folded_until: datetime) -> None:
    """Moves the begin of the window, either way."""
    begin, now = min(begin, folded_until), recent_from(connection, folded_until)
    if begin < now:
        _shift(connection, begin, now, 1)
    elif begin > now:
        _shift(connection, now, begin, -1)
    if begin != now or hub_settings.get(connection, _FROM) is None:
        connection.execute(delete(recent_connectors).where(recent_connectors.c["count"] == 0))
        hub_settings.put(connection, _FROM, begin.isoformat())


def purge(connection: Connection, before: datetime) -> None:
    connection.execute(delete(hub_hours).where(hub_hours.c.hour < before))
    connection.execute(delete(connector_days).where(connector_days.c.day < before))


def by_connector(connection: Connection, since: datetime, folded_until: datetime) -> Counts:
    """Logins in the folded hours from then on. Hours count by their begin, as everywhere."""
    recent, begin = recent_connectors.c, recent_from(connection, folded_until)
    found: Counts = Counter()
    for row in connection.execute(select(recent.connector_id, recent.outcome, recent["count"])):
        found[row[0], row[1]] += int(row[2])
    first, last = min(since, begin), max(since, begin)
    for query in _between(first, last):
        for connector_id, outcome, number in connection.execute(query):
            found[connector_id, outcome] += int(number) if since < begin else -int(number)
    return Counter({key: number for key, number in found.items() if number})


def by_application(connection: Connection, since: datetime, until: datetime) -> Counts:
    hours = hub_hours.c
    key = (hours.application_id, hours.outcome)
    query = select(*key, func.sum(hours["count"])).where(hours.hour >= since, hours.hour < until).group_by(*key)
    return Counter({(into, outcome): int(number) for into, outcome, number in connection.execute(query)})


def _between(first: datetime, last: datetime) -> list[Any]:
    """What sums up the folded hours of [first, last): whole days where there are any, hours before and after them."""
    dawn, dusk = _day(first + _DAY - timedelta(microseconds=1)), _day(last)
    if dawn >= dusk:
        return [_sums(login_hours, login_hours.c.hour, first, last)]
    return [
        _sums(login_hours, login_hours.c.hour, first, dawn),
        _sums(connector_days, connector_days.c.day, dawn, dusk),
        _sums(login_hours, login_hours.c.hour, dusk, last),
    ]


def _sums(table: Any, at: Any, first: datetime, last: datetime) -> Any:
    key = (table.c.connector_id, table.c.outcome)
    return select(*key, func.sum(table.c["count"])).where(at >= first, at < last).group_by(*key)


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _add_to_day(connection: Connection, hour: datetime, sign: int) -> None:
    key = (login_hours.c.connector_id, login_hours.c.outcome)
    day = literal(_day(hour), Instant())
    summed = select(day, *key, literal(sign) * func.sum(_COUNT)).where(login_hours.c.hour == hour).group_by(*key)
    _add(connection, connector_days, summed)


def _shift(connection: Connection, first: datetime, last: datetime, sign: int) -> None:
    """Adds the hours of [first, last) to the window, or takes them away."""
    key = (login_hours.c.connector_id, login_hours.c.outcome)
    within = (login_hours.c.hour >= first, login_hours.c.hour < last)
    summed = select(*key, literal(sign) * func.sum(_COUNT)).where(*within).group_by(*key)
    _add(connection, recent_connectors, summed)


def _add(connection: Connection, table: Any, summed: Any) -> None:
    insert_of = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    adding = insert_of(table).from_select(list(table.c.keys()), summed)
    total = table.c["count"] + adding.excluded["count"]
    connection.execute(adding.on_conflict_do_update(index_elements=list(table.primary_key), set_={"count": total}))
