"""Filters (RFC 7644 3.4.2.2): text → a tree, and whether one value of a multi-valued attribute matches.

A tree over whole resources is never evaluated here: `broker.api.scim` turns it into an indexed query, or refuses it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from broker.domain.messages import filled, translatable
from broker.protocols.scim.names import invalid_filter
from broker.protocols.scim.schema import Attribute

MAX_LENGTH, MAX_DEPTH = 2048, 8
OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le"})
_TOKEN = re.compile(r'\s*(?:([()\[\]])|("(?:[^"\\]|\\.)*")|([^\s()\[\]"]+))')
_NAME = re.compile(r"(?:urn:[A-Za-z0-9:._-]+:)?[$A-Za-z][$\w-]*(?:\.[$A-Za-z][$\w-]*)?", re.ASCII | re.IGNORECASE)
_UNREADABLE = translatable('This filter cannot be read. Write it like: userName eq "anna@acme.example"')


@dataclass(frozen=True, slots=True)
class Comparison:
    """`attribute` as written, without its schema. `within`: a condition on the same element, as in emails[type eq "work"].value."""

    attribute: str
    operator: str
    value: Any = None
    within: Filter | None = None


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


@dataclass(frozen=True, slots=True)
class Element:
    """Some value of a multi-valued attribute matches: emails[type eq "work" and value eq "…"]."""

    attribute: str
    filter: Filter


Filter = Comparison | Both | Either | Not | Element


def parse(text: str) -> Filter:
    """Raises Refused (invalidFilter)."""
    if len(text) > MAX_LENGTH:
        raise invalid_filter(filled("A filter has at most %(most)s characters.", most=MAX_LENGTH))
    reader = Reader(text)
    found = reader.either(0)
    reader.end()
    return found


class Reader:
    """Recursive descent over tokens; `not` binds tightest, then `and`, then `or`."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    def either(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise invalid_filter(filled("A filter is at most %(most)s brackets deep.", most=MAX_DEPTH))
        parts = [self._both(depth)]
        while self.taken("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self.taken("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if self.taken("not"):
            self.expect("(")
            return Not(self._rest_of_bracket(depth))
        if self.taken("("):
            return self._rest_of_bracket(depth)
        attribute = self._attribute()
        if not self.taken("["):
            return self._comparison(attribute)
        inner = self.either(depth + 1)
        self.expect("]")
        sub = self.peek()
        if not sub.startswith(".") or len(sub) < 2:
            return Element(attribute, inner)
        self._at += 1
        return self._comparison(f"{attribute}{sub}", inner)

    def _rest_of_bracket(self, depth: int) -> Filter:
        inner = self.either(depth + 1)
        self.expect(")")
        return inner

    def _attribute(self) -> str:
        word = self.next()
        if not _NAME.fullmatch(word):
            raise invalid_filter(_UNREADABLE)
        return word.rpartition(":")[2]

    def _comparison(self, attribute: str, within: Filter | None = None) -> Comparison:
        operator = self.next().lower()
        if operator not in OPERATORS:
            raise invalid_filter(_UNREADABLE)
        value = None if operator == "pr" else _value(self.next())
        return Comparison(attribute, operator, value, within)

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def next(self) -> str:
        found = self.peek()
        if not found:
            raise invalid_filter(_UNREADABLE)
        self._at += 1
        return found

    def taken(self, word: str) -> bool:
        if self.peek().lower() != word:
            return False
        self._at += 1
        return True

    def expect(self, symbol: str) -> None:
        if not self.taken(symbol):
            raise invalid_filter(_UNREADABLE)

    def end(self) -> None:
        if self.peek():
            raise invalid_filter(_UNREADABLE)


def tokens(text: str) -> list[str]:
    """Brackets, strings with their quotes, and words. Raises Refused."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise invalid_filter(_UNREADABLE)
        found.append(match[1] or match[2] or match[3])
        at = match.end()
    return found


def _value(token: str) -> Any:
    """A JSON value (RFC 7644 3.4.2.2 compValue); `True` as some directories write it is true."""
    try:
        value = json.loads(token if token.startswith('"') else token.lower())
    except ValueError as error:
        raise invalid_filter("In a filter, text stands between quotation marks.") from error
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= symbol <= "\udfff" for symbol in value)):
        raise invalid_filter("In a filter, text is Unicode without U+0000.")
    return value


# --- one value of a multi-valued attribute ----------------------------------------------------------------------------


def matches(filter: Filter, element: dict[str, Any], attribute: Attribute) -> bool:
    """Does this element of `attribute` match?"""
    if isinstance(filter, Both):
        return all(matches(part, element, attribute) for part in filter.parts)
    if isinstance(filter, Either):
        return any(matches(part, element, attribute) for part in filter.parts)
    if isinstance(filter, Not):
        return not matches(filter.part, element, attribute)
    if isinstance(filter, Element) or filter.within is not None:
        raise invalid_filter("There are no filters within filters of one value.")
    sub = attribute.index.get(filter.attribute.lower())
    if sub is None:
        return False
    return _compare(filter.operator, element.get(sub.name), filter.value, exact=sub.case_exact)


def _compare(operator: str, held: Any, asked: Any, *, exact: bool) -> bool:
    if operator == "pr":
        return held is not None
    left, right = _comparable(held, exact), _comparable(asked, exact)
    if operator in {"eq", "ne"}:
        return (left == right) is (operator == "eq")
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return {
        "co": right in left,
        "sw": left.startswith(right),
        "ew": left.endswith(right),
        "gt": left > right,
        "ge": left >= right,
        "lt": left < right,
        "le": left <= right,
    }[operator]


def _comparable(value: Any, exact: bool) -> Any:
    """`true` and "True" are the same to directories that send either."""
    if value is None or isinstance(value, bool):
        return "true" if value else "false" if value is False else None
    text = value if isinstance(value, str) else str(value)
    return text if exact else text.casefold()
