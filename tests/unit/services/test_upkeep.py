"""What happens by the clock: expired rows go, abandoned logins are diagnosed, one process at a time."""

from __future__ import annotations

import pytest

from broker.domain.trace import Outcome
from broker.services.upkeep import Upkeep
from broker.store.tables import configuration
from tests.support.hub import ME, Hub


def started(hub: Hub) -> str:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    hub.browser().open(hub.saml_app().login_url())
    with hub.built.database.reading() as connection:
        return str(connection.exec_driver_sql("SELECT code FROM traces").scalar())


def test_a_login_that_never_returned_is_diagnosed(hub: Hub) -> None:
    code = started(hub)
    assert hub.built.traces.find(ME, code)[0].outcome is Outcome.PENDING

    hub.clock.forward(hours=2)
    tidied = hub.built.upkeep.run()

    view = hub.built.traces.find(ME, code.lower().replace("-", " "))[0]
    assert tidied is not None
    assert tidied.abandoned == 1
    assert view.outcome is Outcome.ABANDONED
    assert "never returned" in view.verdict
    assert hub.count("transients") == 0


def test_traces_are_kept_as_many_days_as_configured(hub: Hub) -> None:
    started(hub)
    hub.clock.forward(days=hub.settings.trace_days, minutes=-1)
    hub.built.upkeep.run()
    assert hub.count("traces") == 1

    hub.clock.forward(minutes=2)
    hub.built.upkeep.run()
    assert hub.count("traces") == 0


def test_ended_sessions_go(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_app().sign_in(hub.browser(), hub.saml_idp("acme"))
    hub.clock.forward(days=2)

    hub.built.upkeep.run()

    assert hub.count("sessions") == 0


def test_a_step_that_fails_holds_up_none_of_the_others(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_app().sign_in(hub.browser(), hub.saml_idp("acme"))
    hub.clock.forward(days=2)
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("ALTER TABLE tenant_hosts RENAME TO gone")  # what looks at hosts cannot even begin

    assert hub.built.upkeep.run() is not None

    assert hub.count("sessions") == 0
    assert hub.count("login_hours") == 1, "hours are folded after hosts are looked at"
    assert [record.__dict__["step"] for record in caplog.records if record.name == "vestibule.upkeep" and record.exc_info] == ["hosts"]


def test_only_one_process_tidies_at_a_time(hub: Hub) -> None:
    other = Upkeep(hub.built.upkeep._bench, hub.built.hub.transient, "other")

    assert hub.built.upkeep.run() is not None
    assert other.run() is None
    hub.clock.forward(minutes=6)
    assert other.run() is not None, "a lease that was not renewed is free"


def test_a_lease_is_held_by_one_owner(hub: Hub) -> None:
    now = hub.clock.now()
    hub.clock.forward(minutes=1)
    with hub.built.database.unit_of_work() as connection:
        assert configuration.acquire_lease(connection, "x", "a", now, hub.clock.now())
        assert configuration.acquire_lease(connection, "x", "a", now, hub.clock.now())
        assert not configuration.acquire_lease(connection, "x", "b", now, hub.clock.now())
