"""The calculation before a further try in a real browser: it runs by itself while somebody types, and is said as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from broker.interaction.chooser import TYPED_IN_VAIN
from broker.services.staff.sign_in import PER_ACCOUNT, PER_ADDRESS
from tests.support import chromium as support
from tests.support.chromium import PHONE, Window, device
from tests.support.hub import PUBLIC_URL
from tests.support.needs import needs
from tests.support.servers import LiveHub
from tests.support.staff import invited

EMAIL = "ann@staff.example"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveHub]:
    needs("chromium")
    with LiveHub(tmp_path) as made:
        yield made


ASKED = "[data-effort]"
MANY = 40
"""Tries after which it must have been asked, even if a window of the limit ends meanwhile."""


def until_asked(page: Page, try_once: Callable[[int], None]) -> int:
    """How many tries it took until the page asked for the calculation."""
    for number in range(MANY):
        if page.locator(ASKED).count():
            return number
        try_once(number)
    raise AssertionError("nothing was ever asked")


def test_given_wrong_passwords_then_the_browser_calculates_by_itself_and_its_person_goes_on(window: Window, live: LiveHub) -> None:
    page = window.page
    page.goto(f"{live.url}/console/sign-in")

    def try_password(number: int) -> None:
        """Without waiting for anything."""
        page.get_by_label("Email address").fill(EMAIL)
        page.get_by_label("Password").fill(f"wrong {number}")
        with page.expect_navigation():
            page.get_by_role("button", name="Continue with a password").click()
        expect(page.locator("#problem")).to_have_text("This does not match. Check what you typed and try again.")

    assert until_asked(page, try_password) >= PER_ACCOUNT.unchecked
    try_password(0)
    try_password(1)


def test_given_the_calculation_then_its_state_is_said_and_a_form_that_is_sent_too_early_waits(
    chromium: Browser, tmp_path: Path
) -> None:
    with LiveHub(tmp_path, check_difficulty=400_000) as live, support.window(chromium, viewport=PHONE, locale="fr-FR") as window:
        page = window.page
        asked(live)
        page.goto(f"{live.url}/console/sign-in")
        said = page.locator("[data-effort] [role=status]")
        expect(said).to_contain_text("Votre navigateur calcule")
        page.get_by_label("Adresse e-mail").fill(EMAIL)
        page.get_by_label("Mot de passe").fill("wrong")
        page.get_by_role("button", name="Continuer avec un mot de passe").click()
        expect(page.locator("#problem")).to_be_visible(timeout=60_000)
        window.fits()
        expect(said).to_have_text("C’est vérifié. Vous pouvez continuer.", timeout=60_000)


def asked(live: LiveHub) -> None:
    for _ in range(PER_ADDRESS.unchecked):
        live.built.services.throttle.attempt(PER_ADDRESS, "127.0.0.1", checked=True)


def test_given_an_address_that_is_asked_then_a_passkey_still_opens(window: Window, live: LiveHub) -> None:
    _, link = invited(live)
    with device(window):
        window.page.goto(link)
        window.press("Create a passkey")
        window.reads("Home")
        window.press("Sign out")
        asked(live)
        window.page.goto(f"{live.url}/console/sign-in")
        window.press("Sign in with a passkey")
        window.reads("Home")


def test_given_addresses_typed_in_vain_then_the_home_realm_page_calculates_too(window: Window, live: LiveHub) -> None:
    for tenant in ("acme", "globex"):
        live.tenant(tenant, f"{tenant}.example")
        live.saml_idp(tenant)
    page = window.page
    page.goto(live.saml_app().login_url().replace(PUBLIC_URL, live.url))

    def type_in(number: int) -> None:
        page.get_by_label("Work email").fill(f"ann@guess{number}.example")
        with page.expect_navigation():
            page.get_by_role("button", name="Continue").click()
        expect(page.locator("#problem")).not_to_contain_text("calculation")
        expect(page.get_by_label("Work email")).to_have_value(f"ann@guess{number}.example")

    assert until_asked(page, type_in) >= TYPED_IN_VAIN.unchecked
    type_in(0)
    type_in(1)


def test_given_a_browser_without_scripts_then_it_is_told_to_wait(chromium: Browser, live: LiveHub) -> None:
    asked(live)
    with support.window(chromium, java_script_enabled=False) as window:
        window.page.goto(f"{live.url}/console/sign-in")
        expect(window.page.get_by_text("Your browser runs no scripts. Wait a few minutes before you try again.")).to_be_visible()
