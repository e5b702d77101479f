"""Groups: read whole, or changed by PATCH. Members are never loaded for that: a group may have tens of thousands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from broker.domain.messages import filled
from broker.protocols.scim import filters, names, values
from broker.protocols.scim.names import Refused, invalid_syntax, invalid_value
from broker.protocols.scim.patch import ADD, REMOVE, REPLACE, Operation
from broker.protocols.scim.paths import Path
from broker.protocols.scim.schema import GROUP_INDEX, MEMBERS

MAX_MEMBERS = 10_000
"""Named in one request."""
MAX_NAME = 256


@dataclass(slots=True)
class GroupChange:
    """What a request makes of a group. None: stays. `emptied`: whoever is not in `added` leaves."""

    name: str | None = None
    external_id: str | None = None
    emptied: bool = False
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def add(self, ids: set[str]) -> None:
        self.added |= ids
        self.removed -= ids

    def remove(self, ids: set[str]) -> None:
        self.removed |= ids
        self.added -= ids

    def empty(self) -> None:
        self.emptied, self.added, self.removed = True, set(), set()


def read_group(sent: Any) -> GroupChange:
    """A whole group, as POST and PUT send one: what is not named is gone. Raises Refused."""
    if not isinstance(sent, dict):
        raise invalid_syntax("Send one JSON object.")
    by_name = {name.lower(): value for name, value in sent.items()}
    change = GroupChange(name=_name(by_name.get("displayname")), external_id=_external_id(by_name.get("externalid")) or "")
    change.empty()
    change.add(member_ids(by_name.get("members")))
    return change


def apply_to_group(operations: list[Operation]) -> GroupChange:
    """Everything that these operations do, in their order. Raises Refused."""
    change = GroupChange()
    for operation in operations:
        if operation.path is not None and not operation.path.foreign:
            _apply(change, operation.path, operation.kind, operation.value)
    if len(change.added) > MAX_MEMBERS or len(change.removed) > MAX_MEMBERS:
        raise _too_many()
    return change


def _apply(change: GroupChange, path: Path, kind: str, value: Any) -> None:
    attribute = GROUP_INDEX.get(path.attribute.lower())
    if attribute is None:
        if path.attribute.lower() in {"id", "schemas", "meta"}:
            raise Refused(filled("%(attribute)s cannot be changed.", attribute=path.attribute), scim_type="mutability")
    elif attribute is MEMBERS:
        _apply_members(change, path, kind, value)
    elif attribute.name == "externalId":
        change.external_id = "" if kind == REMOVE else _external_id(value) or ""
    elif kind == REMOVE:
        raise Refused("displayName is required.", scim_type="mutability")
    else:
        change.name = _name(value)


def _apply_members(change: GroupChange, path: Path, kind: str, value: Any) -> None:
    named = member_ids(value)
    if path.filter is not None:
        # members[value eq "…"]: what Entra ID and Okta send to take one person out.
        named = _by_filter(path.filter)
        if kind != REMOVE:
            raise Refused("Add members by their value.", scim_type="invalidPath")
    if kind == REPLACE or (kind == REMOVE and path.filter is None and value is None):
        change.empty()
    if kind == REMOVE:
        change.remove(named)
    if kind in {ADD, REPLACE}:
        change.add(named)


def _by_filter(filter: filters.Filter) -> set[str]:
    parts = filter.parts if isinstance(filter, filters.Either) else (filter,)
    found = set()
    for part in parts:
        if not isinstance(part, filters.Comparison) or part.operator != "eq" or part.attribute.lower() != "value":
            raise names.invalid_path('Name members like: members[value eq "id"]')
        found.add(str(part.value))
    return found


def member_ids(sent: Any) -> set[str]:
    """Raises Refused."""
    listed = sent if isinstance(sent, list) else [] if sent is None else [sent]
    if len(listed) > MAX_MEMBERS:
        raise _too_many()
    return {_member_id(each) for each in listed}


def _member_id(sent: Any) -> str:
    if isinstance(sent, dict):
        by_name = {name.lower(): value for name, value in sent.items()}
        if str(by_name.get("type") or "User").lower() != "user":
            raise invalid_value("The members of a group are people: groups in groups are not kept.")
        sent = by_name.get("value")
    if not isinstance(sent, str) or not sent or len(sent) > values.MAX_KEY or "\x00" in sent:
        raise invalid_value("Every member has a value: the id of a person.")
    return sent


def _name(sent: Any) -> str:
    name = sent.strip() if isinstance(sent, str) else ""
    if not name or len(name) > MAX_NAME or "\x00" in name:
        raise invalid_value(filled("displayName is required: 1 to %(most)s characters.", most=MAX_NAME))
    return name


def _external_id(sent: Any) -> str | None:
    read: str | None = values.read_value(GROUP_INDEX["externalid"], sent)
    if read is not None and len(read) > values.MAX_KEY:
        raise invalid_value(filled("externalId has at most %(most)s characters.", most=values.MAX_KEY))
    return read


def _too_many() -> Refused:
    return Refused(
        filled("One request names at most %(most)s members. Send several.", most=MAX_MEMBERS), scim_type="tooMany", status=413
    )
