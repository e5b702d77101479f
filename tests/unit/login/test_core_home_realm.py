"""Home realm discovery: the order of its rules, the gate before every candidate, and what a page may show."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from sqlalchemy import insert
from werkzeug.test import TestResponse

from broker.services.applications import SaveApplication
from broker.services.tenants import SaveDomain, SaveTenant
from broker.store.tables import trust_queries
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import OidcApp, SamlSide, form_of
from tests.support.saml_idp import SAMLP

PAGE = "the page"


class World:
    """Acme has two identity providers (the second serves acme.org only), Globex and Initech one each."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        hub.tenant("initech", "initech.example")
        self.sides = {
            "main": hub.saml_idp("acme", "main"),
            "second": hub.saml_idp("acme", "second"),
            "globex": hub.saml_idp("globex"),
            "initech": hub.saml_idp("initech", "unique"),
        }
        self.domain("acme", "acme.org", "second")
        self.domain("acme", "acmewin", "main")

    def domain(self, tenant: str, name: str, *sides: str) -> None:
        ids = tuple(self.sides[side].connector_id for side in sides)
        self.hub.built.tenants.save_domain(ME, SaveDomain(self.hub.tenants[tenant], name, ids))

    def app(self, *tenants: str, **changes: Any) -> OidcApp:
        """Serves these tenants; none named: all."""
        chosen = tuple(self.hub.tenants[tenant] for tenant in tenants) if tenants else None
        return self.hub.oidc_app(tenant_ids=chosen, **changes)

    def went_to(self, response: TestResponse) -> str:
        """Whose provider the browser was sent to, or what was shown."""
        if response.status_code != 302:
            return PAGE if response.status_code == 200 else str(response.status_code)
        location = response.headers["Location"]
        found = [name for name, side in self.sides.items() if location.startswith(side.idp.sso + "?")]
        return found[0] if found else location


@pytest.fixture
def world(hub: Hub) -> World:
    return World(hub)


HINTS: list[tuple[str, tuple[str, ...], str | None, dict[str, str], str]] = [
    ("a domain", (), None, {"login_hint": "ann@acme.org"}, "second"),
    ("a domain that two providers serve", (), None, {"login_hint": "ann@acme.example"}, PAGE),
    ("a Windows domain", (), None, {"login_hint": "ACMEWIN\\ann"}, "main"),
    ("an unknown domain", (), None, {"login_hint": "ann@nowhere.example"}, PAGE),
    ("no address", (), None, {"login_hint": "ann"}, PAGE),
    ("a domain hint", (), None, {"domain_hint": "globex.example"}, "globex"),
    ("a domain hint in capitals", (), None, {"domain_hint": "GLOBEX.example"}, "globex"),
    ("a domain hint goes before a login hint", (), None, {"domain_hint": "globex.example", "login_hint": "x@acme.org"}, "globex"),
    ("an unknown domain hint leaves the login hint", (), None, {"domain_hint": "nowhere.example", "login_hint": "x@acme.org"}, "second"),
    ("a domain hint is no Windows domain", (), None, {"domain_hint": "acmewin"}, PAGE),
    ("a connector by its slug where the tenant is known", ("acme",), None, {"idp_hint": "second"}, "second"),
    ("a slug among several tenants", ("acme", "globex"), None, {"idp_hint": "idp"}, "globex"),
    ("a slug means nothing among all tenants", (), None, {"idp_hint": "second"}, PAGE),
    ("a slug of a tenant that is not served", ("globex",), None, {"idp_hint": "second"}, "globex"),
    ("a slug at a tenant endpoint", (), "acme", {"idp_hint": "second"}, "second"),
    ("a slug of another tenant at a tenant endpoint", (), "globex", {"idp_hint": "second"}, "globex"),
    ("a domain of another tenant at a tenant endpoint", (), "globex", {"login_hint": "ann@acme.org"}, "globex"),
    ("a tenant endpoint with several", (), "acme", {}, PAGE),
    ("a tenant endpoint of an application that does not serve it", ("acme",), "globex", {}, "403"),
    ("the only candidate", ("globex",), None, {}, "globex"),
    ("a domain of a tenant that is not served", ("globex",), None, {"login_hint": "ann@initech.example"}, "globex"),
]


@pytest.mark.parametrize(("case", "tenants", "endpoint", "hints", "goes"), HINTS, ids=[row[0] for row in HINTS])
def test_hints_lead(hub: Hub, world: World, case: str, tenants: tuple[str, ...], endpoint: str | None, hints: dict[str, str], goes: str) -> None:
    app = world.app(*tenants)

    assert world.went_to(hub.browser().open(app.login_url(tenant=endpoint, **hints))) == goes


