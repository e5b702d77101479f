"""Numbers: counted once, the same before and after upkeep has folded them; and how each connector fares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.services.actor import ROLES, Actor, Role
from broker.services.connectors import SaveConnector
from broker.services.health import Rate, state_of
from broker.services.operations.health import HealthView, ListExpiring, ListHealth
from broker.services.operations.usage import ListUsage, LoginStatistics, ShowStatistics, ShowUsage, UsageView
from broker.services.statistics import months
from tests.support.clock import NOW
from tests.support.hub import ME, Hub
from tests.support.partners import SamlApp, SamlSide
from tests.support.saml_idp import key_pair


class Days:
    """Acme's people sign in, or fail to, at any hour."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        self.idp: SamlSide = hub.saml_idp("acme")
        self.app: SamlApp = hub.saml_app()

    def sign_in(self, email: str = "ann@acme.example") -> None:
        self.idp.email = email
        assert self.app.sign_in(self.hub.browser(), self.idp).status == "success"

    def fail(self, **deviations: Any) -> None:
        browser = self.hub.browser()
        refused = self.idp.authenticate(browser, browser.open(self.app.login_url(tenant="acme")), **(deviations or {"audiences": (("x",),)}))
        assert refused.status_code >= 400

    def statistics(self, **asked: Any) -> LoginStatistics:
        found = self.hub.built.operations.run(ME, "statistics.show", ShowStatistics(**asked))
        assert isinstance(found, LoginStatistics)
        return found

    def usage(self, **asked: Any) -> UsageView:
        found = self.hub.built.operations.run(ME, "usage.show", ShowUsage("acme", **asked))
        assert isinstance(found, UsageView)
        return found

    def health(self) -> HealthView:
        self.hub.built.upkeep.run()
        (found,) = self.hub.built.operations.run(ME, "health.list", ListHealth("acme")).items
        assert isinstance(found, HealthView)
        return found


@pytest.fixture
def days(hub: Hub) -> Days:
    return Days(hub)


def test_given_logins_then_they_are_counted_at_once_and_no_differently_when_their_hour_has_been_folded(hub: Hub, days: Days) -> None:
    days.sign_in()
    days.fail()
    hub.clock.forward(minutes=61)
    days.sign_in()
    live = days.statistics(since="2026-03-02T09:00:00Z", until="2026-03-02T11:00:00Z")
    assert [(point.succeeded, point.failed) for point in live.points] == [(1, 1), (1, 0)]
    assert hub.count("login_hours") == 0

    hub.clock.forward(hours=4)
    hub.built.upkeep.run()
    assert hub.count("login_hours") == 3
    hub.built.upkeep.run()

    assert days.statistics(since="2026-03-02T09:00:00Z", until="2026-03-02T11:00:00Z") == live


def test_given_the_traces_of_a_folded_hour_are_gone_then_its_numbers_stay(hub: Hub, days: Days) -> None:
    days.sign_in()
    hub.clock.forward(hours=5)
    hub.built.upkeep.run()
    hub.clock.forward(days=hub.settings.trace_days + 1)
    hub.built.upkeep.run()
    assert hub.count("traces") == 0
    assert days.statistics(since="2026-03-02", until="2026-03-02", by="day").succeeded == 1


def test_given_an_hour_whose_logins_may_still_change_then_it_is_not_folded_yet(hub: Hub, days: Days) -> None:
    hub.clock.forward(minutes=59)
    hub.browser().open(days.app.login_url(tenant="acme"))
    hub.clock.forward(minutes=2)
    hub.built.upkeep.run()
    assert hub.count("login_hours") == 0
    hub.clock.forward(hours=2, minutes=15)
    hub.built.upkeep.run()
    assert days.statistics(since="2026-03-02", until="2026-03-02", by="day").points[0].abandoned == 1


def test_given_failures_then_they_are_counted_by_cause_the_most_frequent_first(hub: Hub, days: Days) -> None:
    days.fail(attributes={"email": ["eve@elsewhere.example"]})
    days.fail()
    days.fail()
    found = days.statistics().failures
    assert [(item.error_code, item.count) for item in found] == [("invalid_upstream_response", 2), ("foreign_email", 1)]
    assert found[0].cause == "The identity provider’s answer failed one of our checks."


