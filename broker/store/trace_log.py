"""Traces from memory to rows and back. Durable, always on, no sampling; requests of nobody we know are rate-capped."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from broker.domain import random_ids, redaction
from broker.domain.clock import Clock
from broker.domain.http import Incoming
from broker.domain.messages import Sentence, packed, unpacked
from broker.domain.trace import Trace, TraceEvent
from broker.store.db import Database
from broker.store.tables import traces

log = logging.getLogger("vestibule.trace")


@dataclass(slots=True)
class _Kept(TraceEvent):
    """An event whose sentences are kept with their message ids too, so that each reader gets their own language: that of its
    detail under "", those of its data under their names."""

    sentences: dict[str, dict[str, Any]] = field(default_factory=dict)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Kept)


class TraceLog:
    """Begins, resumes and saves traces. `save` joins the current unit of work, so a trace is committed with its answer."""

    def __init__(
        self, database: Database, clock: Clock, *, keep_days: Callable[[str | None], int], max_per_minute: int
    ) -> None:
        """`keep_days`: how long traces of a tenant (None: of nobody known) are kept."""
        self._database = database
        self._clock = clock
        self._keep_days = keep_days
        self._max_per_minute = max_per_minute
        self._minute = 0
        self._count = 0

    def begin(self, incoming: Incoming, name: str) -> Trace:
        """A new trace for a protocol request, its parameters redacted."""
        trace = Trace(random_ids.reference_code(), self._clock, self._clock.now())
        where = f"{incoming.method} {incoming.host}{redaction.path(incoming.path)}"
        trace.hop(name, where, parameters=redaction.parameters(incoming.parameters[:40]))
        return trace

    def resume(self, code: str) -> Trace:
        """The trace of a waiting login: what happens now is appended to what is stored."""
        return Trace(code, self._clock, self._clock.now(), stored=True)

    def save(self, trace: Trace) -> None:
        """Inserts, or appends to what is stored."""
        if trace.application_id is None and not trace.stored and self._over_rate():
            log.warning("trace not stored: too many requests of unknown applications", extra={"code": trace.code})
            return
        values: dict[str, Any] = {
            "outcome": trace.outcome.value,
            "error_code": trace.error_code,
            **{name: getattr(trace, name) for name in traces.FOUND},
        }
        events = encode_events(trace.events)
        keep = timedelta(days=self._keep_days(trace.tenant_id))
        known = None if trace.tenant_id is None else keep  # a resumed trace may not name its tenant again
        with self._database.unit_of_work() as connection:
            if not trace.stored or not traces.append(connection, trace.code, events, values, known):
                more = {
                    "code": trace.code,
                    "started_at": trace.started_at,
                    "expires_at": trace.started_at + keep,
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


# Words that nearly every trace contains: a compressor that knows them needs a third of the space and time.
_DICTIONARY = (
    b'","passed":null,"data":{}}\n{"kind":"check","at":"202","name":"saml.","detail":"","passed":true,"data":{}}\n'
    b'<ds:Signature xmlns:ds=\\"http://www.w3.org/2000/09/xmldsig#\\">\\n        <ds:SignedInfo>\\n          '
    b'<ds:CanonicalizationMethod Algorithm=\\"http://www.w3.org/2001/10/xml-exc-c14n#\\"/>\\n          '
    b'<ds:SignatureMethod Algorithm=\\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\\"/>\\n          <ds:Reference URI=\\"#_'
    b'<saml:NameID Format=\\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent<saml:SubjectConfirmationData Recipient=\\"'
    b'NotOnOrAfter=\\"202<saml:AttributeValue xmlns:saml=\\"urn:oasis:names:tc:SAML:2.0:assertion\\" '
    b'<saml:Attribute Name=\\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/'
)


def encode_events(events: list[TraceEvent]) -> bytes:
    """One part: length, then one JSON object a line, compressed. Parts stand behind each other, so more can be appended."""
    compressor = zlib.compressobj(1, zdict=_DICTIONARY)
    body = compressor.compress(_encoder.encode_lines([_kept(event) for event in events])) + compressor.flush()
    return len(body).to_bytes(4, "big") + body


def decode_events(value: bytes) -> list[TraceEvent]:
    """All parts, in order."""
    events: list[TraceEvent] = []
    at = 0
    while at < len(value):
        end = at + 4 + int.from_bytes(value[at : at + 4], "big")
        lines = zlib.decompressobj(zdict=_DICTIONARY).decompress(value[at + 4 : end])
        events += [_event(kept) for kept in _decoder.decode_lines(lines)]
        at = end
    return events


def _kept(event: TraceEvent) -> TraceEvent:
    found = {name: text for name, text in (("", event.detail), *event.data.items()) if isinstance(text, Sentence)}
    if not found:
        return event
    data = {name: str(text) for name, text in event.data.items()}
    sentences = {name: packed(text) for name, text in found.items() if text.values}
    return _Kept(event.kind, event.at, event.name, str(event.detail), event.passed, data, sentences)


def _event(kept: _Kept) -> TraceEvent:
    texts = {"": kept.detail, **kept.data}
    said = {**texts, **{name: unpacked(texts[name], sentence) for name, sentence in kept.sentences.items() if name in texts}}
    return TraceEvent(kept.kind, kept.at, kept.name, said.pop(""), kept.passed, said)
