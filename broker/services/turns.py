"""Every connector that is switched on gets its turn, by the clock: who is due, and who is new."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import BrokerError
from broker.domain.trust import Connector
from broker.services.clockwork import luck
from broker.services.context import Workbench
from broker.store.tables import turns

log = logging.getLogger("vestibule.watch")


class Turns:
    """Turns of one kind, kept in one table of `broker.store.tables.turns`."""

    def __init__(self, bench: Workbench, table: turns.TurnTable, interval: timedelta) -> None:
        self._bench = bench
        self._table = table
        self._interval = interval

    def take(self, limit: int) -> list[Connector]:
        """At most so many whose time has come. Whoever takes them writes when their next turn is."""
        now = self._bench.clock.now()
        self._give(now, limit)
        with self._bench.database.reading() as connection:
            rows = turns.due(connection, self._table, now, limit)
        found, broken = [], []
        for row in rows:
            try:
                found.append(self._bench.catalog.preparer.read_connector(row))
            except BrokerError as error:
                # Its plug-in is gone, or its settings are of another version: one of them must not keep the others waiting.
                log.warning("a connector cannot be looked at", extra={"connector": row.id, "cause": error.cause})
                broken.append((row.tenant_id, row.id))
        self.postpone(broken)
        return found

    def postpone(self, whom: list[tuple[str, str]], **values: Any) -> None:
        """(tenant, connector) of those that there is nothing to do for: they get their turn again."""
        due_at = self._bench.clock.now() + self._interval
        with self._bench.database.unit_of_work() as connection:
            for tenant_id, connector_id in whom:
                turns.put(connection, tenant_id, self._table, connector_id, {"due_at": due_at, **values})

    def _give(self, now: datetime, limit: int) -> None:
        """New ones are due at once, unless they are many: then they are spread, so that they stay spread."""
        with self._bench.database.unit_of_work() as connection:
            turns.rest(connection, self._table)
            rows = turns.without_turn(connection, self._table, 2 * limit)
            for row in rows:
                wait = self._interval * luck() if len(rows) > limit else timedelta(0)
                turns.put(connection, row.tenant_id, self._table, row.id, {"due_at": now + wait})
