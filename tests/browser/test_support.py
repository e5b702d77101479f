"""A support engineer in a real browser: from the reference code on a person's error page to the answer, in French on a phone too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from broker.services.actor import Role
from broker.services.connectors import SaveConnector
from broker.web.http import COOKIE_PREFIX
from tests.browser.people import ALICE, pick
from tests.support import chromium as support
from tests.support.chromium import PHONE, Window
from tests.support.console import desk
from tests.support.hub import ME, PUBLIC_URL
from tests.support.needs import needs
from tests.support.saml_idp import key_pair
from tests.support.servers import LiveHub


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveHub]:
    needs("chromium")
    with LiveHub(tmp_path) as made:
        made.tenant("acme", "acme.example")
        made.acme_id()
        yield made


def with_an_old_certificate(live: LiveHub) -> None:
    """The provider has changed its certificate, and nobody told the hub."""
    settings = {"signing_certificates": [key_pair("last year's").certificate_pem]}
    live.built.connectors.save(ME, SaveConnector(live.tenants["acme"], "acme-id", "saml", "Acme ID", settings, enabled=True))


def refused(window: Window, live: LiveHub) -> str:
    """A person tries to sign in; the reference code that they read out."""
    window.page.goto(live.saml_app().login_url().replace(PUBLIC_URL, live.url))
    pick(window, ALICE)
    window.reads("We could not sign you in")
    return window.page.locator("#reference-code").inner_text()


def at_the_desk(window: Window, live: LiveHub) -> None:
    handle = desk(live, Role.SUPPORT).browser.client.get_cookie("__Host-vestibule-staff", "localhost")
    assert handle is not None
    window.page.context.add_cookies(
        [{"name": f"{COOKIE_PREFIX}vestibule-staff", "value": handle.value, "url": "https://localhost", "secure": True, "httpOnly": True}]
    )


def test_from_the_reference_code_support_finds_out_that_the_certificate_is_the_wrong_one(chromium: Browser, live: LiveHub) -> None:
    with_an_old_certificate(live)
    with support.window(chromium) as person:
        code = refused(person, live)
        person.never_says("certificate")  # the person is not bothered with it

    with support.window(chromium) as window:
        at_the_desk(window, live)
        window.page.goto(f"{live.url}/console/sign-ins")
        window.page.get_by_label("Reference code", exact=True).fill(code.lower())
        window.press("Show")

        window.reads(f"Sign-in {code}")
        verdict = window.page.get_by_role("region", name="The identity provider signed with a certificate")
        expect(verdict).to_contain_text("The identity provider signed with a certificate that is not the one registered here.")
        expect(verdict).to_contain_text("Import the identity provider’s current metadata")
        expect(verdict).to_contain_text("Who can put it right: The customer’s IT team.")
        expect(verdict).to_contain_text("valid until")
        expect(window.page.locator("svg.lanes .arrow-cross")).to_have_count(1)
        window.press("All about this error", role="link")
        window.reads("invalid_upstream_response")


def test_on_a_phone_in_french_it_fits_and_is_french(chromium: Browser, live: LiveHub) -> None:
    with_an_old_certificate(live)
    with support.window(chromium) as person:
        code = refused(person, live)
    with support.window(chromium, viewport=PHONE, locale="fr-FR") as window:
        at_the_desk(window, live)
        for path in ("/console/sign-ins", f"/console/sign-ins/{code}"):
            window.page.goto(f"{live.url}{path}")
            window.fits()
        expect(window.page.locator("main")).to_contain_text("Qui peut y remédier")
        window.page.get_by_text("Tout, dans l’ordre").click()
        window.fits()
