"""JSON schemas of inputs and outputs, made by msgspec from the dataclasses and completed with what their fields say."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from broker.services.operations import Operation

REFERENCE = "#/components/schemas/{name}"
Schema = dict[str, Any]


def components(operations: tuple[Operation, ...]) -> tuple[dict[type, Schema], dict[str, Schema]]:
    """(the schema of every input and output type, the schemas that they refer to)."""
    kinds = list(dict.fromkeys(kind for operation in operations for kind in (operation.input, operation.output)))
    schemas, shared = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    for kind in _dataclasses(kinds):
        if kind.__name__ in shared:
            _complete(shared[kind.__name__], kind)
    for schema in shared.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return dict(zip(kinds, schemas, strict=True)), shared


def body_of(operation: Operation, shared: dict[str, Schema]) -> Schema:
    """What is sent as JSON: the input without what stands in the path. Nothing else is accepted."""
    whole = shared[operation.input.__name__]
    inside = {name: schema for name, schema in whole["properties"].items() if name not in operation.path_fields}
    required = [name for name in whole["required"] if name in inside]
    body: Schema = {"type": "object", "properties": inside, "additionalProperties": False}
    if required:
        body["required"] = required
    if "description" in whole:
        body["description"] = whole["description"]
    return body


def parameters_of(operation: Operation, shared: dict[str, Schema]) -> list[Schema]:
    """Path fields, and for what has no body every other field as a parameter of the address."""
    whole = shared[operation.input.__name__]
    found = []
    for name, schema in whole["properties"].items():
        plain = {key: value for key, value in schema.items() if key != "description"}
        if name in operation.path_fields:
            plain = {**plain, "minLength": 1, "pattern": "^[^/]+$"}
            found.append({"name": name, "in": "path", "required": True, "schema": plain})
        elif operation.method in {"GET", "DELETE"}:
            found.append({"name": name, "in": "query", "required": name in whole["required"], "schema": plain})
        else:
            continue
        found[-1]["description"] = schema.get("description", "")
    return found


def _complete(schema: Schema, kind: type) -> None:
    for item in dataclasses.fields(kind):
        said = schema["properties"][item.name]
        if item.metadata.get("help"):
            # OpenAPI 3.1: keywords may stand beside $ref.
            said["description"] = item.metadata["help"]
        if item.metadata.get("choices") and said.get("type") == "string":
            said["enum"] = list(item.metadata["choices"])
        elif item.metadata.get("choices") and said.get("type") == "array":
            said["items"]["enum"] = list(item.metadata["choices"])
        if item.metadata.get("secret"):
            said["format"] = "password"


def _dataclasses(kinds: list[type]) -> list[type]:
    """Those and every dataclass inside them."""
    waiting: list[Any] = list(kinds)
    found: dict[type, None] = {}
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        kind = get_origin(kind) or kind
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in found:
            found[kind] = None
            waiting += get_type_hints(kind).values()
    return list(found)
