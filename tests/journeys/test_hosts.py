"""A tenant's people sign in at a host name of their own; what applications trusted before stays as it is (FEATURES K10)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from broker.domain import claims as c
from broker.domain.host import HostState
from broker.services.operations.branding import BrandTenant
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import App, OidcApp, Side, choose_home_realm, form_of

PAIRS = [("saml", "saml"), ("saml", "oidc"), ("oidc", "saml"), ("oidc", "oidc")]
NAME = "acme.localhost"
BASE = f"http://{NAME}:8080"


def federation(hub: Hub, app: str, upstream: str) -> tuple[App, Side]:
    """Acme has a host; Other has people, too, and none of them belongs there."""
    hub.tenant("acme", "acme.example")
    hub.tenant("other", "other.example")
    hub.saml_idp("other")
    hub.host("acme", NAME)
    side: Side = hub.saml_idp("acme") if upstream == "saml" else hub.oidc_op("acme")
    return (hub.saml_app() if app == "saml" else hub.oidc_app()), side


@pytest.mark.parametrize(("app", "upstream"), PAIRS)
def test_every_pair_signs_a_person_in_there(hub: Hub, app: str, upstream: str) -> None:
    application, side = federation(hub, app, upstream)

    learned = application.sign_in(hub.browser(), side, at=BASE)

    assert learned.tenant == hub.tenants["acme"]
    assert learned.claims["email" if app == "oidc" else c.EMAIL] == [side.email]


@pytest.mark.parametrize(("app", "upstream"), PAIRS)
def test_the_subject_is_the_same_at_all_three_addresses(hub: Hub, app: str, upstream: str) -> None:
    application, side = federation(hub, app, upstream)

    subjects = []
    for where in ({"at": BASE}, {"tenant": "acme"}, {}):
        subjects.append(application.sign_in(hub.browser(), side, **where).subject)
        hub.clock.forward(minutes=1)

    assert len(set(subjects)) == 1


@pytest.mark.parametrize(("app", "upstream"), PAIRS)
@pytest.mark.parametrize("where", [{}, {"tenant": "acme"}])
def test_what_applications_trusted_before_is_the_same_with_and_without_the_host(hub: Hub, app: str, upstream: str, where: dict[str, str]) -> None:
    application, side = federation(hub, app, upstream)
    prefix = "/t/acme" if where else ""
    documents = [f"{prefix}/.well-known/openid-configuration", f"{prefix}/saml/metadata"]

    def said() -> list[bytes]:
        return [hub.browser().open(path).data for path in documents]

    with_it, subject = said(), application.sign_in(hub.browser(), side, **where).subject
    hub.built.services.hosts.remove(ME, hub.tenants["acme"], NAME)
    hub.clock.forward(minutes=1)

    assert said() == with_it
    assert application.sign_in(hub.browser(), side, **where).subject == subject


def test_discovery_and_metadata_there_name_nothing_but_the_host(hub: Hub) -> None:
    federation(hub, "oidc", "saml")
    browser = hub.browser()

    discovery = browser.open(f"{BASE}/.well-known/openid-configuration")
    metadata = browser.open(f"{BASE}/saml/metadata").get_data(as_text=True)

    assert discovery.get_json()["issuer"] == BASE
    assert PUBLIC_URL not in discovery.get_data(as_text=True)
    assert f'entityID="{BASE}/saml/metadata"' in metadata
    assert PUBLIC_URL not in metadata


def test_a_saml_request_says_where_it_goes_and_means_this_host(hub: Hub) -> None:
    application, _ = federation(hub, "saml", "saml")

    right = hub.browser().open(application.login_url(at=BASE, Destination=f"{BASE}/saml/sso"))
    wrong = hub.browser().open(application.login_url(at=BASE, Destination=f"{PUBLIC_URL}/saml/sso"))

    assert right.status_code == 302
    assert wrong.status_code == 400


def test_the_identity_provider_sees_the_same_addresses_as_ever(hub: Hub) -> None:
    application, side = federation(hub, "oidc", "saml")

    sent = hub.browser().open(application.login_url(at=BASE))
    answer, _ = side.answer_for(sent)  # type: ignore[union-attr]

    assert urlsplit(sent.headers["Location"]).netloc == "idp.acme.example"
    assert answer.recipient == f"{PUBLIC_URL}/upstream/{side.connector_id}/acs"


def test_pages_stay_at_the_host_and_look_like_the_tenant(hub: Hub) -> None:
    application, _ = federation(hub, "oidc", "saml")
    hub.saml_idp("acme", "second")
    hub.built.operations.run(ME, "tenant.brand", BrandTenant("acme", colour="#0a5c36"))
    browser = hub.browser()

    page = browser.open(application.login_url(at=BASE))
    shown = page.get_data(as_text=True)

    assert page.status_code == 200
    assert "/branding/0a5c36.css" in shown
    assert PUBLIC_URL not in shown
    nowhere = browser.open(f"{BASE}/nowhere")
    assert nowhere.status_code == 404
    assert "/branding/0a5c36.css" in nowhere.get_data(as_text=True), "before anything is known, too"


def test_a_second_application_asks_nothing_there_and_the_hub_knows_nothing_of_it(hub: Hub) -> None:
    first, side = federation(hub, "saml", "saml")
    second, browser = hub.oidc_app(), hub.browser()

    first.sign_in(browser, side, at=BASE)

    assert second.learn(browser.open(second.login_url(at=BASE)), at=BASE).subject
    assert browser.open(second.login_url()).status_code == 200, "cookies are the host's own: at the hub's name it is a new browser"


def test_signing_out_there_ends_the_session_of_that_host(hub: Hub) -> None:
    application, side = federation(hub, "oidc", "saml")
    browser = hub.browser()
    application.sign_in(browser, side, at=BASE)

    _, fields = form_of(browser.open(f"{BASE}/logout"))
    assert browser.post(f"{BASE}/logout", fields).status_code == 200

    again = browser.open(application.login_url(at=BASE))
    assert urlsplit(again.headers["Location"]).netloc == "idp.acme.example"


def test_signing_out_everywhere_ends_the_sessions_of_every_host(hub: Hub) -> None:
    application, side = federation(hub, "oidc", "saml")
    browser, elsewhere = hub.browser(), hub.browser()
    application.sign_in(browser, side, at=BASE)
    hub.clock.forward(minutes=1)
    application.sign_in(elsewhere, side, tenant="acme")
    browser.open(f"{BASE}/account")

    _, fields = form_of(browser.open(f"{BASE}/account"))
    browser.post(f"{BASE}/account/everywhere", fields)

    for one, where in ((browser, {"at": BASE}), (elsewhere, {"tenant": "acme"})):
        assert urlsplit(one.open(application.login_url(**where)).headers["Location"]).netloc == "idp.acme.example"


def test_a_trace_says_at_which_host(hub: Hub) -> None:
    application, side = federation(hub, "oidc", "saml")
    application.sign_in(hub.browser(), side, at=BASE)

    view = hub.built.traces.find(ME, side.email)[0]
    arrived = [event.detail for event in view.events if event.kind == "hop" and NAME in event.detail]
    assert arrived == [f"GET {NAME}/oauth2/authorize", f"POST {NAME}/upstream/{side.connector_id}/acs"]


def test_the_account_page_is_there_whole(hub: Hub) -> None:
    _, side = federation(hub, "oidc", "saml")
    browser = hub.browser()

    sent = browser.open(f"{BASE}/account")
    posted = side.authenticate(browser, sent)
    done = browser.post(*form_of(posted))
    assert done.headers["Location"] == f"{BASE}/account"
    page = browser.open(f"{BASE}/account")
    assert side.email in page.get_data(as_text=True)

    _, fields = form_of(page)
    assert browser.post(f"{BASE}/account/everywhere", fields).status_code == 200
    assert browser.open(f"{BASE}/account").status_code == 302


@pytest.mark.parametrize("upstream", ["saml", "oidc"])
def test_back_after_the_end_carries_on_at_the_host(hub: Hub, upstream: str) -> None:
    """The browser's history holds the answer at the hub's own name: it is handed over again, and the host says it is done."""
    application, side = federation(hub, "oidc", upstream)
    browser = hub.browser()
    sent = browser.open(application.login_url(at=BASE))
    at_hub = side.authenticate(browser, sent)

    def take_over() -> object:
        location = at_hub.headers.get("Location")
        return browser.open(location) if location else browser.post(*form_of(at_hub))

    first, second = take_over(), take_over()

    assert (first.status_code, second.status_code) == (302, 409)  # type: ignore[attr-defined]
    action, fields = form_of(second)  # type: ignore[arg-type]
    assert isinstance(application, OidcApp)
    assert application.callback(browser.post(action, fields))["iss"] == BASE


def test_somebody_of_another_tenant_does_not_get_in_there(hub: Hub) -> None:
    application, side = federation(hub, "oidc", "saml")
    other = hub.saml_idp("other", "second")
    other.email = "eve@other.example"
    hub.saml_idp("acme", "more")
    browser = hub.browser()

    typed = choose_home_realm(browser, browser.open(application.login_url(at=BASE)), other.email)

    assert typed.status_code in {200, 400}, "not sent to the other tenant's provider"
    assert side.email


def test_a_host_that_is_off_waits_or_belongs_to_a_tenant_that_is_off_answers_nothing(hub: Hub) -> None:
    application, _ = federation(hub, "oidc", "saml")
    hub.host("acme", "off.localhost", HostState.OFF)
    hub.host("acme", "waiting.localhost", HostState.WAITING)
    hub.tenant("gone", "gone.example", enabled=False)
    hub.host("gone", "gone.localhost")

    for name in ("off", "waiting", "gone"):
        at = f"http://{name}.localhost:8080"
        for url in (application.login_url(at=at), f"{at}/.well-known/openid-configuration", f"{at}/console", f"{at}/logout"):
            assert hub.browser().open(url).status_code == 404, url


def test_a_name_that_nobody_configured_is_the_hub_itself_as_ever(hub: Hub) -> None:
    federation(hub, "oidc", "saml")

    discovery = hub.browser().open("http://stranger.localhost:8080/.well-known/openid-configuration")

    assert discovery.get_json()["issuer"] == PUBLIC_URL


def test_a_host_can_be_added_removed_and_given_to_another_tenant(hub: Hub) -> None:
    application, side = federation(hub, "oidc", "saml")
    application.sign_in(hub.browser(), side, at=BASE)
    hub.built.services.hosts.remove(ME, hub.tenants["acme"], NAME, despite_use=True)

    hub.host("other", NAME)
    sent = hub.browser().open(application.login_url(at=BASE))

    assert urlsplit(sent.headers["Location"]).netloc == "idp.other.example"
