"""The trace: one recorded, redacted, explained exchange per protocol request.

It begins with every request, before there is a transaction, is found by its reference code, and is what the support
view, a customer's test login, the dry run of rules and the replay of upgrades all read. Whoever records hands over
already redacted text: `broker.domain.redaction` and `broker.protocols.saml.redaction` are the two places that redact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from broker.domain.claims import Claim
from broker.domain.clock import Clock
from broker.domain.messages import filled, translatable

CLOCK = "clock of the identity provider"
"""Name of the event that says how far its clock is from ours."""
_LONGEST_VALUE = 1000


class EventKind(StrEnum):
    HOP = "hop"  # the browser arrived, or was sent somewhere
    MESSAGE = "message"  # a protocol message, as received or as sent, redacted
    CHECK = "check"  # a validation, passed or failed, with its reason
    DECISION = "decision"  # a choice the hub made, and why
    CLAIMS = "claims"  # claims before and after a rule
    ERROR = "error"  # how it ended, when it ended badly


@dataclass(slots=True)
class TraceEvent:
    """One line of a trace. `passed` only for checks; `data` holds redacted details as text."""

    kind: EventKind
    at: datetime
    name: str
    detail: str = ""
    passed: bool | None = None
    data: dict[str, str] = field(default_factory=dict)


class Outcome(StrEnum):
    PENDING = "pending"  # sent to the identity provider, not returned (yet): diagnosed as "never returned" on expiry
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(slots=True)
class Trace:
    """Collects events of one login. Not shared between threads; saved with the answer of each request."""

    code: str
    clock: Clock
    started_at: datetime
    events: list[TraceEvent] = field(default_factory=list)
    outcome: Outcome = Outcome.PENDING
    error_code: str | None = None
    tenant_id: str | None = None
    application_id: str | None = None
    connector_id: str | None = None
    email_hash: str | None = None
    identity_id: str | None = None
    stored: bool = False
    """Whether a row exists already: a resumed trace is updated, a new one inserted."""

    def hop(self, name: str, detail: str = "", **data: str) -> None:
        """The browser arrived here or was sent away, e.g. hop("sent to identity provider", "https://idp/sso")."""
        self._add(EventKind.HOP, name, detail, data=data)

    def message(self, name: str, text: str, **data: str) -> None:
        """A protocol message. `text` must already be redacted."""
        self._add(EventKind.MESSAGE, name, text, data=data)

    def check(self, name: str, passed: bool, reason: str = "", *, expected: str = "", received: str = "") -> None:
        """A validation and its result. `name` is stable: docs/checks.md and the attack tests cite it.

        `expected` and `received`: what support should compare, both nothing private.
        """
        compared = {name: _short(text) for name, text in (("expected", expected), ("received", received)) if text}
        self._add(EventKind.CHECK, name, reason, passed=passed, data=compared)

    def decide(self, name: str, detail: str) -> None:
        """A choice, and why."""
        self._add(EventKind.DECISION, name, detail)

    def clock_seen(self, theirs: datetime) -> None:
        """What the identity provider's clock said in a message that has just arrived; the way here counts as slow."""
        offset = theirs - self.clock.now()
        seconds = offset.total_seconds()
        self._add(EventKind.DECISION, CLOCK, _of_ours(seconds), data={"offset_ms": str(offset // timedelta(milliseconds=1))})

    def claims(self, rule: str, before: Iterable[Claim], after: Iterable[Claim]) -> None:
        """Claims before and after one rule or stage; values are masked (`redaction.mask`)."""
        self._add(EventKind.CLAIMS, rule, data={"before": _lines(before), "after": _lines(after)})

    def fail(self, code: str, cause: str, act: str, fix: str, check: str | None = None) -> None:
        """The end, when it is bad. `check`: the one that failed, where it is not on the trace by itself."""
        self.outcome = Outcome.FAILED
        self.error_code = code
        self._add(EventKind.ERROR, code, cause, data={"act": act, "fix": fix, **({"check": check} if check else {})})

    def succeed(self) -> None:
        self.outcome = Outcome.SUCCEEDED
        self.error_code = None

    def _add(
        self,
        kind: EventKind,
        name: str,
        detail: str = "",
        *,
        passed: bool | None = None,
        data: dict[str, str] | None = None,
    ) -> None:
        self.events.append(TraceEvent(kind, self.clock.now(), name, detail, passed, data or {}))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE]


def _of_ours(seconds: float) -> str:
    apart = f"{abs(seconds):.0f}"
    if abs(seconds) < 1:
        return translatable("as ours")
    return filled("%(apart)s s ahead of ours", apart=apart) if seconds > 0 else filled("%(apart)s s behind ours", apart=apart)


def _lines(claims: Iterable[Claim]) -> str:
    from broker.domain.redaction import mask

    return "\n".join(f"{claim.type} = {mask(claim.value)}" for claim in claims)
