"""How often somebody may try: counted in the transient store, so that every process and machine counts together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from broker.domain.access_errors import CheckRequired, TooManyAttempts
from broker.domain.clock import Clock
from broker.domain.messages import filled
from broker.store.transient.contract import TransientStore

_KIND = "throttle"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `attempts` in each window of `seconds`; after `unchecked` of them each needs a calculation of the browser.

    0: none does. The calculation never adds an attempt: whoever can afford it meets the same limit.
    """

    name: str
    attempts: int
    seconds: int
    unchecked: int = 0


class Throttle:
    """Counts by burning one-time entries: entry N of a window can be added once, by whoever makes the Nth attempt."""

    def __init__(self, transient: TransientStore, clock: Clock, *, checks: bool = True) -> None:
        self._transient = transient
        self._clock = clock
        self._checks = checks

    def attempt(self, limit: Limit, key: str, *, checked: bool = False) -> int:
        """Counts one attempt of `key` (an address, an account), and says which one of the window it was.

        `checked`: the browser has made the calculation. Raises TooManyAttempts when the window is full, CheckRequired.
        """
        window, ends_at = self._window(limit)
        wait = int((ends_at - self._clock.now()).total_seconds()) + 1
        for number in range(self._first_free(limit, window, key), limit.attempts):
            if not checked and self.needs_check_after(limit, number):
                raise CheckRequired(
                    retry_after_seconds=wait,
                    cause=filled("%(limit)s: more than %(most)s, unchecked", limit=limit.name, most=limit.unchecked),
                )
            if self._transient.add_once(_KIND, _entry(limit, window, number, key), ends_at + timedelta(seconds=1)):
                return number + 1
        raise TooManyAttempts(
            retry_after_seconds=wait,
            cause=filled("%(limit)s: %(most)s in %(seconds)s s", limit=limit.name, most=limit.attempts, seconds=limit.seconds),
        )

    def check_due(self, limit: Limit, key: str) -> bool:
        """Whether the next attempt of `key` needs the calculation. Reads; not for every page of a login."""
        window, _ = self._window(limit)
        return self.needs_check_after(limit, self._first_free(limit, window, key))

    def needs_check_after(self, limit: Limit, count: int) -> bool:
        """Whether the calculation is needed after so many attempts."""
        return self._checks and 0 < limit.unchecked <= count

    def _window(self, limit: Limit) -> tuple[int, datetime]:
        """Its number, and when it ends."""
        number = int(self._clock.now().timestamp()) // limit.seconds
        return number, datetime.fromtimestamp((number + 1) * limit.seconds, UTC)

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
        self._due: dict[str, int] = {}

    def check_due(self, key: str) -> bool:
        """Whether `key` has failed so often that its next try needs the browser's calculation. Costs no query."""
        return self._due.get(key) == self._window()

    def _window(self) -> int:
        return int(self._clock.now().timestamp()) // self._limit.seconds

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
            raise TooManyAttempts(
                retry_after_seconds=math.ceil(wait), cause=filled("%(limit)s: locked out", limit=self._limit.name)
            )
        self._until.pop(key, None)

    def failed(self, key: str) -> None:
        """Counts a failure. Raises TooManyAttempts when it was one too many."""
        try:
            count = self._throttle.attempt(self._limit, key, checked=True)
            if self._throttle.needs_check_after(self._limit, count):
                if len(self._due) >= self.MOST:
                    self._due.clear()
                self._due[key] = self._window()
        except TooManyAttempts as error:
            if len(self._until) >= self.MOST:
                self._until.clear()
            self._until[key] = self._clock.now() + timedelta(seconds=error.retry_after_seconds)
            raise
