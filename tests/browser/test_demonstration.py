"""The demonstration in a real browser: what a newcomer does who follows the terminal."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import ALICE, GRACE, MALLORY, PETER, Person, give_email, pick, sign_in, start_at
from tests.support import chromium as support
from tests.support.chromium import DESKTOP, PHONE, Window
from tests.support.demonstration import Demonstration

COMBINATIONS = [("saml_app", ALICE), ("saml_app", GRACE), ("oidc_app", ALICE), ("oidc_app", GRACE)]
IDS = ["saml-saml", "saml-oidc", "oidc-saml", "oidc-oidc"]
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


@pytest.mark.parametrize(("application", "person"), COMBINATIONS, ids=IDS)
def test_every_combination_signs_in_by_email_domain(
    window: Window, demo: Demonstration, application: str, person: Person
) -> None:
    sign_in(window, getattr(demo, application), person)

    window.reads(f"Hello, {person.name}")
    window.says(person.email)


def test_the_second_application_asks_nothing(window: Window, demo: Demonstration) -> None:
    sign_in(window, demo.saml_app, ALICE)
    window.reads("Hello, Alice Archer")
    window.visited.clear()

    window.press("Open Atlas", role="link")

    window.is_at(demo.oidc_app)
    window.reads("Hello, Alice Archer")
    assert {_site(place) for place in window.visited} <= {_site(demo.hub), _site(demo.saml_app), _site(demo.oidc_app)}


def test_sign_out_of_the_hub_ends_single_sign_on(window: Window, demo: Demonstration) -> None:
    sign_in(window, demo.saml_app, ALICE)
    window.reads("Hello, Alice Archer")

    window.page.goto(f"{demo.hub}/logout")
    window.press("Sign out")
    start_at(window, demo.oidc_app)

    expect(window.page.get_by_label("Work email")).to_be_visible()


def test_a_stranger_to_the_domain_is_refused_and_can_return(window: Window, demo: Demonstration) -> None:
    """Mallory signs in at Acme's own provider, which then claims an address of Globex for her."""
    sign_in(window, demo.saml_app, MALLORY)

    expect(window.page.locator("#reference-code")).to_have_text(re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{2}"))
    window.press("Return to Ledger")

    window.reads("That did not work")
    window.is_at(demo.saml_app)
    window.says("Vestibule did not sign you in")


def test_after_a_refusal_trying_again_works(window: Window, demo: Demonstration) -> None:
    sign_in(window, demo.oidc_app, MALLORY)
    window.press("Try again", role="link")
    give_email(window, ALICE.email)
    pick(window, ALICE)

    window.reads("Hello, Alice Archer")


def test_back_and_reload_do_no_harm(window: Window, demo: Demonstration) -> None:
    start_at(window, demo.oidc_app)
    give_email(window, ALICE.email)
    window.reads("Who are you?")
    window.page.go_back()
    window.page.reload()
    give_email(window, GRACE.email)
    pick(window, GRACE)

    window.reads("Hello, Grace Gomez")


def test_an_administrator_connects_a_third_company(window: Window, demo: Demonstration) -> None:
    page = window.page
    page.goto(demo.setup_url)
    window.press("Begin", role="link")
    page.locator("label", has_text="Another system").filter(has_text="SAML 2.0").click()
    window.press("Continue")
    window.reads("A little about you")
    page.get_by_label("About how many people will sign in?").select_option("up to 100")
    window.press("Continue")
    window.reads("Enter these values in your system")
    window.press("Entered: continue", role="link")
    page.get_by_label("Metadata file (XML)").set_input_files(demo.third_metadata)
    window.press("Upload")
    expect(page.get_by_text("It calls itself “Initech Login”.")).to_be_visible()
    window.press("That is right: continue", role="link")
    expect(page.get_by_text("Support vouched for it")).to_be_visible()
    window.press("Continue", role="link")
    window.press("Start the test")
    pick(window, PETER)
    expect(page.get_by_text("The sign-in works.")).to_be_visible()
    window.says(PETER.email)
    window.press("Continue", role="link")
    window.press("Switch on single sign-on")
    expect(page.get_by_text("Switched on", exact=True)).to_be_visible()

    sign_in(window, demo.saml_app, PETER)

    window.reads("Hello, Peter Gibson")
    window.says(PETER.email)


def test_the_keyboard_is_enough(window: Window, demo: Demonstration) -> None:
    """Tab, typing and Enter only, from the application through home realm and provider."""
    window.page.goto(demo.saml_app)
    _tab_to(window, "Sign in")
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_label("Work email")).to_be_focused()
    window.page.keyboard.type(ALICE.email)
    _tab_to(window, "Continue")
    window.page.keyboard.press("Enter")
    window.reads("Who are you?")
    _tab_to(window, ALICE.name)
    window.page.keyboard.press("Enter")

    window.reads("Hello, Alice Archer")


