"""Whether identity providers answer: looked at by the clock and on request, and told to whoever can do something about it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from broker import opening
from broker.cli.commands import main
from broker.domain.access_errors import TooManyAttempts
from broker.domain.errors import Forbidden, UnknownObject
from broker.services import clockwork
from broker.services.actor import ROLES, Actor, Role
from broker.services.connectors import SaveConnector
from broker.services.operations.connectors import OneConnector
from broker.services.operations.federation import ShowFederation
from broker.services.reach import INTERVAL
from broker.services.watch import Watch
from connectors import registry
from connectors.contract import FollowsProvider, Probes
from tests.support.hub import ME, Hub
from tests.support.oidc_op import OpenIdProvider
from tests.support.ports import free_port
from tests.support.provider_site import Page, ProviderSite, page
from tests.support.reach import health, hub, saml, silent, site, watch
from tests.support.saml_idp import key_pair

__all__ = ["hub", "site"]  # fixtures
ERROR = "It answers, but with the error %(status)s when nobody signs in. Only a sign-in shows whether it works."


# --- what a look finds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reachable", "problem", "cause"),
    [
        (page("Sign in"), True, "", ""),
        (page("What do you want?", 400), True, "", ""),
        (page("", 302, Location="http://10.0.0.1/"), True, "", ""),
        (page("x" * 2_000_000), True, "", ""),
        (page("Oops", 500), True, "own_error", ERROR.replace("%(status)s", "500")),
        (page("Oops", 501), True, "own_error", ERROR.replace("%(status)s", "501")),
        (page("", 502), False, "status", "It answered with the HTTP status 502."),
        (page("", 503), False, "status", "It answered with the HTTP status 503."),
        (page("", 521), False, "status", "It answered with the HTTP status 521."),
        (page("", 504), False, "status", "It answered with the HTTP status 504."),
    ],
    ids=["page", "wants a request", "redirect", "endless page", "error", "not made for that", "bad gateway", "unavailable", "down behind Cloudflare", "late"],
)
def test_given_a_saml_provider_without_metadata_address_then_any_answer_of_its_sign_in_page_but_a_server_error_will_do(
    hub: Hub, site: ProviderSite, answer: Page, reachable: bool, problem: str, cause: str
) -> None:
    site.pages["/sso"] = answer
    saml(hub, f"{site.url}/sso?key=secret")
    assert watch(hub) == 1
    found = health(hub)
    assert (found.reachable, found.reach_problem, found.reach_cause) == (reachable, problem, cause)
    assert found.looked_where == f"{site.url}/sso", "without its query"
    assert (found.looked_at, found.reachable_since) == (hub.clock.now(), hub.clock.now())


def test_given_a_metadata_address_then_it_is_asked_and_when_it_fails_the_sign_in_page_decides(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso", metadata_url=f"{site.url}/metadata")
    site.pages["/metadata"] = page("<x/>")
    watch(hub)
    assert (health(hub).reachable, health(hub).looked_where) == (True, f"{site.url}/metadata")
    del site.pages["/metadata"]
    watch(hub, hours=1)
    assert (health(hub).reachable, health(hub).looked_where) == (True, f"{site.url}/sso")
    site.pages["/sso"] = page(status=502)
    watch(hub, hours=1)
    assert (health(hub).reachable, health(hub).reach_problem) == (False, "status")


def test_given_nobody_listens_then_it_is_refused_and_the_customers_it_must_act(hub: Hub) -> None:
    saml(hub, f"http://127.0.0.1:{free_port()}/sso")
    watch(hub)
    found = health(hub)
    assert (found.reachable, found.reach_problem, found.reach_act) == (False, "refused", "customer_it")
    assert found.reach_cause == "Its server refuses connections."
    assert found.reach_fix


def test_given_a_slow_provider_then_it_is_given_up_in_time(hub: Hub, site: ProviderSite) -> None:
    site.pages["/sso"] = site.slow
    saml(hub, f"{site.url}/sso")
    watch(hub)
    assert health(hub).reach_problem == "timeout"


def test_given_a_certificate_that_nobody_vouches_for_then_it_says_so(hub: Hub, tmp_path: Path) -> None:
    with ProviderSite(key_pair("web server"), tmp_path) as site:
        saml(hub, f"{site.url}/sso")
        watch(hub)
    assert health(hub).reach_problem == "tls_untrusted"


def test_given_a_name_that_does_not_exist_then_the_dns_is_named(hub: Hub) -> None:
    saml(hub, "http://idp.acme.invalid/sso")  # RFC 6761 6.4: nobody ever has it
    watch(hub)
    assert health(hub).reach_problem == "no_name"


def test_given_a_private_address_then_it_is_not_asked_and_nothing_is_said_against_the_provider(hub: Hub) -> None:
    saml(hub, "http://10.1.2.3/sso")
    watch(hub)
    watch(hub, hours=1)
    found = health(hub)
    assert (found.reachable, found.reach_problem, found.reach_act, found.state) == (None, "not_allowed", "operator", "quiet")
    assert silent(hub) == []


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({}, ""),
        ({"description": page(status=404)}, "status"),
        ({"description": page("<html>")}, "not_description"),
        ({"issuer": "/"}, "other_issuer"),
        ({"keys": page(status=500)}, "status"),
        ({"keys": page("{}")}, "keys"),
    ],
    ids=["all well", "no description", "web page", "one letter of the issuer", "no keys", "no usable keys"],
)
def test_given_an_openid_provider_then_description_issuer_and_keys_are_looked_at(
    hub: Hub, broken: dict[str, Any], problem: str
) -> None:
    with ProviderSite() as site, OpenIdProvider(hub.clock) as op:
        keys = site.pages["/jwks"] = page(json.dumps(op.jwks()))
        described = {
            "issuer": site.url,
            "authorization_endpoint": f"{site.url}/authorize",
            "token_endpoint": f"{site.url}/token",
            "jwks_uri": f"{site.url}/jwks",
        }
        where = "/.well-known/openid-configuration"
        site.pages[where] = page(json.dumps(described))
        settings = {"issuer": site.url, "client_id": "x", "client_secret": "y"}
        hub.built.connectors.save(ME, SaveConnector(hub.tenants["acme"], "op", "oidc", "Acme OP", settings, enabled=True))
        site.pages[where] = broken.get("description") or page(json.dumps({**described, "issuer": site.url + broken.get("issuer", "")}))
        site.pages["/jwks"] = broken.get("keys", keys)
        watch(hub)
    found = health(hub)
    assert (found.reach_problem, found.reachable) == (problem, not problem)


def test_given_its_web_server_tells_the_time_then_its_clock_is_known_before_anybody_signs_in(hub: Hub, site: ProviderSite) -> None:
    site.pages["/sso"] = page("x", Date="Mon, 02 Mar 2026 09:01:00 GMT")
    saml(hub, f"{site.url}/sso")
    watch(hub)
    assert health(hub).clock_offset_ms == 60_500, "a header of whole seconds: half a second more is the best guess"
    site.pages["/sso"] = page("x", Date="Mon, 02 Mar 2026 08:00:00 GMT", Age="3600")
    watch(hub, hours=1)
    assert health(hub).clock_offset_ms == 60_500, "an answer out of a cache says nothing of a clock"


# --- when ---------------------------------------------------------------------------------------------------------------


def test_given_a_provider_that_answers_then_it_is_left_alone_until_its_time_has_come_again(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    assert watch(hub) == 1
    assert watch(hub, minutes=26) == 0
    assert watch(hub, minutes=8) == 1
    assert len(site.asked) == 2


def test_given_a_first_failure_then_it_is_looked_at_again_soon_and_told_when_the_second_look_fails_too(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    watch(hub)
    site.pages["/sso"] = page(status=503)
    watch(hub, hours=1)
    began = hub.clock.now()
    assert (health(hub).state, silent(hub)) == ("quiet", [])
    assert watch(hub, minutes=3) == 1
    found = health(hub)
    assert (found.state, found.reachable_since, found.looked_at) == ("unreachable", began, began + timedelta(minutes=3))
    assert silent(hub) == [("acme", "idp", "status")]
    (flow,) = hub.built.operations.run(ME, "federation.show", ShowFederation()).providers
    assert flow.state == "unreachable"
    site.pages["/sso"] = page("back")
    assert watch(hub, minutes=12) == 1
    assert (health(hub).state, silent(hub)) == ("quiet", [])


def test_given_people_sign_in_although_this_hub_gets_no_answer_then_the_provider_is_not_called_unreachable(hub: Hub) -> None:
    side = hub.saml_idp("acme")
    values = {"sso_redirect_url": f"http://127.0.0.1:{free_port()}/sso"}
    hub.built.connectors.save(ME, SaveConnector(hub.tenants["acme"], "idp", "saml", "Acme", values, enabled=True))
    watch(hub)
    watch(hub, minutes=3)
    assert health(hub).state == "unreachable"
    hub.clock.forward(minutes=1)
    assert hub.saml_app().sign_in(hub.browser(), side).status == "success", "no login waits for a look"
    hub.built.upkeep.run()
    assert (health(hub).state, health(hub).reachable, silent(hub)) == ("good", False, [])


def test_given_a_provider_that_answers_an_empty_request_with_an_error_then_nobody_is_alarmed_however_long(
    hub: Hub, site: ProviderSite
) -> None:
    site.pages["/sso"] = page("NullReferenceException", 500)
    saml(hub, f"{site.url}/sso")
    for _ in range(4):
        watch(hub, hours=1)
    found = health(hub)
    assert (found.reachable, found.reach_problem, found.reach_act) == (True, "own_error", "customer_it")
    assert (found.state, silent(hub)) == ("quiet", [])
    assert found.reachable_since == found.looked_at - timedelta(hours=3), "one state, as long as it lasts"


def test_given_a_sign_in_of_late_then_it_outranks_what_an_empty_request_was_answered_with(hub: Hub, site: ProviderSite) -> None:
    side = hub.saml_idp("acme")
    values = {"sso_redirect_url": f"{site.url}/sso", "sso_post_url": ""}
    hub.built.connectors.save(ME, SaveConnector(hub.tenants["acme"], "idp", "saml", "Acme", values, enabled=True))
    site.pages["/sso"] = page(status=500)
    watch(hub)
    assert health(hub).reach_problem == "own_error"
    assert hub.saml_app().sign_in(hub.browser(), side).status == "success"
    hub.built.upkeep.run()
    found = health(hub)
    assert (found.reachable, found.reach_problem, found.reach_cause, found.state) == (True, "", "", "good")

    watch(hub, days=2)
    assert health(hub).reach_problem == ""
    watch(hub, days=2)
    assert health(hub).reach_problem == "own_error", "of a sign-in of long ago nothing is known any more"


def test_given_it_was_down_and_answers_with_an_error_now_then_the_alarm_is_over(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    site.pages["/sso"] = page(status=503)
    watch(hub)
    watch(hub, minutes=3)
    assert silent(hub) == [("acme", "idp", "status")]
    site.pages["/sso"] = page(status=500)
    watch(hub, hours=1)
    assert (health(hub).reachable, silent(hub)) == (True, [])


def test_given_a_connector_that_is_switched_off_then_nobody_looks_until_it_is_on_again(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    watch(hub)
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=False)
    assert watch(hub, hours=2) == 0
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=True)
    assert watch(hub, minutes=1) == 1


def test_given_more_connectors_than_one_run_takes_then_they_are_spread_and_nobody_is_forgotten(hub: Hub, site: ProviderSite) -> None:
    """As ten thousand of them would be, with smaller numbers."""
    reach = hub.built.services.reach
    for number in range(12):
        hub.tenant(f"t{number}")
        saml(hub, f"{site.url}/sso", tenant=f"t{number}")
    runs = []
    for _ in range(40):
        runs.append(reach.look_around(limit=4))
        hub.clock.forward(minutes=1)
    assert max(runs) <= 4
    assert sum(runs[: INTERVAL // timedelta(minutes=1) + 1]) >= 12, "everybody has had a turn within the interval"
    assert len({path for path, _ in site.asked}) == 1


def test_given_the_time_of_a_run_is_over_then_the_rest_keep_their_turn(
    hub: Hub, site: ProviderSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    saml(hub, f"{site.url}/sso")
    monkeypatch.setattr(clockwork, "BUDGET_SECONDS", -1.0)
    watch(hub)
    assert (health(hub).looked_at, site.asked) == (None, [])
    monkeypatch.undo()
    watch(hub)
    assert health(hub).looked_at is not None


def test_given_two_processes_then_one_of_them_looks(hub: Hub) -> None:
    services = hub.built.services
    other = Watch(services.bench, services.reach, services.following, "other")
    assert services.watch.run() is not None
    assert other.run() is None
    hub.clock.forward(minutes=6)
    assert other.run() is not None, "a lease that was not renewed is free"


def test_given_a_hub_without_a_way_out_then_it_asks_nobody_by_itself(tmp_path: Path) -> None:
    with Hub(tmp_path, watch_providers=False) as hub:
        assert hub.built.services.watch.run() is None


# --- on request ---------------------------------------------------------------------------------------------------------


def test_given_support_asks_then_it_is_looked_at_now_but_not_as_often_as_somebody_likes(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    support = Actor("x", ROLES[Role.SUPPORT])
    asked = OneConnector("acme", "idp")
    before = hub.built.connectors.get(hub.tenants["acme"], "idp").version
    assert hub.built.operations.run(support, "health.probe", asked).reachable is True
    site.pages["/sso"] = page(status=503)
    assert hub.built.operations.run(support, "health.probe", asked).reachable is False
    assert hub.built.connectors.get(hub.tenants["acme"], "idp").version == before, "a look changes no configuration"
    with pytest.raises(TooManyAttempts):
        for _ in range(10):
            hub.built.operations.run(support, "health.probe", asked)
    assert len(site.asked) == 10


def test_given_whoever_may_not_read_sign_ins_or_belongs_to_somebody_else_then_they_cannot_make_the_hub_ask(
    hub: Hub, site: ProviderSite
) -> None:
    saml(hub, f"{site.url}/sso")
    hub.tenant("globex")
    for who, refused in (
        (Actor("x", ROLES[Role.AUDITOR]), Forbidden),
        (Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["globex"]), UnknownObject),
    ):
        with pytest.raises(refused):
            hub.built.operations.run(who, "health.probe", OneConnector("acme", "idp"))
    assert site.asked == []


def test_given_a_tenants_own_people_then_they_see_their_own_silent_providers_only(hub: Hub) -> None:
    hub.tenant("globex")
    for tenant in ("acme", "globex"):
        saml(hub, f"http://127.0.0.1:{free_port()}/sso", tenant=tenant)
    watch(hub)
    watch(hub, minutes=3)
    assert sorted(found[0] for found in silent(hub)) == ["acme", "globex"]
    theirs = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["globex"])
    assert silent(hub, theirs) == [("globex", "idp", "refused")]


def test_given_a_draft_without_settings_then_there_is_nothing_to_ask(hub: Hub) -> None:
    hub.built.connectors.draft(ME, hub.tenants["acme"], "new", "saml", "New")
    found = hub.built.operations.run(ME, "health.probe", OneConnector("acme", "new"))
    assert (found.reachable, found.reach_problem, found.state) == (None, "no_address", "off")


def test_given_a_connector_that_cannot_be_read_any_more_then_the_others_are_looked_at_all_the_same(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    hub.tenant("globex")
    hub.saml_idp("globex")
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql(f"UPDATE connectors SET type = 'gone' WHERE tenant_id = '{hub.tenants['globex']}'")
    assert watch(hub) == 1
    assert watch(hub, minutes=1) == 0, "it waits for its next turn like everybody"
    assert health(hub).reachable is True


@pytest.mark.parametrize("name", list(registry.BUILT_IN))
def test_every_built_in_kind_can_be_looked_at_and_followed(name: str) -> None:
    kind = registry.connector_type(name)
    assert isinstance(kind, Probes)
    assert isinstance(kind, FollowsProvider)


def test_given_the_command_line_then_it_shows_who_does_not_answer_and_why(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_hub", lambda *_: hub.built)
    saml(hub, f"http://127.0.0.1:{free_port()}/sso")
    watch(hub)
    watch(hub, minutes=3)
    for arguments in (("health", "list", "acme"), ("health", "unreachable"), ("health", "probe", "acme", "idp")):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        assert "Its server refuses connections." in result.output
