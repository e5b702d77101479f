"""Counting logins: hours that are over are folded into rows, the hours since then are counted in the traces themselves.

A login of nobody that we know (no application) is none, and neither are a test and a refused request for tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, delete, func, insert, literal, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite

from broker.domain.login_report import TEST_APPLICATION_ID
from broker.store.db import Instant
from broker.store.statements import Statement
from broker.store.tables import hub_settings, login_rollups
from broker.store.tables.login_rollups import Counts
from broker.store.tables.statistics import active_people, hub_hours, login_hours, usage_hours
from broker.store.tables.traces import TraceRow
from broker.store.tables.trusts import tenants

HOUR, MINUTE = 3_600_000_000, 60_000_000
"""In microseconds, as instants are stored."""
_FOLDED = "statistics.folded_until"
_NOT_A_LOGIN = "token_request_refused"

_traces = TraceRow.__table__
_raw = type_coerce(_traces.c.started_at, BigInteger)
_IS_LOGIN = (
    _traces.c.application_id.is_not(None),
    _traces.c.application_id != TEST_APPLICATION_ID,
    func.coalesce(_traces.c.error_code, "") != _NOT_A_LOGIN,
)


@dataclass(frozen=True, slots=True)
class Counted:
    """`at`: begin of the bucket."""

    at: datetime
    connector_id: str
    outcome: str
    error_code: str
    count: int


# --- folding ----------------------------------------------------------------------------------------------------------


def folded_until(connection: Connection) -> datetime | None:
    """Everything before this moment stands in `login_hours`; None before the first fold."""
    value = hub_settings.get(connection, _FOLDED)
    return None if value is None else datetime.fromisoformat(value)


def first_login_from(connection: Connection, moment: datetime | None) -> datetime | None:
    """When the first trace from then on began: hours without any are skipped."""
    query = select(func.min(_traces.c.started_at))
    return connection.execute(query if moment is None else query.where(_traces.c.started_at >= moment)).scalar()


def fold(connection: Connection, hour: datetime) -> None:
    """Counts one hour that is over, once: the mark moves in the same unit of work."""
    end = hour + timedelta(hours=1)
    within = (_traces.c.started_at >= hour, _traces.c.started_at < end, *_IS_LOGIN)
    key = [func.coalesce(_traces.c[name], "") for name in ("tenant_id", "application_id", "connector_id")]
    key += [_traces.c.outcome, func.coalesce(_traces.c.error_code, "")]
    counted = select(literal(hour, Instant()), *key, func.count()).where(*within).group_by(*key)
    login_rollups.forget(connection, hour)
    connection.execute(delete(login_hours).where(login_hours.c.hour == hour))
    connection.execute(insert(login_hours).from_select(list(login_hours.c.keys()), counted))
    login_rollups.fold(connection, hour)
    minutes = _per_minute(within).where(_traces.c.tenant_id.in_(select(tenants.c.id))).subquery()
    peaks = select(literal(hour, Instant()), minutes.c.tenant_id, func.max(minutes.c.logins)).group_by(minutes.c.tenant_id)
    connection.execute(delete(usage_hours).where(usage_hours.c.hour == hour))
    connection.execute(insert(usage_hours).from_select(list(usage_hours.c.keys()), peaks))
    mark(connection, end)


def mark(connection: Connection, until: datetime) -> None:
    hub_settings.put(connection, _FOLDED, until.isoformat())


def _per_minute(within: Iterable[Any]) -> Select[Any]:
    minute = (_raw // MINUTE).label("minute")
    return select(_traces.c.tenant_id, minute, func.count().label("logins")).where(*within).group_by(_traces.c.tenant_id, minute)


# --- reading ----------------------------------------------------------------------------------------------------------


def logins(
    connection: Connection,
    tenant_id: str | None,
    since: datetime,
    until: datetime,
    *,
    bucket: int = HOUR,
    application_id: str | None = None,
    connector_id: str | None = None,
    by_connector: bool = False,
) -> list[Counted]:
    """Logins of [since, until) in buckets of so many microseconds. `tenant_id` None: of the whole hub."""
    wanted = {"tenant_id": tenant_id, "application_id": application_id, "connector_id": connector_id}
    until_folded = folded_until(connection)
    found: Counter[tuple[int, str, str, str]] = Counter()
    if until_folded is not None and since < until_folded:
        of_all = tenant_id is None and connector_id is None and not by_connector
        table = hub_hours if of_all else login_hours
        found += _rows(connection, table, table.c.hour, func.sum(table.c["count"]), since, until, bucket, wanted, by_connector)
    live = since if until_folded is None else max(since, until_folded)
    if live < until:
        found += _rows(connection, _traces, _traces.c.started_at, func.count(), live, until, bucket, wanted, by_connector)
    return [Counted(_moment(at * bucket), who, outcome, error, n) for (at, who, outcome, error), n in sorted(found.items())]


def _rows(
    connection: Connection,
    table: Any,
    column: Any,
    count: Any,
    since: datetime,
    until: datetime,
    bucket: int,
    wanted: dict[str, str | None],
    by_connector: bool,
) -> Counter[tuple[int, str, str, str]]:
    at = (type_coerce(column, BigInteger) // bucket).label("at")
    connector = func.coalesce(table.c.connector_id, "") if by_connector else literal("")
    error = func.coalesce(table.c.error_code, "")
    query = select(at, connector.label("connector"), table.c.outcome, error.label("error"), count.label("count"))
    query = query.where(column >= since, column < until)
    query = query.where(*(table.c[name] == value for name, value in wanted.items() if value is not None))
    if table is _traces:
        query = query.where(*_IS_LOGIN)
    grouped = query.group_by(at, *((connector,) if by_connector else ()), table.c.outcome, error)
    return Counter({(int(at), who, outcome, code): int(number) for at, who, outcome, code, number in connection.execute(grouped)})


def totals(connection: Connection, tenant_id: str | None, since: datetime, until: datetime) -> tuple[Counts, Counts]:
    """Logins of [since, until) by connector and by application, the whole federation in one pass; `until` is now or later."""
    until_folded = folded_until(connection)
    through: Counts = Counter()
    into: Counts = Counter()
    parts: list[tuple[Any, Any, Any, datetime]] = [(_traces, _traces.c.started_at, func.count(), max(since, until_folded or since))]
    if until_folded is not None and since < until_folded:
        if tenant_id is None:
            through = login_rollups.by_connector(connection, since, until_folded)
            into = login_rollups.by_application(connection, since, until_folded)
        else:
            parts.append((login_hours, login_hours.c.hour, func.sum(login_hours.c["count"]), since))
    for table, column, count, start in parts:
        key = (table.c.connector_id, table.c.application_id, table.c.outcome)
        query = select(*key, count).where(column >= start, column < until)
        query = query.where(*_IS_LOGIN) if table is _traces else query
        query = query if tenant_id is None else query.where(table.c.tenant_id == tenant_id)
        for connector_id, application_id, outcome, number in connection.execute(query.group_by(*key)):
            through[connector_id or "", outcome] += int(number)
            into[application_id or "", outcome] += int(number)
    return through, into


def peaks(connection: Connection, tenant_id: str, since: datetime, until: datetime) -> dict[datetime, int]:
    """The busiest minute of each hour."""
    query = select(usage_hours).where(usage_hours.c.tenant_id == tenant_id, usage_hours.c.hour >= since, usage_hours.c.hour < until)
    found = {row.hour: row.peak_per_minute for row in connection.execute(query)}
    until_folded = folded_until(connection)
    live = since if until_folded is None else max(since, until_folded)
    within = (_traces.c.tenant_id == tenant_id, _traces.c.started_at >= live, _traces.c.started_at < until, *_IS_LOGIN)
    for row in connection.execute(_per_minute(within)):
        hour = _moment(row.minute * MINUTE // HOUR * HOUR)
        found[hour] = max(found.get(hour, 0), row.logins)
    return found


def _moment(microseconds: int) -> datetime:
    moment = Instant().process_result_value(int(microseconds), sqlite.dialect())
    assert moment is not None
    return moment


# --- active people ----------------------------------------------------------------------------------------------------


_ACTIVE_KEY = ("month", "tenant_id", "identity_id")


def _once(insert_of: Any) -> Any:
    return insert_of(active_people).values({name: bindparam(name) for name in _ACTIVE_KEY}).on_conflict_do_nothing()


_ACTIVE = Statement(_once(sqlite.insert), {"postgresql": _once(postgresql.insert)})


def month_of(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


def was_active(connection: Connection, tenant_id: str, identity_id: str, at: datetime) -> None:
    """Once a person and month; on the login path, in the unit of work that commits the answer."""
    _ACTIVE.run(connection, month=month_of(at), tenant_id=tenant_id, identity_id=identity_id)


def active(connection: Connection, tenant_ids: Iterable[str], months: Iterable[str]) -> dict[tuple[str, str], int]:
    """People who signed in at least once, by (tenant, month)."""
    key = (active_people.c.tenant_id, active_people.c.month)
    query = select(*key, func.count().label("people")).group_by(*key)
    query = query.where(active_people.c.month.in_(list(months)), active_people.c.tenant_id.in_(list(tenant_ids)))
    return {(row.tenant_id, row.month): row.people for row in connection.execute(query)}


def purge_active(connection: Connection, before_month: str) -> int:
    return connection.execute(delete(active_people).where(active_people.c.month < before_month)).rowcount


def purge_hours(connection: Connection, before: datetime) -> int:
    login_rollups.purge(connection, before)
    connection.execute(delete(usage_hours).where(usage_hours.c.hour < before))
    return connection.execute(delete(login_hours).where(login_hours.c.hour < before)).rowcount
