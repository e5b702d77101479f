"""Where in a resource a PATCH works (RFC 7644 3.5.2): `name.givenName`, `emails[type eq "work"].value`, a URN before either."""

from __future__ import annotations

import re
from dataclasses import dataclass

from broker.domain.messages import filled
from broker.protocols.scim import filters, names
from broker.protocols.scim.names import Refused, invalid_path

MAX_LENGTH = 1024
_SYNTAX = re.compile(r"([$A-Za-z][$\w-]*)(?:\[(.*)\])?(?:\.([$A-Za-z][$\w-]*))?", re.ASCII | re.DOTALL)
_KNOWN = {urn.lower(): urn for urn in (names.USER, names.GROUP, names.ENTERPRISE_USER)}


@dataclass(frozen=True, slots=True)
class Path:
    """`schema` is a known URN; "" when none is named, or an unknown one. `attribute` "" means everything of that schema."""

    schema: str
    attribute: str
    filter: filters.Filter | None = None
    sub: str = ""
    foreign: bool = False
    """It names a schema that is not kept here."""


def parse(text: str) -> Path:
    """Raises Refused (invalidPath, invalidFilter)."""
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise invalid_path(filled("A path has at most %(most)s characters.", most=MAX_LENGTH))
    if (whole := _KNOWN.get(text.lower())) is not None:
        return Path(whole, "")
    schema, rest = _split(text)
    found = _SYNTAX.fullmatch(rest)
    if found is None:
        raise invalid_path('This path cannot be read. Write it like: emails[type eq "work"].value')
    attribute, condition, sub = found[1], found[2], found[3] or ""
    known = _KNOWN.get(schema.lower(), "")
    return Path(known, attribute, None if condition is None else _condition(condition), sub, foreign=bool(schema) and not known)


def _split(text: str) -> tuple[str, str]:
    """A URN holds colons and dots of its own, so it ends at the last colon before any bracket."""
    if not text.lower().startswith("urn:"):
        return "", text
    head, bracket, tail = text.partition("[")
    schema, _, name = head.rpartition(":")
    return schema, f"{name}{bracket}{tail}"


def _condition(text: str) -> filters.Filter:
    try:
        return filters.parse(text)
    except Refused as error:
        raise invalid_path(filled("The condition in this path cannot be read. %(cause)s", cause=error.detail)) from error
