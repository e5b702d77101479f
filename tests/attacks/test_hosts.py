"""A tenant's host is a second address of the same hub: nothing of another tenant, of the hub, or of a login elsewhere may be there.

Each attack stands beside what an honest browser does, in `tests/journeys/test_hosts.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event
from werkzeug.test import Client, TestResponse

from broker.domain.host import HostState
from broker.web.hosts import SERVED
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub
from tests.support.partners import OidcApp, SamlSide, form_of
from tests.support.saml_idp import SmallIdp

NAME = "acme.localhost"
BASE = f"http://{NAME}:8080"


class Scene:
    """Two tenants with a host and a provider each, and an application of both."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        hub.host("acme", NAME)
        self.theirs_at = hub.host("globex", "globex.localhost")
        self.idp: SamlSide = hub.saml_idp("acme")
        self.theirs: SamlSide = hub.saml_idp("globex")
        self.app: OidcApp = hub.oidc_app()
        self.browser = hub.browser()

    def answer(self) -> TestResponse:
        """What the hub's own name says to the provider's answer of a login that began at the host."""
        return self.idp.authenticate(self.browser, self.browser.open(self.app.login_url(at=BASE)))

    def signed_in(self, response: TestResponse) -> bool:
        return "code=" in response.headers.get("Location", "")


@pytest.fixture
def scene(hub: Hub) -> Scene:
    return Scene(hub)


# --- handing over -----------------------------------------------------------------------------------------------------


def test_the_neighbour_an_honest_answer_is_handed_over_and_gets_in(scene: Scene) -> None:
    action, fields = form_of(scene.answer())

    assert action == f"{BASE}/upstream/{scene.idp.connector_id}/acs"
    assert scene.signed_in(scene.browser.post(action, fields))


def test_an_answer_is_handed_to_the_host_that_the_login_remembers_whatever_the_request_says(scene: Scene) -> None:
    sent = scene.browser.open(scene.app.login_url(at=BASE))
    xml, relay_state = scene.idp.answer_to(sent)

    for headers in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        scene.browser.headers = headers
        handed = scene.browser.post(f"{scene.idp.acs}?host=evil.example&RelayState=http://evil.example", {"SAMLResponse": _b64(xml), "RelayState": str(relay_state)})
        assert urlsplit(form_of(handed)[0]).netloc == f"{NAME}:8080", headers


def test_a_login_that_began_at_the_hub_is_handed_to_nobody(scene: Scene) -> None:
    sent = scene.browser.open(scene.app.login_url(tenant="acme"))
    assert scene.signed_in(scene.idp.authenticate(scene.browser, sent))


def test_an_answer_is_not_finished_at_the_hubs_own_name(scene: Scene) -> None:
    """Not even by whoever has put the host's cookies there."""
    sent = scene.browser.open(scene.app.login_url(at=BASE))
    copied = _copy_cookies(scene.browser, "localhost")

    answered = scene.idp.authenticate(copied, sent)

    assert not scene.signed_in(answered)
    assert form_of(answered)[0].startswith(BASE)


@pytest.mark.parametrize("began", [{"at": BASE}, {"tenant": "acme"}])
def test_an_answer_is_not_finished_at_another_host(scene: Scene, began: dict[str, str]) -> None:
    """Its connectors are not there; and a connector that is there does not know this login."""
    sent = scene.browser.open(scene.app.login_url(**began))
    tossed = _copy_cookies(scene.browser, "globex.localhost")
    xml, relay_state = scene.idp.answer_to(sent)
    fields = {"SAMLResponse": _b64(xml), "RelayState": str(relay_state)}

    for connector_id, status in ((scene.idp.connector_id, 404), (scene.theirs.connector_id, 400)):
        refused = tossed.post(f"{scene.theirs_at}/upstream/{connector_id}/acs", fields)
        assert refused.status_code == status


