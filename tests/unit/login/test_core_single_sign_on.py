"""May the browser's session answer? Every reason for "no", beside the "yes" next to it."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.login import sessions
from broker.services.tenants import SaveTenant
from broker.store.tables.sessions import SessionRow
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import OidcApp, SamlSide, form_of

SESSION, BINDING = "__Host-vestibule-session", "__Host-vestibule-browser"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class World:
    """Ann of Acme is signed in; Globex is another organisation."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example", "acme.org")
        hub.tenant("globex", "globex.example")
        self.acme, self.globex = hub.saml_idp("acme", "main"), hub.saml_idp("globex")
        self.globex.email = "gus@globex.example"
        self.app, self.browser = hub.oidc_app(), hub.browser()
        self.sign_in(self.browser)

    def sign_in(self, browser: Browser, side: SamlSide | None = None, **deviations: Any) -> TestResponse:
        side = side or self.acme
        other = self.hub.saml_app("first")
        waiting = browser.open(other.login_url(root=None, ForceAuthn="true"))
        path, _ = form_of(waiting)
        answer = side.authenticate(browser, browser.post(path, {"email": side.email}), **deviations)
        assert other.learn(answer).status == "success"
        return answer

    def reused(self, app: OidcApp | None = None, **parameters: Any) -> bool:
        app = app or self.app
        answer = self.browser.open(app.login_url(**parameters))
        return answer.status_code == 302 and answer.headers["Location"].startswith(app.redirect_uri + "?code=")

    def cookie(self, browser: Browser, name: str = SESSION) -> str:
        found = browser.client.get_cookie(name, "localhost")
        assert found is not None
        return found.value


@pytest.fixture
def world(hub: Hub) -> World:
    return World(hub)


ASKED: list[tuple[str, dict[str, str], bool]] = [
    ("nothing more", {}, True),
    ("a fresh authentication", {"prompt": "login"}, False),
    ("the choice of an account", {"prompt": "select_account"}, False),
    ("one of at most a minute", {"max_age": "60"}, True),
    ("one of at most no time", {"max_age": "0"}, False),
    ("this context", {"acr_values": PASSWORD}, True),
    ("another context", {"acr_values": "urn:mfa"}, False),
    ("this tenant", {"tenant": "acme"}, True),
    ("another tenant", {"tenant": "globex"}, False),
    ("this connector", {"idp_hint": "main"}, True),
    ("another connector", {"idp_hint": "idp"}, False),
    ("this domain", {"domain_hint": "acme.example"}, True),
    ("another domain of this tenant", {"domain_hint": "ACME.org"}, True),
    ("another tenant's domain", {"domain_hint": "globex.example"}, False),
    ("a domain of nobody", {"domain_hint": "nowhere.example"}, False),
    ("this person", {"login_hint": "Ann@ACME.example"}, True),
    ("somebody else there", {"login_hint": "bob@acme.example"}, False),
    ("this organisation", {"login_hint": "somebody@acme.org"}, True),
    ("another organisation", {"login_hint": "gus@globex.example"}, False),
    ("a Windows domain of nobody", {"login_hint": "NOWHERE\\ann"}, False),
    ("a hint that is no address", {"login_hint": "ann"}, True),
]


@pytest.mark.parametrize(("asked", "parameters", "answers"), ASKED, ids=[row[0] for row in ASKED])
def test_a_request_that_asks_for(world: World, asked: str, parameters: dict[str, str], answers: bool) -> None:
    assert world.reused(**parameters) is answers


@pytest.mark.parametrize(("seconds", "answers"), [(55, True), (56, False)])
def test_the_age_is_that_of_the_authentication_not_of_the_session(hub: Hub, world: World, seconds: int, answers: bool) -> None:
    """The identity provider said: five seconds before its answer."""
    hub.clock.forward(seconds=seconds)

    assert world.reused(max_age="60") is answers


def test_the_connector_by_its_id(world: World) -> None:
    assert world.reused(idp_hint=world.acme.connector_id)
    assert not world.reused(idp_hint=world.globex.connector_id)


