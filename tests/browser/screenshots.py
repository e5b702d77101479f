"""`make screenshots`: a picture of every page, telephone and desktop, English and French, in the folder that is named."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.every_page import REACHED, Theatre, World, folder_name, of_routes, shown
from tests.support import chromium
from tests.support.hub import Hub

SIZES = {"phone": chromium.PHONE, "desktop": chromium.DESKTOP}


def take(folder: Path, *, dark: bool = False) -> int:
    """The number of pictures."""
    taken = 0
    with tempfile.TemporaryDirectory() as state, Hub(Path(state)) as hub, chromium.launched() as browser:
        world = World(hub)
        theatre = Theatre(browser.new_context(reduced_motion="reduce"), hub)
        for scheme in ("light", "dark") if dark else ("light",):
            theatre.page.emulate_media(color_scheme=scheme)
            for page in (*of_routes(world), *REACHED):
                for world.language in ("en", "fr"):
                    text = shown(page, world)
                    if text is None:
                        continue
                    for size, pixels in SIZES.items():
                        theatre.page.set_viewport_size(pixels)
                        theatre.show(text)
                        name = f"{folder_name(page.name)}-{world.language}-{size}{'-dark' if scheme == 'dark' else ''}.png"
                        theatre.page.screenshot(path=folder / name, full_page=True)
                        taken += 1
    return taken


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{take(folder, dark='--dark' in sys.argv)} pictures in {folder}")


if __name__ == "__main__":
    main()
