"""Output of an operation as a response: status, JSON, ETag, where the new thing is, where the list goes on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from flask import Request, Response

from broker.api import conditions
from broker.api.face import BASE
from broker.domain.messages import plain
from broker.services.idempotency import Answer
from broker.services.operations import Operation, Page
from broker.services.operations.table import ALL

JSON = "application/json"


def shown(operation: Operation, output: Any, request: Request, public_url: str) -> Response:
    """Of a GET. 304 when the asker has this version already (RFC 9110 13.1.2)."""
    tag = conditions.etag(output)
    if tag is not None and tag in {part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")}:
        return Response(status=304, headers={"ETag": tag})
    response = Response(msgspec.json.encode(output, enc_hook=plain), content_type=JSON)
    if tag is not None:
        response.headers["ETag"] = tag
    if isinstance(output, Page) and output.next:
        query = [(name, value) for name, value in request.args.items(multi=True) if name != "after"] + [("after", output.next)]
        response.headers["Link"] = f'<{public_url}{quote(request.path)}?{urlencode(query)}>; rel="next"'  # RFC 8288
    return response


def changed(operation: Operation, input: Any, output: Any, *, created: bool) -> Answer:
    """Of everything that is no GET."""
    headers = [("Content-Type", JSON)]
    if (tag := conditions.etag(output)) is not None:
        headers.append(("ETag", tag))
    if operation.method == "POST":
        child = child_of(operation)
        created = child is not None
        name = _name_of(output)
        location = f"{path_of(operation, input)}/{name}" if child is not None and child.method == "GET" and name else None
    else:
        location = path_of(operation, input) if created else None
    if location is not None:
        headers.append(("Location", f"{BASE}{location}"))
    return Answer(201 if created else 200, tuple(headers), msgspec.json.encode(output, enc_hook=plain))


def child_of(operation: Operation) -> Operation | None:
    """What the POST to a collection makes one of: the operation on a single one, showing rather than changing."""
    below = [other for other in ALL if _is_child(other.path, operation.path)]
    return min(below, key=lambda other: other.method != "GET", default=None)


def _is_child(path: str, collection: str) -> bool:
    rest = path.removeprefix(f"{collection}/")
    return rest != path and rest.startswith("{") and "/" not in rest


def path_of(operation: Operation, input: Any) -> str:
    """Its path with the holes filled in."""
    path = operation.path
    for name in operation.path_fields:
        path = path.replace(f"{{{name}}}", quote(str(getattr(input, name)), safe=""))
    return path


def _name_of(output: Any) -> str:
    """By what the new thing is asked for; "" when what comes back does not say."""
    return quote(str(getattr(output, "slug", None) or getattr(output, "id", "")), safe="")


def response_of(answer: Answer, *, repeated: bool = False) -> Response:
    response = Response(answer.body, answer.status, list(answer.headers))
    if repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return response
