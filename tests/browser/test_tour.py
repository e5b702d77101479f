"""From `vestibule init` on an empty hub to the first login, as the owner and the customer's administrator see it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from broker.demo import saml_app, saml_idp
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World
from tests.browser.people import ALICE, pick, start_at
from tests.support import chromium as support
from tests.support.chromium import Window, device
from tests.support.needs import needs
from tests.support.servers import START_SECONDS, LiveHub, Served


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveHub]:
    needs("chromium")
    with LiveHub(tmp_path) as made:
        yield made


@pytest.fixture
def world(live: LiveHub) -> Iterator[World]:
    """Acme's identity provider and the application Ledger are running; the hub knows neither."""
    files = StateFiles(live.folder / "partners")
    with Served() as provider, Served() as application:
        made = World(live.url, Ports(saml_idp=provider.port, saml_app=application.port))
        provider.start(saml_idp.create(made, files, live.clock))
        application.start(saml_app.create(made, files, live.clock))
        files.document("acme.xml", saml_idp.metadata(made, saml_idp.signing_key(files)))
        yield made


def initialised(live: LiveHub) -> str:
    """What `vestibule init` prints for the first owner."""
    names = ("public_url", "state_dir", "database_url", "master_key_file")
    settings = {f"VESTIBULE_{name.upper()}": str(getattr(live.built.settings, name)) for name in names}
    said = subprocess.run(
        [sys.executable, "-m", "broker", "init"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=True,
    )
    link = re.search(r"http://\S+/console/welcome/\S+", said.stdout)
    assert link is not None, said.stdout + said.stderr
    return link[0]


def test_from_the_link_of_init_to_the_first_login(chromium: Browser, live: LiveHub, world: World) -> None:
    with support.window(chromium) as owner, device(owner):
        become_owner(owner, initialised(live))
        set_up_link = make_tenant(owner)
        with support.window(chromium) as administrator:
            connect(administrator, set_up_link, live.folder / "partners" / "acme.xml")
        register_ledger(owner, world)

        with support.window(chromium) as employee:
            start_at(employee, world.saml_app)
            pick(employee, ALICE)  # with one identity provider there is nothing to ask before
            employee.reads("Hello, Alice Archer")
            employee.says(ALICE.email)

        owner.page.goto(f"{live.url}/console")
        expect(owner.page.locator(".map")).to_contain_text("Ledger")
        owner.page.goto(f"{live.url}/console/people")
        expect(owner.page.locator("main")).to_contain_text(ALICE.email)


def become_owner(window: Window, link: str) -> None:
    page = window.page
    page.goto(link)
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("Your email address").fill("ada@staff.example")
    window.press("Continue")
    window.press("Create a passkey")
    window.reads("Home")


def make_tenant(window: Window) -> str:
    """Its domain is vouched for; the set-up link for its administrator."""
    page = window.page
    window.press("Make the first tenant", role="link")
    page.get_by_label("Name", exact=True).fill("Acme")
    window.press("Make the tenant")
    window.reads("Acme")
    page.get_by_label("Add an email domain").fill("acme.example")
    window.press("Add")
    expect(page.locator("main")).to_contain_text("Vouched for")
    window.press("Send the customer a set-up link", role="link")
    page.get_by_label("Who is it for?").fill("Anna")
    window.press("Make the link")
    window.reads("The set-up link")
    return page.locator("#link").inner_text()


def connect(window: Window, link: str, metadata: Path) -> None:
    """Nobody is signed in here, and the hub is not known to this browser: the link is all there is."""
    page = window.page
    page.goto(link)
    expect(page.get_by_text("Not switched on yet")).to_be_visible()
    window.press("Begin", role="link")
    page.locator("label", has_text="Another system").filter(has_text="SAML 2.0").click()
    window.press("Continue")
    window.reads("A little about you")
    window.press("Continue")
    window.press("Entered: continue", role="link")
    page.get_by_label("Metadata file (XML)").set_input_files(metadata)
    window.press("Upload")
    window.press("That is right: continue", role="link")
    window.press("Continue", role="link")
    window.press("Start the test")
    pick(window, ALICE)
    expect(page.get_by_text("The sign-in works.")).to_be_visible()
    window.press("Continue", role="link")
    window.press("Switch on single sign-on")
    expect(page.get_by_text("Switched on", exact=True)).to_be_visible()


def register_ledger(window: Window, world: World) -> None:
    page = window.page
    page.goto(f"{world.broker_url}/console/new/application/saml")
    page.get_by_label("Name", exact=True).fill("Ledger")
    page.get_by_label("Metadata address").fill(f"{world.saml_app}/metadata")
    window.press("Register")
    window.reads("Ledger is registered")