def test_given_requests_of_nobody_that_we_know_then_they_are_no_logins(hub: Hub, days: Days) -> None:
    unknown = SamlApp(hub, "unknown")
    hub.browser().open(unknown.login_url())
    hub.browser().open("/console/nowhere")
    assert days.statistics().logins == 0


def test_given_filters_then_only_those_logins_are_counted(hub: Hub, days: Days) -> None:
    hub.tenant("globex", "globex.example")
    days.sign_in()
    for asked, count in (
        ({"tenant_slug": "acme"}, 1),
        ({"tenant_slug": "globex"}, 0),
        ({"application": "wiki"}, 1),
        ({"tenant_slug": "acme", "connector": "idp"}, 1),
        ({"connector": "con_other"}, 0),
    ):
        assert days.statistics(**asked).logins == count, asked
    for who in ("globex", "acme"):
        theirs = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants[who])
        seen = hub.built.operations.run(theirs, "statistics.show", ShowStatistics())
        assert seen.logins == (1 if who == "acme" else 0), "a tenant's people are shown their own numbers"


@pytest.mark.parametrize(
    "asked",
    [
        {"by": "week"},
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"since": "2026-01-01", "until": "2026-03-01"},
        {"by": "day", "since": "2020-01-01"},
        {"since": "soon"},
    ],
)
def test_given_a_range_that_nobody_could_look_at_then_it_is_refused(days: Days, asked: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings):
        days.statistics(**asked)


# --- active people ----------------------------------------------------------------------------------------------------


def test_given_a_person_who_signs_in_often_then_they_count_once_a_month_and_again_in_the_next(hub: Hub, days: Days) -> None:
    for _ in range(3):
        days.sign_in()
    days.sign_in("bob@acme.example")
    assert hub.count("active_people") == 2
    hub.clock.moment = datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC)
    days.sign_in()
    days.sign_in()
    active = {item.month: item.active_people for item in days.usage().months}
    assert (active["2026-03"], active["2026-04"]) == (2, 1)
    (line,) = hub.built.operations.run(ME, "usage.list", ListUsage(month="2026-03")).items
    assert (line.tenant, line.active_people) == ("acme", 2)


def test_given_a_session_that_lasts_into_the_next_month_then_using_it_counts_there_too(hub: Hub, days: Days) -> None:
    hub.clock.moment = datetime(2026, 3, 31, 23, 50, tzinfo=UTC)
    browser = hub.browser()
    assert days.app.sign_in(browser, days.idp).status == "success"
    hub.clock.forward(minutes=20)
    assert days.app.learn(browser.open(days.app.login_url(tenant="acme"))).status == "success"
    active = {item.month: item.active_people for item in days.usage().months}
    assert (active["2026-03"], active["2026-04"]) == (1, 1)


def test_given_a_sign_in_that_was_refused_then_nobody_was_active(hub: Hub, days: Days) -> None:
    days.fail()
    assert hub.count("active_people") == 0


def test_given_the_busiest_minute_then_it_is_known_before_and_after_folding(hub: Hub, days: Days) -> None:
    for _ in range(3):
        days.sign_in()
    hub.clock.forward(minutes=1)
    days.sign_in()
    assert days.usage(by="hour").peak_per_minute == 3
    hub.clock.forward(hours=5)
    hub.built.upkeep.run()
    assert hub.count("usage_hours") == 1
    assert days.usage(by="hour").peak_per_minute == 3


def test_given_another_tenants_people_then_its_usage_does_not_exist_for_them(hub: Hub, days: Days) -> None:
    hub.tenant("globex")
    theirs = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["globex"])
    with pytest.raises(UnknownObject):
        hub.built.operations.run(theirs, "usage.show", ShowUsage("acme"))
    assert [item.tenant for item in hub.built.operations.run(theirs, "usage.list", ListUsage()).items] == ["globex"]


