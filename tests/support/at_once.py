"""Two changes at the same moment, as two processes make them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from tests.support.hub import Hub


def at_once(hub: Hub, slow: Callable[[], Any], fast: Callable[[], Any]) -> Future[Any]:
    """How `fast` ended, which began when `slow` had written and not yet committed."""
    begun, finish = threading.Event(), threading.Event()

    def slowly() -> None:
        with hub.built.database.unit_of_work():
            slow()
            begun.set()
            finish.wait(10)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slowly)
        assert begun.wait(10)
        second = pool.submit(fast)
        wait([second], timeout=0.5)
        finish.set()
        first.result(10)
    return second
