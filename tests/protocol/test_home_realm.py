"""Home realm discovery, in its order: hints of the request, what is typed, what is remembered, the chooser."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from broker.services.tenants import SaveDomain
from tests.protocol import saml
from tests.support import pages
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import OidcApp, SamlApp, form_of

COOKIE = "__Host-vestibule-home-realm"


class Three:
    """Three companies, one provider each, and applications of both protocols that serve them all."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        for slug in ("acme", "globex", "initech"):
            hub.tenant(slug, f"{slug}.example")
        self.sides = {slug: hub.saml_idp(slug) for slug in ("acme", "globex", "initech")}
        for slug, side in self.sides.items():
            side.email = f"ann@{slug}.example"
        self.oidc: OidcApp = hub.oidc_app()
        self.saml: SamlApp = hub.saml_app()

    def went(self, response: TestResponse) -> str | None:
        """Whose provider the browser is sent to; None when a page asks."""
        location = response.headers.get("Location", "")
        return next((slug for slug, side in self.sides.items() if location.startswith(side.idp.sso)), None)

    def ask(self, browser: Browser | None = None, **hints: Any) -> TestResponse:
        return (browser or self.hub.browser()).open(self.oidc.login_url(**hints))


@pytest.fixture
def three(hub: Hub) -> Three:
    return Three(hub)


# --- hints in the request ---------------------------------------------------------------------------------------------

HINTS = [
    ("connector by id", lambda three: {"connector": three.sides["globex"].connector_id}, "globex"),
    ("idp_hint by id", lambda three: {"idp_hint": three.sides["globex"].connector_id}, "globex"),
    ("unknown connector", lambda _: {"connector": "con_unknown"}, None),
    ("a slug without a tenant", lambda _: {"connector": "idp"}, None),
    ("domain", lambda _: {"domain_hint": "globex.example"}, "globex"),
    ("domain in capitals", lambda _: {"domain_hint": "GLOBEX.example"}, "globex"),
    ("Google's name for it", lambda _: {"hd": "globex.example"}, "globex"),
    ("unknown domain", lambda _: {"domain_hint": "nowhere.example"}, None),
    ("parent domain", lambda _: {"domain_hint": "example"}, None),
    ("subdomain", lambda _: {"domain_hint": "sub.globex.example"}, None),
    ("no domain", lambda _: {"domain_hint": "<script>"}, None),
    ("login", lambda _: {"login_hint": "bob@globex.example"}, "globex"),
    ("login of an unknown domain", lambda _: {"login_hint": "bob@nowhere.example"}, None),
    ("login that is no address", lambda _: {"login_hint": "bob"}, None),
    ("connector before domain", lambda three: {"connector": three.sides["globex"].connector_id, "domain_hint": "acme.example"}, "globex"),
    ("domain before login", lambda _: {"domain_hint": "globex.example", "login_hint": "ann@acme.example"}, "globex"),
    ("an unknown connector leaves it to the domain", lambda _: {"connector": "con_x", "domain_hint": "acme.example"}, "acme"),
]


@pytest.mark.parametrize(("hints", "expected"), [row[1:] for row in HINTS], ids=[row[0] for row in HINTS])
def test_a_hint_leads_to_the_provider_without_a_page(three: Three, hints: Any, expected: str | None) -> None:
    response = three.ask(**hints(three))

    assert three.went(response) == expected
    assert expected is not None or response.status_code == 200, "an unusable hint shows the page"


def test_a_tenant_endpoint_knows_its_only_provider(three: Three) -> None:
    for app in (three.oidc, three.saml):
        assert three.went(three.hub.browser().open(app.login_url(tenant="globex"))) == "globex"


def test_at_a_tenant_endpoint_a_short_name_is_enough_and_others_are_out_of_reach(three: Three) -> None:
    second = three.hub.saml_idp("globex", "second")
    three.sides["second"] = second

    assert three.went(three.ask(tenant="globex", connector="second")) == "second"
    assert three.went(three.ask(tenant="globex", connector=three.sides["acme"].connector_id)) is None
    assert three.went(three.ask(tenant="globex", domain_hint="acme.example")) is None
    assert three.went(three.ask(tenant="globex", login_hint="ann@acme.example")) is None


