"""Operations on the health of connectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import Act, InvalidSettings
from broker.services.actor import Verb
from broker.services.diagnosis import explain
from broker.services.followed import Followed
from broker.services.health import Health
from broker.services.operations.connectors import OneConnector
from broker.services.operations.following import waits_in_words
from broker.services.operations.model import LIMIT, TENANT, Call, Operation, Page, argument, check_limit
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.operations.selecting import tenant_id_of
from broker.services.reached import Reached

STATES = ("good", "quiet", "unreachable", "failing", "expiring", "expired", "off")


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
    reachable: bool | None = argument("Whether the provider answered when the hub last looked, even with an error; null: unknown.")
    reachable_since: datetime | None = argument("Since when that is so.")
    looked_at: datetime | None = argument("When the hub last looked.")
    looked_where: str = argument("What it asked, without the query.")
    reach_problem: str = argument("What went wrong, as a stable word; empty: nothing.")
    reach_cause: str = argument("The same in words.")
    reach_act: str = argument("Who can do something about it.", choices=("", *Act))
    reach_fix: str = argument("What they can do.")
    response_ms: int | None = argument("How long the answer took.")
    web_certificate_days: int | None = argument("Days until the certificate of its web server ends; null: not seen.")
    follows: str = argument("The address that is read again by the clock; empty: nothing is followed.")
    followed_at: datetime | None = argument("When reading it last worked.")
    followed_unchanged_since: datetime | None = argument("When something in it last changed the connector.")
    followed_next_at: datetime | None = argument("When it is read next.")
    followed_problem: str = argument("Why the last reading failed, in words; what was read before still holds.")
    followed_waits: tuple[str, ...] = argument("Why what it says now waits for a person, in words.")


@dataclass(frozen=True, slots=True)
class ExpiringView:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    connector: str = argument("Short name of the connector within its tenant.")
    connector_name: str = argument("Name of the connector.")
    expires_at: datetime = argument("When its certificate or its metadata ends.")
    days: int = argument("Days until then; negative: it has ended.")


@dataclass(frozen=True, slots=True)
class UnreachableView:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    connector: str = argument("Short name of the connector within its tenant.")
    connector_name: str = argument("Name of the connector.")
    since: datetime = argument("Since when it does not answer.")
    problem: str = argument("What went wrong, as a stable word.")
    cause: str = argument("The same in words.")
    act: str = argument("Who can do something about it.", choices=("", *Act))
    fix: str = argument("What they can do.")


@dataclass(frozen=True, slots=True)
class ListUnreachable:
    tenant_slug: str = argument(ONE_TENANT, default="")
    limit: int = argument(LIMIT, default=20)


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
        *_reached(health.reached.as_known(health.last_success_at, now), now),
        *_followed(health.followed),
    )


def _reached(look: Reached, now: datetime) -> tuple[Any, ...]:
    said = look.said
    return (
        look.reachable,
        look.since,
        look.probed_at,
        look.address,
        look.problem,
        look.sentence,
        "" if said is None else said.act.value,
        "" if said is None else said.fix,
        look.response_ms,
        None if look.tls_expires_at is None else (look.tls_expires_at - now).days,
    )


def _list(call: Call, asked: ListHealth) -> Page[HealthView]:
    """A tenant's connectors are few, so this is one page."""
    now = call.services.bench.clock.now()
    found = call.services.health.of(call.tenant.id, call.services.connectors.all(call.tenant.id))
    return Page(tuple(view(each, now) for each in found))


def _followed(found: Followed) -> tuple[Any, ...]:
    waits = waits_in_words(found.waits)
    return (found.address, found.good_at, found.changed_at, found.next_at, found.problem, waits)


def _probe(call: Call, asked: OneConnector) -> HealthView:
    services = call.services
    services.reach.look(call.actor, services.connectors.get(call.tenant.id, asked.connector))
    (found,) = services.health.of(call.tenant.id, [services.connectors.get(call.tenant.id, asked.connector)])
    return view(found, services.bench.clock.now())


def _unreachable(call: Call, asked: ListUnreachable) -> Page[UnreachableView]:
    rows = call.services.health.unreachable(tenant_id_of(call, asked.tenant_slug), check_limit(asked.limit))
    return Page(tuple(_silent(row) for row in rows))


def _silent(row: Any) -> UnreachableView:
    look = Reached(problem=row.problem, detail=row.detail)
    said = look.said
    act, fix = ("", "") if said is None else (said.act.value, said.fix)
    return UnreachableView(
        row.tenant, row.tenant_name, row.connector, row.connector_name, row.since, row.problem, look.sentence, act, fix
    )


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
_UNREACHABLE: Any = Page[UnreachableView]

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
    Operation(
        "health.probe",
        "Look now whether a connector's identity provider answers",
        Verb.READ_TRACES,
        "POST",
        "/tenants/{tenant}/connectors/{connector}/probe",
        OneConnector,
        HealthView,
        _probe,
    ),
    Operation(
        "health.unreachable",
        "Identity providers that do not answer",
        Verb.READ,
        "GET",
        "/unreachable",
        ListUnreachable,
        _UNREACHABLE,
        _unreachable,
        narrowed=True,
    ),
)
