"""Stock client libraries as OpenID Connect applications of the hub: openid-client (npm) and Authlib, by one specification."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.peers.authlib_app import AuthlibApp
from tests.peers.nodejs import install, node_program
from tests.support.hub import ME
from tests.support.people import BOB, Browser, choose_home_realm, pick
from tests.support.ports import free_port
from tests.support.servers import LiveHub, Served

SECRET = "stock-client-" + "s" * 32
Start = Callable[..., str]


@pytest.fixture(
    params=[
        pytest.param("openid-client", marks=pytest.mark.peer("openid-client")),
        pytest.param("authlib", marks=pytest.mark.peer("authlib")),
    ]
)
def start(request: pytest.FixtureRequest, hub: LiveHub, tmp_path: Path) -> Iterator[Start]:
    """`start(tenant=…, auth=…, alg=…)` registers the application, starts it, and tells its address."""
    with ExitStack() as stack:

        def openid_client(issuer: str, auth: str, alg: str, registration: dict[str, Any]) -> str:
            install()
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            client = hub.oidc_client(f"{url}/callback", **registration)
            settings = {
                "port": port, "issuer": issuer, "client_id": client.id, "client_secret": client.secret, "auth": auth,
                "alg": alg, "redirect_uri": client.redirect_uri,
            }  # fmt: skip
            stack.enter_context(node_program("openid_client_app.mjs", settings, tmp_path))
            return url

        def authlib(issuer: str, auth: str, alg: str, registration: dict[str, Any]) -> str:
            served = stack.enter_context(Served())
            client = hub.oidc_client(f"{served.url}/callback", **registration)
            served.start(AuthlibApp(issuer, client, auth=auth, alg=alg))
            return served.url

        def begin(
            *, tenant: str | None = None, auth: str = "client_secret_basic", alg: str = "RS256", **settings: Any
        ) -> str:
            registration = {
                "secret": None if auth == "none" else SECRET,
                "token_endpoint_auth_method": auth,
                "id_token_signed_response_alg": alg,
                **settings,
            }
            kind = openid_client if request.param == "openid-client" else authlib
            return kind(hub.issuer(tenant), auth, alg, registration)

        yield begin


def sign_in(browser: Browser, url: str, email: str = "alice@acme.example") -> dict[str, Any]:
    page = pick(browser, choose_home_realm(browser, browser.open(url), email))
    assert page.status == 200, page.says()
    learned: dict[str, Any] = page.json()
    return learned


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post", "none"])
@pytest.mark.parametrize("tenant", [None, "acme"])
def test_it_learns_who_signed_in(
    hub: LiveHub, acme: str, start: Start, browser: Browser, auth: str, tenant: str | None
) -> None:
    app = start(tenant=tenant, auth=auth)

    learned = sign_in(browser, f"{app}/login")

    assert learned["claims"]["iss"] == hub.issuer(tenant)
    assert learned["claims"]["tid"] == hub.tenants["acme"]
    assert learned["userinfo"]["email"] == "alice@acme.example"
    assert learned["userinfo"]["sub"] == learned["claims"]["sub"]
    assert learned["token_type"].lower() == "bearer"


def test_id_tokens_may_be_signed_with_an_elliptic_curve(
    hub: LiveHub, acme: str, start: Start, browser: Browser
) -> None:
    assert sign_in(browser, start(alg="ES256") + "/login")["claims"]["sub"]


def test_the_subject_stays_and_single_sign_on_asks_nothing(
    hub: LiveHub, acme: str, start: Start, browser: Browser
) -> None:
    app = start()

    first = sign_in(browser, f"{app}/login")
    second = browser.open(f"{app}/login?prompt=none").json()
    third = sign_in(browser, f"{app}/login?prompt=login")

    assert first["claims"]["sub"] == second["claims"]["sub"] == third["claims"]["sub"]
    assert second["claims"]["auth_time"] == first["claims"]["auth_time"]


def test_a_maximal_age_brings_the_time_of_authentication(
    hub: LiveHub, acme: str, start: Start, browser: Browser
) -> None:
    learned = sign_in(browser, start() + "/login?max_age=600")

    assert isinstance(learned["claims"]["auth_time"], int)


def test_a_login_hint_leads_straight_to_the_identity_provider(
    hub: LiveHub, acme: str, start: Start, browser: Browser
) -> None:
    hub.tenant("other", "other.example")
    hub.acme_id("other")
    app = start()

    page = browser.open(f"{app}/login?login_hint=alice@acme.example")

    assert "Who are you?" in page.text, page.says()


def test_prompt_none_without_a_session_is_told_login_required(
    hub: LiveHub, acme: str, start: Start, browser: Browser
) -> None:
    page = browser.open(start() + "/login?prompt=none")

    assert page.json()["error"] == "login_required"


def test_whoever_may_not_enter_is_told_access_denied(hub: LiveHub, acme: str, start: Start, browser: Browser) -> None:
    app = start(authorization_rules=({"template": "permit", "claim": "email", "value": "alice@acme.example"},))

    refused = pick(browser, choose_home_realm(browser, browser.open(f"{app}/login"), "bob@acme.example"), BOB)
    told = browser.submit(refused.form("/return")).json()

    assert refused.status == 403
    assert told["error"] == "access_denied"


def test_a_code_is_good_once(hub: LiveHub, acme: str, start: Start, browser: Browser) -> None:
    app = start()
    page = pick(browser, choose_home_realm(browser, browser.open(f"{app}/login"), "alice@acme.example"))

    again = browser.open(page.url)

    assert page.status == 200
    assert again.json()["error"] == "invalid_grant"
    assert [view.outcome for view in hub.built.traces.find(ME, "alice@acme.example")] == ["succeeded"]