def test_the_id_of_a_connector_leads_where_it_may(hub: Hub, world: World) -> None:
    hint = world.sides["initech"].connector_id

    assert world.went_to(hub.browser().open(world.app().login_url(idp_hint=hint))) == "initech"
    assert world.went_to(hub.browser().open(world.app().login_url(idp_hint=hint, tenant="globex"))) == "globex"
    assert world.went_to(hub.browser().open(world.app("globex").login_url(idp_hint=hint))) == "globex"


def test_a_slug_that_two_tenants_use_means_neither(hub: Hub, world: World) -> None:
    hub.saml_idp("globex", "second")
    app = world.app("acme", "globex")

    assert world.went_to(hub.browser().open(app.login_url(idp_hint="second"))) == PAGE


def test_an_application_with_connectors_of_its_own_choice_gets_no_other(hub: Hub, world: World) -> None:
    chosen = (world.sides["main"].connector_id, world.sides["globex"].connector_id)
    app, browser = world.app(connector_ids=chosen), hub.browser()

    assert world.went_to(browser.open(app.login_url(login_hint="ann@acme.example"))) == "main", "the second one is not accepted"
    assert world.went_to(browser.open(app.login_url(login_hint="ann@initech.example"))) == PAGE
    assert world.went_to(browser.open(app.login_url(idp_hint=world.sides["initech"].connector_id))) == PAGE
    shown = browser.open(app.login_url()).get_data(as_text=True)
    assert "acme main" in shown
    assert "globex idp" in shown
    assert "initech" not in shown


def test_the_default_of_an_application_comes_after_what_the_request_says(hub: Hub, world: World) -> None:
    app = world.app(default_connector_id=world.sides["second"].connector_id)

    assert world.went_to(hub.browser().open(app.login_url())) == "second"
    assert world.went_to(hub.browser().open(app.login_url(login_hint="x@globex.example"))) == "globex"


# --- SAML IDPList -----------------------------------------------------------------------------------------------------


def with_idp_list(world: World, *names: str) -> str:
    app = world.hub.saml_app()
    root = app.request()
    listed = etree.SubElement(etree.SubElement(root, f"{{{SAMLP}}}Scoping"), f"{{{SAMLP}}}IDPList")
    for name in names:
        etree.SubElement(listed, f"{{{SAMLP}}}IDPEntry", ProviderID=name)
    return app.login_url(root=root)


def test_a_list_of_identity_providers_leads(hub: Hub, world: World) -> None:
    globex, second = world.sides["globex"], world.sides["second"]
    ours = f"http://localhost:8080/upstream/{second.connector_id}/metadata"

    assert world.went_to(hub.browser().open(with_idp_list(world, "https://unknown.example", globex.idp.entity_id))) == "globex"
    assert world.went_to(hub.browser().open(with_idp_list(world, ours))) == "second", "our own name toward a provider means it, too"
    assert world.went_to(hub.browser().open(with_idp_list(world, "https://unknown.example"))) == PAGE
    shown = hub.browser().open(with_idp_list(world, globex.idp.entity_id, second.idp.entity_id)).get_data(as_text=True)
    assert "globex idp" in shown
    assert "acme second" in shown
    assert "acme main" not in shown


def test_a_list_of_identity_providers_finds_one_among_very_many(hub: Hub, world: World) -> None:
    many = [f"https://idp-{number}.example" for number in range(150)]
    with hub.built.database.unit_of_work() as connection:
        template = dict(trust_queries.connector(connection, None, world.sides["globex"].connector_id)._mapping)  # type: ignore[union-attr]
        for number, name in enumerate(many):
            copy = {**template, "id": f"con_a{number:03}", "slug": f"many-{number}", "provider_id": name}
            connection.execute(insert(trust_queries.connectors).values(**copy))

    shown = hub.browser().open(with_idp_list(world, many[140], many[3])).get_data(as_text=True)

    assert shown.count('name="connector"') == 2, "no candidate is out of sight"
    assert world.went_to(hub.browser().open(with_idp_list(world, world.sides["globex"].idp.entity_id))) == "globex"


# --- the remembered choice --------------------------------------------------------------------------------------------

COOKIE = "__Host-vestibule-home-realm"


def remember(world: World, browser: Browser, email: str) -> None:
    app = world.app()
    path, _ = form_of(browser.open(app.login_url()))
    assert browser.post(path, {"email": email, "remember": "yes"}).status_code == 302


