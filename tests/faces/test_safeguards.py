"""Settings of the process that take a safeguard away: shown to whoever looks after the hub, and in the audit log once when they change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.domain.errors import Forbidden
from broker.services.actor import ROLES, Actor, Role
from broker.services.operations.audit import ListAudit
from broker.services.operations.safeguards import ListSafeguards
from broker.services.safeguards import Safeguards
from tests.support import pages
from tests.support.at_once import at_once
from tests.support.console import desk
from tests.support.hub import ME, Hub


@pytest.fixture
def bare(tmp_path: Path) -> Any:
    """As a fresh installation is: everything as usual."""
    with Hub(tmp_path, allow_private_addresses=()) as hub:
        yield hub


def start(hub: Hub, **settings: Any) -> Safeguards:
    """One more process on the same database, with other settings."""
    bench = replace(hub.built.services.bench, settings=replace(hub.built.settings, **settings))
    service = Safeguards(bench)
    service.note_start()
    hub.clock.forward(minutes=1)
    return service


def lines(hub: Hub) -> list[dict[str, tuple[Any, Any]]]:
    """The audit log of process settings, oldest first."""
    found = hub.built.operations.run(ME, "audit.list", ListAudit(kind="process_settings")).items
    changes = [{field.name: (field.before, field.after) for field in each.fields} for each in reversed(found)]
    assert {each.actor for each in found} <= {"system"}
    return changes


def test_given_a_start_as_usual_then_nothing_is_written(bare: Hub) -> None:
    start(bare)
    start(bare)
    assert lines(bare) == []


def test_given_a_safeguard_taken_away_then_the_audit_log_says_so_once_and_once_more_when_it_is_back(bare: Hub) -> None:
    for _ in range(3):
        start(bare, no_check_against_guessing=True)
    assert lines(bare) == [{"no_check_against_guessing": (None, True)}]

    start(bare)
    assert lines(bare)[1:] == [{"no_check_against_guessing": (True, None)}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"domain_proof_by_http": False}, False),
        ({"check_difficulty": 1000}, 1000),
        ({"skew_seconds": 300}, 300),
        ({"allow_private_addresses": ("10.0.0.0/8", "idp.internal")}, ["10.0.0.0/8", "idp.internal"]),
        ({"public_url": "https://sso.example.com"}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_given_any_of_them_then_its_value_is_in_the_audit_log(bare: Hub, changed: dict[str, Any], said: object) -> None:
    start(bare, **changed)
    name = "production" if "public_url" in changed else next(iter(changed))
    assert lines(bare) == [{name: (None, said)}]


@pytest.mark.parametrize("changed", [{"check_difficulty": 90_000}, {"skew_seconds": 30}, {"trace_days": 3}, {"smtp_url": "smtp://user:SECRET@mail.example"}])
def test_given_a_setting_that_weakens_nothing_then_nothing_is_written(bare: Hub, changed: dict[str, Any]) -> None:
    start(bare, **changed)
    assert lines(bare) == []


def test_given_two_processes_that_start_at_once_then_one_of_them_writes(bare: Hub) -> None:
    bench = replace(bare.built.services.bench, settings=replace(bare.built.settings, no_check_against_guessing=True))
    first, second = Safeguards(bench, "one"), Safeguards(bench, "two")

    ended = at_once(bare, first.note_start, second.note_start)

    assert ended.exception() is None
    bare.clock.forward(minutes=1)
    second.note_start()  # as its upkeep does, a minute later
    assert len(lines(bare)) == 1


def test_given_a_start_without_its_tables_then_the_upkeep_makes_up_for_it(bare: Hub) -> None:
    with bare.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("ALTER TABLE hub_settings RENAME TO elsewhere")
    upkeep = bare.built.upkeep
    upkeep.note_start()
    with bare.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO hub_settings")
    bare.clock.forward(minutes=1)

    assert upkeep.run() is not None

    with bare.built.database.reading() as connection:
        noted = connection.exec_driver_sql("SELECT count(*) FROM leases WHERE name = 'safeguards'").scalar()
    assert noted == 1


def test_given_safeguards_that_are_missing_then_the_first_page_shows_them_in_both_languages_and_tenants_see_nothing(tmp_path: Path) -> None:
    with Hub(tmp_path, no_check_against_guessing=True, domain_proof_by_http=False) as hub:
        hub.tenant("acme", "acme.example")
        owner = desk(hub)
        shown = pages.text(owner.page("/console"))
        assert "Safeguards that are not there" in shown
        assert "browsers calculate nothing before a further try" in shown
        assert "no_check_against_guessing = true" in shown
        assert "DNS alone" not in shown, "a choice, and nothing to mend"
        assert "Protections absentes" in pages.text(owner.page("/console?lang=fr"))
        assert "no_check_against_guessing" not in desk(hub, Role.TENANT_ADMIN, "acme").page("/console")

        listed = hub.built.operations.run(ME, "safeguard.list", ListSafeguards()).items
        assert [(each.setting, each.weakens) for each in listed if "proof" in each.setting] == [("domain_proof_by_http", False)]
        with pytest.raises(Forbidden):
            hub.built.operations.run(Actor("staff:eve", ROLES[Role.TENANT_ADMIN], hub.tenants["acme"]), "safeguard.list", ListSafeguards())


def test_given_everything_as_usual_then_the_first_page_says_nothing_of_it(bare: Hub) -> None:
    bare.tenant("acme", "acme.example")
    assert "Safeguards" not in desk(bare).page("/console")
