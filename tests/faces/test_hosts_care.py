"""Hosts of tenants: who is warned, certificates on demand, the declarative file, and the page of the console."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.domain.errors import InvalidSettings
from broker.domain.host import HostState
from broker.services.actor import Role
from broker.services.operations.configuration import ExportConfiguration, PlanConfiguration
from broker.settings import Settings, validate
from broker.store.tables import hosts
from tests.support import pages
from tests.support.api import api
from tests.support.console import desk
from tests.support.hub import ME, Hub
from tests.support.reachable import NAME, Reachable

# --- who is warned ------------------------------------------------------------------------------------------------------------


def found_out(hub: Hub, name: str, tenant: str = "acme", **found: Any) -> None:
    """As a look left it."""
    with hub.built.database.unit_of_work() as connection:
        row = hosts.find(connection, hub.tenants[tenant], name)
        assert row is not None
        hosts.change(connection, hub.tenants[tenant], row.id, found, state=row.state)


@pytest.fixture
def troubled(hub: Hub) -> Hub:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex")
    now = hub.clock.now()
    for name in ("good.localhost", "later.localhost", "soon.localhost", "silent.localhost"):
        hub.host("acme", name)
    hub.host("acme", "off.localhost", HostState.OFF)
    hub.host("globex", "theirs.localhost", HostState.WAITING)
    found_out(hub, "good.localhost", checked_at=now)
    found_out(hub, "later.localhost", certificate_ends_at=now + timedelta(days=60))
    found_out(hub, "soon.localhost", certificate_ends_at=now + timedelta(days=9, hours=1))
    found_out(hub, "silent.localhost", problem="no_answer", failing_since=now)
    found_out(hub, "off.localhost", problem="no_answer", failing_since=now)
    found_out(hub, "theirs.localhost", "globex", problem="elsewhere", failing_since=now)
    return hub


def test_hosts_that_need_somebody_are_listed_to_whom_they_concern(troubled: Hub) -> None:
    every = api(troubled).get("/troubled-hosts")["items"]
    assert [(each["host"]["name"], each["certificate_days"]) for each in every] == [("silent.localhost", None), ("soon.localhost", 9), ("theirs.localhost", None)]

    own = api(troubled, tenant="acme").get("/troubled-hosts")["items"]
    assert {each["tenant"] for each in own} == {"acme"}
    api(troubled, tenant="acme").get("/troubled-hosts?tenant_slug=globex", 404)


def test_the_first_page_of_the_console_shows_them(troubled: Hub) -> None:
    shown = pages.text(desk(troubled).page("/console"))
    for words in ("Host names that need somebody", "silent.localhost", "Does not answer", "soon.localhost", "9 days left", "theirs.localhost", "Somebody else answers"):
        assert words in shown
    assert "good.localhost" not in shown
    assert "theirs.localhost" not in desk(troubled, Role.TENANT_ADMIN, "acme").page("/console")


def test_the_doctor_names_them_and_what_helps(troubled: Hub) -> None:
    found = [each for each in troubled.built.services.doctor.examine(ME) if each.topic == "hosts"]
    assert [(each.health, each.sentence.split(":")[1].split()[0]) for each in found] == [("bad", "silent.localhost"), ("warning", "the"), ("bad", "theirs.localhost")]
    assert "vestibule host check globex theirs.localhost" in found[-1].remedy


def test_the_doctor_is_content_without_any(hub: Hub) -> None:
    (found,) = [each for each in hub.built.services.doctor.examine(ME) if each.topic == "hosts"]
    assert found.health == "good"


# --- certificates on demand -------------------------------------------------------------------------------------------------


ASKED = "a" * 40


@pytest.mark.parametrize(
    ("secret", "name", "status"),
    [
        (ASKED, NAME, 200),
        (ASKED, "ACME.localhost", 200),
        (ASKED, "waiting.localhost", 200),
        (ASKED, "off.localhost", 404),
        (ASKED, "stranger.localhost", 404),
        (ASKED, "localhost", 404),
        ("b" * 40, NAME, 404),
        ("x", NAME, 404),
    ],
)
def test_a_proxy_that_knows_the_secret_may_ask_for_which_names_it_gets_certificates(tmp_path: Path, secret: str, name: str, status: int) -> None:
    with Hub(tmp_path, certificate_ask_secret=ASKED) as hub:
        hub.tenant("acme")
        hub.host("acme", NAME)
        hub.host("acme", "waiting.localhost", HostState.WAITING)
        hub.host("acme", "off.localhost", HostState.OFF)
        browser = hub.browser()
        assert browser.open(f"/hosts/ask/{secret}?domain={name}").status_code == status
        assert browser.open(f"/hosts/ask/{secret}").status_code == 404
        assert browser.open(f"http://{NAME}:8080/hosts/ask/{secret}?domain={name}").status_code == 404, "not from outside, at a host"


def test_nobody_may_ask_where_no_secret_is_set(hub: Hub) -> None:
    hub.tenant("acme")
    hub.host("acme", NAME)
    for secret in ("", "%20", "None", ASKED):
        assert hub.browser().open(f"/hosts/ask/{secret}?domain={NAME}").status_code == 404


@pytest.mark.parametrize("secret", ["short", "with spaces " * 4, "a" * 201, "ä" * 40])
def test_a_secret_that_can_be_guessed_stops_the_start(tmp_path: Path, secret: str) -> None:
    with pytest.raises(InvalidSettings, match="32 or more"):
        validate(Settings(state_dir=str(tmp_path), certificate_ask_secret=secret))


# --- the declarative file -----------------------------------------------------------------------------------------------------


def test_a_file_adds_switches_and_takes_away(hub: Hub) -> None:
    def apply(*named: Any, prune: bool = False) -> list[tuple[str, str]]:
        document = json.dumps({"tenants": [{"slug": "acme", "name": "Acme", "hosts": list(named)}]})
        made = hub.built.operations.run(ME, "configuration.apply", PlanConfiguration(document, prune=prune))
        return [(change.name, change.action) for change in made.changes if change.kind == "host"]

    assert apply(NAME, {"name": "off.localhost", "enabled": False}) == [(NAME, "created"), ("off.localhost", "created")]
    states = {host.name: host.state for host in hub.built.services.hosts.of_tenant(hub.built.tenants.get("acme").id)}
    assert states == {NAME: "waiting", "off.localhost": "off"}, "a look switches on, not a file"
    assert apply(NAME, {"name": "off.localhost", "enabled": False}) == [(NAME, "unchanged"), ("off.localhost", "unchanged")]
    assert apply({"name": NAME, "enabled": False}) == [(NAME, "updated")]
    assert apply("off.localhost", prune=True) == [("off.localhost", "updated"), (NAME, "deleted")]


def test_an_export_names_hosts_so_that_applying_it_changes_nothing(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.host("acme", NAME)
    hub.host("acme", "off.localhost", HostState.OFF)

    document = hub.built.operations.run(ME, "configuration.export", ExportConfiguration()).document
    planned = hub.built.operations.run(ME, "configuration.plan", PlanConfiguration(document, prune=True))

    assert NAME in document
    assert {change.action for change in planned.changes} == {"unchanged"}


# --- the console ------------------------------------------------------------------------------------------------------------


PAGE = "/console/tenants/acme/hosts"


def test_given_no_host_then_the_page_says_where_people_sign_in(hub: Hub) -> None:
    hub.tenant("acme")
    assert "Its people sign in at localhost:8080" in pages.text(desk(hub).page(PAGE))


def test_given_a_name_when_added_then_the_page_says_what_has_to_be_done(hub: Hub) -> None:
    hub.tenant("acme")
    mine = desk(hub, Role.OPERATOR)

    mine.submit(PAGE, "/hosts", host=NAME)

    shown = pages.text(mine.page(PAGE))
    for words in ("The host has been added", NAME, "Waiting", "Name of the CNAME record", "Not looked at yet", f"http://{NAME}:8080/saml/metadata"):
        assert words in shown


def test_given_a_wrong_name_then_it_is_said_at_the_field(hub: Hub) -> None:
    hub.tenant("acme")
    answer = desk(hub).submit(PAGE, "/hosts", host="no name")
    assert answer.status_code == 400
    page = answer.get_data(as_text=True)
    assert "This is no host name" in pages.text(page)
    assert 'value="no name"' in page


def test_given_a_look_then_the_page_shows_where_the_way_ends(reachable: Reachable) -> None:
    reachable.front.says("503 Service Unavailable")
    mine = desk(reachable.hub)
    mine.submit(PAGE, "/hosts", host=NAME)

    mine.submit(PAGE, "/check")

    shown = pages.text(mine.page(PAGE))
    for words in ("Looked. It does not lead to this hub yet", "Does not answer", "Cannot be seen from here"):
        assert words in shown


def test_given_a_host_in_use_then_the_console_names_what_would_stop(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.oidc_app("mail").sign_in(hub.browser(), hub.saml_idp("acme"), at=hub.host("acme", NAME))
    mine = desk(hub)
    assert "Mail last on" in pages.text(mine.page(PAGE))

    refused = mine.submit(PAGE, "/remove")
    assert refused.status_code == 409
    assert "Confirm that they may stop working" in pages.text(refused.data)

    mine.submit(PAGE, "/switch", despite_use="yes")
    assert "Switched off" in pages.text(mine.page(PAGE))
    mine.submit(PAGE, "/remove")
    assert "No address of its own" in pages.text(mine.page(PAGE))


def test_given_the_tenants_administrator_then_the_page_has_no_form(hub: Hub) -> None:
    hub.tenant("acme")
    hub.host("acme", NAME)
    page = desk(hub, Role.TENANT_ADMIN, "acme").page(PAGE)
    assert NAME in page
    assert f"{PAGE}/" not in page
