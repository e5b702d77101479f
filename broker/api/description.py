"""The OpenAPI 3.1 description, made from the same table and dataclasses that serve the requests."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from broker import __version__
from broker.api import about, answering, conditions, schemas
from broker.api.face import BASE
from broker.services.actor import Verb
from broker.services.operations import Operation
from broker.services.operations.table import ALL
from broker.web.problems import MEDIA_TYPE

_NAMED = {
    400: "What was sent cannot be used; `field` says where.",
    401: "There is no token, or it is not valid.",
    403: "The token may not do this.",
    404: "There is no such thing, or the token may not know of it.",
    409: "It does not fit what is there.",
    412: "Another version is stored than the one that was named.",
    413: "The request is too large.",
    415: "The body is not JSON.",
    422: "An address that was given could not be read, or the idempotency key was used for another request.",
    429: "Too many requests; Retry-After says how long to wait.",
    500: "Something went wrong here; `reference` finds it in the log.",
}


@cache
def description(public_url: str) -> bytes:
    return msgspec.json.encode(document(public_url))


def document(public_url: str) -> dict[str, Any]:
    of_kind, shared = schemas.components(ALL)
    paths: dict[str, dict[str, Any]] = {}
    for operation in ALL:
        paths.setdefault(_path(operation), {})[operation.method.lower()] = _operation(operation, of_kind, shared)
    inputs = {schemas.name_of(of_kind[operation.input]) for operation in ALL}
    outputs = {name: schema for name, schema in shared.items() if name not in inputs}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vestibule management API",
            "version": __version__,
            "description": about.INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"{public_url}{BASE}"}],
        "security": [{"token": []}, {"client": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(operation) for operation in ALL)],
        "paths": {**about.PATHS, **paths},
        "components": {
            "schemas": {**outputs, **about.SCHEMAS},
            "responses": {f"Problem{status}": _problem(status, said) for status, said in _NAMED.items()},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "A client's id and secret."},
                "token": {"type": "http", "scheme": "bearer", "description": "A token that an owner made; it begins with vst_."},
                "client": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{public_url}{BASE}/token",
                            "scopes": {verb.value: _scope(verb) for verb in Verb},
                        }
                    },
                },
            },
        },
    }


def _scope(verb: Verb) -> str:
    return verb.value.replace("_", " ").capitalize()


def _path(operation: Operation) -> str:
    """Two operations of one path may name its fields differently; a description has one name for each: the reader's."""
    shown = conditions.shown_by(operation)
    names = dict(zip(operation.path_fields, shown.path_fields if shown else operation.path_fields, strict=False))
    path = operation.path
    for name, other in names.items():
        path = path.replace(f"{{{name}}}", f"{{{other}}}")
    return path


def _tag(operation: Operation) -> str:
    return operation.name.partition(".")[0].replace("_", "-")


def _operation(operation: Operation, of_kind: dict[type, Any], shared: dict[str, Any]) -> dict[str, Any]:
    whole = shared[schemas.name_of(of_kind[operation.input])]
    said: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [_tag(operation)],
        "summary": operation.summary,
        "description": f"Needs the verb `{operation.verb.value}`.",
        "security": [{"token": []}, {"client": [operation.verb.value]}],
        "parameters": _parameters(operation, whole),
        "responses": _responses(operation, of_kind[operation.output]),
    }
    if operation.method not in {"GET", "DELETE"}:
        body = schemas.body_of(operation, whole)
        content: dict[str, Any] = {"schema": body}
        if (example := about.EXAMPLES.get(operation.name)) is not None:
            content["example"] = example
        said["requestBody"] = {"required": "required" in body, "content": {"application/json": content}}
    return said


def _parameters(operation: Operation, whole: dict[str, Any]) -> list[dict[str, Any]]:
    shown = conditions.shown_by(operation)
    names = dict(zip(operation.path_fields, shown.path_fields if shown else operation.path_fields, strict=False))
    found = schemas.parameters_of(operation, whole)
    found = [{**one, "name": names.get(one["name"], one["name"])} if one["in"] == "path" else one for one in found]
    if conditions.has_versions(operation):
        found += [about.IF_MATCH] if operation.method != "PUT" else [about.IF_MATCH, about.IF_NONE_MATCH]
    if operation.method == "POST" and not operation.leaves_nothing:
        found.append(about.IDEMPOTENCY_KEY)
    return found


def _responses(operation: Operation, output: Any) -> dict[str, Any]:
    done: dict[str, Any] = {"description": operation.summary, "content": {"application/json": {"schema": output}}}
    if operation.method == "GET":
        responses = {"200": {**done, "headers": about.headers_of(operation)}}
        if "version" in conditions.fields_of(operation.output):
            responses["304"] = {"description": "The version that If-None-Match names is still the one."}
    elif operation.method == "DELETE":
        responses = {"200": {**done, "description": "It is gone."}}
    elif operation.method == "PUT":
        responses = {"200": done, "201": {**done, "description": "It has been made; Location says where it is."}}
    else:
        made = answering.child_of(operation) is not None
        responses = {"201" if made else "200": done}
    responses.update({str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in _NAMED})
    return responses


def _problem(status: int, said: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": said,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 429:
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found
