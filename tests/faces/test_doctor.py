"""`vestibule doctor`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from broker import opening
from broker.app import create_app, vestibule
from broker.services.actor import Role
from broker.services.doctor import Finding, Health
from broker.store.tables.statistics import connector_health
from tests.faces.conftest import Cli, command_line
from tests.support.console import member
from tests.support.hub import ME, Hub
from tests.support.servers import Served


def findings(hub: Hub, topic: str) -> list[Finding]:
    return [found for found in hub.built.services.doctor.examine(ME) if found.topic == topic]


def worst(found: list[Finding]) -> Health:
    return max((each.health for each in found), key=[Health.GOOD, Health.WARNING, Health.BAD].index)


def test_given_a_fresh_hub_then_only_what_is_missing_is_said(hub: Hub) -> None:
    assert worst(findings(hub, "settings")) is Health.GOOD
    # A database server has a clock of its own, which does not stand still as the tests' does.
    assert worst([found for found in findings(hub, "database") if "clock" not in found.sentence]) is Health.GOOD
    assert worst(findings(hub, "keys")) is Health.GOOD
    assert worst(findings(hub, "clock")) is Health.GOOD
    assert worst(findings(hub, "certificates")) is Health.GOOD
    assert worst(findings(hub, "staff")) is Health.WARNING


def test_given_no_check_against_guessing_then_that_is_said(tmp_path: Path) -> None:
    with Hub(tmp_path, no_check_against_guessing=True) as hub:
        (found,) = [each for each in findings(hub, "settings") if each.health is Health.WARNING]
    assert "NO_CHECK_AGAINST_GUESSING" in found.remedy


def test_given_an_owner_then_staff_is_well(hub: Hub) -> None:
    member(hub, Role.OWNER)
    assert worst(findings(hub, "staff")) is Health.GOOD


def test_given_a_master_key_that_others_can_read_then_it_says_which_command_helps(hub: Hub, tmp_path: Path) -> None:
    key = tmp_path / "open.key"
    key.write_bytes(Path(hub.settings.master_key_file).read_bytes())
    key.chmod(0o644)
    built = vestibule(create_app(replace(hub.settings, master_key_file=str(key)), hub.clock))
    (found,) = [each for each in built.services.doctor.examine(ME) if each.health is Health.BAD and each.topic == "settings"]
    assert found.remedy == f"Run: chmod 600 {key}"
    built.database.dispose()


def test_given_a_key_that_does_not_open_then_it_is_a_finding_and_the_rest_is_examined(hub: Hub) -> None:
    with hub.built.database.unit_of_work() as connection:
        connection.execute(text("UPDATE signing_keys SET sealed_private = :value"), {"value": b"V1" + bytes(90)})
    hub.built.keyring.forget()

    found = hub.built.services.doctor.examine(ME)

    assert any(each.health is Health.BAD and "another master key" in each.sentence for each in found)
    assert {each.topic for each in found} >= {"settings", "database", "keys", "staff", "public address"}


@pytest.mark.parametrize(("offset", "expected"), [(-45_000, Health.BAD), (45_000, Health.BAD), (3_000, Health.GOOD)])
def test_given_identity_providers_that_agree_then_our_clock_is_judged(hub: Hub, offset: int, expected: Health) -> None:
    hub.tenant("acme", "acme.example")
    for number in range(3):
        side = hub.saml_idp("acme", f"idp{number}")
        values = {"connector_id": side.connector_id, "tenant_id": hub.tenants["acme"], "clock_offset_ms": offset}
        with hub.built.database.unit_of_work() as connection:
            connection.execute(insert(connector_health).values(**values, last_success_at=hub.clock.now()))
    assert worst(findings(hub, "clock")) is expected


def test_given_a_certificate_that_ends_soon_then_its_tenant_is_named(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    side = hub.saml_idp("acme")
    values = {"connector_id": side.connector_id, "tenant_id": hub.tenants["acme"], "expires_at": hub.clock.now() + timedelta(days=9)}
    with hub.built.database.unit_of_work() as connection:
        connection.execute(insert(connector_health).values(**values))
    (found,) = findings(hub, "certificates")
    assert (found.health, found.sentence) == (Health.WARNING, "Acme: the last certificate of acme idp ends in 9 days.")


def test_given_tables_of_another_version_then_migrate_is_the_remedy(hub: Hub) -> None:
    with hub.built.database.unit_of_work() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert any(found.remedy == "Run: vestibule migrate" for found in findings(hub, "database"))


# --- the public address -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "expected", "words"),
    [(0, Health.GOOD, "is not believed"), (1, Health.BAD, "the asker made up")],
)
def test_given_a_running_hub_then_an_invented_address_must_not_be_believed(hub: Hub, proxies: int, expected: Health, words: str) -> None:
    with Served() as server:
        app = create_app(replace(hub.settings, public_url=server.url, trusted_proxies=proxies), hub.clock)
        server.start(app)
        built = vestibule(app)
        found = [each for each in built.services.doctor.examine(ME) if each.topic == "public address"]
        built.database.dispose()
    assert "leads to this version" in found[0].sentence
    assert any(each.health is expected and words in each.sentence for each in found)


def test_given_nobody_at_the_public_address_then_it_is_bad(hub: Hub) -> None:
    built = vestibule(create_app(replace(hub.settings, public_url="http://127.0.0.1:9"), hub.clock))
    assert any(each.health is Health.BAD and each.topic == "public address" for each in built.services.doctor.examine(ME))
    built.database.dispose()


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def examined(hub: Hub, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr(opening, "open_for_examination", lambda *_: hub.built)
    return cli


def test_given_the_command_then_findings_stand_under_their_topics_and_something_bad_is_exit_code_1(examined: Cli) -> None:
    said = examined("doctor", code=1).output  # nobody serves at the public address
    assert "database\n  ✓" in said
    assert "Run: vestibule init" in said
    assert "✗" in said


def test_given_json_then_programs_can_read_it(examined: Cli) -> None:
    found = json.loads(examined("doctor", "--json", code=1).output)
    assert {each["health"] for each in found} == {"good", "warning", "bad"}


def test_given_a_new_key_file_then_it_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "next.key"
    assert "VESTIBULE_PREVIOUS_MASTER_KEY_FILE" in command_line("master-key", "create", file).output
    assert "cannot be made" in command_line("master-key", "create", file, code=1).stderr


def test_given_the_status_then_it_counts_and_rewrap_says_what_it_did(cli: Cli) -> None:
    assert "secrets of the hub: 4, all under the current key" in cli("master-key", "status").output
    assert "Re-wrapped 0 of" in cli("master-key", "rewrap").output
