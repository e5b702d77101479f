"""Work by the clock: expired rows go, abandoned logins are diagnosed, hours counted, connectors' health noted. One process
does it at a time, under a lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from broker.domain import random_ids
from broker.domain.messages import filled
from broker.domain.trace import EventKind, Outcome, TraceEvent
from broker.login import transactions
from broker.services.clockwork import repeat
from broker.services.context import Workbench
from broker.services.domain_proof import DomainProof
from broker.services.health import ConnectorHealth
from broker.services.hosts import Hosts
from broker.services.key_rollover import KeyRollover
from broker.services.safeguards import Safeguards
from broker.services.statistics import Statistics
from broker.store import trace_log
from broker.store.tables import configuration, sessions, staff_queries, staff_session_queries, traces
from broker.store.transient import TransientStore

log = logging.getLogger("vestibule.upkeep")
LEASE = timedelta(minutes=5)
KEEP_CHANGES = 10_000
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one run did, by count."""

    transients: int = 0
    sessions: int = 0
    traces: int = 0
    abandoned: int = 0
    domains: int = 0
    """Domains whose proof is void now."""
    keys: int = 0
    """Keys that were announced, began to sign, or ended."""


class Upkeep:
    """The runner. `owner` names this process in the lease."""

    def __init__(
        self,
        bench: Workbench,
        transient: TransientStore,
        owner: str = "",
        *,
        domain_proof: DomainProof | None = None,
        key_rollover: KeyRollover | None = None,
        hosts: Hosts | None = None,
        safeguards: Safeguards | None = None,
    ) -> None:
        self._bench = bench
        self._domain_proof = domain_proof
        self._key_rollover = key_rollover
        self._hosts = hosts
        self._safeguards = safeguards
        self._transient = transient
        self._statistics, self._health = Statistics(bench), ConnectorHealth(bench)
        self._owner = owner or random_ids.object_id("run")

    def run(self) -> Tidied | None:
        """None when another process holds the lease."""
        self.note_start()  # again, where it could not be done at the start
        now = self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            if not configuration.acquire_lease(connection, "upkeep", self._owner, now, now + LEASE):
                return None
        abandoned = _step("abandoned logins", self._diagnose_abandoned)
        domains = 0 if self._domain_proof is None else _step("domains", self._domain_proof.look_again)
        keys = 0 if self._key_rollover is None else _step("keys", self._key_rollover.run)
        if self._hosts is not None:
            _step("hosts", self._hosts.look_again)
        _step("health", self._health.refresh)  # before hours are folded: it reads what was not folded at the last run
        _step("statistics", self._statistics.fold)
        tidied = replace(self._purged(now), abandoned=abandoned, domains=domains, keys=keys)
        log.info("upkeep", extra={"transients": tidied.transients, "sessions": tidied.sessions, "traces": tidied.traces})
        return tidied

    def note_start(self) -> None:
        """What is different from the start before. A database that is not there yet keeps no process from starting."""
        if self._safeguards is not None:
            _step("safeguards", self._safeguards.note_start)

    def _purged(self, now: datetime) -> Tidied:
        with self._bench.database.unit_of_work() as connection:
            purged = (self._transient.purge(), sessions.purge(connection, now), traces.purge(connection, now))
            configuration.purge_changes(connection, KEEP_CHANGES)
            staff_session_queries.purge(connection, now)
            staff_queries.purge_links(connection, now)
        return Tidied(*purged)

    def _diagnose_abandoned(self) -> int:
        """"Sent to the identity provider, never returned" is an outcome too. Before the transactions are purged."""
        now, diagnosed = self._bench.clock.now(), 0
        with self._bench.database.unit_of_work() as connection:
            for code in transactions.expired(connection, now, BATCH):
                stored = traces.pending(connection, code)
                if stored is None:
                    continue
                sent = [event for event in trace_log.decode_events(stored) if event.kind is EventKind.HOP]
                where = f"{sent[-1].name} {sent[-1].detail}" if sent else "nowhere"
                said = filled("last seen: %(where)s; the browser never came back", where=where)
                verdict = TraceEvent(EventKind.DECISION, now, "abandoned", said)
                values = {"outcome": Outcome.ABANDONED.value, "error_code": None, **dict.fromkeys(traces.FOUND)}
                traces.append(connection, code, trace_log.encode_events([verdict]), values)
                diagnosed += 1
        return diagnosed

    def start(self, every_seconds: float) -> threading.Event:
        """A daemon thread that runs until the returned event is set."""
        return repeat("upkeep", self.run, every_seconds, log)


def _step(name: str, work: Callable[[], object]) -> int:
    """What it counted. One that fails holds up none of the others, which are other tenants' and other people's."""
    try:
        done = work()
    except Exception:
        log.exception("a step of the upkeep failed; it will be tried again", extra={"step": name})
        return 0
    return done if isinstance(done, int) else 0
