"""JSON schemas of inputs and outputs, made by msgspec from the dataclasses and completed with what their fields say."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from broker.services.operations import Operation

REFERENCE = "#/components/schemas/{name}"
Schema = dict[str, Any]


def components(operations: tuple[Operation, ...]) -> tuple[dict[type, Schema], dict[str, Schema]]:
    """(the schema of every input and output type, the schemas that they refer to)."""
    kinds = _dataclasses([kind for operation in operations for kind in (operation.input, operation.output)])
    schemas, shared = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    of_kind = dict(zip(kinds, schemas, strict=True))
    for kind, schema in of_kind.items():
        _complete(shared[name_of(schema)], get_origin(kind) or kind)
    for schema in shared.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return of_kind, shared


def name_of(schema: Schema) -> str:
    """Of the component that a schema refers to. Two dataclasses of one name have their modules' names in front."""
    return str(schema["$ref"]).rpartition("/")[2]


def body_of(operation: Operation, whole: Schema) -> Schema:
    """What is sent as JSON: the input without what stands in the path. Nothing else is accepted."""
    inside = {name: schema for name, schema in whole["properties"].items() if name not in operation.path_fields}
    required = [name for name in whole["required"] if name in inside]
    body: Schema = {"type": "object", "properties": inside, "additionalProperties": False}
    if required:
        body["required"] = required
    if "description" in whole:
        body["description"] = whole["description"]
    return body


def parameters_of(operation: Operation, whole: Schema) -> list[Schema]:
    """Path fields, and for what has no body every other field as a parameter of the address."""
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
        plain = get_origin(kind) or kind
        if isinstance(plain, type) and dataclasses.is_dataclass(plain) and kind not in found:
            found[kind] = None
            waiting += [hint for hint in get_type_hints(plain).values() if not isinstance(hint, TypeVar)]
    return list(found)
