"""Operations on the health of connectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import InvalidSettings
from broker.services.actor import Verb
from broker.services.diagnosis import explain
from broker.services.health import Health
from broker.services.operations.model import LIMIT, TENANT, Call, Operation, Page, argument, check_limit
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.operations.selecting import tenant_id_of

STATES = ("good", "quiet", "failing", "expiring", "expired", "off")


@dataclass(frozen=True, slots=True)
class HealthView:
    connector: str = argument("Short name of the connector within its tenant.")
    connector_id: str = argument("Id of the connector.")
    connector_name: str = argument("Name that people see.")
    type: str = argument("Which kind of identity provider.")
    state: str = argument("One word for all of it; quiet: nobody has signed in yet.", choices=STATES)
    last_success_at: datetime | None = argument("When somebody last signed in through it.")
    last_failure_at: datetime | None = argument("When a sign-in through it last failed.")
    last_failure_code: str = argument("Code of that error.")
    last_failure_cause: str = argument("What that error most often means.")
    last_failure_trace: str = argument("Reference code of that sign-in.")
    logins_day: int = argument("Sign-ins of the last 24 hours that ended.")
    error_rate_day: float | None = argument("How many percent of them failed; null when there were none.")
    logins_week: int = argument("Sign-ins of the last 7 days that ended.")
    error_rate_week: float | None = argument("How many percent of them failed; null when there were none.")
    certificate_expires_at: datetime | None = argument("When the last of the provider's signing certificates ends.")
    certificate_days: int | None = argument("Days until then; negative: it has ended.")
    metadata_expires_at: datetime | None = argument("Until when the provider's metadata says to be valid.")
    clock_offset_ms: int | None = argument("How far the provider's clock is ahead of ours, as last seen; null: unknown.")


@dataclass(frozen=True, slots=True)
class ExpiringView:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    connector: str = argument("Short name of the connector within its tenant.")
    connector_name: str = argument("Name of the connector.")
    expires_at: datetime = argument("When its certificate or its metadata ends.")
    days: int = argument("Days until then; negative: it has ended.")


@dataclass(frozen=True, slots=True)
class ListHealth:
    tenant: str = argument(TENANT)


@dataclass(frozen=True, slots=True)
class ListExpiring:
    tenant_slug: str = argument(ONE_TENANT, default="")
    days: int = argument("Look this many days ahead.", default=60)
    limit: int = argument(LIMIT, default=20)


def view(health: Health, now: datetime) -> HealthView:
    connector, code = health.connector, health.last_failure_code or ""
    return HealthView(
        connector.slug,
        connector.id,
        connector.name,
        connector.type,
        health.state,
        health.last_success_at,
        health.last_failure_at,
        code,
        explain(code).cause if code else "",
        health.last_failure_trace or "",
        health.day.succeeded + health.day.failed,
        health.day.percent,
        health.week.succeeded + health.week.failed,
        health.week.percent,
        health.certificate_expires_at,
        None if health.certificate_expires_at is None else (health.certificate_expires_at - now).days,
        health.metadata_expires_at,
        health.clock_offset_ms,
    )


def _list(call: Call, asked: ListHealth) -> Page[HealthView]:
    """A tenant's connectors are few, so this is one page."""
    now = call.services.bench.clock.now()
    found = call.services.health.of(call.tenant.id, call.services.connectors.all(call.tenant.id))
    return Page(tuple(view(each, now) for each in found))


def _expiring(call: Call, asked: ListExpiring) -> Page[ExpiringView]:
    if not 0 <= asked.days <= 3650:
        raise InvalidSettings("Look from 0 to 3650 days ahead.", field="days")
    now, limit = call.services.bench.clock.now(), check_limit(asked.limit)
    rows = call.services.health.expiring(tenant_id_of(call, asked.tenant_slug), timedelta(days=asked.days), limit)
    views = (
        ExpiringView(row.tenant, row.tenant_name, row.connector, row.connector_name, row.expires_at, (row.expires_at - now).days)
        for row in rows
    )
    return Page(tuple(views))


_HEALTH: Any = Page[HealthView]
_EXPIRING: Any = Page[ExpiringView]

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "health.list",
        "How each connector of a tenant fares",
        Verb.READ,
        "GET",
        "/tenants/{tenant}/health",
        ListHealth,
        _HEALTH,
        _list,
    ),
    Operation(
        "health.expiring",
        "Certificates and metadata that end soon",
        Verb.READ,
        "GET",
        "/expiring",
        ListExpiring,
        _EXPIRING,
        _expiring,
        narrowed=True,
    ),
)
