"""Reading traces: by reference code, address or filter, with the probable cause in words. Recording is `broker.store.trace_log`.

Whoever opens one is written into the audit log (FEATURES M5). A tenant's people see that tenant's traces and no others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from broker.domain import errors
from broker.domain.email import normalise
from broker.domain.errors import InvalidSettings, UnknownObject
from broker.domain.trace import EventKind, Outcome, TraceEvent
from broker.protocols.saml import redaction
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench, note
from broker.services.diagnosis import Diagnosis, diagnose
from broker.store import trace_log
from broker.store.tables import trace_queries, trust_queries
from broker.store.tables import traces as table
from broker.store.tables.trace_queries import Label, Place, Wanted

RELATED = 10
_NOWHERE = Label("", "", "")
NO_TRACE = "There is no trace for this; it may be mistyped, or older than traces are kept."


@dataclass(frozen=True, slots=True)
class Find:
    """What to look for. "" or None: all. `connector` and `application` are ids; `email` is looked up by its keyed hash."""

    tenant_id: str | None = None
    application_id: str = ""
    connector_id: str = ""
    outcome: str = ""
    error_code: str = ""
    email: str = ""
    identity_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of a list."""

    code: str
    outcome: Outcome
    error_code: str | None
    started_at: datetime
    tenant: Label
    application: Label
    connector: Label
    tenant_id: str | None
    identity_id: str | None


@dataclass(frozen=True, slots=True)
class TraceView:
    """One login as support sees it. `tenant`, `application`, `connector` are names and ids, "" when never found out."""

    code: str
    outcome: Outcome
    error_code: str | None
    started_at: datetime
    tenant: str
    application: str
    connector: str
    events: tuple[TraceEvent, ...]
    line: TraceLine
    diagnosis: Diagnosis
    related: tuple[TraceLine, ...] = field(default=())

    @property
    def verdict(self) -> str:
        """The probable cause in one sentence."""
        if self.outcome is Outcome.SUCCEEDED:
            return "The person was signed in."
        if self.outcome is Outcome.PENDING:
            return "Sent to the identity provider; the answer has not arrived yet."
        if self.outcome is Outcome.ABANDONED:
            return "Sent to the identity provider, never returned: look at the provider's own log, or the person gave up there."
        failed = [event for event in self.events if event.kind is EventKind.CHECK and event.passed is False]
        error = next((event for event in reversed(self.events) if event.kind is EventKind.ERROR), None)
        cause = error.detail if error else ""
        return f"{cause} (check {failed[-1].name})" if failed and cause else cause or (self.error_code or "failed")


class Traces:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def find(self, actor: Actor, query: str, *, limit: int = 20) -> list[TraceView]:
        """By reference code, or the newest of an email address. Raises UnknownObject; viewing needs READ_TRACES."""
        if "@" not in query:
            return [self.show(actor, query)]
        known = normalise(query.strip()) is not None
        lines = self.search(actor, Find(email=query), after=None, limit=limit)[0] if known else []
        if not lines:
            raise UnknownObject(NO_TRACE, field="trace")
        return [self.show(actor, line.code) for line in lines]

    def search(self, actor: Actor, wanted: Find, *, after: str | None, limit: int) -> tuple[list[TraceLine], str]:
        """(the newest first, where the next page begins or ""). Raises InvalidSettings for a page that cannot be."""
        of = actor.tenant_id or wanted.tenant_id
        actor.require(Verb.READ_TRACES, of)
        address = normalise(wanted.email.strip()) if wanted.email.strip() else ""
        if address is None:
            raise InvalidSettings("This is no email address.", field="email")
        rows_wanted = Wanted(
            application_id=wanted.application_id or None,
            connector_id=wanted.connector_id or None,
            outcome=wanted.outcome or None,
            error_code=wanted.error_code or None,
            email_hash=self._bench.keyring.email_hash(address) if address else None,
            identity_id=wanted.identity_id or None,
            since=wanted.since,
            until=wanted.until,
            requests=_CODES_OF_REQUESTS,
        )
        with self._bench.database.reading() as connection:
            rows, place = trace_queries.search(connection, of, rows_wanted, after=_place(after), limit=limit)
            known = trace_queries.labels(connection, rows)
        return [_line(row, known) for row in rows], "" if place is None else _cursor(place)

    def show(self, actor: Actor, code: str) -> TraceView:
        """One, by its reference code as people type it. Raises UnknownObject, also for another tenant's. Is audited."""
        actor.require(Verb.READ_TRACES, actor.tenant_id)
        code = tidy(code)
        with self._bench.database.reading() as connection:
            row = table.find(connection, code)
            if row is None or actor.tenant_id not in (None, row.tenant_id):
                raise UnknownObject(NO_TRACE, field="trace")
            related = trace_queries.related(connection, actor.tenant_id, row, limit=RELATED)
            known = trace_queries.labels(connection, [row, *related])
            named = {
                "tenant": (row.tenant_id, trust_queries.tenant(connection, row.tenant_id or "")),
                "application": (row.application_id, trust_queries.application(connection, row.application_id or "")),
                "connector": (row.connector_id, trust_queries.connector(connection, row.tenant_id or "", row.connector_id or "")),
            }
        note(self._bench, actor.name, kind="trace", object_id=code, tenant_id=row.tenant_id, action="viewed")
        names = {
            kind: (f"{found.name} ({found.slug}, {found.id})" if found else object_id or "")
            for kind, (object_id, found) in named.items()
        }
        events = tuple(_readable(event) for event in trace_log.decode_events(row.events))
        line = _line(row, known)
        diagnosis = diagnose(line.outcome, row.error_code, events, line.connector.kind)
        others = tuple(_line(each, known) for each in related)
        return TraceView(
            row.code,
            line.outcome,
            row.error_code,
            row.started_at,
            events=events,
            line=line,
            diagnosis=diagnosis,
            related=others,
            **names,
        )


def _codes_below(kind: type[errors.BrokerError]) -> set[str]:
    return {kind.code}.union(*(_codes_below(each) for each in kind.__subclasses__()))


# Refused requests of nobody that we know belong among the sign-ins; pages that are not there, and faults of staff, do not.
_CODES_OF_REQUESTS = frozenset(
    (_codes_below(errors.RequestError) | _codes_below(errors.TransactionError)) - {"not_found", "wrong_method", "bad_request"}
)


def tidy(code: str) -> str:
    """As people type it: lower case, without hyphens."""
    symbols = "".join(symbol for symbol in code.upper() if symbol.isalnum())[:20]
    return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"


def _cursor(place: Place) -> str:
    return f"{place.started_at.isoformat()} {place.code}"


def _place(cursor: str | None) -> Place | None:
    if not cursor:
        return None
    moment, _, code = cursor.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidSettings("This is not where a page begins.", field="after") from error
    if at.tzinfo is None or not code:
        raise InvalidSettings("This is not where a page begins.", field="after")
    return Place(at, code)


def _line(row: Any, known: dict[str, Label]) -> TraceLine:
    def label(object_id: str | None) -> Label:
        return known.get(object_id, Label(object_id, "", "")) if object_id else _NOWHERE

    return TraceLine(
        row.code,
        Outcome(row.outcome),
        row.error_code,
        row.started_at,
        label(row.tenant_id),
        label(row.application_id),
        label(row.connector_id),
        row.tenant_id,
        row.identity_id,
    )


def _readable(event: TraceEvent) -> TraceEvent:
    """Messages are kept as compact as they travelled; people read them indented."""
    if event.kind is EventKind.MESSAGE and event.detail.startswith("<"):
        return replace(event, detail=redaction.readable(event.detail))
    return event
