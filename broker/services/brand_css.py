"""Values that a brand's style sheet may give to properties: each property has a kind, each kind reads tokens and writes them anew.

Nothing that loads, computes or reaches outside its box is a kind, so `url()`, `image-set()`, `calc()`, `content` and `position`
need no refusal of their own: they are nowhere accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinycss2 import color3

from broker.domain import style

Tokens = list[Any]
Kind = Callable[[Tokens], str | None]
"""The value as it is written into the style sheet that we serve, or None when it is not one."""

FONTS = frozenset(
    name.lower()
    for name in (
        "system-ui", "sans-serif", "serif", "monospace", "ui-sans-serif", "ui-serif", "ui-rounded", "-apple-system",
        "Arial", "Helvetica", "Helvetica Neue", "Verdana", "Tahoma", "Trebuchet MS", "Segoe UI", "Roboto", "Inter", "Open Sans",
        "Noto Sans", "Noto Serif", "Lato", "Montserrat", "Source Sans 3", "Source Sans Pro", "Source Serif 4", "Fira Sans",
        "Ubuntu", "Cantarell", "Liberation Sans", "Liberation Serif", "DejaVu Sans", "IBM Plex Sans", "Calibri", "Candara",
        "Cambria", "Constantia", "Corbel", "Optima",
        "Avenir", "Avenir Next", "Futura", "Gill Sans", "Century Gothic", "Palatino", "Georgia",
        "Times New Roman", "Times", "Garamond", "Book Antiqua", "Baskerville", "Didot", "Rockwell",
    )
)  # fmt: skip
"""Fonts of letters: one of symbols would make every sentence unreadable."""
_GENERIC = frozenset({"system-ui", "sans-serif", "serif", "monospace", "ui-sans-serif", "ui-serif", "ui-rounded", "-apple-system"})


def plain(tokens: Tokens) -> Tokens:
    return [token for token in tokens if token.type not in ("whitespace", "comment")]


def colour_of(tokens: Tokens) -> str | None:
    """"#rrggbb" of one opaque colour."""
    found = color3.parse_color(tokens[0]) if len(tokens) == 1 else None
    if not isinstance(found, color3.RGBA) or found.alpha != 1:
        return None
    return "#" + "".join(f"{round(min(max(channel, 0), 1) * 255):02x}" for channel in found[:3])


def _token_colour(tokens: Tokens) -> str | None:
    """`var(--line)`: of the colours that were checked against each other."""
    if len(tokens) != 1 or tokens[0].type != "function" or tokens[0].lower_name != "var":
        return None
    inner = plain(tokens[0].arguments)
    if len(inner) != 1 or inner[0].type != "ident" or inner[0].value.removeprefix("--") not in style.COLOURS:
        return None
    return f"var({inner[0].value})"


def _word(*words: str) -> Kind:
    def read(tokens: Tokens) -> str | None:
        found = tokens[0].lower_value if len(tokens) == 1 and tokens[0].type == "ident" else ""
        return found if found in words else None

    return read


def _number(least: float, most: float) -> Kind:
    def read(tokens: Tokens) -> str | None:
        fits = len(tokens) == 1 and tokens[0].type == "number" and least <= tokens[0].value <= most
        return f"{tokens[0].value:g}" if fits else None

    return read


def _length(**ranges: tuple[float, float]) -> Kind:
    """`ranges`: unit → from, to. A bare 0 has no unit."""

    def read(tokens: Tokens) -> str | None:
        if len(tokens) != 1 or tokens[0].type not in ("number", "dimension"):
            return None
        unit = tokens[0].lower_unit if tokens[0].type == "dimension" else ""
        if not unit and tokens[0].value != 0:
            return None
        least, most = ranges.get(unit, (0, 0) if unit else next(iter(ranges.values())))
        fits = unit in ranges or not unit
        return f"{tokens[0].value:g}{unit}" if fits and least <= tokens[0].value <= most else None

    return read


def _each(kind: Kind, most: int = 4) -> Kind:
    """From one to `most` values, as for the four sides."""

    def read(tokens: Tokens) -> str | None:
        written = [kind([token]) for token in tokens]
        return " ".join(each for each in written if each) if 0 < len(written) <= most and None not in written else None

    return read


def _either(*kinds: Kind) -> Kind:
    return lambda tokens: next((found for kind in kinds if (found := kind(tokens)) is not None), None)


def _font(tokens: Tokens) -> str | None:
    names: list[str] = []
    for part in _split(tokens):
        quoted = len(part) == 1 and part[0].type == "string"
        if not part or not (quoted or all(token.type == "ident" for token in part)):
            return None
        name = " ".join(token.value for token in part)
        if name.lower() not in FONTS:
            return None
        names.append(name.lower() if name.lower() in _GENERIC and not quoted else f'"{name}"')
    return ", ".join(names) if names else None


def _split(tokens: Tokens) -> list[Tokens]:
    parts: list[Tokens] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _border(tokens: Tokens) -> str | None:
    """Width, style and colour in any order, each at most once."""
    left, written = [_BORDER_WIDTH, _BORDER_STYLE, _token_colour], []
    for token in tokens:
        kind = next((kind for kind in left if kind([token]) is not None), None)
        if kind is None:
            return None
        left.remove(kind)
        written.append(kind([token]) or "")
    return " ".join(written) if written else None


_SPACE = _length(rem=(0, 4), px=(0, 64))
_INSET = _length(rem=(0, 2), px=(0, 32))
_BORDER_WIDTH = _length(px=(0, 4), rem=(0, 0.25))
_BORDER_STYLE = _word("none", "solid", "dashed", "dotted", "double")
CORNER = _length(rem=(0, 4), px=(0, 64))
FONT: Kind = _font
_SIDES = ("top", "right", "bottom", "left")

PROPERTIES: dict[str, tuple[Kind, str]] = {
    "padding": (_each(_INSET), "0 … 2rem"),
    **{f"padding-{side}": (_INSET, "0 … 2rem") for side in _SIDES},
    "margin-top": (_SPACE, "0 … 4rem"),
    "margin-bottom": (_SPACE, "0 … 4rem"),
    "gap": (_INSET, "0 … 2rem"),
    "max-width": (_length(rem=(20, 60), px=(320, 960)), "20rem … 60rem"),
    "border": (_border, "2px solid var(--line)"),
    **{f"border-{side}": (_border, "2px solid var(--line)") for side in _SIDES},
    "border-width": (_each(_BORDER_WIDTH), "0 … 4px"),
    "border-style": (_each(_BORDER_STYLE), "none | solid | dashed | dotted | double"),
    "border-color": (_each(_token_colour), "var(--line)"),
    "border-radius": (_each(CORNER), "0 … 4rem"),
    "box-shadow": (_word("none"), "none"),
    "font-family": (FONT, "Georgia, serif"),
    "font-size": (_length(rem=(0.8125, 1.5), px=(13, 24)), ".8125rem … 1.5rem"),
    "font-style": (_word("normal", "italic"), "normal | italic"),
    "font-weight": (_either(_word("normal", "bold"), _number(300, 900)), "300 … 900"),
    "letter-spacing": (_either(_word("normal"), _length(em=(-0.03, 0.2))), "-.03em … .2em"),
    "line-height": (_number(1.1, 2.5), "1.1 … 2.5"),
    "text-align": (_word("left", "center", "right", "start", "end"), "left | center | right"),
    "align-self": (_word("flex-start", "center", "flex-end"), "flex-start | center | flex-end"),
    "text-transform": (_word("none", "uppercase", "capitalize"), "none | uppercase | capitalize"),
    "text-decoration-line": (_word("none", "underline"), "none | underline"),
}
"""Property → its kind, and what to write, for people."""
HEADING: dict[str, tuple[Kind, str]] = {"font-size": (_length(rem=(1, 3), px=(16, 48)), "1rem … 3rem")}
"""What a heading may have instead."""

_BOXES = frozenset({".card", ".input", ".button", ".button-plain", ".button-wide", ".choice"})
PLACES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("padding", "padding-left", "padding-right"), _BOXES),
    "max-width": frozenset({".card", ".foot"}),
    "align-self": frozenset({".mark"}),
}
"""Where some belong. What takes width away from everything inside belongs where little is inside: a phone has 320 pixels."""
