"""Work by the clock: something again and again, and many slow things at once within the time of one run."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
POOL = 8
BUDGET_SECONDS = 40.0


def repeat(name: str, work: Callable[[], object], every_seconds: float, log: logging.Logger) -> threading.Event:
    """A daemon thread that does it until the returned event is set."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(every_seconds):
            try:
                work()
            except Exception:
                log.exception("%s failed; it will be tried again", name)

    threading.Thread(target=loop, name=name, daemon=True).start()
    return stop


def in_parallel(items: Sequence[T], work: Callable[[T], R], failed: Callable[[T], R], log: logging.Logger) -> Iterator[tuple[T, R]]:
    """What came back, as it comes; `failed` stands in where the work raised. What had not begun in time waits for the next run."""
    ends = time.monotonic() + BUDGET_SECONDS

    def timely(item: T) -> R | None:
        return work(item) if time.monotonic() < ends else None

    with ThreadPoolExecutor(POOL, thread_name_prefix="clockwork") as pool:
        waiting = {pool.submit(timely, item): item for item in items}
        for future in as_completed(waiting):
            item = waiting[future]
            try:
                found = future.result()
            except Exception:
                # A third party's connector type perhaps; the others get their turn all the same.
                log.exception("looking at a connector failed", extra={"item": getattr(item, "id", "")})
                found = failed(item)
            if found is not None:
                yield item, found


def about(usual: timedelta) -> timedelta:
    """Up to a tenth sooner, so that what began together does not stay together."""
    return usual * (0.9 + 0.1 * luck())


def luck() -> float:
    """From 0 to 1."""
    return secrets.randbelow(10_000) / 10_000
