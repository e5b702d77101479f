"""A brand's own style sheet: read by a CSS parser, held against what may be styled, and written anew for browsers.

What browsers get is what was understood and nothing else: no comment, no escape and no odd spelling of the author survives, so
there is nothing that another parser could read in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

import tinycss2

from broker.domain import style
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.brand_css import CORNER, FONT, HEADING, PLACES, PROPERTIES, Tokens, colour_of, plain

MAX_BYTES = 16 * 1024
FIELD = "style"

WHERE = translatable("Line %(line)s, column %(column)s: %(problem)s")
AT_RULE = translatable("“%(found)s” is not accepted. A style sheet holds rules and @media, and loads nothing.")
SELECTOR = translatable("“%(found)s” cannot be styled. Write names of the table in the documentation, like .card or .button:hover.")
PROPERTY = translatable("“%(found)s” cannot be set here. Write a property of the table in the documentation, like border-radius.")
COLOUR = translatable("Colours are set for the whole page, where they can be compared. Write :root { --pine: #1c5d4c; }.")
TOKEN = translatable("There is no custom property “%(found)s”. Write one of the documentation, like --pine, --sheet or --radius.")
PLACE = translatable("“%(found)s” can be set for %(instead)s only.")
VALUE = translatable("“%(found)s” is no value for %(property)s. Write %(instead)s.")
IMPORTANT = translatable("!important is not accepted. Leave it out; this style sheet comes after ours already.")
NESTED = translatable("A rule inside another one is not accepted. Write it by itself, with its whole selector.")
ESCAPE = translatable("Escapes with \\ are not accepted. Write the character itself.")
SYNTAX = translatable("This cannot be read. Look for a missing brace, colon or semicolon.")
MEDIA = translatable(
    "“%(found)s” is no condition here. Write (prefers-color-scheme: dark), (min-width: 30rem) or (max-width: 30rem)."
)
SCHEME = translatable(
    "Colours may differ between light and dark pages only. Write them outside, or in @media (prefers-color-scheme: dark)."
)
TOO_LARGE = translatable("A style sheet is at most 16 KB long.")
TEXT = translatable("A style sheet is text in UTF-8.")
PALE = {
    "light": translatable("On light pages %(text)s on %(surface)s has a contrast of %(found)s : 1; %(needed)s : 1 can be read."),
    "dark": translatable("On dark pages %(text)s on %(surface)s has a contrast of %(found)s : 1; %(needed)s : 1 can be read."),
}
ACCENT = {
    "light": translatable("Surfaces and accents are measured together. For light pages, set %(missing)s as well."),
    "dark": translatable("Surfaces and accents are measured together. For dark pages, set %(missing)s as well."),
}

_CONDITION = re.compile(r"\((?:prefers-color-scheme:(?:dark|light)|(?:min|max)-width:[0-9]{1,4}(?:\.[0-9]{1,3})?(?:px|rem|em))\)")
_SCHEME = re.compile(r"\(prefers-color-scheme:(dark|light)\)")
_COMPOUND = re.compile(r"(\.?[a-z][a-z0-9-]*)(?::([a-z-]+))?")


@dataclass
class StyleSheet:
    """What was understood. `light` and `dark`: the colours that pages will have."""

    lines: list[str] = field(default_factory=list)
    chosen: dict[str, style.Palette] = field(default_factory=lambda: {"both": {}, "light": {}, "dark": {}})

    @property
    def css(self) -> str:
        return "".join(f"{line}\n" for line in (*self._colours(), *self.lines))

    def _colours(self) -> Iterator[str]:
        """First, and for both schemes before each: they are compared in this order, so no later rule may undo it."""
        for scheme, chosen in self.chosen.items():
            rule = f":root {{ {' '.join(f'--{name}: {value};' for name, value in chosen.items())} }}"
            if chosen:
                yield rule if scheme == "both" else f"@media (prefers-color-scheme:{scheme}) {{ {rule} }}"

    def palette(self, scheme: str) -> style.Palette:
        return {**(style.LIGHT if scheme == "light" else style.DARK), **self.set_for(scheme)}

    def set_for(self, scheme: str) -> style.Palette:
        return {**self.chosen["both"], **self.chosen[scheme]}


def read(text: str) -> StyleSheet:
    """Raises InvalidSettings with line, column and what to write instead."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidSettings(TOO_LARGE, field=FIELD)
    if (at := text.find("\\")) >= 0:  # in comments too: no parser may see anything where another one does not
        before = text[:at]
        _refuse_at(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, ESCAPE)
    return _Reading(text).sheet