def test_several_providers_of_one_tenant_are_a_chooser(three: Three) -> None:
    second = three.hub.saml_idp("globex", "second")
    three.sides["second"] = second
    browser = three.hub.browser()

    asked = browser.open(three.saml.login_url(tenant="globex"))

    offered = [form.fields["connector"] for form in pages.forms(asked.get_data()) if "connector" in form.fields]
    assert set(offered) == {three.sides["globex"].connector_id, second.connector_id}
    assert "acme" not in pages.text(asked.get_data()).lower()
    chosen = browser.post(form_of(asked)[0], {"connector": second.connector_id})
    assert three.went(chosen) == "second"


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        (["globex"], "globex"),
        (["unknown", "globex"], "globex"),
        (["unknown"], None),
        (["globex", "acme"], None),
        ([], None),
    ],
)
def test_an_idp_list_of_saml_scoping(three: Three, providers: list[str], expected: str | None) -> None:
    names = [three.sides[slug].idp.entity_id if slug in three.sides else f"https://{slug}.example" for slug in providers]

    response = three.hub.browser().open(three.saml.login_url(root=saml.scoped_to(three.saml, *names)))

    assert three.went(response) == expected
    if providers == ["globex", "acme"]:
        offered = {form.fields["connector"] for form in pages.forms(response.get_data()) if "connector" in form.fields}
        assert offered == {three.sides[slug].connector_id for slug in providers}


def test_the_subject_of_a_saml_request_is_a_login_hint(three: Three) -> None:
    browser = three.hub.browser()

    known = browser.open(three.saml.login_url(root=saml.naming(three.saml, "bob@globex.example")))
    unknown = browser.open(three.saml.login_url(root=saml.naming(three.saml, "bob@nowhere.example")))

    assert three.went(known) == "globex"
    assert 'value="bob@nowhere.example"' in unknown.get_data(as_text=True), "the field is filled in"


def test_a_hint_for_another_organisation_does_not_use_the_session(three: Three) -> None:
    browser = three.hub.browser()
    three.oidc.sign_in(browser, three.sides["acme"])

    assert three.went(three.ask(browser, domain_hint="globex.example")) == "globex"
    assert three.ask(browser, domain_hint="acme.example").headers["Location"].startswith(three.oidc.redirect_uri)


# --- what people type -------------------------------------------------------------------------------------------------

TYPED = [
    ("ann@globex.example", "globex"),
    ("ANN@GLOBEX.EXAMPLE", "globex"),
    ("  ann@globex.example ", "globex"),
    ("a.b+c@globex.example", "globex"),
    ("GLOBEX\\ann", "globex"),
    ("globex\\ann", "globex"),
    ("globex.example\\ann", "globex"),
    ("OTHER\\ann", None),
    ("ann@sub.globex.example", None),
    ("ann@globex.example.evil.example", None),
    ("ann@globexxexample", None),
    ("ann@globex.example@evil.example", None),
    ("ann", None),
    ("", None),
    ("@globex.example", None),
    ("globex.example", None),
    ("ann@ɡlobex.example", None),
]


@pytest.mark.parametrize(("typed", "expected"), TYPED)
def test_what_is_typed_leads_to_the_provider_of_its_domain(three: Three, typed: str, expected: str | None) -> None:
    three.hub.built.tenants.save_domain(ME, SaveDomain(three.hub.tenants["globex"], "globex"))
    browser = three.hub.browser()

    answer = browser.post(form_of(three.ask(browser))[0], {"email": typed})

    assert three.went(answer) == expected
    if expected is None:
        assert answer.status_code == 400
        assert pages.problem(answer.get_data()) == "We cannot sign you in with that address. Check it, or ask your administrator."


