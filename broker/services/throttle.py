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
        for number in range(self._first_free(limit, window, key), limit.attempts):
            if self._transient.add_once(_KIND, _entry(limit, window, number, key), ends_at + timedelta(seconds=1)):
                return
        wait = int((ends_at - self._clock.now()).total_seconds()) + 1
        raise TooManyAttempts(retry_after_seconds=wait, cause=f"{limit.name}: {limit.attempts} in {limit.seconds} s")

    def _first_free(self, limit: Limit, window: int, key: str) -> int:
        """Entries are burnt in order, so a search by halves finds where to go on: a busy key costs few reads."""
        low, high = 0, limit.attempts
        while low < high:
            middle = (low + high) // 2
            if self._transient.get(_KIND, _entry(limit, window, middle, key)) is None:
                high = middle
            else:
                low = middle + 1
        return low


def _entry(limit: Limit, window: int, number: int, key: str) -> str:
    return f"{limit.name} {window} {number} {key}"
