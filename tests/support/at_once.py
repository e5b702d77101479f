"""Two changes at the same moment, as two processes make them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from tests.support.hub import Hub

PATIENCE = 60
"""Seconds, on a busy machine."""


def at_once(hub: Hub, slow: Callable[[], Any], fast: Callable[[], Any]) -> Future[Any]:
    """How `fast` ended, which began when `slow` had written and not yet committed."""
    begun, finish = threading.Event(), threading.Event()

    def slowly() -> None:
        with hub.built.database.unit_of_work():
            slow()
            begun.set()
            finish.wait(PATIENCE)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slowly)
        assert begun.wait(PATIENCE)
        second = pool.submit(fast)
        wait([second], timeout=0.5)  # it waits for the other, or has gone already
        finish.set()
        first.result(PATIENCE)
    return second
