"""Which resources, and which parts of them: parameters of a list or of `/.search` → conditions that there is an index for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from broker.domain.directory import name_key
from broker.domain.folding import MAX_LENGTH, fold
from broker.domain.messages import filled
from broker.protocols.scim import filters
from broker.protocols.scim.names import invalid_filter, invalid_value
from broker.store.tables.directory_groups import WantedGroups
from broker.store.tables.directory_people import WantedPeople

DEFAULT_COUNT, MAX_COUNT = 100, 200
MAX_GROUPS_WITH_MEMBERS, MAX_MEMBERS_SHOWN = 20, 100_000
"""A page of groups that shows members is a short one."""
W = TypeVar("W", WantedPeople, WantedGroups)


@dataclass(frozen=True, slots=True)
class Listing:
    """`start` counts from 1. `only`, `without`: names of attributes in lower case, without their schema."""

    filter: str = ""
    start: int = 1
    count: int = DEFAULT_COUNT
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def shows(self, attribute: str) -> bool:
        """Whether this attribute is wanted at all."""
        if self.only:
            return any(name == attribute or name.startswith(f"{attribute}.") for name in self.only)
        return attribute not in self.without


def listing(given: Mapping[str, Any]) -> Listing:
    """From parameters whose names are in lower case. Raises Refused.

    Sorting is not offered (`ServiceProviderConfig` says so), and what else there may be, such as Entra ID's `aadOptscim062020`,
    changes nothing.
    """
    return Listing(
        str(given.get("filter") or ""),
        max(1, _number(given, "startindex", 1)),
        min(MAX_COUNT, max(0, _number(given, "count", DEFAULT_COUNT))),
        _names(given.get("attributes")),
        _names(given.get("excludedattributes")),
    )


def _number(given: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = given.get(name)
    if value is None or value == "":
        return otherwise
    text = str(value)
    if isinstance(value, bool) or not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 9:
        raise invalid_value("startIndex and count are whole numbers.")
    return int(text)


def _names(given: Any) -> frozenset[str]:
    listed = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    return frozenset(name.strip().rpartition(":")[2].lower() for name in listed if isinstance(name, str) and name.strip())


def project(document: dict[str, Any], wanted: Listing) -> dict[str, Any]:
    """Only what was asked for (RFC 7644 3.9); `id` and `schemas` always are."""
    if not wanted.only and not wanted.without:
        return document
    return {name: kept for name, value in document.items() if (kept := _part(name, value, wanted)) is not None}


def _part(name: str, value: Any, wanted: Listing) -> Any:
    if name in {"id", "schemas"}:
        return value
    if name.startswith("urn:"):
        inner = {each: kept for each, one in value.items() if (kept := _part(each, one, wanted)) is not None}
        return inner or (value if name.rpartition(":")[2].lower() in wanted.only else None)
    lower = name.lower()
    if not wanted.shows(lower):
        return None
    if wanted.only and lower not in wanted.only:
        return _sub(value, lambda sub: f"{lower}.{sub.lower()}" in wanted.only)
    return _sub(value, lambda sub: f"{lower}.{sub.lower()}" not in wanted.without) if wanted.without else value


def _sub(value: Any, keeps: Callable[[str], bool]) -> Any:
    if isinstance(value, list):
        return [_sub(each, keeps) for each in value]
    return {name: inner for name, inner in value.items() if keeps(name)} if isinstance(value, dict) else value


# --- filters ----------------------------------------------------------------------------------------------------------

_PEOPLE = "userName, externalId, id, displayName, emails.value, active, groups.value, meta.lastModified"
_GROUPS = "displayName, externalId, id, members.value, meta.lastModified"
Known = Mapping[str, tuple[str, Callable[[str], str]]]
_TEXT: Known = {
    "id": ("id", str),
    "externalid": ("external_id", str),
}
_OF_PEOPLE: Known = {
    **_TEXT,
    "username": ("user_name_key", name_key),
    "displayname": ("display_key", name_key),
    "emails": ("email", lambda text: fold(text)[:MAX_LENGTH]),
    "emails.value": ("email", lambda text: fold(text)[:MAX_LENGTH]),
    "groups": ("group_id", str),
    "groups.value": ("group_id", str),
}
_OF_GROUPS: Known = {
    **_TEXT,
    "displayname": ("name_key", name_key),
    "members": ("member_id", str),
    "members.value": ("member_id", str),
}


def people(text: str) -> WantedPeople:
    """Raises Refused (invalidFilter) for what there is no index for."""
    return _wanted(text, WantedPeople(), _OF_PEOPLE, _PEOPLE)


def groups(text: str) -> WantedGroups:
    """Raises Refused (invalidFilter)."""
    return _wanted(text, WantedGroups(), _OF_GROUPS, _GROUPS)


def _wanted(text: str, empty: W, known: Known, said: str) -> W:
    if not text.strip():
        return empty
    tree = filters.parse(text)
    found: dict[str, Any] = {}
    for part in tree.parts if isinstance(tree, filters.Both) else (tree,):
        for name, value in _condition(part, known):
            if name in found and found[name] != value:
                raise invalid_filter("A filter compares each attribute once.")
            found[name] = value
    if not found.keys() <= set(type(empty).__dataclass_fields__):
        raise _not_offered(said)
    return type(empty)(**found)


def _not_offered(said: str) -> Exception:
    return invalid_filter(filled("Filter by eq, joined by and: %(said)s (gt and ge too).", said=said))


def _condition(part: filters.Filter, known: Known) -> list[tuple[str, Any]]:
    said = _PEOPLE if known is _OF_PEOPLE else _GROUPS
    if isinstance(part, filters.Element):
        return _address(part.filter, None, said) if part.attribute.lower() == "emails" and known is _OF_PEOPLE else _none(said)
    if not isinstance(part, filters.Comparison):
        return _none(said)
    name = part.attribute.lower()
    if part.within is not None:
        return _address(part.within, part, said) if name == "emails.value" and known is _OF_PEOPLE else _none(said)
    if name == "meta.lastmodified" and part.operator in {"gt", "ge"}:
        return [("changed_after" if part.operator == "gt" else "changed_from", _moment(part.value))]
    if part.operator != "eq":
        return _none(said)
    if name == "active" and known is _OF_PEOPLE:
        return [("active", _truth(part.value))]
    if name not in known or not isinstance(part.value, str):
        return _none(said)
    field, fold_it = known[name]
    return [(field, fold_it(part.value))]


def _none(said: str) -> list[tuple[str, Any]]:
    raise _not_offered(said)


def _address(condition: filters.Filter, outside: filters.Comparison | None, said: str) -> list[tuple[str, Any]]:
    """emails[type eq "work"].value eq "…", or emails[type eq "work" and value eq "…"]: how Entra ID matches by address."""
    parts = list(condition.parts) if isinstance(condition, filters.Both) else [condition]
    if outside is not None:
        parts.append(filters.Comparison("value", outside.operator, outside.value))
    found: list[tuple[str, Any]] = []
    for part in parts:
        if not isinstance(part, filters.Comparison) or part.operator != "eq" or not isinstance(part.value, str):
            return _none(said)
        if part.attribute.lower() == "type":
            found.append(("email_type", part.value.casefold()))
        elif part.attribute.lower() == "value":
            found.append(("email", fold(part.value)[:MAX_LENGTH]))
        else:
            return _none(said)
    return found if any(name == "email" for name, _ in found) else _none(said)


def _truth(value: Any) -> bool:
    word = str(value).lower()
    if word not in {"true", "false"}:
        raise invalid_filter("active is true or false.")
    return word == "true"


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid_filter("meta.lastModified is compared with a time like 2026-11-26T10:00:00Z.") from error
