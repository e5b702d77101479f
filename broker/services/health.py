"""How each connector fares: last success, last failure and its cause, error rate, what expires, whose clock is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.domain.trace import CLOCK, Outcome
from broker.domain.trust import Connector
from broker.protocols.certificates import load_certificate
from broker.services.context import Workbench
from broker.services.followed import Followed, followed, followed_address
from broker.services.reached import Reached, reached
from broker.store import trace_log
from broker.store.tables import following, health_queries, login_counts, reach, trace_queries, turns
from broker.store.tables.following import connector_following
from broker.store.tables.reach import connector_reach

BATCH = 500
_OVERLAP = timedelta(minutes=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOON = timedelta(days=30)
MANY = 10
"""From so many sign-ins a day on, one that works does not make up for all that fail."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Logins of a period that ended, and how many of them failed."""

    succeeded: int
    failed: int

    @property
    def percent(self) -> float | None:
        """Of those that ended in an answer; None when there were none."""
        ended = self.succeeded + self.failed
        return None if ended == 0 else round(100 * self.failed / ended, 1)


@dataclass(frozen=True, slots=True)
class Health:
    """`state`: "good", "unreachable", "failing", "expiring", "expired", "quiet" (nobody signed in yet) or "off"."""

    connector: Connector
    state: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure_code: str | None
    last_failure_trace: str | None
    day: Rate
    week: Rate
    certificate_expires_at: datetime | None
    metadata_expires_at: datetime | None
    clock_offset_ms: int | None
    reached: Reached = Reached()
    followed: Followed = Followed()


class ConnectorHealth:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._expiry_read_at: datetime | None = None

    # --- upkeep -------------------------------------------------------------------------------------------------------

    def refresh(self) -> int:
        """What the traces since the last fold say; expiry once an hour. How many connectors were touched."""
        touched = self._read_traces()
        now = self._bench.clock.now()
        if self._expiry_read_at is None or now - self._expiry_read_at >= timedelta(hours=1):
            self._read_expiry()
            self._expiry_read_at = now
        return touched

    def _read_traces(self) -> int:
        bench = self._bench
        with bench.database.unit_of_work() as connection:
            window = bench.clock.now() - timedelta(seconds=bench.settings.transaction_seconds) - _OVERLAP
            # Before the first fold nothing has been read yet, however old it is.
            folded = login_counts.folded_until(connection) or _EPOCH
            found = health_queries.last_seen(connection, min(window, folded))
            known = health_queries.of_connectors(connection, [row.connector_id for row in found])
            for row in found:
                before = known.get(row.connector_id)
                if row.outcome == Outcome.SUCCEEDED:
                    if before is None or before.last_success_at is None or row.at > before.last_success_at:
                        self._succeeded(connection, row)
                elif before is None or before.last_failure_at is None or row.at > before.last_failure_at:
                    self._failed(connection, row)
        return len({row.connector_id for row in found})

    def _succeeded(self, connection: Any, row: Any) -> None:
        values: dict[str, Any] = {"last_success_at": row.at}
        events = trace_queries.events_of_success(connection, row.tenant_id, row.connector_id, row.at)
        offset = None if events is None else _clock_offset(events)
        if offset is not None:
            values["clock_offset_ms"] = offset
        health_queries.put(connection, row.tenant_id, row.connector_id, values)

    def _failed(self, connection: Any, row: Any) -> None:
        failure = trace_queries.newest_failure(connection, row.tenant_id, row.connector_id, row.at)
        code, trace = (None, None) if failure is None else (failure.error_code, failure.code)
        values = {"last_failure_at": row.at, "last_failure_code": code, "last_failure_trace": trace}
        health_queries.put(connection, row.tenant_id, row.connector_id, values)

    def _read_expiry(self) -> None:
        after = ""
        while True:
            with self._bench.database.unit_of_work() as connection:
                rows = health_queries.some_connectors(connection, after, BATCH)
                for row in rows:
                    certificate, stated = expiry_of(row.settings)
                    follows = Followed("it", good_at=row.good_at, valid_until=row.valid_until, problem=row.problem or "")
                    metadata = follows.worrying_end(stated, self._bench.clock.now())
                    expires_at = min([each for each in (certificate, metadata) if each is not None], default=None)
                    if expires_at != row.known_expiry:
                        health_queries.put(connection, row.tenant_id, row.id, {"expires_at": expires_at})
            if len(rows) < BATCH:
                return
            after = rows[-1].id

    # --- reading ------------------------------------------------------------------------------------------------------

    def of(self, tenant_id: str, connectors: list[Connector]) -> list[Health]:
        """In the order that was given; all of one tenant."""
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            known = health_queries.of_tenant(connection, tenant_id)
            read = turns.of_tenant(connection, tenant_id, connector_following)
            looks = turns.of_tenant(connection, tenant_id, connector_reach)
            day = _rates(connection, tenant_id, now, timedelta(days=1))
            week = _rates(connection, tenant_id, now, timedelta(days=7))
        found = []
        for each in connectors:
            rates = (day.get(each.id, Rate(0, 0)), week.get(each.id, Rate(0, 0)))
            follows = followed(followed_address(each), read.get(each.id))
            found.append(_health(each, known.get(each.id), reached(looks.get(each.id)), follows, *rates, now))
        return found

    def unreachable(self, tenant_id: str | None, limit: int) -> list[Any]:
        """Connectors whose provider does not answer, the longest silent first."""
        with self._bench.database.reading() as connection:
            return reach.unreachable(connection, tenant_id, limit)

    def troubled(self, tenant_id: str | None, limit: int) -> list[Any]:
        """Metadata that waits for a person, or could not be read again and again."""
        with self._bench.database.reading() as connection:
            return following.troubled(connection, tenant_id, limit)

    def expiring(self, tenant_id: str | None, within: timedelta, limit: int) -> list[Any]:
        """Connectors whose certificate or metadata ends within that time, the first to end first."""
        with self._bench.database.reading() as connection:
            return health_queries.expiring(connection, tenant_id, self._bench.clock.now() + within, limit)


