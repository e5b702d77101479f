"""Home: a fresh hub is guided; a living one shows who signs in to what, how well, and what ends next."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from broker.domain.http import Incoming
from broker.services.actor import Role
from broker.services.operations.federation import FederationView, ShowFederation
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, Hub
from tests.support.partners import SamlSide

HOME = "/console"


def sign_in(hub: Hub, side: SamlSide, application_id: str, tenant: str, *, failing: bool = False, times: int = 1) -> None:
    """As the log of a login leaves it."""
    for _ in range(times):
        trace = hub.built.hub.traces.begin(Incoming("GET", "/saml/sso"), "sign-in")
        trace.tenant_id, trace.connector_id, trace.application_id = hub.tenants[tenant], side.connector_id, application_id
        if failing:
            trace.fail("foreign_email", "an address of another organisation", "customer_it", "prove the domain")
        else:
            trace.succeed()
        hub.built.hub.traces.save(trace)


def shown(hub: Hub, **asked: int) -> FederationView:
    found: FederationView = hub.built.operations.run(ME, "federation.show", ShowFederation(**asked))
    return found


def test_given_a_fresh_hub_then_it_says_what_to_do_first(hub: Hub) -> None:
    page = desk(hub).page(HOME)
    assert "Three steps, and the first people sign in." in page
    assert pages.links(page)["Make the first tenant"] == "/console/new/tenant"
    assert pages.links(page)["Register an application"] == "/console/new/application"


def test_given_only_a_tenant_then_the_map_waits_for_the_rest(hub: Hub) -> None:
    hub.tenant("acme")
    page = desk(hub).page(HOME)
    assert "None is switched on yet" in page
    assert "No sign-in failed." in page


def test_given_sign_ins_then_the_map_shows_who_how_many_and_how_well(hub: Hub) -> None:
    hub.tenant("acme")
    hub.tenant("globex")
    good, bad = hub.saml_idp("acme"), hub.saml_idp("globex")
    wiki = hub.saml_app("wiki")
    sign_in(hub, good, wiki.application_id, "acme", times=3)
    sign_in(hub, bad, wiki.application_id, "globex", failing=True, times=2)
    hub.built.upkeep.run()
    page = desk(hub).page(HOME)
    said = pages.text(page)
    assert "acme idp Acme 3 sign-ins · Healthy" in said
    assert "globex idp Globex 2 sign-ins, 2 failed · Failing" in said
    assert "Wiki 5 sign-ins, 2 failed" in said
    assert re.findall(r'class="edge edge-(\w+)"', page) == ["good", "failing", "good"]
    assert pages.links(page)["The person’s email address belongs to a domain that this organisation has not proved."].endswith(
        "?error_code=foreign_email"
    )


@pytest.mark.parametrize(("tenants", "named", "others"), [(1, 1, 0), (10, 7, 3)])
def test_given_many_identity_providers_then_the_busiest_are_named_and_the_others_are_one(
    hub: Hub, tenants: int, named: int, others: int
) -> None:
    wiki = hub.saml_app("wiki")
    for number in range(tenants):
        hub.tenant(f"t{number}")
        sign_in(hub, hub.saml_idp(f"t{number}"), wiki.application_id, f"t{number}", times=number + 1)
    found = shown(hub)
    assert [flow.tenant for flow in found.providers] == [f"t{number}" for number in range(tenants - 1, tenants - 1 - named, -1)]
    assert (found.other_providers.count, found.other_providers.logins) == (others, sum(range(1, others + 1)))
    assert found.connectors == tenants
    assert (f"and {others} more" in desk(hub).page(HOME)) == bool(others)


def test_given_sign_ins_of_hours_that_are_over_then_folding_changes_no_number(hub: Hub) -> None:
    hub.tenant("acme")
    side, wiki = hub.saml_idp("acme"), hub.saml_app("wiki")
    sign_in(hub, side, wiki.application_id, "acme", times=2)
    hub.clock.forward(hours=5)
    sign_in(hub, side, wiki.application_id, "acme", failing=True)
    before = shown(hub)
    hub.built.upkeep.run()
    after = shown(hub)
    assert before.parties == after.parties
    assert (after.providers[0].logins, after.providers[0].failed) == (3, 1)
    assert shown(hub, hours=1).providers[0].logins == 1


def test_given_a_tenant_administrator_then_only_their_own_is_on_the_map(hub: Hub) -> None:
    hub.tenant("acme")
    hub.tenant("globex")
    mine, theirs = hub.saml_idp("acme"), hub.saml_idp("globex")
    wiki = hub.saml_app("wiki")
    hub.saml_app("secret", tenant_ids=(hub.tenants["globex"],))
    sign_in(hub, mine, wiki.application_id, "acme")
    sign_in(hub, theirs, wiki.application_id, "globex", times=40)
    page = desk(hub, Role.TENANT_ADMIN, "acme").page(HOME)
    said = pages.text(page)
    assert "acme idp 1 sign-in" in said
    assert "Wiki 1 sign-in" in said
    assert "lobex" not in said
    assert "Secret" not in said
    assert "/console/applications" not in page


def test_given_a_link_that_ends_this_week_then_it_is_named_and_a_later_one_is_not(hub: Hub) -> None:
    hub.tenant("acme")
    hub.built.setup_links.create(ME, hub.tenants["acme"], label="Anna", days=5)
    hub.built.setup_links.create(ME, hub.tenants["acme"], label="Bert", days=50)
    revoked = hub.built.setup_links.create(ME, hub.tenants["acme"], label="Carl", days=5)
    hub.built.setup_links.revoke(ME, hub.tenants["acme"], revoked.id)
    said = pages.text(desk(hub).page(HOME))
    assert "Anna Set-up link · Acme" in said
    assert "5 days left" in said
    assert "Bert" not in said
    assert "Carl" not in said


def test_given_a_certificate_that_ends_soon_then_it_is_named(hub: Hub) -> None:
    hub.tenant("acme")
    hub.saml_idp("acme")
    hub.clock.forward(seconds=timedelta(days=7244 - 20).total_seconds())
    hub.built.upkeep.run()
    said = pages.text(desk(hub).page(HOME))
    assert "acme idp Certificate or metadata" in said
    assert "20 days left" in said
    assert "Expires soon" in said


@pytest.mark.parametrize("asked", [{"hours": 0}, {"hours": 745}, {"shown": 0}, {"shown": 21}])
def test_given_an_impossible_range_then_it_is_refused(hub: Hub, asked: dict[str, int]) -> None:
    from broker.domain.errors import InvalidSettings

    with pytest.raises(InvalidSettings):
        shown(hub, **asked)


def test_given_an_auditor_then_home_shows_no_tokens(hub: Hub) -> None:
    hub.tenant("acme")
    assert "API access" not in desk(hub, Role.AUDITOR).page(HOME)