def test_the_answer_is_the_same_for_a_stranger_and_for_a_switched_off_customer(three: Three) -> None:
    three.hub.built.connectors.set_enabled(ME, three.hub.tenants["globex"], "idp", enabled=False)
    browser = three.hub.browser()
    action = form_of(three.ask(browser))[0]

    stranger = browser.post(action, {"email": "ann@nowhere.example"}).get_data(as_text=True)
    customer = browser.post(action, {"email": "ann@globex.example"}).get_data(as_text=True)

    assert stranger.replace("nowhere", "") == customer.replace("globex", "")


def test_a_domain_may_name_its_provider(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("other", "other.example")
    hub.saml_idp("other")
    first, second = hub.saml_idp("acme", "first"), hub.saml_idp("acme", "second")
    hub.built.tenants.save_domain(ME, SaveDomain(hub.tenants["acme"], "acme.fr", (second.connector_id,)))
    app, browser = hub.saml_app(), hub.browser()
    action = form_of(browser.open(app.login_url()))[0]

    named = browser.post(action, {"email": "ann@acme.fr"})
    open_to_both = browser.post(action, {"email": "ann@acme.example"})

    assert named.headers["Location"].startswith(second.idp.sso)
    offered = {form.fields["connector"] for form in pages.forms(open_to_both.get_data()) if "connector" in form.fields}
    assert offered == {first.connector_id, second.connector_id}


# --- what is remembered -----------------------------------------------------------------------------------------------


def remembering(three: Three) -> Browser:
    browser = three.hub.browser()
    chosen = browser.post(form_of(three.ask(browser))[0], {"email": "ann@globex.example", "remember": "yes"})
    assert three.went(chosen) == "globex"
    assert COOKIE in str(chosen.headers.getlist("Set-Cookie"))
    return browser


def test_a_remembered_choice_asks_nothing_next_time_in_any_application(three: Three) -> None:
    browser = remembering(three)

    assert three.went(three.ask(browser)) == "globex"
    assert three.went(browser.open(three.saml.login_url())) == "globex"


def test_nothing_is_remembered_without_the_tick(three: Three) -> None:
    browser = three.hub.browser()
    browser.post(form_of(three.ask(browser))[0], {"email": "ann@globex.example"})

    assert three.went(three.ask(browser)) is None


def test_another_organisation_can_be_chosen_and_the_memory_goes(three: Three) -> None:
    browser = remembering(three)
    handle = re.search(r"RelayState=([^&]+)", three.ask(browser).headers["Location"])
    assert handle is not None

    page = browser.open(f"/login/{handle.group(1)}?other=yes")

    assert page.status_code == 200
    assert three.went(browser.post(form_of(page)[0], {"email": "ann@acme.example"})) == "acme"
    assert three.went(three.ask(browser)) is None


def test_hints_go_before_memory(three: Three) -> None:
    browser = remembering(three)

    assert three.went(three.ask(browser, login_hint="ann@acme.example")) == "acme"
    assert three.went(three.ask(browser, prompt="select_account")) is None


@pytest.mark.parametrize("value", ["{acme}.0000", "{acme}", "con_x.y", "....", "ü.x", "{acme}.{signature}"])
def test_a_forged_memory_is_ignored(three: Three, value: str) -> None:
    browser = remembering(three)
    good = browser.client.get_cookie(COOKIE, "localhost")
    assert good is not None
    forged = value.format(acme=three.sides["acme"].connector_id, signature=good.value.rpartition(".")[2])
    fresh = three.hub.browser()
    fresh.client.set_cookie(COOKIE, forged, domain="localhost", secure=True)

    assert three.went(three.ask(fresh)) is None


def test_a_memory_out_of_the_application_s_reach_is_ignored(three: Three) -> None:
    browser = remembering(three)
    closed = three.hub.saml_app("closed", tenant_ids=(three.hub.tenants["acme"], three.hub.tenants["initech"]))

    assert three.went(browser.open(closed.login_url())) is None


# --- the chooser and the application's own choice ---------------------------------------------------------------------


def labels(response: TestResponse) -> set[str]:
    return {str(button) for form in pages.forms(response.get_data()) if (button := form.fields.get("connector"))}


def test_an_application_for_everybody_lists_nobody(three: Three) -> None:
    page = three.ask()

    assert labels(page) == set()
    assert not {"acme", "globex", "initech"} & set(re.findall(r"[a-z]+", pages.text(page.get_data()).lower()))


@pytest.mark.parametrize("named_by", ["tenants", "connectors"])
def test_an_application_that_names_its_customers_lists_them(three: Three, named_by: str) -> None:
    wanted = ("acme", "globex")
    if named_by == "tenants":
        app = three.hub.saml_app("portal", tenant_ids=tuple(three.hub.tenants[slug] for slug in wanted))
    else:
        app = three.hub.saml_app("portal", connector_ids=tuple(three.sides[slug].connector_id for slug in wanted))
    browser = three.hub.browser()

    page = browser.open(app.login_url())

    assert labels(page) == {three.sides[slug].connector_id for slug in wanted}
    action = form_of(page)[0]
    assert three.went(browser.post(action, {"connector": three.sides["acme"].connector_id})) == "acme"
    out = browser.post(action, {"connector": three.sides["initech"].connector_id})
    assert out.status_code == 400
    assert browser.post(action, {"email": "ann@initech.example"}).status_code == 400


def test_switched_off_connectors_are_not_listed(three: Three) -> None:
    app = three.hub.saml_app("portal", tenant_ids=tuple(three.hub.tenants.values()))
    three.hub.built.connectors.set_enabled(ME, three.hub.tenants["acme"], "idp", enabled=False)

    assert labels(three.hub.browser().open(app.login_url())) == {three.sides[slug].connector_id for slug in ("globex", "initech")}


def test_an_application_s_default_comes_after_hints_and_memory(three: Three) -> None:
    app = three.hub.oidc_app("portal", default_connector_id=three.sides["initech"].connector_id)

    assert three.went(three.hub.browser().open(app.login_url())) == "initech"
    assert three.went(three.hub.browser().open(app.login_url(domain_hint="acme.example"))) == "acme"
    assert three.went(remembering(three).open(app.login_url())) == "globex"


def test_one_provider_for_one_tenant_asks_nothing(three: Three) -> None:
    app = three.hub.saml_app("portal", tenant_ids=(three.hub.tenants["globex"],))

    assert three.went(three.hub.browser().open(app.login_url())) == "globex"


def test_nobody_to_ask_is_said_at_once(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    app = hub.saml_app()

    page = hub.browser().open(app.login_url())

    assert page.status_code == 403
    assert "There is no way to sign in to this application yet." in pages.text(page.get_data())
    assert hub.trace(page).error_code == "no_home_realm"


def test_the_trace_says_by_which_rule(three: Three) -> None:
    browser = three.hub.browser()
    answer = three.sides["globex"].authenticate(browser, three.ask(browser, domain_hint="globex.example"))
    assert three.oidc.learn(answer).status == "success"

    view = three.hub.built.traces.find(ME, "ann@globex.example")[0]
    (decision,) = [event.detail for event in view.events if event.name == "home realm"]
    assert decision.startswith("domain hint: ")


BESIDE = [
    ("idp_hint", lambda three: three.sides["acme"].connector_id),
    ("connector", lambda three: three.sides["acme"].connector_id),
    ("domain_hint", lambda _: "acme.example"),
    ("whr", lambda _: "acme.example"),
    ("login_hint", lambda _: "ann@acme.example"),
]


@pytest.mark.parametrize(("name", "value"), BESIDE, ids=[row[0] for row in BESIDE])
def test_a_hint_beside_a_saml_message_routes_and_proves_nothing(three: Three, name: str, value: Any) -> None:
    """Nothing signs it: it chooses who is asked, never who is believed."""
    url = f"{three.saml.login_url()}&{urlencode({name: value(three)})}"

    assert three.went(three.hub.browser().open(url)) == "acme"