def test_months_go_back_over_the_turn_of_the_year() -> None:
    assert months(datetime(2026, 2, 1, tzinfo=UTC), 3) == ["2025-12", "2026-01", "2026-02"]


# --- health -----------------------------------------------------------------------------------------------------------


def test_given_nobody_has_signed_in_then_the_connector_is_quiet(days: Days) -> None:
    found = days.health()
    assert (found.state, found.error_rate_day, found.last_success_at) == ("quiet", None, None)


def test_given_a_success_then_a_failure_then_both_are_remembered_with_cause_and_code(hub: Hub, days: Days) -> None:
    days.sign_in()
    hub.clock.forward(minutes=1)
    days.fail()
    found = days.health()
    assert found.last_success_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert found.last_failure_at == datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    assert found.last_failure_code == "invalid_upstream_response"
    assert hub.trace(found.last_failure_trace).error_code == "invalid_upstream_response"
    assert (found.logins_day, found.error_rate_day, found.state) == (2, 50.0, "failing")
    hub.clock.forward(minutes=1)
    days.sign_in()
    assert days.health().state == "good"


def test_given_old_failures_then_they_count_for_the_week_and_no_more_for_the_day(hub: Hub, days: Days) -> None:
    days.fail()
    days.health()
    hub.clock.forward(days=2)
    found = days.health()
    assert (found.logins_day, found.logins_week, found.error_rate_week) == (0, 1, 100.0)
    hub.clock.forward(days=6)
    assert days.health().logins_week == 0


def test_given_upkeep_did_not_run_for_days_then_it_still_finds_what_happened_before(hub: Hub, days: Days) -> None:
    days.sign_in()
    hub.clock.forward(days=3)
    assert days.health().last_success_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("offset", "seen"), [(0, 123), (60, 60_123), (-40, -39_877)])
def test_given_the_providers_clock_then_its_distance_is_measured_from_logins_that_worked(days: Days, offset: int, seen: int) -> None:
    browser = days.hub.browser()
    answer = days.idp.authenticate(browser, browser.open(days.app.login_url(tenant="acme")), issued=offset)
    assert days.app.learn(answer).status == "success"
    assert days.health().clock_offset_ms == seen


@pytest.mark.parametrize(("days_left", "state"), [(-1, "expired"), (29, "expiring"), (31, "quiet")])
def test_given_a_certificate_then_its_end_is_foreseen(hub: Hub, days_left: int, state: str) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    pair = key_pair(f"ends-{days_left}", not_after=hub.clock.now() + timedelta(days=days_left, hours=1))
    settings = {"signing_certificates": [pair.certificate_pem]}
    hub.built.connectors.save(ME, SaveConnector(hub.tenants["acme"], "idp", "saml", "Acme", settings, enabled=True))
    hub.built.upkeep.run()
    (found,) = hub.built.operations.run(ME, "health.list", ListHealth("acme")).items
    assert (found.state, found.certificate_days) == (state, days_left)
    expiring = hub.built.operations.run(ME, "health.expiring", ListExpiring(days=30)).items
    assert [item.days for item in expiring] == ([days_left] if days_left < 30 else [])


@pytest.mark.parametrize(
    ("succeeded", "failed", "latest_failed", "state"),
    [
        (0, 0, False, "quiet"),
        (1, 0, False, "good"),
        (1, 1, True, "failing"),
        (1, 1, False, "good"),
        (1, 15, False, "failing"),
        (15, 1, True, "good"),
    ],
)
def test_given_the_counts_of_a_day_then_one_word_says_how_it_is(succeeded: int, failed: int, latest_failed: bool, state: str) -> None:
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    success = None if not succeeded else early if latest_failed else late
    failure = None if not failed else late if latest_failed else early
    assert state_of(True, success, failure, Rate(succeeded, failed), [], NOW) == state


def test_given_a_success_that_upkeep_has_not_noted_yet_then_the_connector_is_not_called_quiet() -> None:
    assert state_of(True, None, None, Rate(3, 0), [], NOW) == "good"
