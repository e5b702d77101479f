"""Looking at identity providers by the clock. Apart from upkeep, because networks are slow and folding hours must not wait."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from broker.domain import random_ids
from broker.services.clockwork import repeat
from broker.services.context import Workbench
from broker.services.following import Following
from broker.services.reach import Reach
from broker.store.tables import configuration

log = logging.getLogger("vestibule.watch")
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Watched:
    """What one run did, by count."""

    probed: int = 0
    read: int = 0


class Watch:
    """The runner. `owner` names this process in the lease."""

    def __init__(self, bench: Workbench, reach: Reach, following: Following, owner: str = "") -> None:
        self._bench = bench
        self._reach = reach
        self._following = following
        self._owner = owner or random_ids.object_id("run")

    def run(self) -> Watched | None:
        """None when another process holds the lease, or this hub asks nobody by itself."""
        if not self._bench.settings.watch_providers:
            return None
        now = self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            if not configuration.acquire_lease(connection, "watch", self._owner, now, now + LEASE):
                return None
        return Watched(self._reach.look_around(), self._following.read_due())

    def start(self, every_seconds: float) -> threading.Event:
        """A daemon thread that runs until the returned event is set."""
        return repeat("watch", self.run, every_seconds, log)
