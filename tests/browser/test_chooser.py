"""The chooser's script: a long list answers while somebody types, and a choice made in it signs in."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.faces.test_chooser import many
from tests.support.chromium import PHONE, Window
from tests.support.hub import PUBLIC_URL
from tests.support.needs import needs
from tests.support.servers import LiveHub


def test_given_a_long_list_when_somebody_types_then_it_follows_without_another_page(window: Window, tmp_path: Path) -> None:
    needs("chromium")
    with LiveHub(tmp_path) as live:
        live.tenant("acme", "acme.example")
        live.saml_idp("acme")
        many(live, "acme", ["Université de Lille", *(f"School {number:02}" for number in range(30))])
        app = live.oidc_app(tenant_ids=(live.tenants["acme"],))
        page = window.page
        page.set_viewport_size(PHONE)
        page.goto(app.login_url().replace(PUBLIC_URL, live.url))
        choices = page.locator("#choices .choice")
        expect(choices).to_have_count(20)

        page.get_by_role("searchbox").press_sequentially("universite", delay=20)

        expect(choices).to_have_count(1)
        expect(choices).to_contain_text("Université de Lille")
        expect(page.get_by_role("searchbox")).to_be_focused()
        assert len(window.visited) == 1
        page.get_by_role("searchbox").fill("nowhere")
        expect(page.locator("#choices")).to_contain_text("No organisation here has this in its name.")
        window.fits()