def test_applications_that_may_not_use_the_session(hub: Hub, world: World) -> None:
    assert world.reused(hub.oidc_app("open", tenant_ids=(hub.tenants["acme"],)))
    assert not world.reused(hub.oidc_app("closed", tenant_ids=(hub.tenants["globex"],)))
    assert world.reused(hub.oidc_app("choosy", connector_ids=(world.acme.connector_id,)))
    assert not world.reused(hub.oidc_app("choosier", connector_ids=(world.globex.connector_id,)))


@pytest.mark.parametrize("what", ["tenant", "connector", "connector deleted", "tenant deleted"])
def test_a_session_of_what_is_switched_off_answers_nobody(hub: Hub, world: World, what: str) -> None:
    if what == "tenant":
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    elif what == "connector":
        hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "main", enabled=False)
    elif what == "connector deleted":
        hub.built.connectors.delete(ME, hub.tenants["acme"], "main")
    else:
        hub.built.tenants.delete(ME, "acme")

    assert not world.reused()
    assert hub.count("sessions") == (0 if what == "tenant deleted" else 1)


@pytest.mark.parametrize("value", ["", "x", "%00", "a" * 4000, "ü"])
def test_a_cookie_that_names_no_session(world: World, value: str) -> None:
    world.browser.client.set_cookie(SESSION, value, domain="localhost", secure=True)

    assert not world.reused()


def test_a_session_of_another_version_is_none_and_no_error(hub: Hub, world: World) -> None:
    with hub.built.database.unit_of_work() as connection:
        connection.execute(SessionRow.__table__.update().values(value=b'{"id": "ses_1"}'))

    assert not world.reused()
    world.sign_in(world.browser)
    assert world.reused()


def test_the_provider_may_shorten_the_session(hub: Hub, world: World) -> None:
    world.sign_in(world.browser, session_until=600)
    hub.clock.forward(minutes=9)
    assert world.reused()
    hub.clock.forward(minutes=1, seconds=1)

    assert not world.reused()


def test_the_idle_limit_moves_with_use_but_not_past_the_end(hub: Hub, world: World) -> None:
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", session_idle_seconds=3600, session_absolute_seconds=3 * 3600))
    world.sign_in(world.browser, session_until=None)
    for _ in range(3):
        hub.clock.forward(minutes=55)
        assert world.reused()
    hub.clock.forward(minutes=20)

    assert not world.reused()


def test_the_same_share_of_a_session_keeps_its_index(world: World) -> None:
    first = world.hub.saml_app("first")
    index = "SessionIndex"

    def told(response: TestResponse) -> str:
        statement = first.learn(response).raw.find(".//{urn:oasis:names:tc:SAML:2.0:assertion}AuthnStatement")
        assert statement is not None
        return str(statement.get(index))

    again = told(world.browser.open(first.login_url())), told(world.browser.open(first.login_url()))
    other = world.app.learn(world.browser.open(world.app.login_url()))

    assert again[0] == again[1]
    assert other.claims["sid"] != [again[0]]


# --- which browser, which session -------------------------------------------------------------------------------------


def test_a_session_handle_planted_before_the_login_is_not_taken_over(hub: Hub, world: World) -> None:
    """Session fixation: whoever planted the cookie holds nothing after the victim's login."""
    victim, planted = hub.browser(), "planted-by-an-attacker"
    victim.client.set_cookie(SESSION, planted, domain="localhost", secure=True)
    world.sign_in(victim)

    assert world.cookie(victim) != planted
    world.browser.client.set_cookie(SESSION, planted, domain="localhost", secure=True)
    assert not world.reused()


def test_two_people_in_one_browser_the_last_one_is_signed_in_and_the_first_is_gone(hub: Hub, world: World) -> None:
    before = world.cookie(world.browser)
    world.sign_in(world.browser, world.globex)

    person = world.app.learn(world.browser.open(world.app.login_url()))
    assert person.tenant == hub.tenants["globex"]
    assert hub.count("sessions") == 1
    world.browser.client.set_cookie(SESSION, before, domain="localhost", secure=True)
    assert not world.reused()


