"""Operations on numbers: how many people sign in, how often, what goes wrong, and how much at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import InvalidSettings
from broker.services.actor import Verb
from broker.services.diagnosis import explain
from broker.services.operations.model import AFTER, LIMIT, Call, Operation, Page, argument, check_limit, page_of
from broker.services.operations.model import TENANT as SLUG
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.operations.selecting import UNTIL, application_id_of, connector_id_of, moment, tenant_id_of
from broker.services.statistics import Point, months

_SINCE = "From this time on (UTC). Empty: the last 24 hours by hour, the last 30 days by day."
_BY = "How wide a point is."
_STEPS = ("hour", "day")
MONTHS = 13


@dataclass(frozen=True, slots=True)
class UsagePoint:
    begins: datetime = argument("Begin of the hour or day.")
    logins: int = argument("Sign-ins that began then.")
    succeeded: int = argument("Of those, how many worked.")
    failed: int = argument("Of those, how many failed.")
    abandoned: int = argument("Of those, how many never came back from the identity provider.")
    peak_per_minute: int | None = argument("Sign-ins in the busiest minute; null where it is not counted.")


@dataclass(frozen=True, slots=True)
class MonthView:
    month: str = argument("Month, as 2026-11 (UTC).")
    active_people: int = argument("People who signed in at least once in it.")


@dataclass(frozen=True, slots=True)
class FailureCount:
    error_code: str = argument("Code of the error, see the error catalogue.")
    cause: str = argument("What it most often means.")
    count: int = argument("How often.")


@dataclass(frozen=True, slots=True)
class LoginStatistics:
    since: datetime = argument("Begin of the range.")
    until: datetime = argument("End of the range.")
    by: str = argument(_BY, choices=_STEPS)
    logins: int = argument("Sign-ins in the range.")
    succeeded: int = argument("Of those, how many worked.")
    failed: int = argument("Of those, how many failed.")
    points: tuple[UsagePoint, ...] = argument("One for every hour or day, empty ones too.")
    failures: tuple[FailureCount, ...] = argument("Failures by cause, the most frequent first.")


@dataclass(frozen=True, slots=True)
class UsageView:
    tenant: str = argument(SLUG)
    tenant_name: str = argument("Name of the tenant.")
    peak_per_minute: int = argument("Sign-ins in the busiest minute of the range.")
    months: tuple[MonthView, ...] = argument(f"People who were active in each of the last {MONTHS} months, the oldest first.")
    statistics: LoginStatistics = argument("Sign-ins of the range.")


@dataclass(frozen=True, slots=True)
class TenantUsage:
    tenant: str = argument(SLUG)
    tenant_name: str = argument("Name of the tenant.")
    month: str = argument("Month, as 2026-11 (UTC).")
    active_people: int = argument("People who signed in at least once in it.")


@dataclass(frozen=True, slots=True)
class ShowStatistics:
    tenant_slug: str = argument(ONE_TENANT, default="")
    application: str = argument("Only of the application with this short name.", default="")
    connector: str = argument("Only of this connector: its id, or its short name where tenant_slug is given.", default="")
    since: str = argument(_SINCE, default="")
    until: str = argument(UNTIL, default="")
    by: str = argument(_BY, default="hour", choices=_STEPS)


@dataclass(frozen=True, slots=True)
class ShowUsage:
    tenant: str = argument(SLUG)
    since: str = argument(_SINCE, default="")
    until: str = argument(UNTIL, default="")
    by: str = argument(_BY, default="day", choices=_STEPS)


@dataclass(frozen=True, slots=True)
class ListUsage:
    month: str = argument("Month, as 2026-11 (UTC). Empty: this month.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


def _range(call: Call, since: str, until: str, by: str) -> tuple[datetime, datetime]:
    now = call.services.bench.clock.now()
    ends = moment(until, "until", end_of_day=True) or now + timedelta(seconds=1)
    usual = timedelta(hours=23) if by == "hour" else timedelta(days=29)
    whole = ends.replace(minute=0, second=0, microsecond=0)
    return moment(since, "since") or (whole if by == "hour" else whole.replace(hour=0)) - usual, ends


def _statistics(
    call: Call, tenant_id: str | None, since: datetime, until: datetime, by: str, application_id: str = "", connector_id: str = ""
) -> LoginStatistics:
    of = {"application_id": application_id or None, "connector_id": connector_id or None}
    points = call.services.statistics.series(tenant_id, since, until, by, **of)
    failures = call.services.statistics.failures(tenant_id, since, until, **of)
    return LoginStatistics(
        since,
        until,
        by,
        sum(point.logins for point in points),
        sum(point.succeeded for point in points),
        sum(point.failed for point in points),
        tuple(_point(point) for point in points),
        tuple(FailureCount(code, explain(code).cause, count) for code, count in failures.items()),
    )


def _point(point: Point) -> UsagePoint:
    return UsagePoint(point.begins, point.logins, point.succeeded, point.failed, point.abandoned, point.peak_per_minute)


def _show_statistics(call: Call, asked: ShowStatistics) -> LoginStatistics:
    tenant_id = tenant_id_of(call, asked.tenant_slug)
    since, until = _range(call, asked.since, asked.until, asked.by)
    application_id = application_id_of(call, asked.application)
    return _statistics(call, tenant_id, since, until, asked.by, application_id, connector_id_of(call, tenant_id, asked.connector))


def _show_usage(call: Call, asked: ShowUsage) -> UsageView:
    tenant = call.tenant
    found = _statistics(call, tenant.id, *_range(call, asked.since, asked.until, asked.by), asked.by)
    wanted = months(call.services.bench.clock.now(), MONTHS)
    active = call.services.statistics.active([tenant.id], wanted)
    views = tuple(MonthView(month, active.get((tenant.id, month), 0)) for month in wanted)
    peak = max((point.peak_per_minute or 0 for point in found.points), default=0)
    return UsageView(tenant.slug, tenant.name, peak, views, found)


def _list_usage(call: Call, asked: ListUsage) -> Page[TenantUsage]:
    limit = check_limit(asked.limit)
    month = asked.month or months(call.services.bench.clock.now(), 1)[0]
    if len(month) != 7 or not month.replace("-", "0").isdecimal():
        raise InvalidSettings("Write a month as 2026-11.", field="month")
    found = call.services.tenants.search("", only=call.actor.tenant_id, after_slug=asked.after, limit=limit + 1)
    active = call.services.statistics.active([tenant.id for tenant in found], [month])
    views = [TenantUsage(tenant.slug, tenant.name, month, active.get((tenant.id, month), 0)) for tenant in found]
    return page_of(views, limit, lambda item: item.tenant)


_LIST: Any = Page[TenantUsage]

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "statistics.show",
        "Sign-ins over time, and failures by cause",
        Verb.READ,
        "GET",
        "/statistics",
        ShowStatistics,
        LoginStatistics,
        _show_statistics,
        narrowed=True,
    ),
    Operation(
        "usage.show",
        "Active people, sign-ins and busiest minute of a tenant",
        Verb.READ_PEOPLE,
        "GET",
        "/tenants/{tenant}/usage",
        ShowUsage,
        UsageView,
        _show_usage,
    ),
    Operation(
        "usage.list",
        "Active people of every tenant in a month",
        Verb.READ_PEOPLE,
        "GET",
        "/usage",
        ListUsage,
        _LIST,
        _list_usage,
        narrowed=True,
    ),
)
