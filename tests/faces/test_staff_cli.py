"""`vestibule staff`: the console's people from the hub's own machine, and the first link that `vestibule init` prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.services.actor import Role
from tests.faces.conftest import Cli, command_line
from tests.support.hub import PUBLIC_URL, Hub
from tests.support.staff import Person, with_password


def test_given_a_new_machine_then_init_prints_a_link_for_the_first_owner_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTIBULE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("VESTIBULE_LOG_LEVEL", "ERROR")
    links = [re.findall(r"http://localhost:8080/console/welcome/\S+", command_line("init").output) for _ in range(2)]
    assert len(links[0]) == len(links[1]) == 1
    assert links[0] != links[1]


def test_given_an_owner_who_signed_in_then_init_prints_no_link(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from broker import opening

    monkeypatch.setattr(opening, "load", lambda: hub.settings)
    assert "/console/welcome/" in command_line("init").output
    with_password(hub)
    assert "/console/welcome/" not in command_line("init").output


def test_given_an_address_then_invite_prints_a_link_that_lets_them_in(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme")
    link = cli("staff", "invite", "Tim@acme.example", "--role", "tenant_admin", "--tenant", "acme", "--name", "Tim").stdout.strip()
    assert link.startswith(f"{PUBLIC_URL}/console/welcome/")
    person = Person(hub)
    assert person.set_up(link).status_code == 302
    assert person.inside
    assert re.search(r"tim@acme\.example +Tim +tenant_admin of acme +on +20", cli("staff", "list").output)


def test_given_nobody_can_sign_in_then_the_machine_is_the_way_back_in(cli: Cli, hub: Hub) -> None:
    _, account = with_password(hub)
    again = cli("staff", "invite", account.email).stdout.strip()
    other = Person(hub)
    assert other.set_up(again).status_code == 302
    reset = cli("staff", "invite", account.email, "--reset").stdout.strip()
    assert not other.inside
    assert Person(hub).set_up(reset).status_code == 302


def test_given_an_account_then_it_is_switched_and_its_role_changed(cli: Cli, hub: Hub) -> None:
    person, account = with_password(hub, Role.SUPPORT)
    assert cli("staff", "role", account.email, "auditor").output == f"{account.email} is now auditor.\n"
    cli("staff", "disable", account.email)
    assert not person.inside
    assert re.search(r"auditor +off", cli("staff", "list", "--search", account.email).output)
    cli("staff", "enable", account.email, "--yes")
    assert hub.built.services.staff.accounts.get(account.id).enabled


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("invite", "nobody"), "Give one plain email address."),
        (("invite", "tim@acme.example", "--role", "tenant_admin"), "A tenant administrator belongs to one tenant"),
        (("disable", "nobody@staff.example"), "There is no such account."),
        (("role", "nobody@staff.example", "owner"), "There is no such account."),
    ],
)
def test_given_a_mistake_then_it_is_refused_in_words(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    assert said in cli("staff", *arguments, code=1).stderr


def test_given_the_last_owner_then_the_machine_keeps_them_too(cli: Cli, hub: Hub) -> None:
    _, account = with_password(hub)
    assert "last owner" in cli("staff", "disable", account.email, code=1).stderr
