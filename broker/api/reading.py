"""A request as the input of its operation: strict, because a name that is overlooked is a change that somebody missed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from broker.domain.access_errors import UnreadableBody, UnsupportedMediaType
from broker.domain.errors import InvalidSettings, MalformedRequest, MessageTooLarge
from broker.services.operations import Operation

MAX_QUERY = 8192


def input_of(operation: Operation, request: Request, path: dict[str, str]) -> Any:
    """Path and query, or path and JSON body. Raises InvalidSettings naming the field, UnreadableBody, MessageTooLarge."""
    if operation.method == "GET" or (operation.method == "DELETE" and not raw_body(operation, request)):
        given, strict = _query(operation, request), False
    else:
        if request.query_string:
            raise InvalidSettings("This request takes no parameters in its address.", field="query")
        given, strict = _body(operation, request), True
    names = {item.name for item in dataclasses.fields(operation.input)}
    for name in given:
        if name in path or name not in names:
            raise InvalidSettings(f"There is no field {name!r} here.", field=name)
    values = {**given, **path}
    if _has_null_character(values):
        raise InvalidSettings("Text cannot contain U+0000.", field="")
    return converted(values, operation.input, strict=strict)


def converted(values: dict[str, Any], kind: type, *, strict: bool = True) -> Any:
    """An instance of the input dataclass. Raises InvalidSettings naming the field."""
    _refuse_unknown(values, kind, "")
    try:
        return msgspec.convert(values, kind, strict=strict)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$.")
        if not place and said.startswith("Object missing required field"):
            place = said.rpartition("field ")[2].strip("`")
            said = "This field is required"
        raise InvalidSettings(f"{said}.", field=place.rstrip("`") or "body", cause=str(error)) from error


def raw_body(operation: Operation, request: Request) -> bytes:
    """Raises MessageTooLarge."""
    request.max_content_length = operation.max_bytes
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise MessageTooLarge(cause=f"the body is larger than {operation.max_bytes} bytes") from error
    except BadRequest as error:
        raise UnreadableBody(cause="the body cannot be read") from error


def _query(operation: Operation, request: Request) -> dict[str, Any]:
    raw = request.query_string
    if len(raw) > MAX_QUERY:
        raise MessageTooLarge(cause=f"the query is longer than {MAX_QUERY} bytes")
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=100) if raw else []
    except ValueError as error:
        raise MalformedRequest(cause="the query is not UTF-8, or has too many parameters") from error
    lists = {item.name for item in dataclasses.fields(operation.input) if str(item.type).startswith("tuple")}
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise InvalidSettings("Give this parameter once.", field=name)
        else:
            found[name] = value
    return found


def _body(operation: Operation, request: Request) -> dict[str, Any]:
    raw = raw_body(operation, request)
    if not raw:
        return {}
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(cause=request.mimetype[:80])
    try:
        content = msgspec.json.decode(raw)
        json.loads(raw, object_pairs_hook=_once)  # two readers of one name twice would see two things
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnreadableBody(cause=str(error)[:200]) from error
    if not isinstance(content, dict):
        raise UnreadableBody("Send one JSON object.", cause=f"a {type(content).__name__}")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _refuse_unknown(value: Any, kind: Any, where: str) -> None:
    """In dataclasses inside the input too: msgspec overlooks what it does not know."""
    if isinstance(value, dict):
        for found in (kind, *get_args(kind)):
            if isinstance(found, type) and dataclasses.is_dataclass(found):
                hints = get_type_hints(found)
                for name, inner in value.items():
                    if name not in hints:
                        raise InvalidSettings(f"There is no field {name!r} here.", field=f"{where}{name}")
                    _refuse_unknown(inner, hints[name], f"{where}{name}.")
    elif isinstance(value, list):
        for inner in value:
            for found in get_args(kind):
                _refuse_unknown(inner, found, where)


def _has_null_character(value: Any) -> bool:
    """PostgreSQL text and JSON cannot hold it."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_null_character(name) or _has_null_character(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_has_null_character(inner) for inner in value)
