"""A real browser at a tenant's own host: cookies, self-posting forms and redirects between three sites, as in life."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from broker.demo import oidc_app, oidc_idp, saml_app, saml_idp
from broker.demo.federation import federation
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World
from broker.services import declarative
from broker.services.operations.hosts import OneHost
from tests.browser.people import ALICE, GRACE, Person, pick, start_at
from tests.support.chromium import PHONE, Window
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.servers import LiveHub, Served


class Federation:
    """The demonstration's partners. Ledger trusts Acme's host, Atlas that of Globex; the providers know the hub's name alone."""

    def __init__(self, hub: LiveHub, stack: ExitStack) -> None:
        self.hub = hub
        sites = {name: stack.enter_context(Served()) for name in ("saml_idp", "oidc_idp", "saml_app", "oidc_app")}
        self.world = World(hub.url, Ports(**{name: site.port for name, site in sites.items()}))
        folder = hub.folder / "partners"
        files = StateFiles(folder)
        document = json.dumps(federation(self.world, folder)).encode()
        sites["saml_idp"].start(saml_idp.create(self.world, files, hub.clock))
        sites["oidc_idp"].start(oidc_idp.create(self.world, files, hub.clock))
        hub.built.configuration.apply(ME, declarative.parse(document, folder))
        self.acme, self.globex = (self._host(slug) for slug in ("acme", "globex"))
        sites["saml_app"].start(saml_app.create(replace(self.world, broker_url=self.acme), files, hub.clock))
        sites["oidc_app"].start(oidc_app.create(replace(self.world, broker_url=self.globex), files, hub.clock))

    def _host(self, slug: str) -> str:
        name = f"{slug}.localhost"
        self.hub.built.operations.run(ME, "host.add", OneHost(slug, name))
        checked = self.hub.built.operations.run(ME, "host.check", OneHost(slug, name))
        assert checked.state == "on", checked
        return str(checked.issuer)


@pytest.fixture
def partners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Federation]:
    needs("chromium")
    resolve = socket.getaddrinfo

    def as_browsers_do(host: Any, *rest: Any, **options: Any) -> Any:
        """RFC 6761 6.3: names below localhost are this machine's. Not every system's resolver knows; applications use it."""
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", as_browsers_do)
    with ExitStack() as stack:
        yield Federation(stack.enter_context(LiveHub(tmp_path)), stack)


@pytest.mark.parametrize(("app", "at", "person"), [("saml_app", "acme", ALICE), ("oidc_app", "globex", GRACE)], ids=["SAML", "OpenID Connect"])
def test_somebody_signs_in_at_the_host_and_stays_there(window: Window, partners: Federation, app: str, at: str, person: Person) -> None:
    address, base = getattr(partners.world, app), getattr(partners, at)

    start_at(window, address)
    pick(window, person)
    window.reads(f"Hello, {person.name}")

    window.says(person.email)
    hosts = [urlsplit(place).netloc for place in window.visited]
    assert urlsplit(base).netloc in hosts
    cookies = {cookie["domain"] for cookie in window.page.context.cookies() if "vestibule-session" in cookie["name"]}
    assert cookies == {urlsplit(base).hostname}, "the session is the host's alone"


@pytest.mark.parametrize("at", ["acme", "globex"])
def test_its_pages_are_there_on_a_phone(window: Window, partners: Federation, at: str) -> None:
    base = getattr(partners, at)
    window.page.set_viewport_size(PHONE)
    start_at(window, partners.world.saml_app if at == "acme" else partners.world.oidc_app)
    person = ALICE if at == "acme" else GRACE
    pick(window, person)
    window.reads(f"Hello, {person.name}")

    window.page.goto(f"{base}/account")
    expect(window.page.locator("main")).to_contain_text(person.email)
    window.fits()
    window.is_at(f"{base}/account")

    window.page.goto(f"{base}/logout")
    window.press("Sign out")
    window.is_at(base)
    window.fits()


def test_the_answer_of_a_login_at_the_host_means_nothing_in_another_browser(window: Window, partners: Federation) -> None:
    """The victim's browser gets as far as the host, and no further."""
    begun: list[str] = []
    window.page.on("request", lambda request: begun.append(request.url) if "/sso" in request.url else None)
    start_at(window, partners.world.saml_app)
    window.reads("Who are you?")
    browser = window.page.context.browser
    assert browser is not None
    victim = browser.new_context().new_page()
    victim.goto(next(url for url in begun if url.startswith(partners.world.saml_idp)))
    victim.locator("button", has_text=ALICE.name).click()

    expect(victim.get_by_role("heading", level=1)).to_have_text("We could not sign you in")
    assert victim.url.startswith(partners.acme)
    victim.context.close()
