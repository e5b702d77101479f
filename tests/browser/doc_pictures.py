"""`make pictures`: the pictures of pages that the documentation shows, made anew."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.every_page import REACHED, Theatre, World, of_routes, shown
from tests.support import chromium
from tests.support.hub import Hub

TALLEST = 1100
"""Pixels: a picture shows what a page is about, not its end."""
PICTURES = {
    "console-home.png": ("/console", chromium.DESKTOP),
    "console-tenant.png": ("/console/tenants/<tenant>", chromium.DESKTOP),
    "console-settings.png": ("/console/tenants/<tenant>/connectors/<connector>/settings", chromium.DESKTOP),
    "console-keys.png": ("/console/keys", chromium.DESKTOP),
    "console-hosts.png": ("/console/tenants/<tenant>/hosts", chromium.DESKTOP),
    "console-directory.png": ("/console/tenants/<tenant>/connectors/<connector>/provisioning", chromium.DESKTOP),
    "why.png": ("/console/sign-ins/<code>", chromium.DESKTOP),
    "set-up.png": ("set-up, understood", chromium.DESKTOP),
    "set-up-phone.png": ("set-up, begun", chromium.PHONE),
    "set-up-directory.png": ("set-up, directory later", chromium.PHONE),
}


def take(folder: Path) -> int:
    """The number of pictures. Raises KeyError for a page that there is not any more."""
    with tempfile.TemporaryDirectory() as state, Hub(Path(state)) as hub, chromium.launched() as browser:
        world = World(hub)
        theatre = Theatre(browser.new_context(reduced_motion="reduce"), hub)
        pages = {page.name: page for page in (*of_routes(world), *REACHED)}
        for name, (page, size) in PICTURES.items():
            text = shown(pages[page], world)
            assert text is not None, page
            theatre.page.set_viewport_size(size)
            theatre.show(text)
            height = min(theatre.page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            theatre.page.set_viewport_size({"width": size["width"], "height": height})
            theatre.page.screenshot(path=folder / name)
    return len(PICTURES)


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    print(f"{take(where)} pictures in {where}")
