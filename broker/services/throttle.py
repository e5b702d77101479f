"""How often somebody may try: counted in the transient store, so that every process and machine counts together."""

from __future__ import annotations

import math
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


class Lockout:
    """For doors that honest callers pass all day: only failures are counted, and who failed too often is not even heard.

    That somebody is locked out is remembered in this process, so that nobody else's request costs anything; another process
    learns of it with the next failure that it sees.
    """

    MOST = 10_000

    def __init__(self, throttle: Throttle, limit: Limit, clock: Clock) -> None:
        self._throttle = throttle
        self._limit = limit
        self._clock = clock
        self._until: dict[str, datetime] = {}

    @property
    def anybody(self) -> bool:
        """Whether anybody at all may be locked out at the moment."""
        return bool(self._until)

    def check(self, key: str) -> None:
        """Raises TooManyAttempts while `key` is locked out."""
        until = self._until.get(key)
        if until is None:
            return
        wait = (until - self._clock.now()).total_seconds()
        if wait > 0:
            raise TooManyAttempts(retry_after_seconds=math.ceil(wait), cause=f"{self._limit.name}: locked out")
        self._until.pop(key, None)

    def failed(self, key: str) -> None:
        """Counts a failure. Raises TooManyAttempts when it was one too many."""
        try:
            self._throttle.attempt(self._limit, key)
        except TooManyAttempts as error:
            if len(self._until) >= self.MOST:
                self._until.clear()
            self._until[key] = self._clock.now() + timedelta(seconds=error.retry_after_seconds)
            raise
