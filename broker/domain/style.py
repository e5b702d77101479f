"""What a brand's own style sheet may style: names, custom properties with their colours, and what must stay readable.

The names stand in templates and in broker/static/vestibule.css; a test compares both. What is not here cannot be reached: error
sentences, the reference code, the way back to the application and the name of this hub.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain import colour

NAMES: dict[str, str] = {
    "body": "the whole page",
    "h1": "the heading",
    ".entrance": "the page around the card",
    ".card": "the card",
    ".card-head": "head of the card: logo, heading, sentence",
    ".mark": "the logo",
    ".field": "a label with its field",
    ".input": "a field that is typed into",
    ".check": "a box to tick with its words",
    ".button": "every button",
    ".button-plain": "a button of second rank",
    ".button-wide": "the button that goes on",
    ".choices": "the list of organisations",
    ".choice": "one organisation",
    ".initial": "the letter before its name",
    ".divider": "the line “or”",
    ".foot": "the line below the card",
    ".foot-links": "links to help, terms, privacy",
}
STATES = ("hover", "focus", "focus-visible", "active")

Palette = dict[str, str]
"""Custom property, without its two hyphens → "#rrggbb"."""

LIGHT: Palette = {
    "stone": "#f5f3ee", "sheet": "#ffffff", "sunken": "#f8f7f3", "ink": "#1b1f1d", "soft": "#565d59", "line": "#dfdcd3",
    "edge": "#8a8f88", "pine": "#1c5d4c", "pine-deep": "#14483b", "on-pine": "#ffffff", "mist": "#e6f1ec", "link": "#1c5d4c",
}  # fmt: skip
DARK: Palette = {
    "stone": "#101312", "sheet": "#191d1b", "sunken": "#141816", "ink": "#edf0ed", "soft": "#a6aea9", "line": "#2d3330",
    "edge": "#7b847f", "pine": "#7fcfb2", "pine-deep": "#9bdfc6", "on-pine": "#0b1d17", "mist": "#1b2c26", "link": "#8fd8be",
}  # fmt: skip
COLOURS: dict[str, str] = {
    "stone": "the page",
    "sheet": "the card, and fields",
    "sunken": "notes, the reference code",
    "ink": "text",
    "soft": "text of second rank",
    "line": "thin lines",
    "edge": "borders of fields",
    "pine": "buttons, the focus ring",
    "pine-deep": "buttons under the pointer",
    "on-pine": "text on buttons",
    "mist": "behind what is chosen",
    "link": "links",
}
LENGTHS = {"radius": "corners of buttons and fields", "radius-large": "corners of the card"}
FONT = "sans"

ACCENTS = frozenset({"pine", "pine-deep", "on-pine", "mist", "link"})
"""A branding's colour sets these; whoever sets one of them, or a surface that they stand on, sets all."""
SURFACES = frozenset({"stone", "sheet", "sunken"})

_EDGE_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11: the border of a field."""
_STANDS_ON = (
    ("ink", "stone sheet sunken mist"),
    ("soft", "stone sheet sunken"),
    ("link", "stone sheet sunken"),
    ("pine", "stone sheet mist"),
    ("on-pine", "pine pine-deep"),
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """`needed` and `found` are contrast ratios."""

    text: str
    surface: str
    found: float
    needed: float


def missing_accents(chosen: Palette) -> list[str]:
    """What has to be set as well, because what it was measured with is changed."""
    return sorted(ACCENTS - chosen.keys()) if chosen.keys() & (ACCENTS | SURFACES) else []


def unreadable(palette: Palette) -> Unreadable | None:
    """The first pair of a whole palette that people cannot read."""
    pairs = [(text, surface, colour.AA) for text, surfaces in _STANDS_ON for surface in surfaces.split()]
    for text, surface, needed in (*pairs, ("edge", "sheet", _EDGE_CONTRAST)):
        found = colour.contrast(palette[text], palette[surface])
        if found < needed:
            return Unreadable(text, surface, found, needed)
    return None
