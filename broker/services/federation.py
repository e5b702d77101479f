"""The federation at a glance: who signs people in, to what, how much, and how well. Reading only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain.trace import Outcome
from broker.services.context import Workbench
from broker.services.health import Rate, state_of
from broker.services.reached import Reached
from broker.store.tables import federation_queries, login_counts, trust_queries


@dataclass(frozen=True, slots=True)
class Flow:
    """Logins through one identity provider, or to one application. `state`: see `broker.services.health`."""

    slug: str
    name: str
    logins: int
    failed: int
    state: str
    tenant: str = ""
    tenant_name: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Federation:
    """The busiest ones by name, the others as one."""

    since: datetime
    until: datetime
    tenants: int
    connectors: int
    applications: int
    providers: tuple[Flow, ...]
    other_providers: Flow
    parties: tuple[Flow, ...]
    other_parties: Flow


@dataclass(frozen=True, slots=True)
class ExpiringLink:
    tenant: str
    tenant_name: str
    label: str
    expires_at: datetime


MOST = 200
"""Applications among which idle ones are looked for."""

Numbers = dict[str, dict[str, int]]


class FederationMap:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def show(self, tenant_id: str | None, period: timedelta, shown: int) -> Federation:
        """The last `period`. `tenant_id` None: of the whole hub."""
        now = self._bench.clock.now()
        since, until = now - period, now + timedelta(seconds=1)
        with self._bench.database.reading() as connection:
            through, into = (_sums(counts) for counts in login_counts.totals(connection, tenant_id, since, until))
            tenants, connectors, applications = federation_queries.counts(connection, tenant_id)
            busiest = federation_queries.providers(connection, _busiest(through, shown))
            idle = federation_queries.some_providers(connection, tenant_id, [row.id for row in busiest], shown - len(busiest))
            parties = federation_queries.parties(connection, _busiest(into, shown))
            known = {row.id for row in parties}
            waiting = trust_queries.applications_page(connection, serving=tenant_id, limit=MOST)
        if tenant_id is not None:
            applications = len(waiting)  # how many others there are is not a tenant's to know
        parties += [row for row in waiting if row.id not in known][: shown - len(parties)]
        providers = [*sorted(busiest, key=lambda row: -_logins(through, row.id)), *idle]
        parties.sort(key=lambda row: -_logins(into, row.id))
        return Federation(
            since,
            until,
            tenants,
            connectors,
            applications,
            tuple(_provider(row, through, now) for row in providers),
            _others(through, {row.id for row in providers}),
            tuple(_party(row, into) for row in parties),
            _others(into, {row.id for row in parties}),
        )

    def expiring_links(self, tenant_id: str | None, within: timedelta, limit: int) -> list[ExpiringLink]:
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            rows = federation_queries.expiring_links(connection, tenant_id, now, now + within, limit)
        return [ExpiringLink(row.tenant, row.tenant_name, row.label or "", row.expires_at) for row in rows]


def _sums(counted: Mapping[tuple[str, str], int]) -> Numbers:
    """By connector or application; what was never found out belongs to none."""
    found: Numbers = {}
    for (key, outcome), number in counted.items():
        if key:
            found.setdefault(key, {})[outcome] = number
    return found


def _logins(numbers: Numbers, key: str) -> int:
    return sum(numbers.get(key, {}).values())


def _busiest(numbers: Numbers, shown: int) -> list[str]:
    return sorted(numbers, key=lambda key: (-_logins(numbers, key), key))[:shown]


def _rate(numbers: Numbers, key: str) -> Rate:
    its = numbers.get(key, {})
    return Rate(its.get(Outcome.SUCCEEDED, 0), its.get(Outcome.FAILED, 0))


def _provider(row: Any, numbers: Numbers, now: datetime) -> Flow:
    rate = _rate(numbers, row.id)
    ends = [] if row.expires_at is None else [row.expires_at]
    silent_since = Reached(row.reachable, row.since, failures=row.failures or 0).silent_since(row.last_success_at)
    state = state_of(row.enabled, row.last_success_at, row.last_failure_at, rate, ends, now, silent_since=silent_since)
    return Flow(row.slug, row.name, _logins(numbers, row.id), rate.failed, state, row.tenant, row.tenant_name, row.type)


def _party(row: Any, numbers: Numbers) -> Flow:
    rate = _rate(numbers, row.id)
    if not row.enabled:
        state = "off"
    elif rate.failed and (rate.percent or 0) >= 50:
        state = "failing"
    else:
        state = "good" if rate.succeeded else "quiet"
    return Flow(row.slug, row.name, _logins(numbers, row.id), rate.failed, state)


def _others(numbers: Numbers, shown: Iterable[str]) -> Flow:
    rest = numbers.keys() - set(shown)
    failed = sum(numbers[key].get(Outcome.FAILED, 0) for key in rest)
    return Flow("", "", sum(_logins(numbers, key) for key in rest), failed, "good" if rest else "quiet")
