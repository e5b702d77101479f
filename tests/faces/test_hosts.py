"""Hosts of tenants through every face: added, looked at by the hub itself, switched, warned about, taken away on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.domain.errors import Conflict, Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import Actor, Role, Verb
from broker.services.hosts import PROOF_PATH, TenantHost
from broker.services.operations.hosts import ListHosts, OneHost, RemoveHost, SwitchHost
from tests.support import pages
from tests.support.api import api
from tests.support.console import desk
from tests.support.hub import ME, Hub
from tests.support.servers import Served

NAME = "acme.localhost"
Answering = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Front:
    """What stands at the port that the hub's addresses name: the hub, or somebody else."""

    def __init__(self) -> None:
        self.answering: Answering | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        assert self.answering is not None
        return self.answering(environ, start)

    def says(self, status: str, body: bytes = b"", **headers: str) -> None:
        """Somebody else does."""

        def answer(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            start(status, [("Content-Length", str(len(body))), *headers.items()])
            return [body]

        self.answering = answer


class Reachable:
    """A hub that can be reached at its own address, with a clock that is moved."""

    def __init__(self, hub: Hub, front: Front) -> None:
        self.hub, self.front = hub, front
        self.acme = hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        self.is_there()

    def is_there(self) -> None:
        self.front.answering = self.hub.app

    def run(self, operation: str, asked: Any, actor: Actor = ME) -> Any:
        return self.hub.built.operations.run(actor, operation, asked)

    def add(self, name: str = NAME) -> Any:
        return self.run("host.add", OneHost("acme", name))

    def check(self, name: str = NAME) -> Any:
        return self.run("host.check", OneHost("acme", name))

    def stored(self) -> TenantHost:
        return self.hub.built.services.hosts.get(self.acme, NAME)

    def later(self, **parts: float) -> None:
        self.hub.clock.forward(**parts)
        self.hub.built.upkeep.run()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Reachable]:
    front = Front()
    with Served("localhost") as served, Hub(tmp_path, public_url=served.url) as hub:
        made = Reachable(hub, front)
        served.start(front)
        yield made


# --- the check ----------------------------------------------------------------------------------------------------------


def test_a_host_waits_until_the_hub_has_seen_that_it_leads_here(world: Reachable) -> None:
    added = world.add()
    assert (added.state, added.checked_at) == ("waiting", None)

    checked = world.check()

    assert (checked.state, checked.problem, checked.checked_at) == ("on", "", world.hub.clock.now())


def _echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


STRANGERS: dict[str, tuple[Callable[[Reachable], None], str]] = {
    "another site": (lambda world: world.front.says("200 OK", b"welcome"), "elsewhere"),
    "an empty answer": (lambda world: world.front.says("200 OK"), "elsewhere"),
    "a page that is not there": (lambda world: world.front.says("404 Not Found"), "elsewhere"),
    "a site that says what it was asked": (lambda world: setattr(world.front, "answering", _echo), "elsewhere"),
    "a proxy without its hub": (lambda world: world.front.says("502 Bad Gateway"), "no_answer"),
}


@pytest.mark.parametrize(("stranger", "problem"), STRANGERS.values(), ids=STRANGERS)
def test_nobody_but_the_hub_itself_passes(world: Reachable, stranger: Callable[[Reachable], None], problem: str) -> None:
    world.add()
    stranger(world)

    checked = world.check()

    assert (checked.state, checked.problem) == ("waiting", problem)


