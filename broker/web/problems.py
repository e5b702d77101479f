"""Errors of the management API: `application/problem+json` (RFC 9457) for everything below `/api`."""

from __future__ import annotations

import msgspec
from flask import Response

from broker.domain.access_errors import (
    InvalidToken,
    NoSuchResource,
    NotSignedIn,
    TooManyAttempts,
    UnreadableBody,
    UnsupportedMediaType,
)
from broker.domain.errors import BrokerError, ConfigurationError, FetchError, Forbidden, MessageTooLarge, WrongMethod
from broker.web import security

BASE = "/api/v1"
MEDIA_TYPE = "application/problem+json"

BY_STATUS: dict[int, type[BrokerError]] = {
    400: UnreadableBody,
    404: NoSuchResource,
    405: WrongMethod,
    413: MessageTooLarge,
    415: UnsupportedMediaType,
}
"""What the router and the server refuse."""


def wanted(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def respond(error: BrokerError, reference: str) -> Response:
    """`type` leads to the entry of the error's code; `field` says where in the request; nothing internal is said."""
    # An address that a script gave and that does not answer is its request's mistake, and no failure of this hub.
    status = 422 if isinstance(error, FetchError) else error.status
    problem = {
        "type": f"{security.settings().public_url}{BASE}/errors/{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": error.sentence,
        "code": error.code,
        "reference": reference,
    }
    if isinstance(error, ConfigurationError) and error.field:
        problem["field"] = error.field
    response = Response(msgspec.json.encode(problem), status, content_type=MEDIA_TYPE)
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    # RFC 6750 3: what would have been needed.
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = 'Bearer realm="vestibule"'
    elif isinstance(error, InvalidToken):
        response.headers["WWW-Authenticate"] = 'Bearer realm="vestibule", error="invalid_token"'
    elif isinstance(error, Forbidden):
        response.headers["WWW-Authenticate"] = 'Bearer realm="vestibule", error="insufficient_scope"'
    return response
