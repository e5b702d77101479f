"""The console in a real browser: an operator's first hour on a wide and on a narrow window, and with nothing but a keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from broker.console import door
from broker.web.http import COOKIE_PREFIX
from tests.support import chromium as support
from tests.support.chromium import DESKTOP, PHONE, Window
from tests.support.console import member
from tests.support.needs import needs
from tests.support.saml_idp import SmallIdp
from tests.support.servers import LiveHub


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveHub]:
    needs("chromium")
    with LiveHub(tmp_path) as made:
        yield made


def enter(window: Window, live: LiveHub, path: str = "/console") -> None:
    """As an owner who is signed in already."""
    handle = live.built.services.staff.sessions.open(member(live), "a test")
    cookie: Any = {"name": COOKIE_PREFIX + door.COOKIE, "value": handle, "url": "https://localhost/", "secure": True, "httpOnly": True}
    window.page.context.add_cookies([cookie])
    window.page.goto(live.url + path)


def follow(window: Window, name: str) -> None:
    """A link of the navigation, wherever it is; the page that comes fits its window."""
    menu = window.page.get_by_text("Menu", exact=True)
    if menu.is_visible():
        menu.click()
    window.page.get_by_role("navigation", name="Console").get_by_role("link", name=name, exact=True).click()
    window.reads(name)
    window.fits()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_a_fresh_hub_to_a_customer_who_is_connected_and_an_application(
    chromium: Browser, live: LiveHub, size: dict[str, int], tmp_path: Path
) -> None:
    metadata = tmp_path / "FederationMetadata.xml"
    metadata.write_bytes(SmallIdp("https://idp.acme.example/saml").metadata())
    with support.window(chromium, viewport=size) as window:
        page = window.page
        enter(window, live)
        window.reads("Home")
        window.press("Make the first tenant", role="link")
        page.get_by_label("Name", exact=True).fill("Acme Société")
        window.press("Make the tenant")
        window.reads("Acme Société")
        window.fits()

        window.press("Send the customer a set-up link", role="link")
        page.get_by_label("Who is it for?").fill("Anna")
        window.press("Make the link")
        window.reads("The set-up link")
        expect(page.locator("#link")).to_contain_text("/setup/")
        expect(page.locator("[data-copy=link]")).to_be_visible()
        window.fits()
        window.press("Done", role="link")

        window.press("Connect it yourself", role="link")
        page.locator("input[name=type][value=adfs]").check()
        window.press("Continue")
        window.reads("Acme Société")
        page.get_by_label("Metadata file (XML)").set_input_files(metadata)
        window.press("Show what it means")
        window.reads("What the metadata says")
        expect(page.locator("main")).to_contain_text("Its entityID is https://idp.acme.example/saml.")
        window.fits()
        window.press("Save it")
        window.press("Switch on")
        expect(page.get_by_role("status")).to_have_text("Switched on. People can sign in through it now.")
        window.fits()

        follow(window, "Applications")
        page.locator("main a.button").first.click()
        window.press("OpenID Connect", role="link")
        page.get_by_label("Name", exact=True).fill("Wiki")
        page.get_by_label("Redirect URIs").fill("https://wiki.example/callback")
        window.press("Register")
        window.reads("Wiki is registered")
        expect(page.locator("#client-secret")).to_be_visible()
        window.fits()

        follow(window, "Home")
        expect(page.locator(".map")).to_contain_text("Acme Société")
        expect(page.locator(".map")).to_contain_text("Wiki")
        page.get_by_role("searchbox").first.fill("wiki")
        page.get_by_role("searchbox").first.press("Enter")
        window.reads("Wiki")


def test_a_wrong_value_is_said_at_its_field_and_the_cursor_stands_there(chromium: Browser, live: LiveHub) -> None:
    live.tenant("acme")
    live.saml_idp("acme")
    with support.window(chromium, viewport=PHONE) as window:
        enter(window, live, "/console/tenants/acme/connectors/idp/settings")
        window.page.get_by_label("EntityID entity_id").fill("")
        window.press("Check and save")
        field = window.page.get_by_label("EntityID entity_id")
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(window.page.locator("#wrong-entity_id")).to_have_text("Enter the identity provider's entityID.")
        window.fits()


def test_every_tenant_hides_the_list_of_tenants_that_only_these_needs(chromium: Browser, live: LiveHub) -> None:
    live.tenant("acme")
    live.saml_app("wiki")
    with support.window(chromium) as window:
        enter(window, live, "/console/applications/wiki/access")
        box = window.page.get_by_label("Acme", exact=True)
        expect(box).to_be_hidden()
        window.page.get_by_label("Only these").first.check()
        expect(box).to_be_visible()


def test_with_nothing_but_a_keyboard_the_content_and_the_menu_are_reached(chromium: Browser, live: LiveHub) -> None:
    live.tenant("acme")
    with support.window(chromium, viewport=PHONE) as window:
        enter(window, live, "/console/tenants")
        keys = window.page.keyboard
        keys.press("Tab")
        expect(window.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        keys.press("Tab")
        keys.press("Tab")
        expect(window.page.locator(".console-menu > summary")).to_be_focused()
        keys.press("Enter")
        keys.press("Tab")
        expect(window.page.locator(".console-menu a").first).to_be_focused()
        for _ in range(2):
            keys.press("Tab")
        expect(window.page.locator(".console-menu a", has_text="Applications")).to_be_focused()
        keys.press("Enter")
        window.reads("Applications")
