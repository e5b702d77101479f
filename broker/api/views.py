"""The routes: one for each operation, made from the table, and the few that are about the API itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from broker import __version__
from broker.api import answering, conditions, reading, token_endpoint
from broker.api.catalogue import error_entry
from broker.api.description import description
from broker.api.face import BASE, ApiFace
from broker.domain.errors import InvalidSettings
from broker.services.api_tokens import ApiToken
from broker.services.idempotency import Answer
from broker.services.operations import Operation
from broker.services.operations.table import ALL

_KEY = re.compile(r"[!-~]{1,255}")


def blueprint(face: ApiFace) -> Blueprint:
    views = Blueprint("api", __name__, url_prefix=BASE)
    _about(views, face)
    for operation in ALL:
        rule = operation.path.replace("{", "<").replace("}", ">")
        views.add_url_rule(
            rule,
            endpoint=operation.name.replace(".", "_"),
            view_func=_view(face, operation),
            methods=[operation.method],
            # Nobody but scripts comes here, so browsers of other origins are told nothing.
            provide_automatic_options=False,
        )
    token_endpoint.install(views, face)
    return views


def _about(views: Blueprint, face: ApiFace) -> None:
    @views.get("", provide_automatic_options=False)
    def api_root() -> Response:
        address = f"{face.settings.public_url}{BASE}"
        return jsonify(name="Vestibule", version=__version__, description=f"{address}/openapi.json", token=f"{address}/token")

    @views.get("/openapi.json", provide_automatic_options=False)
    def api_description() -> Response:
        return Response(description(face.settings.public_url), content_type="application/json")

    @views.get("/errors/<code>", provide_automatic_options=False)
    def api_error(code: str) -> Response:
        return jsonify(error_entry(code))


def _view(face: ApiFace, operation: Operation) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        caller = face.caller(request)
        if operation.method == "GET":
            asked = reading.input_of(operation, request, path)
            output = face.operations.run(caller.actor, operation.name, asked)
            return answering.shown(operation, output, request, face.settings.public_url)
        key = request.headers.get("Idempotency-Key")
        if operation.method != "POST" or key is None or operation.leaves_nothing:
            return answering.response_of(_change(face, operation, caller, path))
        if not _KEY.fullmatch(key):
            raise InvalidSettings("A key has 1 to 255 printable characters.", field="Idempotency-Key")
        answer, repeated = face.services.idempotency.once(
            _owner(caller), key, _fingerprint(operation), lambda: _change(face, operation, caller, path)
        )
        return answering.response_of(answer, repeated=repeated)

    return view


def _change(face: ApiFace, operation: Operation, caller: ApiToken, path: dict[str, str]) -> Answer:
    asked = reading.input_of(operation, request, path)
    condition = conditions.condition_of(request)
    created = operation.method == "PUT" and not conditions.exists(face.operations, caller.actor, operation, asked)
    output = conditions.run(face.operations, caller.actor, operation, asked, condition)
    return answering.changed(operation, asked, output, created=created)


def _owner(caller: ApiToken) -> str:
    """Two access tokens of one client may hold different verbs, and an answer may hold a secret."""
    return " ".join((caller.id, *sorted(caller.verbs)))


def _fingerprint(operation: Operation) -> str:
    """Of what was asked: same key, same request."""
    parts = (request.method.encode(), request.path.encode(), request.query_string, reading.raw_body(operation, request))
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
