"""Judging one message to the end: when a check fails, the next round pretends that it had passed, to see what else is wrong.

Nothing is skipped inside a validation; only what it is told to expect changes from round to round. What comes out at the
end was therefore not verified, and is for showing only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from broker.domain.errors import BrokerError
from broker.domain.trace import Trace, TraceEvent

S = TypeVar("S")
T = TypeVar("T")
ROUNDS = 16
TRIES = 2
"""How often one check may be passed over: a message can be wrong about an address in two places."""


def rehearse(
    trace: Trace, state: S, validate: Callable[[S, Trace], T], pretend: Callable[[S, TraceEvent], S | None]
) -> T | None:
    """`validate` under `state`, then under whatever `pretend` makes of it after each failure; None when it has no idea."""
    told: set[str] = set()
    failures: dict[str, int] = {}
    for _ in range(ROUNDS):
        rehearsal = Trace("", trace.clock, trace.started_at)
        try:
            result = validate(state, rehearsal)
        except BrokerError:
            result = None
        _tell(rehearsal, trace, told)
        failed = next((event for event in rehearsal.events if event.passed is False), None)
        if failed is None:
            return result
        failures[failed.name] = failures.get(failed.name, 0) + 1
        following = pretend(state, failed) if failures[failed.name] <= TRIES else None
        if following is None:
            return None
        state = following
    return None


def _tell(rehearsal: Trace, trace: Trace, told: set[str]) -> None:
    """Each check once, as it went the first time."""
    for event in rehearsal.events:
        if event.name not in told:
            told.add(event.name)
            trace.events.append(event)
