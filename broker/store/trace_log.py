"""Traces from memory to rows and back. Durable, always on, no sampling; requests of nobody we know are rate-capped."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec

from broker.domain import random_ids, redaction
from broker.domain.clock import Clock
from broker.domain.http import Incoming
from broker.domain.trace import Outcome, Trace, TraceEvent
from broker.store.db import Database
from broker.store.tables import traces

log = logging.getLogger("vestibule.trace")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(TraceEvent)


class TraceLog:
    """Begins, resumes and saves traces. `save` joins the current unit of work, so a trace is committed with its answer."""

    def __init__(self, database: Database, clock: Clock, *, keep_days: int, max_per_minute: int) -> None:
        self._database = database
        self._clock = clock
        self._keep = timedelta(days=keep_days)
        self._max_per_minute = max_per_minute
        self._minute = 0
        self._count = 0

    def begin(self, incoming: Incoming, name: str) -> Trace:
        """A new trace for a protocol request, its parameters redacted."""
        trace = Trace(random_ids.reference_code(), self._clock, self._clock.now())
        trace.hop(name, f"{incoming.method} {incoming.path[:200]}", parameters=redaction.parameters(incoming.parameters[:40]))
        return trace

    def resume(self, code: str) -> Trace:
        """The trace of a waiting login: what happens now is appended to what is stored."""
        return Trace(code, self._clock, self._clock.now(), stored=True)

    def save(self, trace: Trace, *, pending_until: datetime | None = None) -> None:
        """Inserts or updates. `pending_until`: when an unanswered login is to be called abandoned."""
        if trace.application_id is None and not trace.stored and self._over_rate():
            log.warning("trace not stored: too many requests of unknown applications", extra={"code": trace.code})
            return
        values: dict[str, Any] = {
            "outcome": trace.outcome.value,
            "error_code": trace.error_code,
            "pending_until": pending_until if trace.outcome is Outcome.PENDING else None,
            **{name: getattr(trace, name) for name in traces.FOUND},
        }
        events = encode_events(trace.events)
        with self._database.unit_of_work() as connection:
            if not trace.stored or not traces.append(connection, trace.code, events, values):
                more = {
                    "code": trace.code,
                    "started_at": trace.started_at,
                    "expires_at": trace.started_at + self._keep,
                    "events": events,
                }
                traces.add(connection, {**values, **more})
                trace.stored = True
        trace.events.clear()

    def _over_rate(self) -> bool:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count > self._max_per_minute


def decode_events(value: bytes) -> list[TraceEvent]:
    return _decoder.decode_lines(value)


def encode_events(events: list[TraceEvent]) -> bytes:
    """One JSON object a line, so that more can be appended without reading what is there."""
    return _encoder.encode_lines(events)