def test_a_proxy_that_passes_another_name_on_does_not_pass(world: Reachable) -> None:
    """Then logins there would be taken for logins at the hub's own name."""
    world.add()

    def renamed(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return world.hub.app({**environ, "HTTP_HOST": world.hub.settings.public_url.partition("://")[2]}, start)

    world.front.answering = renamed

    assert world.check().problem == "elsewhere"


def test_a_redirect_to_the_hub_does_not_pass(world: Reachable) -> None:
    world.add()

    def elsewhere(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["HTTP_HOST"].startswith(NAME):
            start("302 Found", [("Location", world.hub.settings.public_url + environ["PATH_INFO"])])
            return [b""]
        return world.hub.app(environ, start)

    world.front.answering = elsewhere

    assert world.check().problem == "elsewhere"


def test_the_secret_is_said_once_to_nobody_who_guesses_and_at_no_other_host(world: Reachable) -> None:
    world.add()
    world.add("second.localhost")
    port = world.hub.settings.public_url.rpartition(":")[2]
    seen: list[str] = []

    def overheard(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ["PATH_INFO"])
        browser = world.hub.browser()
        for host in ("localhost", "second.localhost", "stranger.localhost"):
            assert browser.client.get(seen[0], headers={"Host": f"{host}:{port}"}).status_code == 404
        return world.hub.app(environ, start)

    world.front.answering = overheard
    assert world.check().state == "on"

    for path in (seen[0], f"{PROOF_PATH}/guess"):
        assert world.hub.browser().client.get(path, headers={"Host": f"{NAME}:{port}"}).status_code == 404


def test_looking_is_throttled(world: Reachable) -> None:
    world.add()
    answers = [api(world.hub).ask("POST", f"/tenants/acme/hosts/{NAME}/check", json={}).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


# --- by the clock ---------------------------------------------------------------------------------------------------------


def test_the_hub_looks_again_every_hour(world: Reachable) -> None:
    world.add()
    world.later(minutes=1)
    assert world.stored().state == "on", "one that waits is on by itself when it leads here"

    world.later(minutes=59)
    looked = world.stored().checked_at
    world.later(minutes=2)

    assert looked is not None
    assert world.stored().checked_at == world.hub.clock.now()


def test_a_host_that_leads_to_somebody_else_stops_at_once_and_comes_back_by_itself(world: Reachable) -> None:
    world.add()
    world.check()
    world.front.says("200 OK", b"for sale")
    world.later(hours=2)
    assert (world.stored().state, world.stored().problem) == ("waiting", "elsewhere")

    world.is_there()
    world.later(hours=2)

    assert (world.stored().state, world.stored().failing_since) == ("on", None)


def test_a_host_that_does_not_answer_keeps_its_place_and_is_warned_about(world: Reachable) -> None:
    world.add()
    world.check()
    world.front.says("503 Service Unavailable")
    world.later(hours=2)

    assert (world.stored().state, world.stored().problem, world.stored().failing_since) == ("on", "no_answer", world.hub.clock.now())


def test_a_host_that_is_off_is_left_alone(world: Reachable) -> None:
    world.add()
    world.check()
    world.run("host.switch", SwitchHost("acme", NAME, on=False))
    world.later(hours=2)
    assert world.stored().state == "off"

    assert world.run("host.switch", SwitchHost("acme", NAME, on=True)).state == "on"


# --- names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["ACME.localhost", " acme.localhost ", "http://acme.localhost/x", "acme.localhost."])
def test_people_type_names_in_many_ways(world: Reachable, typed: str) -> None:
    assert world.add(typed).name == NAME


@pytest.mark.parametrize("typed", ["", "localhost", "acme", "127.0.0.1", "acme.localhost:8080", "a b.localhost", "*.localhost", "acme.example", "-.localhost", f"{'a' * 64}.localhost"])
def test_what_is_no_name_of_a_host_is_refused(world: Reachable, typed: str) -> None:
    with pytest.raises(InvalidSettings):
        world.add(typed)


@pytest.mark.parametrize(("typed", "accepted"), [("login.acme.com", True), ("bücher.example", True), ("sso.example.com", False), ("192.0.2.1", False), ("login.acme.com:8443", False)])
def test_a_hub_with_tls_takes_names_of_the_internet(tmp_path: Path, typed: str, accepted: bool) -> None:
    with Hub(tmp_path, public_url="https://sso.example.com", production=True) as hub:
        hub.tenant("acme")
        if accepted:
            added = hub.built.operations.run(ME, "host.add", OneHost("acme", typed))
            assert added.issuer == f"https://{added.name}"
        else:
            with pytest.raises(InvalidSettings):
                hub.built.operations.run(ME, "host.add", OneHost("acme", typed))


def test_a_host_belongs_to_one_tenant(world: Reachable) -> None:
    world.add()
    assert world.add().name == NAME, "again for the same one changes nothing"
    with pytest.raises(Conflict):
        world.run("host.add", OneHost("globex", NAME))

    world.run("host.remove", RemoveHost("acme", NAME))
    assert world.run("host.add", OneHost("globex", NAME)).state == "waiting"


def test_hosts_go_with_their_tenant(world: Reachable) -> None:
    world.add()
    world.hub.built.tenants.delete(ME, "acme")
    assert world.hub.count("tenant_hosts") == 0


# --- who may ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbs", [frozenset({Verb.READ, Verb.SET_UP}), frozenset(Verb) - {Verb.ADMINISTER}])
def test_a_tenants_own_people_see_its_hosts_and_change_none(world: Reachable, verbs: frozenset[Verb]) -> None:
    world.add()
    theirs = Actor("token", verbs, world.acme)

    assert [one.name for one in world.run("host.list", ListHosts("acme"), theirs).items] == [NAME]
    for operation, asked in (("host.add", OneHost("acme", "x.localhost")), ("host.check", OneHost("acme", NAME)),
                             ("host.switch", SwitchHost("acme", NAME, on=False)), ("host.remove", RemoveHost("acme", NAME))):  # fmt: skip
        with pytest.raises(Forbidden):
            world.run(operation, asked, theirs)
    with pytest.raises(UnknownObject):
        world.run("host.list", ListHosts("globex"), theirs)


def test_every_change_is_in_the_audit_log(world: Reachable) -> None:
    world.add()
    world.check()
    world.run("host.switch", SwitchHost("acme", NAME, on=False))
    world.run("host.remove", RemoveHost("acme", NAME))

    with world.hub.built.database.reading() as connection:
        actions = [row[0] for row in connection.exec_driver_sql("SELECT action FROM audit WHERE object_kind = 'host' ORDER BY id")]
    assert actions == ["host.created", "host.updated", "host.updated", "host.deleted"]


# --- what uses it -----------------------------------------------------------------------------------------------------------


def test_a_host_that_applications_use_goes_only_on_purpose(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    base = hub.host("acme", NAME)
    app, idp = hub.oidc_app(), hub.saml_idp("acme")
    app.sign_in(hub.browser(), idp, at=base)
    script = api(hub)
    path = f"/tenants/acme/hosts/{NAME}"

    assert [use["application"] for use in script.get(path)["uses"]] == [hub.built.applications.get("mail").slug]
    assert script.post(f"{path}/switch", {"on": False}, 409)["field"] == "despite_use"
    script.delete(path, 409)
    assert script.get(path)["host"]["state"] == "on"

    assert script.post(f"{path}/switch", {"on": False, "despite_use": True})["state"] == "off"
    script.delete(path)
    script.get(path, 404)


def test_use_of_long_ago_holds_nobody_up(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    base = hub.host("acme", NAME)
    hub.oidc_app().sign_in(hub.browser(), hub.saml_idp("acme"), at=base)
    hub.clock.forward(days=31)

    api(hub).delete(f"/tenants/acme/hosts/{NAME}")


def test_a_busy_host_writes_its_use_once_an_hour(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    base = hub.host("acme", NAME)
    app, idp = hub.oidc_app(), hub.saml_idp("acme")
    first = hub.clock.now()
    for minutes in (0, 20, 20):
        hub.clock.forward(minutes=minutes)
        app.sign_in(hub.browser(), idp, at=base)
    host = hub.built.services.hosts.get(hub.tenants["acme"], NAME)
    assert [use.used_at for use in hub.built.services.hosts.uses(host)] == [first]

    hub.clock.forward(minutes=20)
    app.sign_in(hub.browser(), idp, at=base)
    assert [use.used_at for use in hub.built.services.hosts.uses(host)] == [hub.clock.now()]


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


def test_given_a_look_then_the_page_shows_where_the_way_ends(world: Reachable) -> None:
    world.front.says("503 Service Unavailable")
    mine = desk(world.hub)
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
