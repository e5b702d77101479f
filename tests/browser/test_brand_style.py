"""The worst style sheet that is accepted, in a real browser: what must be seen is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from broker.domain import style
from broker.services.brand_css import PLACES
from broker.services.operations.branding import BrandApplication
from tests.support import chromium as support
from tests.support import pages
from tests.support.chromium import PHONE
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import SamlSide
from tests.support.servers import Served

SMALLEST_PX = 12
EVERYWHERE = {
    "font-size": ".8125rem", "line-height": "1.1", "letter-spacing": "-.03em", "padding-top": "2rem", "margin-bottom": "4rem",
    "text-transform": "uppercase", "border": "4px solid var(--line)", "font-weight": "300", "gap": "2rem",
    "text-decoration-line": "none",
}  # fmt: skip
LARGE = {"font-size": "1.5rem", "letter-spacing": ".2em", "line-height": "2.5", "border-style": "none", "gap": "2rem"}


def sheet(everywhere: dict[str, str]) -> str:
    """On everything that can be styled, and what can be set in some places only at its limit there."""
    rules = [f"{', '.join(style.NAMES)} {{ {' '.join(f'{name}: {value};' for name, value in everywhere.items())} }}"]
    rules += [f"{', '.join(sorted(names))} {{ {name}: {_LIMITS[name]}; }}" for name, names in PLACES.items()]
    return "\n".join([*rules, "h1 { font-size: 3rem; }", ":root { --radius: 4rem; --radius-large: 4rem; }"])


_LIMITS = {"padding": "2rem", "padding-left": "2rem", "padding-right": "2rem", "max-width": "20rem", "align-self": "flex-end"}
WORST = {"small and tight": sheet(EVERYWHERE), "large and wide": sheet(LARGE)}
QUESTION = ("h1", "#email", ".card form button", ".foot .brand")
ERROR = ("h1", "[role=alert]", "#reference-code", ".foot .brand", ".card form button")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("worst", WORST)
def test_given_the_worst_that_is_accepted_then_error_code_way_back_and_our_name_are_still_there(
    chromium: Browser, tmp_path: Path, worst: str, scheme: str
) -> None:
    with Served("localhost") as served, Hub(tmp_path, public_url=served.url) as hub:
        served.start(hub.app)
        hub.tenant("acme", "acme.example.com")
        side = hub.saml_idp("acme")
        hub.saml_idp("acme", "second")
        app = hub.saml_app()
        hub.built.operations.run(ME, "application.brand", BrandApplication("wiki", style=WORST[worst]))

        with support.window(chromium, viewport=PHONE, color_scheme=scheme) as window:
            window.page.goto(served.url + app.login_url().removeprefix(PUBLIC_URL))
            all_seen(window.page, QUESTION)
            answer(window.page, "ann@nobody.example", "#problem")
            all_seen(window.page, (*QUESTION, "#problem"))
            failed = failure(hub, side, app.login_url())
            window.page.route("**/failed", lambda route: route.fulfill(body=failed, content_type="text/html"))
            window.page.goto(f"{served.url}/failed")
            all_seen(window.page, ERROR)


def failure(hub: Hub, side: SamlSide, login_url: str) -> str:
    """The page that a failed login of the same application ends on: its provider answers for somebody else's domain."""
    browser = hub.browser()
    form = pages.forms(browser.open(login_url).data, PUBLIC_URL)[0]
    sent = browser.post(form.action, {"connector": side.connector_id})
    return side.authenticate(browser, sent, attributes={"email": ["x@elsewhere.example"]}).get_data(as_text=True)


def answer(page: Page, email: str, until: str) -> None:
    page.fill("#email", email)
    page.locator(".card form button").first.click()
    page.wait_for_selector(until)


def all_seen(page: Page, places: tuple[str, ...]) -> None:
    assert "/branding/styles/" in page.content()
    for place in places:
        assert_seen(page.locator(place).first, place)


def assert_seen(shown: Locator, name: str) -> None:
    """There, inside the window once it is scrolled to, in letters of a size, and nothing lies over it."""
    shown.scroll_into_view_if_needed()
    box = shown.bounding_box()
    assert shown.is_visible(), name
    assert box is not None, name
    assert min(box["width"], box["height"]) >= SMALLEST_PX, (name, box)
    assert box["x"] >= 0, (name, box)
    assert box["x"] + box["width"] <= PHONE["width"], (name, box)
    whole = "element => element.matches('input') || element.scrollWidth <= Math.max(element.clientWidth, element.offsetWidth)"
    assert shown.evaluate(whole), name
    assert shown.evaluate("element => parseFloat(getComputedStyle(element).fontSize)") >= SMALLEST_PX, name
    on_top = shown.evaluate("""element => { const box = element.getClientRects()[0];
        const top = document.elementFromPoint(Math.min(box.x + box.width / 2, innerWidth - 1), box.y + box.height / 2);
        return element.contains(top) || top.contains(element); }""")
    assert on_top, name
