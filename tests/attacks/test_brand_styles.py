"""Attacks with a brand's own style sheet: each is refused by line and column, and nothing but what was understood is served."""

from __future__ import annotations

import re

import pytest

from broker.domain import style
from broker.domain.errors import InvalidSettings
from broker.services import brand_style
from broker.services.brand_css import PROPERTIES


def refusal(sheet: str) -> str:
    with pytest.raises(InvalidSettings) as refused:
        brand_style.read(sheet)
    assert refused.value.field == "style"
    return refused.value.sentence


ATTACKS: dict[str, tuple[str, str]] = {
    # what loads something from elsewhere
    "import": ("@import 'https://evil.example/x.css';", "Line 1, column 1: “@import"),
    "import of a url": ("@import url(//evil.example);", "@import"),
    "import with odd capitals": ("@ImPoRt 'x';", "is not accepted"),
    "a picture": (".card { border-image: url(https://evil.example/x.png) }", "Line 1, column 9"),
    "a background": (".card { background: url(x) }", "Colours are set"),
    "a quoted url in a value that is accepted": ('.card { padding: url("x") }', "no value for padding"),
    "a bare url in a value that is accepted": (".card { padding: url(x) }", "no value for padding"),
    "an unfinished url": (".card { padding: url(x", "no value for padding"),
    "image-set": (".card { padding: image-set('x' 1x) }", "no value"),
    "src": (".card { padding: src('x') }", "no value"),
    "a url as a colour": (":root { --ink: url(x) }", "no value for --ink"),
    "a url as a font": (".card { font-family: url(x) }", "no value"),
    "a cursor": (".card { cursor: url(x), auto }", "cannot be set"),
    "a filter": (".card { filter: url(#x) }", "cannot be set"),
    "a list marker": (".choices { list-style: url(x) }", "cannot be set"),
    "a font": ("@font-face { font-family: x; src: url(x) }", "@font-face"),
    "a namespace": ("@namespace url(http://www.w3.org/2000/svg);", "@namespace"),
    "a property with an initial value": ("@property --x { syntax: '*'; inherits: true; initial-value: url(x) }", "@property"),
    "a layer": ("@layer base { .card { padding: 0 } }", "@layer"),
    "supports": ("@supports (display: grid) { .card { padding: 0 } }", "@supports"),
    "keyframes": ("@keyframes x { to { padding: 0 } }", "@keyframes"),
    # what leaks what is typed
    "an attribute": ("input[value^=a] { padding: 0 }", "cannot be styled"),
    "an attribute of a name": (".input[value^='a'] { padding: 0 }", "cannot be styled"),
    "has": (".card:has(.input) { padding: 0 }", "cannot be styled"),
    "valid": (".input:valid { padding: 0 }", "cannot be styled"),
    "visited": (".foot-links:visited { padding: 0 }", "cannot be styled"),
    # what ran scripts once
    "expression": (".card { padding: expression(alert(1)) }", "no value"),
    "behavior": (".card { behavior: url(x.htc) }", "cannot be set"),
    "binding": (".card { -moz-binding: url(x.xml#y) }", "cannot be set"),
    # what hides or replaces what must be seen
    "display": (".card { display: none }", "cannot be set"),
    "visibility": (".card { visibility: hidden }", "cannot be set"),
    "opacity": (".card { opacity: 0 }", "cannot be set"),
    "position": (".card { position: fixed }", "cannot be set"),
    "inset": (".card { inset: -9999px }", "cannot be set"),
    "transform": (".card { transform: scale(0) }", "cannot be set"),
    "translate": (".card { translate: -200vw }", "cannot be set"),
    "clip": (".card { clip-path: inset(50%) }", "cannot be set"),
    "mask": (".card { mask: linear-gradient(transparent, transparent) }", "cannot be set"),
    "overflow": (".card { overflow: hidden; height: 0 }", "cannot be set"),
    "height": (".card { height: 0 }", "cannot be set"),
    "width": (".card { max-width: 1px }", "no value"),
    "indent": (".card { text-indent: -9999px }", "cannot be set"),
    "margins": (".card { margin-left: -9999px }", "cannot be set"),
    "a negative margin": (".card { margin-top: -64rem }", "no value"),
    "space beside everything": (".entrance { padding: 2rem }", "“padding” can be set for .button, .button-plain"),
    "space beside one of a list": (".card, .card .card-head { padding-left: 2rem }", "can be set for"),
    "a narrow page": (".entrance { max-width: 20rem }", "can be set for .card, .foot only"),
    "large letters": (".card { font-size: 3rem }", "no value"),
    "large letters of a heading and all around it": ("h1, .card { font-size: 3rem }", "no value"),
    "a wide border": (".card { border: 64px solid var(--line) }", "no value"),
    "a huge space": (".card { padding: 400rem }", "no value"),
    "a number beyond numbers": (".card { padding: 1e400rem }", "no value"),
    "small letters": (".card { font-size: 0 }", "no value"),
    "smaller letters each time": (".card { font-size: .1em }", "no value"),
    "letters on top of each other": (".card { letter-spacing: -1em }", "no value"),
    "lines on top of each other": (".card { line-height: 0 }", "no value"),
    "a font of symbols": (".card { font-family: Wingdings }", "no value"),
    "content": (".card { content: 'Call 0800…' }", "cannot be set"),
    "a pseudo element": (".card::before { padding: 0 }", "cannot be styled"),
    "a pseudo element of old": (".card:before { padding: 0 }", "cannot be styled"),
    "everything": ("* { padding: 0 }", "cannot be styled"),
    "the reference code": ("#reference-code { padding: 0 }", "cannot be styled"),
    "the code line": (".code-line { padding: 0 }", "cannot be styled"),
    "the error": (".note-danger { padding: 0 }", "cannot be styled"),
    "the name of this hub": (".brand { padding: 0 }", "cannot be styled"),
    "what is not a class": ("p { padding: 0 }", "cannot be styled"),
    "a child": (".card > .mark { padding: 0 }", "cannot be styled"),
    "what follows": (".card ~ .foot { padding: 0 }", "cannot be styled"),
    "one of a list": (".card, .code-line { padding: 0 }", "cannot be styled"),
    "none": (" { padding: 0 }", "cannot be styled"),
    "not": (".card:not(.x) { padding: 0 }", "cannot be styled"),
    "is": (":is(.code-line) { padding: 0 }", "cannot be styled"),
    "important": (".card { padding: 0 !important }", "!important"),
    "important, written apart": (".card { padding: 0 ! /* */ IMPORTANT }", "!important"),
    # colours that cannot be read
    "text like its page": (":root { --ink: #ffffff }", "On light pages --ink on --stone has a contrast of 1.1 : 1"),
    "text of second rank like its card": (":root { --soft: #eeeeee }", "On light pages --soft"),
    "text that is unreadable on dark pages only": (":root { --ink: #000 }", "On dark pages --ink"),
    "dark text through its own scheme": ("@media (prefers-color-scheme: dark) { :root { --ink: #222 } }", "On dark pages --ink"),
    "dark text, undone for dark pages by a later rule": (
        "@media (prefers-color-scheme: dark) { :root { --ink: #fff } } :root { --ink: #000 } :root { --sheet: #fff }",
        "For light pages, set",
    ),
    "transparent text": (":root { --ink: transparent }", "no value for --ink"),
    "nearly transparent text": (":root { --ink: #0001 }", "no value for --ink"),
    "text that takes its surface's colour": (":root { --ink: var(--sheet) }", "no value for --ink"),
    "the colour of who knows": (":root { --ink: currentcolor }", "no value for --ink"),
    "a mix": (":root { --ink: color-mix(in srgb, red, blue) }", "no value for --ink"),
    "surfaces without what stands on them": (":root { --sheet: #fffff0 }", "Surfaces and accents are measured together"),
    "an accent without its text": (":root { --pine: #ffff00 }", "Surfaces and accents are measured together"),
    "colours in other conditions": ("@media (min-width: 1px) { :root { --ink: #fff } }", "may differ between light and dark"),
    "colours in two conditions": (
        "@media (prefers-color-scheme: dark) and (min-width: 1px) { :root { --ink: #fff } }",
        "may differ between light and dark",
    ),
    "a colour of one part": (".card { color: white }", "Colours are set for the whole page"),
    "a property that is not there": (":root { --danger: #fff }", "no custom property"),
    "a custom property of one part": (".card { --ink: #fff }", "cannot be set"),
    "the root and a part": (":root, .card { --ink: #fff }", "cannot be styled"),
    # what another parser might read in another way
    "an escaped url": (".card { background: \\75rl(x) }", "Line 1, column 21: Escapes"),
    "an escape in a comment": ("/* \\ */ .card { padding: 0 }", "Line 1, column 4: Escapes"),
    "an escape on the second line": (".card { padding: 0 }\n.\\63 ard { padding: 0 }", "Line 2, column 2: Escapes"),
    "an escaped closing": (".card { padding: 0\\} .brand { padding: 0 }", "Escapes"),
    "a comment inside a name": (".ca/**/rd { padding: 0 }", "cannot be styled"),
    "a rule inside a rule": (".card { padding: 0; .brand { padding: 0 } }", "Line 1, column 21: A rule inside"),
    "a rule inside a rule, with its parent": (".card { & .brand { padding: 0 } }", "A rule inside"),
    "media inside a rule": (".card { @media (min-width: 1px) { padding: 0 } }", "A rule inside"),
    "media inside media": ("@media (min-width: 1px) { @media (min-width: 1px) { .card { padding: 0 } } }", "is not accepted"),
    "media of a medium": ("@media print { .card { padding: 0 } }", "no condition"),
    "media with an or": ("@media (min-width: 1px), print { .card { padding: 0 } }", "no condition"),
    "media with a not": ("@media not (min-width: 1px) { .card { padding: 0 } }", "no condition"),
    "media of nothing": ("@media { .card { padding: 0 } }", "no condition"),
    "media that loads": ("@media (min-width: url(x)) { .card { padding: 0 } }", "no condition"),
    "media without a block": ("@media (min-width: 1px);", "is not accepted"),
    "the end of a style element": ("</style><script>alert(1)</script>", "cannot be read"),
    "a closing brace too many": (".card { padding: 0 } }", "cannot be read"),
    "half a declaration": (".card { padding }", "cannot be read"),
    "a declaration without a value": (".card { padding: }", "no value"),
    "a computation": (".card { padding: calc(1px * -9999) }", "no value"),
    "a variable in a length": (".card { padding: var(--radius) }", "no value"),
    "a variable with a fallback": (".card { border-color: var(--line, url(x)) }", "no value"),
    "an unknown variable": (".card { border-color: var(--x) }", "no value"),
    "nesting to the bottom of the stack": (".card { padding: " + "(" * 9000, "no value"),
    "nesting without a rule": ("(" * 9000, "cannot be read"),
    "nesting in a condition": ("@media " + "(" * 9000 + " { }", "is not accepted"),
    "too much of it": ("/*" + "x" * brand_style.MAX_BYTES + "*/", "16 KB"),
    "too many bytes in few characters": ("/*" + "é" * (brand_style.MAX_BYTES // 2) + "*/", "16 KB"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_given_an_attack_then_it_is_refused_and_said_where(attack: str) -> None:
    sheet, words = ATTACKS[attack]
    assert words in refusal(sheet)


NEIGHBOURS = {
    "shape": ".card { border-radius: 0; border: 2px solid var(--line); padding: 2rem 1.5rem }",
    "letters": ":root { --sans: 'Segoe UI', Georgia, serif } h1 { font-size: 2rem; letter-spacing: .01em; text-transform: UPPERCASE }",
    "states and parts": ".button:hover, .card .button:focus-visible { border-radius: 2rem; }",
    "conditions": "@media (min-width: 30rem) and (max-width: 60em) { .card-head { text-align: center } }",
    "a whole palette": (
        ":root { --stone: #fdf6e3; --sheet: white; --sunken: #fbf5e6; --ink: rgb(7, 54, 66); --soft: #44565c; "
        "--pine: #1f5c8a; --pine-deep: #174668; --on-pine: #fff; --mist: #e8f0f6; --link: #1f5c8a } "
        "@media (prefers-color-scheme: dark) { :root { --stone: #101312; --sheet: #191d1b; --sunken: #141816; --ink: #edf0ed; "
        "--soft: #a6aea9; --pine: #8cc4ee; --pine-deep: #b5daf6; --on-pine: #10131a; --mist: #1c2a36; --link: #8cc4ee } }"
    ),
    "comments": "/* of the brand book, page 3 */ .card { /* round */ border-radius: 1rem; }",
    "nothing": "",
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_given_an_honest_style_sheet_then_accepted_and_written_anew(neighbour: str) -> None:
    written = brand_style.read(NEIGHBOURS[neighbour]).css
    assert brand_style.read(written).css == written, "what is served is understood in the same way again"
    assert "/*" not in written


def test_given_colours_that_a_later_rule_would_undo_then_they_are_served_in_the_order_in_which_they_were_compared() -> None:
    """Written in source order, dark pages would get black text on their dark card."""
    sheet = "@media (prefers-color-scheme: dark) { :root { --ink: #fff } }\n:root { --ink: #000 }"

    written = brand_style.read(sheet).css

    assert written.index("--ink: #000000") < written.index("@media") < written.index("--ink: #ffffff")


def test_given_every_property_then_only_boxes_and_letters_can_be_changed() -> None:
    """The list itself: whoever adds to it meets this test, and the browser test that looks at what must be seen."""
    families = {re.sub(r"-(top|right|bottom|left)$", "", name) for name in PROPERTIES}
    assert families == {
        "padding", "margin", "gap", "max-width", "border", "border-width", "border-style", "border-color", "border-radius",
        "box-shadow", "font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height", "text-align", "align-self",
        "text-transform", "text-decoration-line",
    }  # fmt: skip


def test_given_the_hubs_own_colours_then_they_can_be_read() -> None:
    assert style.unreadable(style.LIGHT) is None
    assert style.unreadable(style.DARK) is None
