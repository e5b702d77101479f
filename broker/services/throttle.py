"""How often somebody may try: counted in the transient store, so that every process and machine counts together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from broker.domain.access_errors import TooManyAttempts
from broker.domain.clock import Clock
from broker.store.transient.contract import TransientStore

_KIND = "throttle"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `attempts` in each window of `seconds`."""

    name: str
    attempts: int
    seconds: int


class Throttle:
    """Counts by burning one-time entries: entry N of a window can be added once, by whoever makes the Nth attempt."""

    def __init__(self, transient: TransientStore, clock: Clock) -> None:
        self._transient = transient
        self._clock = clock

    def attempt(self, limit: Limit, key: str) -> None:
        """Counts one attempt of `key` (an address, an account). Raises TooManyAttempts when the window is full."""
        window = int(self._clock.now().timestamp()) // limit.seconds
        ends_at = datetime.fromtimestamp((window + 1) * limit.seconds, UTC)
        for number in range(limit.attempts):
            if self._transient.add_once(_KIND, f"{limit.name} {window} {number} {key}", ends_at + timedelta(seconds=1)):
                return
        wait = int((ends_at - self._clock.now()).total_seconds()) + 1
        raise TooManyAttempts(retry_after_seconds=wait, cause=f"{limit.name}: {limit.attempts} in {limit.seconds} s")
