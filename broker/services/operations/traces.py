"""Operations on traces: why can this person not sign in?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.domain.errors import InvalidSettings
from broker.domain.messages import as_it_is
from broker.domain.trace import EventKind, Outcome, TraceEvent
from broker.services.actor import Verb
from broker.services.diagnosis import Diagnosis, explain
from broker.services.operations.model import AFTER, LIMIT, Call, Operation, Page, argument, check_limit
from broker.services.operations.selecting import SINCE, UNTIL, application_id_of, connector_id_of, moment, tenant_id_of
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.traces import Find, TraceLine, TraceView
from broker.store.tables.trace_queries import Label

OUTCOMES = tuple(each.value for each in Outcome)


@dataclass(frozen=True, slots=True)
class TraceSummary:
    code: str = argument("Reference code, as it stands on the error page.")
    started_at: datetime = argument("When the application's request arrived.")
    outcome: str = argument("How it ended; pending: the browser is not back yet.", choices=OUTCOMES)
    error_code: str = argument("Code of the error, see the error catalogue.")
    cause: str = argument("What that error most often means, in a sentence.")
    tenant: str = argument("Short name of the tenant.")
    tenant_name: str = argument("Name of the tenant.")
    connector: str = argument("Short name of the connector within the tenant.")
    connector_id: str = argument("Id of the connector.")
    connector_name: str = argument("Name of the connector.")
    application: str = argument("Short name of the application.")
    application_name: str = argument("Name of the application.")
    identity_id: str = argument("Id of the person, if they were identified.")


@dataclass(frozen=True, slots=True)
class TraceStep:
    kind: str = argument("What kind of line this is.", choices=tuple(each.value for each in EventKind))
    at: datetime = argument("When it happened.")
    name: str = argument("Name of the check, message or decision.")
    detail: str = argument("The reason, or the message itself with private values masked.")
    passed: bool | None = argument("Of a check: whether it passed.")
    data: dict[str, str] = argument("Further details by name.")


@dataclass(frozen=True, slots=True)
class Verdict:
    cause: str = argument("The probable cause, in a sentence.")
    fix: str = argument("What to do about it.")
    act: str = argument("Who has to act.", choices=("user", "customer_it", "application_owner", "operator", ""))
    check: str = argument("Name of the check that failed, see docs/checks.md.")
    reason: str = argument("What exactly was seen.")
    expected: str = argument("What the check expected.")
    received: str = argument("What it received instead.")


@dataclass(frozen=True, slots=True)
class TraceDetail:
    summary: TraceSummary = argument("The line of the list.")
    verdict: Verdict = argument("Cause, remedy, and who has to act.")
    steps: tuple[TraceStep, ...] = argument("Everything that happened, in order.")
    related: tuple[TraceSummary, ...] = argument("Other sign-ins of the same person, the newest first.")


@dataclass(frozen=True, slots=True)
class ListTraces:
    tenant_slug: str = argument(ONE_TENANT, default="")
    application: str = argument("Only of the application with this short name.", default="")
    connector: str = argument("Only of this connector: its id, or its short name where tenant_slug is given.", default="")
    outcome: str = argument("Only with this outcome.", default="", choices=("", *OUTCOMES))
    error_code: str = argument("Only with this error code.", default="")
    email: str = argument("Only of the person with this email address.", default="")
    identity: str = argument("Only of the person with this id.", default="")
    since: str = argument(SINCE, default="")
    until: str = argument(UNTIL, default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneTrace:
    code: str = argument("Reference code; lower case and without hyphens will do.")


def summary(line: TraceLine) -> TraceSummary:
    cause = explain(line.error_code).cause if line.error_code else ""
    return TraceSummary(
        line.code,
        line.started_at,
        line.outcome.value,
        line.error_code or "",
        cause,
        _slug(line.tenant),
        line.tenant.name,
        line.connector.slug,
        line.connector.id,
        line.connector.name,
        _slug(line.application),
        line.application.name,
        line.identity_id or "",
    )


def _slug(label: Label) -> str:
    """What is gone is known by its id."""
    return label.slug or label.id


def detail(found: TraceView) -> TraceDetail:
    steps = tuple(step_of(event) for event in found.events)
    return TraceDetail(summary(found.line), verdict_of(found.diagnosis), steps, tuple(map(summary, found.related)))


def verdict_of(found: Diagnosis) -> Verdict:
    act = "" if found.act is None else found.act.value
    return Verdict(
        found.cause, found.fix, act, found.check, as_it_is(found.reason), as_it_is(found.expected), as_it_is(found.received)
    )


def step_of(event: TraceEvent) -> TraceStep:
    return TraceStep(
        event.kind.value,
        event.at,
        event.name,
        as_it_is(event.detail),
        event.passed,
        {name: as_it_is(text) for name, text in event.data.items()},
    )


def _list(call: Call, asked: ListTraces) -> Page[TraceSummary]:
    if asked.outcome and asked.outcome not in OUTCOMES:
        raise InvalidSettings(f"Choose one of {', '.join(OUTCOMES)}.", field="outcome")
    tenant_id = tenant_id_of(call, asked.tenant_slug)
    wanted = Find(
        tenant_id=tenant_id,
        application_id=application_id_of(call, asked.application),
        connector_id=connector_id_of(call, tenant_id, asked.connector),
        outcome=asked.outcome,
        error_code=asked.error_code,
        email=asked.email,
        identity_id=asked.identity,
        since=moment(asked.since, "since"),
        until=moment(asked.until, "until", end_of_day=True),
    )
    lines, after = call.services.traces.search(call.actor, wanted, after=asked.after, limit=check_limit(asked.limit))
    return Page(tuple(map(summary, lines)), after)


def _show(call: Call, asked: OneTrace) -> TraceDetail:
    return detail(call.services.traces.show(call.actor, asked.code))


_LIST: Any = Page[TraceSummary]

OPERATIONS: tuple[Operation, ...] = (
    Operation("trace.list", "Sign-ins, newest first", Verb.READ_TRACES, "GET", "/traces", ListTraces, _LIST, _list, narrowed=True),
    Operation(
        "trace.show",
        "One sign-in, check by check, with its probable cause",
        Verb.READ_TRACES,
        "GET",
        "/traces/{code}",
        OneTrace,
        TraceDetail,
        _show,
        narrowed=True,
    ),
)