def test_a_login_of_the_hub_is_not_finished_at_its_own_tenants_host(scene: Scene) -> None:
    sent = scene.browser.open(scene.app.login_url(tenant="acme"))
    tossed = _copy_cookies(scene.browser, NAME)
    xml, relay_state = scene.idp.answer_to(sent)

    refused = tossed.post(f"{BASE}/upstream/{scene.idp.connector_id}/acs", {"SAMLResponse": _b64(xml), "RelayState": str(relay_state)})

    assert refused.status_code == 400
    assert scene.hub.trace(refused).error_code == "wrong_browser"


@pytest.mark.parametrize("path", ["", "/return", "/again"])
def test_the_pages_of_a_login_exist_only_where_it_began(scene: Scene, path: str) -> None:
    scene.hub.saml_idp("acme", "second")
    action, _ = form_of(scene.browser.open(scene.app.login_url(at=BASE)))

    for name, base in (("localhost", PUBLIC_URL), ("globex.localhost", scene.theirs_at)):
        tossed = _copy_cookies(scene.browser, name)
        assert tossed.post(f"{base}{action}{path}", {"email": "ann@acme.example"}).status_code in {400, 404}
    assert scene.browser.post(f"{BASE}{action}", {"email": "ann@acme.example"}).status_code != 404


def test_a_finished_login_is_not_taken_up_again_elsewhere(scene: Scene) -> None:
    action, fields = form_of(scene.answer())
    scene.browser.post(action, fields)
    again = form_of(scene.browser.post(action, fields))[0]

    for name, base in (("localhost", PUBLIC_URL), ("globex.localhost", scene.theirs_at)):
        assert _copy_cookies(scene.browser, name).post(f"{base}{again}", {}).status_code == 400
    assert scene.signed_in(scene.browser.post(f"{BASE}{again}", {}))


def test_a_victims_browser_cannot_finish_what_an_attacker_began_at_the_host(scene: Scene) -> None:
    """Login CSRF: the victim follows the attacker's link to the provider, and the answer arrives in the victim's browser."""
    sent = scene.browser.open(scene.app.login_url(at=BASE))
    victim = scene.hub.browser()
    scene.browser, attacker = victim, scene.browser

    refused = victim.post(*form_of(scene.idp.authenticate(victim, sent)))

    assert refused.status_code == 400
    assert not scene.signed_in(refused)
    assert attacker is not victim


def _off(scene: Scene) -> None:
    scene.hub.built.services.hosts.switch(ME, scene.hub.tenants["acme"], NAME, on=False, despite_use=True)


def _removed(scene: Scene) -> None:
    scene.hub.built.services.hosts.remove(ME, scene.hub.tenants["acme"], NAME, despite_use=True)


def _moved(scene: Scene) -> None:
    _removed(scene)
    scene.hub.host("globex", NAME)


def _waiting(scene: Scene) -> None:
    scene.hub.host("acme", NAME, HostState.WAITING)


@pytest.mark.parametrize("meanwhile", [_off, _removed, _moved, _waiting])
def test_nothing_is_handed_to_a_host_that_went_meanwhile(scene: Scene, meanwhile: Any) -> None:
    sent = scene.browser.open(scene.app.login_url(at=BASE))
    meanwhile(scene)

    refused = scene.idp.authenticate(scene.browser, sent)

    said = refused.get_data(as_text=True)
    assert refused.status_code in {400, 403}
    assert NAME not in said
    assert "SAMLResponse" not in said
    assert "Location" not in refused.headers


def test_a_login_does_not_go_on_at_a_host_that_moved_to_another_tenant(scene: Scene) -> None:
    scene.hub.saml_idp("acme", "second")
    action, _ = form_of(scene.browser.open(scene.app.login_url(at=BASE)))
    _moved(scene)

    assert scene.browser.post(f"{BASE}{action}", {"email": "ann@acme.example"}).status_code in {400, 403}