def test_a_choice_is_remembered_when_the_person_says_so(hub: Hub, world: World) -> None:
    browser, silent = hub.browser(), hub.browser()
    remember(world, browser, "ann@acme.org")
    path, _ = form_of(silent.open(world.app().login_url()))
    silent.post(path, {"email": "ann@acme.org"})

    assert world.went_to(browser.open(world.app().login_url())) == "second"
    assert world.went_to(silent.open(world.app().login_url())) == PAGE


def test_what_is_remembered_goes_before_a_default_and_after_a_hint(hub: Hub, world: World) -> None:
    browser = hub.browser()
    remember(world, browser, "ann@acme.org")
    app = world.app(default_connector_id=world.sides["globex"].connector_id)

    assert world.went_to(browser.open(app.login_url())) == "second"
    assert world.went_to(browser.open(app.login_url(login_hint="x@initech.example"))) == "initech"


def test_what_is_remembered_opens_nothing_that_is_closed(hub: Hub, world: World) -> None:
    browser = hub.browser()
    remember(world, browser, "ann@acme.org")

    assert world.went_to(browser.open(world.app("globex").login_url())) == "globex"
    assert world.went_to(browser.open(world.app().login_url(tenant="globex"))) == "globex"
    assert world.went_to(browser.open(world.app().login_url(prompt="select_account"))) == PAGE
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "second", enabled=False)
    assert world.went_to(browser.open(world.app().login_url())) == PAGE


@pytest.mark.parametrize("value", ["{id}", "{id}.", "{id}.0000", ".{signature}", "{other}.{signature}", "ü.{signature}", "x", "", "{id}.ü"])
def test_a_remembered_choice_that_we_did_not_sign_is_none(hub: Hub, world: World, value: str) -> None:
    browser = hub.browser()
    remember(world, browser, "ann@acme.org")
    cookie = browser.client.get_cookie(COOKIE, "localhost")
    assert cookie is not None
    connector_id, _, signature = cookie.value.rpartition(".")
    forged = value.format(id=connector_id, signature=signature, other=world.sides["globex"].connector_id)

    browser.client.set_cookie(COOKIE, forged, domain="localhost", secure=True)

    assert world.went_to(browser.open(world.app().login_url())) == PAGE


def test_another_organisation_forgets_the_remembered_one(hub: Hub, world: World) -> None:
    browser = hub.browser()
    remember(world, browser, "ann@acme.org")
    path, _ = form_of(browser.open(world.app().login_url(prompt="select_account")))

    assert world.went_to(browser.open(f"{path}?other=yes")) == PAGE
    assert browser.client.get_cookie(COOKIE, "localhost") is None
    assert world.went_to(browser.open(world.app().login_url())) == PAGE


# --- the page ---------------------------------------------------------------------------------------------------------


def choose(world: World, app: OidcApp, fields: dict[str, str]) -> TestResponse:
    browser = world.hub.browser()
    path, _ = form_of(browser.open(app.login_url()))
    return browser.post(path, fields)


@pytest.mark.parametrize("typed", ["ann@acme.org", "  ann@ACME.org ", "ACMEWIN\\ann", "acme.org\\ann"])
def test_what_people_type(hub: Hub, world: World, typed: str) -> None:
    assert world.went_to(choose(world, world.app(), {"email": typed})) in {"main", "second"}


REFUSED = ["", "ann", "ann@", "@acme.org", "ann@sub.acme.org", "ann@acme.org.", "ann@acme.org@globex.example", "ann@ａcme.org", "x" * 5000, "\\", "acmewin", "a\\b\\c"]


@pytest.mark.parametrize("typed", REFUSED, ids=[f"{typed[:20]!r}" for typed in REFUSED])
def test_what_leads_nowhere_is_answered_alike(hub: Hub, world: World, typed: str) -> None:
    app = world.app()
    answer, neutral = choose(world, app, {"email": typed}), choose(world, app, {"email": "x@nowhere.example"})

    assert answer.status_code == neutral.status_code == 400
    assert "We cannot sign you in with that address" in answer.get_data(as_text=True)
    assert "acme main" not in answer.get_data(as_text=True)


def test_a_button_leads_only_to_what_the_application_may_use(hub: Hub, world: World) -> None:
    app = world.app("acme", "globex")

    assert world.went_to(choose(world, app, {"connector": world.sides["second"].connector_id})) == "second"
    assert world.went_to(choose(world, app, {"connector": world.sides["initech"].connector_id})) == "400"


def test_a_domain_that_two_connectors_serve_asks_which(hub: Hub, world: World) -> None:
    page = choose(world, world.app(), {"email": "ann@acme.example"})

    assert page.status_code == 200
    assert "acme main" in page.get_data(as_text=True)
    assert "acme second" in page.get_data(as_text=True)