def test_enter_in_the_field_is_enough_too(window: Window, demo: Demonstration) -> None:
    start_at(window, demo.saml_app)
    expect(window.page.get_by_label("Work email")).to_be_focused()
    window.page.keyboard.type(f"{ALICE.email}\n")

    window.reads("Who are you?")


def test_a_french_browser_reads_french(chromium: Browser, demo: Demonstration) -> None:
    with support.window(chromium, locale="fr-FR") as window:
        window.page.goto(demo.saml_app)
        window.page.locator("a.button").first.click()
        expect(window.page.get_by_label("E-mail professionnel")).to_be_visible()
        window.reads("Se connecter à Ledger")
        expect(window.page.locator("html")).to_have_attribute("lang", "fr")


def test_an_english_browser_may_choose_french_and_the_choice_stays(window: Window, demo: Demonstration) -> None:
    window.page.goto(demo.setup_url)
    window.press("Français", role="link")
    expect(window.page.locator("html")).to_have_attribute("lang", "fr")
    window.page.goto(f"{demo.saml_app}/login")
    expect(window.page.get_by_label("E-mail professionnel")).to_be_visible()
    window.page.goto(demo.setup_url)

    window.press("English", role="link")

    expect(window.page.locator("html")).to_have_attribute("lang", "en")


def test_without_scripts_one_more_click_per_form(chromium: Browser, demo: Demonstration) -> None:
    with support.window(chromium, java_script_enabled=False) as window:
        sign_in(window, demo.saml_app, ALICE)
        window.press("Continue")  # the provider's form
        window.is_at(demo.hub)
        window.press("Continue")  # the hub's form

        window.reads("Hello, Alice Archer")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_fits_the_window(chromium: Browser, demo: Demonstration, viewport: dict[str, int]) -> None:
    with support.window(chromium, viewport=viewport) as window:
        start_at(window, demo.saml_app)
        window.reads("Sign in to Ledger")
        window.fits()
        give_email(window, "somebody@nowhere.example")
        expect(window.page.locator("#problem")).to_be_visible()
        window.fits()
        give_email(window, MALLORY.email)
        window.reads("Who are you?")
        window.fits()
        pick(window, MALLORY)
        expect(window.page.locator("#reference-code")).to_be_visible()
        window.fits()
        window.page.goto(demo.setup_url)
        expect(window.page.get_by_role("heading", level=1)).to_be_visible()
        window.fits()
        window.page.goto(f"{demo.hub}/logout")
        window.reads("Sign out here?")
        window.fits()


def test_home_realm_and_answer_redirect_across_sites_under_the_policy(window: Window, demo: Demonstration) -> None:
    """The hub is `localhost`, its partners 127.0.0.1: other sites. Chromium applies form-action to redirects as well."""
    assert _site(demo.hub) != _site(demo.saml_app)
    sign_in(window, demo.saml_app, GRACE)
    window.reads("Hello, Grace Gomez")

    of_hub = {place: policy for place, policy in window.policies.items() if _site(place) == _site(demo.hub)}
    # The home realm page's own script may ask us for a search; nothing else is added.
    searching = f"{POLICY}; connect-src 'self'"
    assert set(of_hub.values()) <= {POLICY, searching}, "the home realm page and the page that posts to the application"
    assert all("/login/" in place or place.endswith("/saml/sso") for place, policy in of_hub.items() if policy == searching)
    assert any("/login/" in place or place.endswith("/saml/sso") for place in of_hub)


def _site(url: str) -> str:
    return str(urlsplit(url).hostname) + ("" if "localhost" in url else f":{urlsplit(url).port}")


def _tab_to(window: Window, name: str) -> None:
    focused = window.page.locator(":focus")
    for _ in range(20):
        window.page.keyboard.press("Tab")
        if focused.count() and name in focused.inner_text():
            return
    raise AssertionError(f"Tab never reaches {name!r} on {window.page.url}")
