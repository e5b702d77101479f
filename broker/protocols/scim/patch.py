"""PATCH (RFC 7644 3.5.2): the operations of a request, and what they make of a person.

Directories differ from the RFC and from each other, and a change that is refused may be somebody who is not switched off.
So: `op` in any capitals, values of any attribute as path-less keys (`name.givenName`, URNs, filters), an element that a filter
does not find is made, and attributes that are not kept are passed over.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.domain.messages import filled
from broker.protocols.scim import filters, names, paths, values
from broker.protocols.scim.names import Refused, invalid_syntax, invalid_value
from broker.protocols.scim.paths import Path
from broker.protocols.scim.schema import ENTERPRISE_INDEX, USER_INDEX, Attribute

ADD, REPLACE, REMOVE = "add", "replace", "remove"
MAX_OPERATIONS = 1000
_SILENT = frozenset({"schemas", "id", "meta"})
"""Okta repeats them in a value without a path."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` None: the keys of `value` are paths."""

    kind: str
    path: Path | None
    value: Any = None


def read(body: Any) -> list[Operation]:
    """Raises Refused. `schemas` is not insisted on: OneLogin leaves it out."""
    listed = _key(body, "operations") if isinstance(body, dict) else None
    if not isinstance(listed, list) or not listed:
        raise invalid_syntax("A PATCH has a list of Operations.")
    found: list[Operation] = []
    for each in listed:
        found += _read_one(each)
        if len(found) > MAX_OPERATIONS:  # every key of a value without a path is one
            raise Refused(filled("A PATCH has at most %(most)s operations.", most=MAX_OPERATIONS), status=413, scim_type="tooMany")
    return found


def _read_one(sent: Any) -> list[Operation]:
    kind = str(_key(sent, "op") or "").lower() if isinstance(sent, dict) else ""
    if kind not in {ADD, REPLACE, REMOVE}:
        raise invalid_syntax("Every operation has an op: add, replace or remove.")
    path, value = _key(sent, "path"), _key(sent, "value")
    if path:
        if not isinstance(path, str):
            raise names.invalid_path("A path is text.")
        return [Operation(kind, paths.parse(path), value)]
    if kind == REMOVE:
        raise Refused("An operation that removes needs a path.", scim_type="noTarget")
    if not isinstance(value, dict):
        raise invalid_value("Without a path, value is an object whose keys say where.")
    return [Operation(kind, paths.parse(key), inner) for key, inner in value.items() if key.lower() not in _SILENT]


def _key(sent: dict[str, Any], wanted: str) -> Any:
    return next((value for name, value in sent.items() if name.lower() == wanted), None)


# --- people -----------------------------------------------------------------------------------------------------------


def apply_to_user(user: dict[str, Any], operations: list[Operation]) -> dict[str, Any]:
    """The person afterwards; `user` itself stays as it is. Raises Refused."""
    changed = copy.deepcopy(user)
    for operation in operations:
        if operation.path is not None and not operation.path.foreign:
            _apply(changed, operation.path, operation.kind, operation.value)
    return values.check_user(changed)


def _apply(user: dict[str, Any], path: Path, kind: str, value: Any) -> None:
    if path.schema == names.ENTERPRISE_USER:
        part, index = user.setdefault(names.ENTERPRISE_USER, {}), ENTERPRISE_INDEX
    else:
        part, index = user, USER_INDEX
    if not path.attribute:
        _apply_all(part, index, kind, value)
        return
    attribute = index.get(path.attribute.lower())
    if attribute is None:
        _refuse_fixed(path.attribute)
        return
    if attribute.read_only:
        raise Refused(filled("%(name)s is changed at the groups.", name=attribute.name), scim_type="mutability")
    if path.filter is not None:
        _apply_filtered(part, attribute, path, kind, value)
    elif path.sub:
        _apply_sub(part, attribute, path.sub, kind, value)
    else:
        _apply_whole(part, attribute, kind, value)


def _refuse_fixed(name: str) -> None:
    if name.lower() in _SILENT:
        raise Refused(filled("%(name)s cannot be changed.", name=name), scim_type="mutability")


def _apply_all(part: dict[str, Any], index: Mapping[str, Attribute], kind: str, value: Any) -> None:
    """The path names a schema: every attribute of it."""
    if kind == REMOVE:
        for each in index.values():
            if not each.required:
                part.pop(each.name, None)
        return
    if not isinstance(value, dict):
        raise invalid_value("The value for a whole schema is an object.")
    for name, inner in value.items():
        if (attribute := index.get(name.lower())) is not None and not attribute.read_only:
            _apply_whole(part, attribute, kind, inner)


