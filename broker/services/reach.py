"""Whether identity providers answer: every connector that is switched on is looked at by the clock, and when somebody asks.

A look changes no configuration and no login waits for one. It goes through the guarded fetcher like everything else.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from broker.domain.trust import Connector
from broker.services.actor import Actor, Verb
from broker.services.clockwork import about, in_parallel
from broker.services.context import Workbench
from broker.services.reached import ANSWERS, UNKNOWN, Reached, reached
from broker.services.throttle import Limit, Throttle
from broker.services.turns import Turns
from broker.store.tables import turns
from broker.store.tables.reach import connector_reach
from connectors import registry
from connectors.contract import Fetcher, Probe, Probes

log = logging.getLogger("vestibule.reach")
INTERVAL = timedelta(minutes=30)
SOONER = (timedelta(minutes=2), timedelta(minutes=10))
"""After the first failure in a row, and after the second; then the usual interval again."""
PER_RUN = 400
"""In a minute: ten thousand connectors are through in less than half an hour."""
_ASKED = Limit("reach", 10, 600)
_MOST_MS = 2**31 - 1


class Reach:
    def __init__(self, bench: Workbench, fetcher: Fetcher, throttle: Throttle) -> None:
        """`fetcher` is guarded like the hub's own, with less patience."""
        self._bench = bench
        self._fetcher = fetcher
        self._throttle = throttle
        self._turns = Turns(bench, connector_reach, INTERVAL)

    # --- by the clock -------------------------------------------------------------------------------------------------

    def look_around(self, limit: int = PER_RUN) -> int:
        """Looks at the connectors whose time has come. How many were seen."""
        count = 0
        for connector, probe in in_parallel(self._turns.take(limit), self._probe, lambda _: Probe("no_address"), log):
            count += 1
            try:
                self._note(connector, probe)
            except Exception:
                # One of them must not keep the others waiting.
                log.exception("what was seen of a connector could not be noted", extra={"connector": connector.id})
                self._turns.postpone([(connector.tenant_id, connector.id)])
        return count

    # --- when somebody asks -------------------------------------------------------------------------------------------

    def look(self, actor: Actor, connector: Connector) -> Reached:
        """Looks now. Raises TooManyAttempts."""
        actor.require(Verb.READ_TRACES, connector.tenant_id)
        self._throttle.attempt(_ASKED, connector.id)
        return self._note(connector, self._probe(connector))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _probe(self, connector: Connector) -> Probe:
        kind = registry.connector_type(connector.type)
        if not isinstance(kind, Probes):
            return Probe("no_address")
        tools = replace(self._bench.catalog.preparer.tools(connector.id), fetcher=self._fetcher)
        return kind.probe(connector.settings, tools)

    def _note(self, connector: Connector, probe: Probe) -> Reached:
        now, tenant_id = self._bench.clock.now(), connector.tenant_id
        with self._bench.database.unit_of_work() as connection:
            before = reached(turns.of_connectors(connection, connector_reach, [connector.id]).get(connector.id))
            found = _after(before, probe, now)
            values = {name: getattr(found, name) for name in Reached.__dataclass_fields__}
            if connector.enabled:
                values["due_at"] = now + _wait(found)
            turns.put(connection, tenant_id, connector_reach, connector.id, values)
        if found.reachable is not before.reachable:
            fields = {"connector": connector.id, "tenant": tenant_id, "problem": found.problem, "detail": found.detail}
            log.log(logging.WARNING if found.reachable is False else logging.INFO, "reachability changed", extra=fields)
        return found


def _after(before: Reached, probe: Probe, now: datetime) -> Reached:
    reachable = None if probe.problem in UNKNOWN else probe.problem in ANSWERS
    return Reached(
        reachable=reachable,
        since=before.since if before.reachable is reachable and before.since is not None else now,
        probed_at=now,
        failures=before.failures + 1 if reachable is False else 0,
        problem=probe.problem[:40],
        detail=probe.detail[:80],
        address=probe.address[:300],
        response_ms=None if probe.seconds is None else min(round(probe.seconds * 1000), _MOST_MS),
        # Over a connection that was open already its certificate is not shown again.
        tls_expires_at=probe.certificate_ends_at or before.tls_expires_at,
        clock_offset_ms=before.clock_offset_ms if probe.clock_offset_ms is None else probe.clock_offset_ms,
    )


def _wait(found: Reached) -> timedelta:
    return about(SOONER[found.failures - 1] if 0 < found.failures <= len(SOONER) else INTERVAL)