class _Reading:
    def __init__(self, text: str) -> None:
        self.sheet = StyleSheet()
        self._source = re.split(r"\r\n|[\n\r\f]", text)
        for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
            if rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content is not None:
                self._media(rule)
            else:
                self._rule(rule, "both", self.sheet.lines)
        for scheme in ("light", "dark"):
            _check_colours(self.sheet, scheme)

    def _media(self, rule: Any) -> None:
        condition = _joined(rule.prelude)
        if not condition or not all(_CONDITION.fullmatch(part) for part in condition.split(" and ")):
            self._refuse(rule, MEDIA)
        scheme = _SCHEME.fullmatch(condition)
        lines: list[str] = []
        for inner in tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True):
            self._rule(inner, scheme[1] if scheme else "", lines)
        if lines:
            self.sheet.lines += [f"@media {condition} {{", *(f"  {line}" for line in lines), "}"]

    def _rule(self, rule: Any, scheme: str, lines: list[str]) -> None:
        """`scheme`: both, light, dark; empty inside of other conditions."""
        if rule.type == "at-rule":
            self._refuse(rule, AT_RULE)
        if rule.type != "qualified-rule":
            self._refuse(rule, SYNTAX)
        selector, subjects = self._selector(rule)
        written = list(self._declarations(rule, scheme, subjects))
        if written:
            lines.append(f"{selector} {{ {' '.join(written)} }}")

    def _selector(self, rule: Any) -> tuple[str, frozenset[str]]:
        """As it is written, and the names that it styles; none for `:root`."""
        parts = [part.strip() for part in _joined(rule.prelude).split(",")]
        if parts == [":root"]:
            return ":root", frozenset()
        subjects = set()
        for part in parts:
            compounds = [_COMPOUND.fullmatch(compound) for compound in part.split(" ")]
            if len(compounds) > 3 or not all(_known(compound) for compound in compounds):
                self._refuse(rule, SELECTOR)
            subjects.add(part.rpartition(" ")[2].partition(":")[0])
        return ", ".join(parts), frozenset(subjects)

    def _declarations(self, rule: Any, scheme: str, subjects: frozenset[str]) -> Iterator[str]:
        for each in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
            if each.type in ("qualified-rule", "at-rule"):
                self._refuse(each, NESTED)
            if each.type != "declaration":
                self._refuse(each, SYNTAX)
            if each.important:
                self._refuse(each, IMPORTANT)
            if subjects:
                yield f"{each.lower_name}: {self._property(each, subjects)};"
            elif written := self._token(each, scheme):
                yield f"{each.name}: {written};"

    def _property(self, declaration: Any, subjects: frozenset[str]) -> str:
        name = declaration.lower_name
        if name not in PROPERTIES:
            self._refuse(declaration, COLOUR if name in _COLOUR_PROPERTIES else PROPERTY, found=declaration.name)
        if not subjects <= PLACES.get(name, subjects):
            self._refuse(declaration, PLACE, found=declaration.name, instead=", ".join(sorted(PLACES[name])))
        kind, instead = (HEADING if subjects == {"h1"} and name in HEADING else PROPERTIES)[name]
        return self._value(declaration, kind(plain(declaration.value)), instead)

    def _token(self, declaration: Any, scheme: str) -> str:
        """Empty for a colour: it is kept apart."""
        name, value = declaration.name.removeprefix("--"), plain(declaration.value)
        if declaration.name == f"--{style.FONT}":
            return self._value(declaration, FONT(value), PROPERTIES["font-family"][1])
        if declaration.name.startswith("--") and name in style.LENGTHS:
            return self._value(declaration, CORNER(value), PROPERTIES["border-radius"][1])
        if not declaration.name.startswith("--") or name not in style.COLOURS:
            self._refuse(declaration, TOKEN, found=declaration.name)
        if not scheme:
            self._refuse(declaration, SCHEME)
        self.sheet.chosen[scheme][name] = self._value(declaration, colour_of(value), "#1c5d4c")
        return ""

    def _value(self, declaration: Any, written: str | None, instead: str) -> str:
        if written is None:
            shown = declaration.value[0] if declaration.value else declaration
            shown = next((token for token in declaration.value if token.type != "whitespace"), shown)
            self._refuse(shown, VALUE, property=declaration.name, instead=instead)
        return written

    def _refuse(self, node: Any, problem: str, **words: str) -> NoReturn:
        line = self._source[node.source_line - 1] if node.source_line <= len(self._source) else ""
        found = re.split(r"[;{}]", line[node.source_column - 1 :], maxsplit=1)[0].strip()[:40]
        _refuse_at(node.source_line, node.source_column, problem % ({"found": found} | words) if "%(" in problem else problem)


def decode(body: bytes) -> str:
    """Raises InvalidSettings."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSettings(TEXT, field=FIELD) from error


@lru_cache(maxsize=200)
def served(body: bytes) -> str:
    """What browsers get of a stored style sheet. Raises InvalidSettings when a later release has become stricter."""
    return read(decode(body)).css


def _refuse_at(line: int, column: int, problem: str) -> NoReturn:
    raise InvalidSettings(WHERE % {"line": line, "column": column, "problem": problem}, field=FIELD)


def _known(compound: re.Match[str] | None) -> bool:
    return compound is not None and compound[1] in style.NAMES and compound[2] in (None, *style.STATES)


def _joined(tokens: Tokens) -> str:
    """A selector or condition in one spelling; "?" for what neither of them may contain."""
    written, before = [], ""
    for token in tokens:
        match token.type:
            case "whitespace":
                written.append(" ")
            case "ident" if before != "ident":  # two that a comment keeps apart
                written.append(token.value.lower())
            case "literal":
                written.append(token.value)
            case "dimension":
                written.append(f"{token.value:g}{token.lower_unit}")
            case "() block":
                inner = [each for each in token.content if each.type != "() block"]
                written.append(f"({_joined(inner).replace(' ', '')})" if len(inner) == len(token.content) else "?")
            case _:
                written.append("?")
        before = token.type
    return re.sub(r"\s+", " ", "".join(written)).strip()


_COLOUR_PROPERTIES = frozenset({"color", "background", "background-color", "background-image", "accent-color", "caret-color"})


def _check_colours(sheet: StyleSheet, scheme: str) -> None:
    if missing := style.missing_accents(sheet.set_for(scheme)):
        names = ", ".join(f"--{name}" for name in missing)
        raise InvalidSettings(ACCENT[scheme] % {"missing": names}, field=FIELD)
    if (pair := style.unreadable(sheet.palette(scheme))) is not None:
        ratios = {"found": f"{pair.found:.1f}", "needed": f"{pair.needed:g}"}
        words = {"text": f"--{pair.text}", "surface": f"--{pair.surface}", **ratios}
        raise InvalidSettings(PALE[scheme] % words, field=FIELD)