def test_an_answer_by_cross_site_post_ends_the_older_session_although_its_cookie_is_not_sent(hub: Hub, world: World) -> None:
    """The session cookie is SameSite=Lax: the POST that brings the identity provider's answer comes without it."""
    before = world.cookie(world.browser)
    waiting = world.browser.open(world.app.login_url(prompt="login", tenant="globex"))
    world.browser.client.delete_cookie(SESSION, domain="localhost")

    answer = world.globex.authenticate(world.browser, waiting, attributes={"email": ["gus@globex.example"]})

    assert answer.status_code == 302
    world.browser.client.set_cookie(SESSION, before, domain="localhost", secure=True)
    assert not world.reused(), "the older session does not live on beside the new one"
    assert hub.count("sessions") == 1


class CrossSite:
    """A browser that follows the rule of SameSite=Lax: no session cookie with a POST from elsewhere."""

    def __init__(self, world: World) -> None:
        self.world, self.browser = world, world.browser

    def post_request(self, app: OidcApp, **changes: str) -> TestResponse:
        from tests.support.hub import query_of

        kept = self.browser.client.get_cookie(SESSION, "localhost")
        self.browser.client.delete_cookie(SESSION, domain="localhost")
        response = self.browser.post(app.login_url().partition("?")[0], query_of(app.login_url(**changes)))
        if kept is not None and self.browser.client.get_cookie(SESSION, "localhost") is None:
            self.browser.client.set_cookie(SESSION, kept.value, domain="localhost", secure=True)
        return response


@pytest.mark.parametrize("prompt", [None, "none"])
def test_single_sign_on_works_for_requests_by_cross_site_post(world: World, prompt: str | None) -> None:
    """The request is asked for again by GET, with which browsers send the session cookie."""
    asked = CrossSite(world).post_request(world.app, **({"prompt": prompt} if prompt else {}))
    assert asked.status_code == 302
    assert "/login/" in asked.headers["Location"]

    answer = world.browser.open(asked.headers["Location"])

    assert world.app.learn(answer).claims["email"] == ["ann@acme.example"]


def test_a_browser_that_was_never_here_is_not_sent_round(hub: Hub, world: World) -> None:
    world.browser = hub.browser()

    assert CrossSite(world).post_request(world.app).status_code == 200, "the home realm page, at once"


def test_a_request_by_post_with_the_session_cookie_is_answered_at_once(world: World) -> None:
    from tests.support.hub import query_of

    answer = world.browser.post(world.app.login_url().partition("?")[0], query_of(world.app.login_url()))

    assert answer.headers["Location"].startswith(world.app.redirect_uri + "?code=")


def test_asking_again_by_get_happens_once(world: World) -> None:
    asked = CrossSite(world).post_request(world.app)
    world.browser.client.delete_cookie(SESSION, domain="localhost")

    page = world.browser.open(asked.headers["Location"])

    assert page.status_code == 200, "the home realm page"


def test_signing_out_ends_only_this_browsers_session(hub: Hub, world: World) -> None:
    other = hub.browser()
    world.sign_in(other)
    action, fields = form_of(other.open("/logout"))
    other.post(action or "/logout", fields)

    assert world.reused()
    assert hub.count("sessions") == 1
    world.browser = other
    assert not world.reused()


def test_a_session_remembers_no_endless_list_of_applications(hub: Hub, world: World) -> None:
    from broker.domain.http import Incoming

    for number in range(sessions.MAX_PARTICIPANTS + 2):
        hub.built.applications.save(ME, _application(number))
        app = OidcApp(hub, f"a{number}")
        assert world.browser.open(app.login_url()).headers["Location"].startswith(app.redirect_uri)

    session = sessions.current(hub.built.hub, Incoming("GET", "/", cookies={"vestibule-session": world.cookie(world.browser)}))
    assert session is not None
    assert len(session.participants) == sessions.MAX_PARTICIPANTS
    assert sessions.session_index(session, "app_unknown") == session.id


def _application(number: int) -> Any:
    from broker.services.applications import SaveApplication

    settings = {"client_id": f"a{number}-client", "redirect_uris": [f"https://a{number}.example/callback"]}
    return SaveApplication(f"a{number}", "A", "oidc", settings, tenant_ids=None, client_secrets=("x" * 32,))
