"""WCAG 2.2 A and AA on every page: light and English on a desktop, dark and French on a telephone. Measured by axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from werkzeug.wrappers import Response

from tests.browser.every_page import AXE, REACHED, EveryPage, Theatre, World, of_routes, shown
from tests.peers.nodejs import install
from tests.support.chromium import DESKTOP, PHONE
from tests.support.hub import Hub
from tests.support.needs import needs

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    # Every rule is run; what passed would be described node by node, and takes three times as long as the rules.
    "resultTypes": ["violations"],
}
AXE_RUN = "rules => axe.run(document, rules).then(result => result.violations)"
VISITS = (("en", "light", DESKTOP), ("fr", "dark", PHONE))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    needs("chromium", "node")
    install()
    with Hub(tmp_path_factory.mktemp("every-page")) as hub:
        yield World(hub)


@pytest.fixture(scope="module")
def theatre(chromium: Browser, world: World) -> Iterator[Theatre]:
    context = chromium.new_context(reduced_motion="reduce")
    yield Theatre(context, world.hub)
    context.close()


def faults(theatre: Theatre, page: EveryPage, world: World) -> list[str]:
    """What is wrong with it, however it is looked at; a page that does not fit a telephone is wrong too."""
    found: list[str] = []
    for language, scheme, size in VISITS:
        world.language = language
        text = shown(page, world)
        if text is None:
            return []
        theatre.page.set_viewport_size(size)
        theatre.page.emulate_media(color_scheme=scheme)
        theatre.show(text)
        theatre.page.evaluate(AXE.read_text("utf-8"))
        violations = theatre.page.evaluate(AXE_RUN, RULES)
        found += [f"{page.name} ({language}, {scheme}): {line}" for each in violations for line in _lines(each)]
        width, inner = theatre.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        if width > inner:
            found.append(f"{page.name} ({language}): {width} pixels wide in a window of {inner}")
    return found


def _lines(violation: dict[str, Any]) -> list[str]:
    return [f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}" for node in violation["nodes"][:4]]


FAULTY = '<html><head><title>x</title></head><body><p style="color: #ccc; background: #fff">pale</p><img src="/x.png"></body></html>'


def test_given_a_page_with_faults_then_all_of_them_are_found(theatre: Theatre, world: World) -> None:
    found = "".join(faults(theatre, EveryPage("faulty", lambda _: Response(FAULTY, mimetype="text/html")), world))  # type: ignore[arg-type, return-value]

    assert all(fault in found for fault in ("html-has-lang", "color-contrast", "image-alt"))


@pytest.mark.parametrize("page", REACHED, ids=lambda page: page.name)
def test_what_takes_a_step_to_reach_can_be_used_by_everybody(theatre: Theatre, world: World, page: EveryPage) -> None:
    assert faults(theatre, page, world) == []


def test_every_address_of_the_console_and_beside_it_can_be_used_by_everybody(theatre: Theatre, world: World) -> None:
    pages = of_routes(world)
    assert len(pages) > 20
    assert [fault for page in pages for fault in faults(theatre, page, world)] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sign-in", ["INPUT email", "INPUT remember", "BUTTON Continue"]),
        ("account", ["A Skip to the content", "A Français", "BUTTON Sign out", "BUTTON End this session"]),
    ],
)
def test_given_only_a_keyboard_then_what_matters_comes_in_the_order_of_the_page(
    theatre: Theatre, world: World, name: str, expected: list[str]
) -> None:
    world.language = "en"
    page = next(page for page in REACHED if page.name == name)
    theatre.page.set_viewport_size(DESKTOP)
    text = shown(page, world)
    assert text is not None
    theatre.show(text.replace(" autofocus", ""))
    visited = []
    for _ in range(12):
        theatre.page.keyboard.press("Tab")
        visited.append(theatre.page.evaluate("(e => e.tagName + ' ' + (e.name || e.textContent.trim()))(document.activeElement)"))
    places = [visited.index(each) for each in expected]
    assert places == sorted(places)