def test_a_session_of_the_tenant_before_does_not_open_a_host_that_moved(scene: Scene) -> None:
    assert scene.signed_in(scene.browser.post(*form_of(scene.answer())))
    assert scene.browser.open(f"{BASE}/account").headers["Location"] == f"{BASE}/account"
    assert "ann@acme.example" in scene.browser.open(f"{BASE}/account").get_data(as_text=True)
    _moved(scene)

    assert "ann@acme.example" not in scene.browser.open(f"{BASE}/account").get_data(as_text=True)
    assert urlsplit(scene.browser.open(scene.app.login_url(at=BASE)).headers["Location"]).netloc == "idp.globex.example"


def test_an_answer_counts_once_after_it_was_handed_over(scene: Scene) -> None:
    action, fields = form_of(scene.answer())
    assert scene.signed_in(scene.browser.post(action, fields))

    assert scene.browser.post(action, fields).status_code == 409
    again = scene.browser.open(scene.app.login_url(at=BASE, prompt="login"))
    replayed = dict(fields) | {"RelayState": _relay_state(again)}
    assert not scene.signed_in(scene.browser.post(action, replayed))


def test_a_code_of_the_host_is_worth_nothing_elsewhere(scene: Scene) -> None:
    """Mix-up: the issuer that a code came from is the one whose token endpoint takes it (RFC 9207)."""
    answer = scene.app.callback(scene.browser.post(*form_of(scene.answer())))

    for where in ({}, {"tenant": "acme"}, {"at": scene.theirs_at}):
        assert scene.app.redeem(answer["code"], **where).status_code == 400
    assert scene.app.redeem(answer["code"], at=BASE).status_code == 200