def _rates(connection: Any, tenant_id: str, now: datetime, period: timedelta) -> dict[str, Rate]:
    """By connector. Folded hours are whole, so the period begins with the hour in which it begins."""
    since = (now - period).replace(minute=0, second=0, microsecond=0)
    counted = login_counts.logins(connection, tenant_id, since, now + timedelta(seconds=1), by_connector=True)
    found: dict[str, dict[str, int]] = {}
    for item in counted:
        outcomes = found.setdefault(item.connector_id, {})
        outcomes[item.outcome] = outcomes.get(item.outcome, 0) + item.count
    return {key: Rate(numbers.get(Outcome.SUCCEEDED, 0), numbers.get(Outcome.FAILED, 0)) for key, numbers in found.items()}


def _health(
    connector: Connector, row: Any, look: Reached, follows: Followed, day: Rate, week: Rate, now: datetime
) -> Health:
    certificate, stated = expiry_of(connector.settings)
    metadata = follows.metadata_end(stated)
    seen = (None, None, None, None, None)
    if row is not None:
        seen = (row.last_success_at, row.last_failure_at, row.last_failure_code, row.last_failure_trace, row.clock_offset_ms)
    success, failure, code, trace, offset = seen
    ends = [each for each in (certificate, follows.worrying_end(stated, now)) if each]
    state = state_of(connector.enabled, success, failure, day, ends, now, silent_since=look.silent_since(success))
    # Logins measure the clock that signs, to the millisecond; a look only that of the web server in front.
    offset = look.clock_offset_ms if offset is None else offset
    return Health(connector, state, success, failure, code, trace, day, week, certificate, metadata, offset, look, follows)


def state_of(
    enabled: bool,
    success: datetime | None,
    failure: datetime | None,
    day: Rate,
    ends: list[datetime],
    now: datetime,
    *,
    silent_since: datetime | None = None,
) -> str:
    """One word for all of it, see `Health`."""
    if not enabled:
        return "off"
    if silent_since is not None:
        return "unreachable"
    latest_failed = success is None or (failure is not None and failure > success)
    if (day.percent or 0) >= 50 and (latest_failed or day.succeeded + day.failed >= MANY):
        return "failing"
    if any(moment <= now for moment in ends):
        return "expired"
    if any(moment <= now + SOON for moment in ends):
        return "expiring"
    # The counts are of this moment, the last success of the last upkeep.
    return "good" if success is not None or day.succeeded else "quiet"


def expiry_of(settings: Any) -> tuple[datetime | None, datetime | None]:
    """(when the last of its signing certificates ends, when its metadata ends); settings as a dataclass or as stored."""

    def value(name: str) -> Any:
        return settings.get(name) if isinstance(settings, dict) else getattr(settings, name, None)

    ends = [moment for moment in (_not_after(pem) for pem in value("signing_certificates") or ()) if moment is not None]
    stated = value("valid_until")
    try:
        metadata = datetime.fromisoformat(stated) if stated else None
    except ValueError:
        metadata = None  # typed by hand and meant for warnings only
    if metadata is not None and metadata.tzinfo is None:
        metadata = metadata.replace(tzinfo=UTC)
    return max(ends, default=None), metadata


def _not_after(pem: str) -> datetime | None:
    try:
        return load_certificate(pem).not_after
    except ValueError:
        return None  # a draft's; preparing it says so


def _clock_offset(stored: bytes) -> int | None:
    said = [event.data.get("offset_ms", "") for event in trace_log.decode_events(stored) if event.name == CLOCK]
    return int(said[-1]) if said and said[-1].lstrip("-").isdigit() else None
