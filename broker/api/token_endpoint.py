"""`POST /api/v1/token`: a client's id and secret for a short-lived access token (RFC 6749 4.4)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from broker.api.face import ApiFace
from broker.domain.access_errors import InvalidCredentials, InvalidToken
from broker.domain.errors import InvalidSettings
from broker.protocols.oidc import client_authentication
from broker.services.actor import Verb

PATH = "/token"
GRANT = "client_credentials"
_FORM = "application/x-www-form-urlencoded"
_MAX_BODY = 8192


class _OAuthError(Exception):
    """RFC 6749 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


def install(views: Blueprint, face: ApiFace) -> None:
    @views.post(PATH, provide_automatic_options=False)
    def api_token() -> Response:
        try:
            return _grant(face)
        except _OAuthError as refused:
            response = jsonify(error=refused.error, error_description=refused.description)
            response.status_code = refused.status
            if refused.status == 401:
                response.headers["WWW-Authenticate"] = 'Basic realm="vestibule", charset="UTF-8"'
            return response


def _grant(face: ApiFace) -> Response:
    fields = _fields()
    try:
        # RFC 6749 2.3.1: a secret in the body is no option here; it would end up in the logs of proxies more easily.
        presented = client_authentication.read_credentials(request.headers.get("Authorization", ""), fields.get("client_id"), None)
    except client_authentication.InvalidCredentials as error:
        face.refused(request)
        raise _OAuthError("invalid_client", "Authenticate with HTTP Basic.", 401) from error
    if fields.get("grant_type") != GRANT:
        raise _OAuthError("unsupported_grant_type", f"grant_type is {GRANT}.")
    scope = fields.get("scope")
    try:
        verbs = None if scope is None else frozenset(Verb(word) for word in scope.split())
        access = face.services.api_tokens.exchange(presented.client_id, presented.secret or "", verbs)
    except (InvalidCredentials, InvalidToken) as error:
        face.refused(request)
        raise _OAuthError("invalid_client", "The client is not known by this secret, or has expired.", 401) from error
    except (ValueError, InvalidSettings) as error:
        raise _OAuthError("invalid_scope", "The client does not have this scope.") from error
    answer = {"access_token": access.token, "token_type": "Bearer", "expires_in": access.seconds}
    response = jsonify({**answer, "scope": " ".join(sorted(access.verbs))})
    response.headers["Cache-Control"] = "no-store"  # RFC 6749 5.1
    return response


def _fields() -> dict[str, str]:
    if request.mimetype != _FORM or request.query_string:
        raise _OAuthError("invalid_request", "Send a form, and no parameters in the address.")
    request.max_content_length = _MAX_BODY
    try:
        pairs = parse_qsl(request.get_data().decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except (RequestEntityTooLarge, BadRequest, ValueError) as error:
        raise _OAuthError("invalid_request", "The form cannot be read.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):  # RFC 6749 3.2: parameters are not repeated
        raise _OAuthError("invalid_request", "A parameter occurs twice.")
    return fields
