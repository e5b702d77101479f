"""Reading traces: by reference code or email address, in words. Recording them is `broker.store.trace_log`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from broker.domain.email import normalise
from broker.domain.errors import UnknownObject
from broker.domain.trace import EventKind, Outcome, TraceEvent
from broker.protocols.saml import redaction
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench
from broker.store import trace_log
from broker.store.tables import traces as table
from broker.store.tables import trust_queries


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
        actor.require(Verb.READ_TRACES, None)
        query = query.strip()
        with self._bench.database.reading() as connection:
            if "@" in query:
                address = normalise(query)
                rows = [] if address is None else table.find_by_email(connection, self._bench.keyring.email_hash(address), limit)
            else:
                row = table.find(connection, _tidy(query))
                rows = [] if row is None else [row]
        if not rows:
            raise UnknownObject("There is no trace for this; it may be mistyped, or older than traces are kept.", field="trace")
        return [self._view(row) for row in rows]

    def _view(self, row: Any) -> TraceView:
        with self._bench.database.reading() as connection:
            named = {
                "tenant": (row.tenant_id, trust_queries.tenant(connection, row.tenant_id or "")),
                "application": (row.application_id, trust_queries.application(connection, row.application_id or "")),
                "connector": (row.connector_id, trust_queries.connector(connection, row.tenant_id or "", row.connector_id or "")),
            }
        names = {
            kind: (f"{found.name} ({found.slug}, {found.id})" if found else object_id or "")
            for kind, (object_id, found) in named.items()
        }
        events = tuple(_readable(event) for event in trace_log.decode_events(row.events))
        return TraceView(row.code, Outcome(row.outcome), row.error_code, row.started_at, events=events, **names)


def _tidy(code: str) -> str:
    """As people type it: lower case, without hyphens."""
    symbols = "".join(symbol for symbol in code.upper() if symbol.isalnum())
    return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"


def _readable(event: TraceEvent) -> TraceEvent:
    """Messages are kept as compact as they travelled; people read them indented."""
    if event.kind is EventKind.MESSAGE and event.detail.startswith("<"):
        return replace(event, detail=redaction.readable(event.detail))
    return event
