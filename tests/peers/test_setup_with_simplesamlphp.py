"""Somebody who only has a set-up link connects a fresh SimpleSAMLphp in a real browser: proves, tests, corrects, switches on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.peers.simplesamlphp import PASSWORD, SimpleSamlPhp
from tests.support import chromium as support
from tests.support.chromium import PHONE, Window
from tests.support.dns import Zone
from tests.support.hub import ME
from tests.support.needs import needs
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("simplesamlphp")

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


@pytest.fixture
def dns() -> Iterator[Zone]:
    with Zone() as zone:
        yield zone


@pytest.fixture
def hub(tmp_path: Path, dns: Zone) -> Iterator[LiveHub]:
    folder = tmp_path / "hub"
    folder.mkdir()
    with LiveHub(folder, dns_servers=(dns.address,)) as made:
        yield made


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[SimpleSamlPhp]:
    needs("simplesamlphp")
    with SimpleSamlPhp(tmp_path / "simplesamlphp") as made:
        yield made


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    """A phone."""
    with support.window(chromium, viewport=PHONE) as made:
        yield made


def sign_in_at_simplesamlphp(page: Page) -> None:
    page.locator("input[name=username]").fill("ann")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def test_from_the_link_to_the_first_sign_in(
    hub: LiveHub, dns: Zone, idp: SimpleSamlPhp, application: str, window: Window, tmp_path: Path
) -> None:
    tenant = hub.tenant("acme")
    link = f"{hub.url}/setup/{hub.built.setup_links.create(ME, tenant).token}"
    metadata = tmp_path / "idp-metadata.xml"
    metadata.write_bytes(idp.metadata())
    page = window.page
    # The application knows three addresses; what browsers ask for by themselves is none of them.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))

    page.goto(link)
    window.press("Begin", role="link")
    page.locator("label", has_text="Another system").filter(has_text="SAML 2.0").click()
    window.press("Continue")
    page.get_by_label("Who looks after your sign-in system?").fill("Ann Archer")
    window.press("Continue")
    window.reads("Enter these values in your system")
    window.fits()
    our_metadata = page.locator("#value-3").inner_text()
    idp.trust(our_metadata)
    window.press("Entered: continue", role="link")
    page.get_by_label("Metadata file (XML)").set_input_files(metadata)
    window.press("Upload")
    expect(page.get_by_role("heading", name="What we understood")).to_be_visible()
    window.press("That is right: continue", role="link")

    page.get_by_label("Your email domain").fill("acme.example")
    window.press("Add")
    dns.records[page.locator("#host-1").inner_text()] = (page.locator("#record-1").inner_text(),)
    window.press("Check now")
    expect(page.get_by_text("Proved by DNS")).to_be_visible()
    window.fits()
    window.press("Continue", role="link")

    # As it comes, SimpleSAMLphp sends another NameID at every login: the report names the field.
    window.press("Start the test")
    sign_in_at_simplesamlphp(page)
    expect(page.get_by_role("heading", name="The sign-in does not work yet.")).to_be_visible()
    window.says("NameID of our application in your system")
    window.fits()
    idp.trust(our_metadata, NameIDFormat=PERSISTENT)
    window.press("Test again", role="link")
    window.press("Start the test")
    expect(page.get_by_role("heading", name="The sign-in works.")).to_be_visible()
    window.says("ann@acme.example")
    assert hub.count("sessions") == hub.count("identities") == 0
    window.press("Continue", role="link")
    window.press("Switch on single sign-on")
    expect(page.get_by_text("Switched on", exact=True)).to_be_visible()

    page.goto(f"{application}/login")
    if page.get_by_label("Work email").count():
        page.get_by_label("Work email").fill("ann@acme.example")
        window.press("Continue")
    expect(page.locator("body")).to_contain_text("ann@acme.example")
    assert hub.count("identities") == 1
