"""Hosts of tenants through every face: added, looked at by the hub itself, switched, taken away on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from broker.domain.errors import Conflict, Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import Actor, Verb
from broker.services.hosts import PROOF_PATH
from broker.services.operations.hosts import ListHosts, OneHost, RemoveHost, SwitchHost
from tests.support import pages
from tests.support.api import api
from tests.support.console import desk
from tests.support.hub import ME, Hub
from tests.support.reachable import NAME, Reachable

# --- the check ----------------------------------------------------------------------------------------------------------


def test_a_host_waits_until_the_hub_has_seen_that_it_leads_here(reachable: Reachable) -> None:
    added = reachable.add()
    assert (added.state, added.checked_at) == ("waiting", None)

    checked = reachable.check()

    assert (checked.state, checked.problem, checked.checked_at) == ("on", "", reachable.hub.clock.now())


def _echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


STRANGERS: dict[str, tuple[Callable[[Reachable], None], str]] = {
    "another site": (lambda reachable: reachable.front.says("200 OK", b"welcome"), "elsewhere"),
    "an empty answer": (lambda reachable: reachable.front.says("200 OK"), "elsewhere"),
    "a page that is not there": (lambda reachable: reachable.front.says("404 Not Found"), "elsewhere"),
    "a site that says what it was asked": (lambda reachable: setattr(reachable.front, "answering", _echo), "elsewhere"),
    "a site that sends everybody round in a circle": (lambda reachable: reachable.front.says("302 Found", Location="/"), "elsewhere"),
    "one that sends them to a private network": (lambda reachable: reachable.front.says("302 Found", Location="http://10.0.0.1/"), "elsewhere"),
    "one that sends them nowhere": (lambda reachable: reachable.front.says("302 Found", Location="http://["), "elsewhere"),
    "a very large page": (lambda reachable: reachable.front.says("200 OK", b"x" * 1_100_000), "elsewhere"),
    "a page that is packed": (lambda reachable: reachable.front.says("200 OK", b"x", **{"Content-Encoding": "gzip"}), "elsewhere"),
    "a proxy without its hub": (lambda reachable: reachable.front.says("502 Bad Gateway"), "no_answer"),
}


@pytest.mark.parametrize(("stranger", "problem"), STRANGERS.values(), ids=STRANGERS)
def test_nobody_but_the_hub_itself_passes(reachable: Reachable, stranger: Callable[[Reachable], None], problem: str) -> None:
    reachable.add()
    stranger(reachable)

    checked = reachable.check()

    assert (checked.state, checked.problem) == ("waiting", problem)


def test_a_proxy_that_passes_another_name_on_does_not_pass(reachable: Reachable) -> None:
    """Then logins there would be taken for logins at the hub's own name."""
    reachable.add()

    def renamed(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return reachable.hub.app({**environ, "HTTP_HOST": reachable.hub.settings.public_url.partition("://")[2]}, start)

    reachable.front.answering = renamed

    assert reachable.check().problem == "elsewhere"


def test_a_redirect_to_the_hub_does_not_pass(reachable: Reachable) -> None:
    reachable.add()

    def elsewhere(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["HTTP_HOST"].startswith(NAME):
            start("302 Found", [("Location", reachable.hub.settings.public_url + environ["PATH_INFO"])])
            return [b""]
        return reachable.hub.app(environ, start)

    reachable.front.answering = elsewhere

    assert reachable.check().problem == "elsewhere"


def test_the_secret_is_said_once_to_nobody_who_guesses_and_at_no_other_host(reachable: Reachable) -> None:
    reachable.add()
    reachable.add("second.localhost")
    port = reachable.hub.settings.public_url.rpartition(":")[2]
    seen: list[str] = []

    def overheard(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ["PATH_INFO"])
        browser = reachable.hub.browser()
        for host in ("localhost", "second.localhost", "stranger.localhost"):
            assert browser.client.get(seen[0], headers={"Host": f"{host}:{port}"}).status_code == 404
        answer = list(reachable.hub.app(environ, start))
        assert browser.client.get(seen[0], headers={"Host": environ["HTTP_HOST"]}).status_code == 404, "said once"
        return answer

    reachable.front.answering = overheard
    assert reachable.check().state == "on"

    for path in (seen[0], f"{PROOF_PATH}/guess"):
        assert reachable.hub.browser().client.get(path, headers={"Host": f"{NAME}:{port}"}).status_code == 404


def test_looking_is_throttled(reachable: Reachable) -> None:
    reachable.add()
    answers = [api(reachable.hub).ask("POST", f"/tenants/acme/hosts/{NAME}/check", json={}).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


# --- by the clock ---------------------------------------------------------------------------------------------------------


def test_the_hub_looks_again_every_hour(reachable: Reachable) -> None:
    reachable.add()
    reachable.later(minutes=1)
    assert reachable.stored().state == "on", "one that waits is on by itself when it leads here"

    reachable.later(minutes=59)
    looked = reachable.stored().checked_at
    reachable.later(minutes=2)

    assert looked is not None
    assert reachable.stored().checked_at == reachable.hub.clock.now()


@pytest.mark.parametrize("location", ["", "/", "http://10.0.0.1/"])
def test_a_host_that_leads_to_somebody_else_stops_at_once_and_comes_back_by_itself(reachable: Reachable, location: str) -> None:
    reachable.add()
    reachable.check()
    reachable.front.says("302 Found" if location else "200 OK", b"for sale", Location=location)
    reachable.later(hours=2)
    assert (reachable.stored().state, reachable.stored().problem) == ("waiting", "elsewhere")

    reachable.is_there()
    reachable.later(hours=2)

    assert (reachable.stored().state, reachable.stored().failing_since) == ("on", None)


def test_a_host_that_does_not_answer_keeps_its_place_and_is_warned_about(reachable: Reachable) -> None:
    reachable.add()
    reachable.check()
    reachable.front.says("503 Service Unavailable")
    reachable.later(hours=2)

    assert (reachable.stored().state, reachable.stored().problem, reachable.stored().failing_since) == ("on", "no_answer", reachable.hub.clock.now())


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable"])
def test_a_host_that_proves_nothing_stops_after_a_while_and_comes_back_with_the_next_proof(reachable: Reachable, status: str) -> None:
    reachable.add()
    reachable.check()
    reachable.front.says(status)
    reachable.later(hours=1)
    first = reachable.stored()
    discovery = partial(reachable.hub.app.test_client().get, "/.well-known/openid-configuration", base_url=first.base)
    assert discovery().json["issuer"] == first.base
    assert (first.state, first.stops_at) == ("on", reachable.hub.clock.now() + timedelta(hours=3))
    reachable.later(hours=2, minutes=50)
    assert reachable.stored().state == "on"

    reachable.later(minutes=10)
    assert (reachable.stored().state, reachable.stored().stops_at) == ("waiting", None)
    assert discovery().status_code == 404

    reachable.is_there()
    reachable.later(minutes=10)
    assert (reachable.stored().state, reachable.stored().failing_since) == ("on", None)


def test_a_look_that_waited_in_vain_does_not_outrank_a_proof_that_was_found_meanwhile(reachable: Reachable) -> None:
    """Somebody puts the DNS record right, and asks, while the hub still waits for the wrong address."""
    reachable.add()
    reachable.check()
    reachable.front.says("502 Bad Gateway")
    reachable.later(hours=2)
    assert reachable.stored().failing_since is not None

    def slow(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        reachable.is_there()
        reachable.check()
        start("504 Gateway Timeout", [("Content-Length", "0")])
        return [b""]

    reachable.front.answering = slow
    reachable.later(hours=4)

    assert (reachable.stored().state, reachable.stored().failing_since) == ("on", None)


def test_a_proxy_that_is_restarted_within_that_time_changes_nothing(reachable: Reachable) -> None:
    reachable.add()
    reachable.check()
    for _ in range(4):
        reachable.front.says("502 Bad Gateway")
        reachable.later(hours=2)
        assert reachable.stored().state == "on"
        reachable.is_there()
        reachable.later(minutes=10)
        assert reachable.stored().failing_since is None


def test_a_host_that_has_failed_for_days_is_asked_every_hour_only(reachable: Reachable) -> None:
    reachable.front.says("503 Service Unavailable")
    reachable.add()
    reachable.later(minutes=1)
    reachable.later(days=2)
    looked = reachable.stored().checked_at
    reachable.later(minutes=30)
    assert reachable.stored().checked_at == looked
    reachable.later(minutes=31)
    assert reachable.stored().checked_at == reachable.hub.clock.now()


def test_while_it_proves_nothing_console_and_portal_say_when_it_stops(reachable: Reachable) -> None:
    reachable.add()
    reachable.check()
    reachable.front.says("503 Service Unavailable")
    reachable.later(hours=1)
    stops = f"{reachable.hub.clock.now() + timedelta(hours=3):%H:%M} UTC"
    link = reachable.hub.built.setup_links.create(ME, reachable.acme).token
    shown = reachable.hub.browser().open(f"/setup/{link}").get_data(as_text=True)
    operator = desk(reachable.hub)

    assert f"We cannot see any more that {NAME} leads to us." in pages.text(shown)
    for page in (shown, operator.page("/console"), operator.page("/console/tenants/acme/hosts")):
        assert stops in pages.text(page)
    other = reachable.hub.built.setup_links.create(ME, reachable.hub.tenants["globex"]).token
    assert NAME not in reachable.hub.browser().open(f"/setup/{other}").get_data(as_text=True)

    reachable.later(hours=4)
    assert "so nobody can sign in there" in reachable.hub.browser().open(f"/setup/{link}").get_data(as_text=True)


def test_a_host_that_is_off_is_left_alone(reachable: Reachable) -> None:
    reachable.add()
    reachable.check()
    reachable.run("host.switch", SwitchHost("acme", NAME, on=False))
    reachable.later(hours=2)
    assert reachable.stored().state == "off"

    assert reachable.run("host.switch", SwitchHost("acme", NAME, on=True)).state == "on"


# --- names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["ACME.localhost", " acme.localhost ", "http://acme.localhost/x", "acme.localhost."])
def test_people_type_names_in_many_ways(reachable: Reachable, typed: str) -> None:
    assert reachable.add(typed).name == NAME


@pytest.mark.parametrize("typed", ["", "localhost", "acme", "127.0.0.1", "acme.localhost:8080", "a b.localhost", "*.localhost", "acme.example", "-.localhost", f"{'a' * 64}.localhost"])
def test_what_is_no_name_of_a_host_is_refused(reachable: Reachable, typed: str) -> None:
    with pytest.raises(InvalidSettings):
        reachable.add(typed)


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


def test_a_host_belongs_to_one_tenant(reachable: Reachable) -> None:
    reachable.add()
    assert reachable.add().name == NAME, "again for the same one changes nothing"
    with pytest.raises(Conflict):
        reachable.run("host.add", OneHost("globex", NAME))

    reachable.run("host.remove", RemoveHost("acme", NAME))
    assert reachable.run("host.add", OneHost("globex", NAME)).state == "waiting"


def test_hosts_go_with_their_tenant(reachable: Reachable) -> None:
    reachable.add()
    reachable.hub.built.tenants.delete(ME, "acme")
    assert reachable.hub.count("tenant_hosts") == 0


# --- who may ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbs", [frozenset({Verb.READ, Verb.SET_UP}), frozenset(Verb) - {Verb.ADMINISTER}])
def test_a_tenants_own_people_see_its_hosts_and_change_none(reachable: Reachable, verbs: frozenset[Verb]) -> None:
    reachable.add()
    theirs = Actor("token", verbs, reachable.acme)

    assert [one.name for one in reachable.run("host.list", ListHosts("acme"), theirs).items] == [NAME]
    for operation, asked in (("host.add", OneHost("acme", "x.localhost")), ("host.check", OneHost("acme", NAME)),
                             ("host.switch", SwitchHost("acme", NAME, on=False)), ("host.remove", RemoveHost("acme", NAME))):  # fmt: skip
        with pytest.raises(Forbidden):
            reachable.run(operation, asked, theirs)
    with pytest.raises(UnknownObject):
        reachable.run("host.list", ListHosts("globex"), theirs)


def test_every_change_is_in_the_audit_log(reachable: Reachable) -> None:
    reachable.add()
    reachable.check()
    reachable.run("host.switch", SwitchHost("acme", NAME, on=False))
    reachable.run("host.remove", RemoveHost("acme", NAME))

    with reachable.hub.built.database.reading() as connection:
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
    script, path = api(hub), f"/tenants/acme/hosts/{NAME}"
    assert script.get(path)["host"]["state"] == "on"

    script.delete(path)

    script.get(path, 404)


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
