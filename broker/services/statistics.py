"""How many people sign in, how often, and what goes wrong. Counted by upkeep in hours that are over, live since then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from broker.domain.errors import InvalidSettings
from broker.domain.trace import Outcome
from broker.services.context import Workbench
from broker.store.tables import login_counts, login_rollups
from broker.store.tables.login_counts import Counted

KEEP = timedelta(days=400)
DAY = timedelta(days=1)
"""What the first page shows."""
KEEP_MONTHS = 25
MAX_HOURS_A_RUN = 200
BUCKETS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
LONGEST = {"hour": timedelta(days=32), "day": KEEP}
_SETTLED = timedelta(minutes=10)
"""An hour's logins may still change until a transaction's time is over and upkeep has diagnosed it as abandoned."""


@dataclass(frozen=True, slots=True)
class Point:
    """The logins that began in one hour or day. `peak_per_minute`: the busiest minute; None where nobody counted it."""

    begins: datetime
    succeeded: int
    failed: int
    abandoned: int
    pending: int
    peak_per_minute: int | None = None

    @property
    def logins(self) -> int:
        return self.succeeded + self.failed + self.abandoned + self.pending


class Statistics:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    # --- upkeep -------------------------------------------------------------------------------------------------------

    def fold(self) -> int:
        """Counts every hour that is over and settled. How many hours that were."""
        database, bench = self._bench.database, self._bench
        closed = bench.clock.now() - timedelta(seconds=bench.settings.transaction_seconds) - _SETTLED - timedelta(hours=1)
        for folded in range(MAX_HOURS_A_RUN):
            with database.unit_of_work() as connection:
                begun = login_counts.first_login_from(connection, login_counts.folded_until(connection))
                if begun is None or _floor(begun, BUCKETS["hour"]) > closed:
                    self._slide()
                    self._purge()
                    return folded
                login_counts.fold(connection, _floor(begun, BUCKETS["hour"]))
        return MAX_HOURS_A_RUN

    def _slide(self) -> None:
        """The last day by connector begins with the next full hour, for hours count by their begin."""
        begin = _floor(self._bench.clock.now() - DAY, BUCKETS["hour"]) + BUCKETS["hour"]
        with self._bench.database.unit_of_work() as connection:
            folded_until = login_counts.folded_until(connection)
            if folded_until is not None:
                login_rollups.slide(connection, begin, folded_until)

    def _purge(self) -> None:
        now = self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            login_counts.purge_hours(connection, now - KEEP)
            login_counts.purge_active(connection, months(now, KEEP_MONTHS)[0])

    # --- reading ------------------------------------------------------------------------------------------------------

    def series(
        self,
        tenant_id: str | None,
        since: datetime,
        until: datetime,
        by: str,
        *,
        application_id: str | None = None,
        connector_id: str | None = None,
    ) -> list[Point]:
        """A point for every hour or day of the range, empty ones too. Raises InvalidSettings."""
        step = check_range(since, until, by)
        counted = self._counted(tenant_id, since, until, by, application_id, connector_id)
        peaks = self._peaks(tenant_id, since, until, step) if tenant_id and not (application_id or connector_id) else {}
        found: dict[datetime, dict[str, int]] = {}
        for item in counted:
            outcomes = found.setdefault(item.at, {})
            outcomes[item.outcome] = outcomes.get(item.outcome, 0) + item.count
        points, at = [], _floor(since, step)
        while at < until:
            peak = peaks.get(at, 0) if peaks else None
            succeeded, failed, abandoned, pending = (found.get(at, {}).get(outcome, 0) for outcome in _OUTCOMES)
            points.append(Point(at, succeeded, failed, abandoned, pending, peak))
            at += step
        return points

    def failures(
        self,
        tenant_id: str | None,
        since: datetime,
        until: datetime,
        *,
        application_id: str | None = None,
        connector_id: str | None = None,
    ) -> dict[str, int]:
        """Error code → how often, the most frequent first."""
        found: dict[str, int] = {}
        for item in self._counted(tenant_id, since, until, "day", application_id, connector_id):
            if item.error_code:
                found[item.error_code] = found.get(item.error_code, 0) + item.count
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def active(self, tenant_ids: list[str], wanted: list[str]) -> dict[tuple[str, str], int]:
        """People who signed in at least once, by (tenant, month)."""
        with self._bench.database.reading() as connection:
            return login_counts.active(connection, tenant_ids, wanted)

    def _counted(
        self, tenant_id: str | None, since: datetime, until: datetime, by: str, application_id: str | None, connector_id: str | None
    ) -> list[Counted]:
        bucket = BUCKETS[by] // timedelta(microseconds=1)
        with self._bench.database.reading() as connection:
            return login_counts.logins(
                connection, tenant_id, since, until, bucket=bucket, application_id=application_id, connector_id=connector_id
            )

    def _peaks(self, tenant_id: str, since: datetime, until: datetime, step: timedelta) -> dict[datetime, int]:
        with self._bench.database.reading() as connection:
            hours = login_counts.peaks(connection, tenant_id, since, until)
        found: dict[datetime, int] = {}
        for hour, peak in hours.items():
            at = _floor(hour, step)
            found[at] = max(found.get(at, 0), peak)
        return found or {_floor(since, step): 0}


_OUTCOMES = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ABANDONED, Outcome.PENDING)


def check_range(since: datetime, until: datetime, by: str) -> timedelta:
    """The step. Raises InvalidSettings for ranges that nobody could look at."""
    if by not in BUCKETS:
        raise InvalidSettings("Choose hour or day.", field="by")
    if not since < until:
        raise InvalidSettings("The range ends before it begins.", field="since")
    if until - since > LONGEST[by]:
        raise InvalidSettings("The range is too long: at most 32 days by hour, 400 days by day.", field="since")
    return BUCKETS[by]


def months(now: datetime, count: int) -> list[str]:
    """The last `count` months up to this one, the oldest first."""
    year, month = now.year, now.month
    found = []
    for _ in range(count):
        found.append(f"{year:04}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found[::-1]


def _floor(moment: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - epoch) % step