@pytest.mark.parametrize("what", ["tenant", "connector"])
def test_what_is_switched_off_is_no_candidate(hub: Hub, world: World, what: str) -> None:
    if what == "tenant":
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    else:
        hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "second", enabled=False)

    assert world.went_to(choose(world, world.app(), {"email": "ann@acme.org"})) == "400"
    assert world.went_to(choose(world, world.app(), {"connector": world.sides["second"].connector_id})) == "400"


def test_a_customer_list_is_shown_only_by_applications_that_name_their_customers(hub: Hub, world: World) -> None:
    everybody = hub.browser().open(world.app().login_url()).get_data(as_text=True)
    named = hub.browser().open(world.app("acme", "globex").login_url()).get_data(as_text=True)
    at_tenant = hub.browser().open(world.app().login_url(tenant="acme")).get_data(as_text=True)

    assert not any(name in everybody for name in ("acme main", "globex idp", "initech"))
    assert "acme main" in named
    assert "globex idp" in named
    assert "initech" not in named
    assert "acme main" in at_tenant
    assert "globex" not in at_tenant


# --- nothing to choose from -------------------------------------------------------------------------------------------


def test_an_application_without_any_way_in_says_so(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    app = hub.oidc_app()

    page = hub.browser().open(app.login_url())

    assert page.status_code == 403
    assert hub.trace(page).error_code == "no_home_realm"


def test_a_passive_request_shows_no_page_and_asks_no_provider(hub: Hub, world: World) -> None:
    for app in (world.app(), world.app("globex")):
        answer = hub.browser().open(app.login_url(prompt="none"))

        assert app.callback(answer)["error"] in {"interaction_required", "login_required"}


@pytest.mark.parametrize("how", ["hint", "list", "connectors"])
def test_a_connector_that_cannot_be_prepared_closes_no_other_way_in(hub: Hub, world: World, how: str) -> None:
    """Saved by another version, or its plug-in is gone. One tenant's connector must not end the logins of the others."""
    broken = world.sides["initech"].connector_id
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql(f"UPDATE connectors SET type = 'gone' WHERE id = '{broken}'")
    globex = world.sides["globex"]
    if how == "list":
        url = with_idp_list(world, globex.idp.entity_id)
    else:
        app = world.app(connector_ids=(broken, globex.connector_id) if how == "connectors" else None)
        url = app.login_url(idp_hint=broken if how == "hint" else None, login_hint="x@globex.example")

    assert world.went_to(hub.browser().open(url)) == "globex"
    hub.built.connectors.delete(ME, hub.tenants["initech"], "unique")
    assert hub.built.connectors.all(hub.tenants["initech"]) == []


def test_single_sign_on_follows_a_list_by_either_name(hub: Hub, world: World) -> None:
    browser, globex = hub.browser(), world.sides["globex"]
    app = hub.saml_app("first")
    app.learn(globex.authenticate(browser, browser.open(app.login_url(tenant="globex")), attributes={"email": ["x@globex.example"]}))

    ours = f"http://localhost:8080/upstream/{globex.connector_id}/metadata"
    assert world.went_to(browser.open(with_idp_list(world, globex.idp.entity_id))) == PAGE, "the form that answers the application"
    assert "SAMLResponse" in browser.open(with_idp_list(world, ours)).get_data(as_text=True)
    assert world.went_to(browser.open(with_idp_list(world, world.sides["initech"].idp.entity_id))) == "initech"


def test_an_application_is_found_again_after_its_slug_moved(hub: Hub, world: World) -> None:
    """A connector deleted and made anew under its slug is found by the slug at once, by every worker."""
    app = world.app("initech")
    assert world.went_to(hub.browser().open(app.login_url(idp_hint="unique"))) == "initech"
    hub.built.connectors.delete(ME, hub.tenants["initech"], "unique")
    hub.browser().open(app.login_url(idp_hint="unique"))
    world.sides["initech"] = again = hub.saml_idp("initech", "unique")
    hub.saml_idp("initech", "decoy")

    assert isinstance(again, SamlSide)
    assert world.went_to(hub.browser().open(app.login_url(idp_hint="unique"))) == "initech"


def test_application_rows_are_forgotten_one_by_one(hub: Hub, world: World) -> None:
    app = world.app("globex")
    assert world.went_to(hub.browser().open(app.login_url())) == "globex"

    settings = {"client_id": app.client_id, "redirect_uris": [app.redirect_uri]}
    hub.built.applications.save(
        ME, SaveApplication("mail", "Mail", "oidc", settings, tenant_ids=(hub.tenants["initech"],), client_secrets=(app.secret,))
    )

    assert world.went_to(hub.browser().open(app.login_url())) == "initech"