def test_an_access_token_of_the_host_is_worth_nothing_elsewhere(scene: Scene) -> None:
    answer = scene.app.callback(scene.browser.post(*form_of(scene.answer())))
    token = scene.app.redeem(answer["code"], at=BASE).get_json()["access_token"]

    def asked(base: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return scene.app.machine.get("/oauth2/userinfo", base_url=base, headers=headers).status_code

    assert (asked(BASE), asked(PUBLIC_URL), asked(scene.theirs_at)) == (200, 401, 401)


# --- the Host header ----------------------------------------------------------------------------------------------------

ODD_HOSTS = ("evil.example", "acme.localhost", "acme.localhost:80", "acme.localhost:8081", "acme.localhost:8080.evil.example", "evil.acme.localhost:8080",
             "acme.localhost.:8080", "acme.localhost:8080,evil.example", "a" * 3000, "acme.localhost:8080\t", "[::1]:8080", "")  # fmt: skip


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_any_other_host_header_is_the_hub_and_never_comes_back(scene: Scene, host: str) -> None:
    client = Client(scene.hub.app, use_cookies=False)
    for path in ("/.well-known/openid-configuration", "/saml/metadata", "/login/x", "/console", "/logout", "/account"):
        answer = client.get(path, base_url=PUBLIC_URL, headers={"Host": host})
        said = answer.get_data(as_text=True) + answer.headers.get("Location", "")
        assert "evil" not in said
        assert BASE not in said, path


@pytest.mark.parametrize("proxies", [0, 1])
def test_forwarded_headers_name_no_host(tmp_path: Path, proxies: int) -> None:
    with Hub(tmp_path, trusted_proxies=proxies) as hub:
        scene = Scene(hub)
        for header in ("X-Forwarded-Host", "X-Original-Host", "X-Host", "X-Forwarded-Server"):
            headers = {header: f"{NAME}:8080", "X-Forwarded-For": "192.0.2.1"}
            discovery = Client(hub.app).get("/.well-known/openid-configuration", base_url=PUBLIC_URL, headers=headers)
            assert discovery.get_json()["issuer"] == PUBLIC_URL
        assert scene.browser.open(f"{BASE}/.well-known/openid-configuration").get_json()["issuer"] == BASE


@pytest.mark.parametrize("spelling", ["ACME.localhost:8080", "Acme.Localhost:8080"])
def test_host_names_have_no_case(scene: Scene, spelling: str) -> None:
    discovery = Client(scene.hub.app).get("/.well-known/openid-configuration", base_url=PUBLIC_URL, headers={"Host": spelling})
    assert discovery.get_json()["issuer"] == BASE


def test_what_differs_from_host_to_host_is_never_taken_for_another_hosts(scene: Scene) -> None:
    """Web caches that forget the host in their key would hand one tenant's addresses to another (cache poisoning)."""
    for path in ("/.well-known/openid-configuration", "/saml/metadata", "/login/x", "/logout", "/account", "/nowhere"):
        for base in (BASE, PUBLIC_URL):
            headers = scene.browser.open(f"{base}{path}").headers
            assert "no-store" in headers["Cache-Control"] or "Host" in headers.get("Vary", ""), (base, path)


# --- every address --------------------------------------------------------------------------------------------------------


def _addresses(hub: Hub) -> Iterator[tuple[str, str, str]]:
    for rule in hub.app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<path:{name}>", "vestibule.css").replace(f"<{name}>", "acme")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, path


def test_only_the_login_surface_exists_at_a_host(scene: Scene) -> None:
    """Console, API, set-up portal, tests and the other tenants' addresses are not there, for no method."""
    client, absent = Client(scene.hub.app, use_cookies=False), 0
    for endpoint, method, path in _addresses(scene.hub):
        if endpoint in SERVED:
            continue
        for wrong in (method, "PATCH", "GET", "POST"):
            answer = client.open(path, method=wrong, base_url=BASE)
            assert answer.status_code == 404, (wrong, path)
            assert "Set-Cookie" not in answer.headers
            absent += 1
    assert absent > 300


def test_every_address_of_the_login_surface_exists_there(scene: Scene) -> None:
    served = {endpoint for endpoint, _, _ in _addresses(scene.hub)} | {"oidc.token_preflight", "oidc.userinfo_preflight"}
    assert served >= SERVED, "an endpoint that is none any more"


@pytest.mark.parametrize("path", ["/t/globex/saml/sso", "/t/globex/oauth2/authorize", "/t/acme/saml/metadata", "/console", "/api/v1", "/setup/x", "/test/x"])
def test_these_above_all_do_not_exist_at_a_host(scene: Scene, path: str) -> None:
    assert scene.browser.open(f"{BASE}{path}").status_code == 404
    assert scene.browser.open(f"{PUBLIC_URL}{path}").status_code != 200 or "/t/acme" in path or path == "/api/v1"


# --- speed ----------------------------------------------------------------------------------------------------------------


def test_hosts_cost_other_logins_no_query(hub: Hub) -> None:
    """The list of hosts is read when it changed, and a name that is not in it asks the database for nothing."""
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    app = hub.oidc_app()

    def queries(host: str) -> int:
        statements: list[str] = []

        def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        event.listen(hub.built.database.engine, "before_cursor_execute", count)
        try:
            Client(hub.app).get(app.login_url().removeprefix(PUBLIC_URL), base_url=PUBLIC_URL, headers={"Host": host})
        finally:
            event.remove(hub.built.database.engine, "before_cursor_execute", count)
        return len(statements)

    queries("localhost:8080"), queries("a.example")
    before = queries("localhost:8080")
    hub.host("acme", NAME)
    queries(f"{NAME}:8080")

    assert max(queries(host) for host in ("localhost:8080", "b.example", "c.localhost:8080", f"{NAME}:8080")) <= before


def _b64(xml: bytes) -> str:
    return base64.b64encode(xml).decode()


def _relay_state(sent: TestResponse) -> str:
    return SmallIdp.read_redirect(sent.headers["Location"])[1]["RelayState"]


def _copy_cookies(browser: Browser, domain: str) -> Browser:
    """Somebody who has put a browser's cookies at another host of ours, as a neighbour would like to."""
    made = browser.__class__(browser.client.application)
    for cookie in (browser.client._cookies or {}).values():
        made.client.set_cookie(cookie.key, cookie.value, domain=domain)
    return made
