"""Conditional requests (RFC 9110 13): an ETag is the version of what is shown."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from flask import Request

from broker.domain.access_errors import StaleVersion
from broker.domain.errors import Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import Actor
from broker.services.operations import Operation, Operations
from broker.services.operations.table import ALL, Guard

_HOLE = re.compile(r"\{\w+\}")
_TAG = re.compile(r'"([0-9]{1,18})"')


def etag(output: Any) -> str | None:
    version = getattr(output, "version", None)
    return f'"{version}"' if isinstance(version, int) else None


def shown_by(operation: Operation) -> Operation | None:
    """The operation that shows what this one changes: a GET at the same path, or at the path that its verb hangs on."""
    path = _HOLE.sub("{}", operation.path)
    while path:
        for other in ALL:
            if other.method == "GET" and _HOLE.sub("{}", other.path) == path:
                return other
        path, _, last = path.rpartition("/")
        if last == "{}":
            return None
    return None


def has_versions(operation: Operation) -> bool:
    """Whether a condition on the version can be put to it.

    Either its input takes the version, or it says nothing but which object: then it is done in one unit of work with the
    comparison. What has more to say may have to ask somebody over the network, and no unit of work is held over that.
    """
    shown, names = shown_by(operation), fields_of(operation.input)
    if not operation.changes or shown is None or "version" not in fields_of(shown.output):
        return False
    return "expected_version" in names or names == set(operation.path_fields)


def fields_of(output: Any) -> set[str]:
    return {item.name for item in dataclasses.fields(output)} if dataclasses.is_dataclass(output) else set()


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """What the request says about the version: a number, 0 for "there must be none yet", or that there must be one."""

    version: int | None = None
    exists: bool = False


def condition_of(request: Request) -> Condition | None:
    """Raises InvalidSettings for what cannot be read, StaleVersion for a tag that no version of ours can have."""
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match is None and none_match is None:
        return None
    if match is not None and none_match is not None:
        raise InvalidSettings("Send If-Match or If-None-Match, not both.", field="If-Match")
    if none_match is not None:
        if none_match.strip() != "*":
            raise InvalidSettings("A change takes If-None-Match: * only, which means: unless there is one.", field="If-None-Match")
        return Condition(0)
    if (match or "").strip() == "*":
        return Condition(exists=True)
    found = _TAG.fullmatch((match or "").strip())
    if found is None:
        raise StaleVersion(cause="If-Match names no version of ours")
    return Condition(int(found[1]))


def run(operations: Operations, actor: Actor, operation: Operation, input: Any, condition: Condition | None) -> Any:
    """The change, if its condition holds. Raises StaleVersion (412), and InvalidSettings where there are no versions."""
    if condition is None:
        return operations.run(actor, operation.name, input)
    shown = shown_by(operation)
    if shown is None or not has_versions(operation):
        raise InvalidSettings("This operation has no versions to compare.", field="If-Match")
    show = showing(operation, shown, input)
    if condition.exists:
        try:
            version = operations.run(actor, shown.name, show).version
        except UnknownObject as error:
            raise StaleVersion(cause="there is none") from error
    else:
        version = condition.version
    if "expected_version" in {item.name for item in dataclasses.fields(operation.input)}:
        if input.expected_version not in (None, version):
            raise InvalidSettings("expected_version and If-Match differ.", field="expected_version")
        return operations.run(actor, operation.name, dataclasses.replace(input, expected_version=version))
    return operations.run(actor, operation.name, input, while_version=Guard(shown.name, show, version or 0))


def showing(operation: Operation, shown: Operation, input: Any) -> Any:
    """The input of the showing operation, from that of the one that changes: their path fields stand in the same order."""
    given = [getattr(input, name) for name in operation.path_fields]
    return shown.input(**dict(zip(shown.path_fields, given, strict=False)))


def exists(operations: Operations, actor: Actor, operation: Operation, input: Any) -> bool:
    """Whether a PUT will change something that is there (200) or make it (201)."""
    shown = shown_by(operation)
    if shown is None:
        return True
    try:
        operations.run(actor, shown.name, showing(operation, shown, input))
    except UnknownObject:
        return False
    except Forbidden:
        return True
    return True
