"""A login belongs to no worker: it starts on one, that one is killed, another finishes it from the database alone.

On SQLite, and on PostgreSQL when VESTIBULE_TEST_DATABASE_URL names a server. Real processes, real kills.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest

from broker.domain import claims as c
from broker.domain.clock import SystemClock
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from tests.peers.authlib_app import AuthlibApp
from tests.peers.python3_saml_app import Python3SamlApp
from tests.support.hub import ME
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.support.people import Browser, choose_home_realm, pick
from tests.support.ports import free_port
from tests.support.servers import Balancer, LiveHub, Program, hub_process, listens, wait_until


class Workers:
    """Two processes of the hub on one database, behind one address. The first answers until it is killed."""

    def __init__(self, hub: LiveHub, balancer: Balancer, first: Program, second: Program) -> None:
        self.hub, self._balancer, self._first, self._second = hub, balancer, first, second
        balancer.turn_to(first.port)

    def kill_the_first(self) -> None:
        self._first.kill()
        wait_until(lambda: not listens(self._first.port), "the first worker is gone")
        self._balancer.turn_to(self._second.port)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    folder = tmp_path / "hub"
    folder.mkdir()
    with ExitStack() as stack:
        balancer = stack.enter_context(Balancer())
        hub = stack.enter_context(LiveHub(folder, balancer.url))
        first, second = (
            stack.enter_context(hub_process(hub.settings, free_port(), folder / f"worker-{name}.log")) for name in "ab"
        )
        yield Workers(hub, balancer, first, second)


@pytest.fixture
def saml_app(workers: Workers) -> Python3SamlApp:
    app = workers.hub.serve(Python3SamlApp)
    app.read_idp(f"{workers.hub.url}/saml/metadata")
    command = SaveApplication("wiki", "Wiki", "saml", metadata=app.metadata(), tenant_ids=None)
    workers.hub.built.applications.save(ME, command)
    return app


@pytest.fixture
def acme(workers: Workers) -> str:
    """Two tenants, so that the home realm page is shown."""
    workers.hub.tenant("other", "other.example")
    workers.hub.acme_id("other")
    workers.hub.tenant("acme", "acme.example")
    return workers.hub.acme_id()


def test_killed_while_the_person_is_at_the_identity_provider(
    workers: Workers, acme: str, saml_app: Python3SamlApp, browser: Browser
) -> None:
    page = choose_home_realm(browser, browser.open(f"{saml_app.url}/login"), "alice@acme.example")

    workers.kill_the_first()
    learned = pick(browser, page).json()

    assert learned["errors"] == [], learned["reason"]
    assert learned["attributes"][c.EMAIL] == ["alice@acme.example"]
    view = workers.hub.built.traces.find(ME, "alice@acme.example")[0]
    assert view.outcome == "succeeded"
    assert {"SAML single sign-on", "answered the application"} <= {event.name for event in view.events}


def test_killed_while_the_person_types_an_address(
    workers: Workers, acme: str, saml_app: Python3SamlApp, browser: Browser
) -> None:
    page = browser.open(f"{saml_app.url}/login")

    workers.kill_the_first()
    learned = pick(browser, choose_home_realm(browser, page, "alice@acme.example")).json()

    assert learned["attributes"][c.EMAIL] == ["alice@acme.example"]


def test_killed_between_the_code_and_the_tokens(workers: Workers, acme: str, browser: Browser) -> None:
    hub = workers.hub
    app = hub.serve(lambda url: AuthlibApp(hub.issuer(), hub.oidc_client(f"{url}/callback"), auth="none", waits=True))
    page = pick(browser, choose_home_realm(browser, browser.open(f"{app.url}/login"), "alice@acme.example"))
    assert page.json() == {"waits": True}

    workers.kill_the_first()
    learned = browser.open(f"{app.url}/redeem").json()

    assert learned["userinfo"]["email"] == "alice@acme.example"


def test_killed_while_the_person_is_at_an_openid_provider(
    workers: Workers, saml_app: Python3SamlApp, browser: Browser
) -> None:
    hub = workers.hub
    with OpenIdProvider(SystemClock()) as provider:
        tenant = hub.tenant("globex", "globex.example")
        settings = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        command = SaveConnector(tenant, "op", "oidc", "Globex", settings, enabled=True)
        provider.redirect_uri = f"{hub.url}/upstream/{hub.built.connectors.save(ME, command).object_id}/callback"
        provider.person["email"] = "grace@globex.example"
        page = browser.open(f"{saml_app.url}/login")
        assert page.url.startswith(provider.issuer), page.says()

        workers.kill_the_first()
        learned = browser.open(f"{provider.redirect_uri}?{urlencode(provider.visit(page.url))}").json()

    assert learned["attributes"][c.EMAIL] == ["grace@globex.example"]


def test_a_session_outlives_the_worker_that_opened_it(
    workers: Workers, acme: str, saml_app: Python3SamlApp, browser: Browser
) -> None:
    first = pick(browser, choose_home_realm(browser, browser.open(f"{saml_app.url}/login"), "alice@acme.example")).json()

    workers.kill_the_first()
    again = browser.open(f"{saml_app.url}/login?passive").json()

    assert again["authenticated"]
    assert again["name_id"] == first["name_id"]
