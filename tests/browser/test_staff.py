"""Staff in a real browser, with a virtual authenticator of Chromium's own: the passkey script and the pages around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from broker.services.actor import Role
from tests.support import chromium as support
from tests.support.chromium import DESKTOP, PHONE, Window, device
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.servers import LiveHub
from tests.support.staff import PASSWORD, invited


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveHub]:
    needs("chromium")
    with LiveHub(tmp_path) as made:
        yield made


def test_the_first_owner_comes_in_with_a_passkey_goes_and_comes_back_without_typing(window: Window, live: LiveHub) -> None:
    made = live.built.services.staff.invitations.first_owner(ME)
    assert made is not None
    page = window.page
    with device(window):
        page.goto(made.url)
        page.get_by_label("Your name").fill("Ada Lovelace")
        page.get_by_label("Your email address").fill("ada@staff.example")
        window.press("Continue")
        window.reads("Welcome, Ada Lovelace")
        window.press("Create a passkey")
        window.reads("Home")
        window.press("Sign out")
        window.reads("You are signed out")
        page.goto(f"{live.url}/console/me")
        window.reads("Sign in to the console")
        window.press("Sign in with a passkey")
        window.reads("Your account")


def test_a_passkey_whose_person_is_not_verified_says_so_and_the_form_can_be_used_again(window: Window, live: LiveHub) -> None:
    _, link = invited(live)
    with device(window, isUserVerified=False):
        window.page.goto(link)
        window.press("Create a passkey")
        expect(window.page.locator("[data-passkey-problem]")).to_have_text("The passkey was not used. Try again, or choose another way.")
    with device(window):
        window.press("Create a passkey")
        window.reads("Home")


def test_a_second_passkey_and_a_confirmation_that_sends_what_was_typed(window: Window, live: LiveHub) -> None:
    account, link = invited(live)
    live.tenant("acme")
    page = window.page
    with device(window):
        page.goto(link)
        window.press("Create a passkey")
        window.reads("Home")
        _age(live, account.id)
        page.goto(f"{live.url}/console/new/staff")
        page.get_by_label("Name", exact=True).fill("Grace Hopper")
        page.get_by_label("Email address", exact=True).fill("grace@staff.example")
        page.get_by_label("Support").check()
        window.press("Make the link")
        window.reads("Confirm that it is you")
        window.press("Confirm with a passkey")
        window.reads("A link for Grace Hopper")
        expect(page.locator("#staff-link")).to_contain_text("/console/welcome/")


def _age(live: LiveHub, staff_id: str) -> None:
    with live.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("UPDATE staff_sessions SET authenticated_at = authenticated_at - 3600000000")


def test_without_scripts_a_password_and_a_code_are_enough(chromium: Browser, live: LiveHub) -> None:
    from tests.support.staff import Person

    _, link = invited(live)
    helper = Person(live)
    with support.window(chromium, java_script_enabled=False) as window:
        page = window.page
        page.goto(link)
        expect(page.get_by_role("button", name="Create a passkey")).to_be_hidden()
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same password again").fill(PASSWORD)
        window.press("Continue")
        window.reads("Codes from your phone")
        page.get_by_text("I cannot scan it").click()
        helper.totp_key = page.locator("#authenticator-key").inner_text().replace(" ", "")
        page.get_by_label("Six-digit code").fill(helper.code())
        window.press("Finish")
        window.reads("Home")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_of_the_staff_fits_the_window(chromium: Browser, live: LiveHub, viewport: dict[str, int]) -> None:
    _, link = invited(live)
    other, _ = invited(live, Role.SUPPORT, name="grace")
    with support.window(chromium, viewport=viewport, locale="fr-FR") as window, device(window):
        page = window.page
        page.goto(f"{live.url}/console/sign-in")
        window.fits()
        page.goto(link)
        window.fits()
        page.locator("form[data-passkey] button").click()
        expect(page.locator("h1")).to_have_text("Accueil")
        for path in ("me", "me/passkey", "me/password", "staff", "new/staff", f"staff/{other.id}", "confirm"):
            page.goto(f"{live.url}/console/{path}")
            window.fits()