def _apply_whole(part: dict[str, Any], attribute: Attribute, kind: str, value: Any) -> None:
    held = part.get(attribute.name)
    if kind == REMOVE:
        if attribute.required:
            raise Refused(filled("%(name)s is required.", name=attribute.name), scim_type="mutability")
        if attribute.multi and isinstance(held, list) and value not in (None, []):
            _take_out(part, attribute, held, value)
        else:
            part.pop(attribute.name, None)
        return
    read = values.read_value(attribute, value)
    if read is None:
        if not attribute.required:
            part.pop(attribute.name, None)
    elif attribute.multi and kind == ADD:
        _put_in(part, attribute, read)
    elif attribute.type == "complex" and not attribute.multi:
        part[attribute.name] = {**(held or {}), **read}
    else:
        part[attribute.name] = read


def _take_out(part: dict[str, Any], attribute: Attribute, held: list[dict[str, Any]], value: Any) -> None:
    """Entra ID names what to remove in `value`."""
    gone = {each.get("value") for each in values.read_value(attribute, value) or []}
    part[attribute.name] = [each for each in held if each.get("value") not in gone]


def _put_in(part: dict[str, Any], attribute: Attribute, read: list[dict[str, Any]]) -> None:
    held: list[dict[str, Any]] = part.setdefault(attribute.name, [])
    fresh = []
    for each in read:
        same = next((one for one in held if _same(one, each)), None)
        if same is None:
            held.append(each)
            fresh.append(each)
        else:
            same.update(each)
            fresh.append(same)
    _check_count(attribute, held)
    values.set_primary(held, fresh)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return "value" in one and (one["value"], one.get("type")) == (other.get("value"), other.get("type"))


def _check_count(attribute: Attribute, held: list[dict[str, Any]]) -> None:
    if len(held) > values.MAX_VALUES:
        raise invalid_value(filled("%(name)s has at most %(most)s values.", name=attribute.name, most=values.MAX_VALUES))


def _apply_sub(part: dict[str, Any], attribute: Attribute, name: str, kind: str, value: Any) -> None:
    sub = attribute.index.get(name.lower())
    if sub is None or sub.read_only:
        return
    if attribute.multi:
        held: list[dict[str, Any]] = part.setdefault(attribute.name, [])
        if not held and kind != REMOVE:
            held.append({})
        targets = held
    else:
        targets = [part.setdefault(attribute.name, {})]
    _set_in(targets, sub, kind, value)
    if attribute.multi:
        part[attribute.name] = [each for each in targets if each]


def _set_in(targets: list[dict[str, Any]], sub: Attribute, kind: str, value: Any) -> None:
    read = None if kind == REMOVE else values.read_value(sub, value)
    for target in targets:
        if read is None:
            target.pop(sub.name, None)
        else:
            target[sub.name] = read


def _apply_filtered(part: dict[str, Any], attribute: Attribute, path: Path, kind: str, value: Any) -> None:
    if not attribute.multi or path.filter is None:
        raise names.invalid_path(filled("%(name)s has one value: no condition can choose among several.", name=attribute.name))
    held: list[dict[str, Any]] = part.setdefault(attribute.name, [])
    chosen = [each for each in held if filters.matches(path.filter, each, attribute)]
    if kind == REMOVE and not path.sub:
        part[attribute.name] = [each for each in held if not any(each is one for one in chosen)]
        return
    if not chosen and kind != REMOVE:
        chosen = [_made_for(path.filter, attribute)]
        held += chosen
        _check_count(attribute, held)
    if path.sub:
        sub = attribute.index.get(path.sub.lower())
        if sub is not None and not sub.read_only:
            _set_in(chosen, sub, kind, value)
    else:
        _merge(chosen, attribute, value)
    values.set_primary(held, chosen)
    part[attribute.name] = values.with_content(held)


def _merge(chosen: list[dict[str, Any]], attribute: Attribute, value: Any) -> None:
    read = values.read_value(attribute, value)
    for each in chosen:
        for one in read or []:
            each.update(one)


def _made_for(filter: filters.Filter, attribute: Attribute) -> dict[str, Any]:
    """The element that a filter of equalities describes. Raises Refused (noTarget) for any other filter."""
    parts = filter.parts if isinstance(filter, filters.Both) else (filter,)
    made: dict[str, Any] = {}
    for part in parts:
        sub = attribute.index.get(part.attribute.lower()) if isinstance(part, filters.Comparison) else None
        if not isinstance(part, filters.Comparison) or part.operator != "eq" or sub is None:
            raise Refused(
                filled("Nothing in %(name)s matches the condition of this path.", name=attribute.name), scim_type="noTarget"
            )
        if (read := values.read_value(sub, part.value)) is not None:  # type eq "" and eq null ask for an element without one
            made[sub.name] = read
    return made
