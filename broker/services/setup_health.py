"""A later visit: how the customer's connection is doing, and the latest sign-ins of their own organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from broker.domain.errors import by_code
from broker.domain.login_report import TEST_APPLICATION_ID
from broker.domain.messages import translatable
from broker.domain.trace import Outcome
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench
from broker.services.health import ConnectorHealth, Health
from broker.services.setup_links import Visit
from broker.services.traces import Find, TraceLine, Traces

SAID: dict[Outcome, str] = {
    Outcome.SUCCEEDED: translatable("Signed in."),
    Outcome.PENDING: translatable("Sent to your system; not back yet."),
    Outcome.ABANDONED: translatable("Sent to your system and never came back."),
}
TESTED: dict[Outcome, str] = {
    **SAID,
    Outcome.SUCCEEDED: translatable("The test passed."),
}
STATES: dict[str, str] = {
    "good": translatable("It works."),
    "quiet": translatable("Nobody has signed in through it yet."),
    "unreachable": translatable("Your system does not answer us at the moment."),
    "failing": translatable("Most sign-ins of the last day failed."),
    "expiring": translatable("A certificate or the metadata expires soon: give newer metadata."),
    "expired": translatable("A certificate or the metadata has expired: give newer metadata."),
    "off": translatable("It is switched off."),
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One line: nothing of the person, and the code under which support finds the rest."""

    at: datetime
    outcome: str
    sentence: str
    code: str
    test: bool
    application: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`days_left`: until the first certificate or the metadata expires; None when nothing is known to.

    `problem`, `fix`: why their system does not answer us and what they can do, when that is certain; `address`: what we asked.
    `follows`: the host from which we read again by ourselves; `follow_problem`: why that failed the last time; `follow_waits`:
    what it says now waits for a person.
    """

    state: str
    sentence: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    failed_percent: float | None
    expires_at: datetime | None
    days_left: int | None
    problem: str = ""
    fix: str = ""
    address: str = ""
    follows: str = ""
    followed_at: datetime | None = None
    follow_problem: str = ""
    follow_waits: bool = False


class SetupHealth:
    def __init__(self, bench: Workbench, traces: Traces, health: ConnectorHealth) -> None:
        self._bench = bench
        self._traces = traces
        self._health = health

    def sign_ins(self, visit: Visit, *, after: str = "", limit: int = 20) -> tuple[list[SignIn], str]:
        """(the newest first, where the next page begins). Of this link's tenant and no other."""
        visit.actor.require(Verb.SET_UP, visit.tenant.id)
        # The link may see these lines and nothing behind them, so it never holds the verb itself.
        reader = Actor(visit.actor.name, frozenset({Verb.READ_TRACES}), visit.tenant.id)
        lines, following = self._traces.search(reader, Find(tenant_id=visit.tenant.id), after=after or None, limit=limit)
        return [_sign_in(line) for line in lines], following

    def condition(self, visit: Visit) -> Condition | None:
        """None while there is no connector."""
        if visit.connector is None:
            return None
        (found,) = self._health.of(visit.tenant.id, [visit.connector])
        ends = [moment for moment in (found.certificate_expires_at, found.metadata_expires_at) if moment is not None]
        expires_at = min(ends, default=None)
        days_left = None if expires_at is None else max(0, (expires_at - self._bench.clock.now()).days)
        return _condition(found, expires_at, days_left)


def _condition(found: Health, expires_at: datetime | None, days_left: int | None) -> Condition:
    said = found.reached.said if found.state == "unreachable" else None
    return Condition(
        found.state,
        STATES[found.state],
        found.last_success_at,
        found.last_failure_at,
        found.week.percent,
        expires_at,
        days_left,
        "" if said is None else found.reached.sentence,
        "" if said is None else said.fix,
        "" if said is None else found.reached.address,
        urlsplit(found.followed.address).hostname or "",
        found.followed.good_at,
        found.followed.problem,
        bool(found.followed.waits),
    )


def _sign_in(line: TraceLine) -> SignIn:
    test = line.application.id == TEST_APPLICATION_ID
    said = TESTED if test else SAID
    sentence = said[line.outcome] if line.outcome in said else by_code(line.error_code).sentence
    return SignIn(line.started_at, line.outcome.value, sentence, line.code, test, line.application.name)
