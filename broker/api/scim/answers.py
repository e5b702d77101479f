"""Documents and errors as SCIM writes them (RFC 7644 3.4.2, 3.12)."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

from broker.api.scim.face import Asked
from broker.domain.access_errors import InvalidToken, NotSignedIn, StaleVersion, TooManyAttempts
from broker.domain.errors import BrokerError, Conflict, InvalidSettings
from broker.protocols.scim import names
from broker.protocols.scim.names import Refused


def shown(document: dict[str, Any], asked: Asked, *, status: int = 200) -> Response:
    """One resource, with its version as ETag (RFC 7644 3.14)."""
    meta = document.get("meta", {})
    tag = meta.get("version", "")
    if status == 200 and tag and tag in {each.strip() for each in asked.if_none_match.split(",")}:
        return Response(status=304, headers={"ETag": tag})
    response = Response(msgspec.json.encode(document), status, content_type=names.MEDIA_TYPE)
    if tag:
        response.headers["ETag"] = tag
    if location := meta.get("location"):
        response.headers["Location" if status == 201 else "Content-Location"] = location
    return response


def listed(resources: list[dict[str, Any]], total: int, start: int) -> Response:
    found = {
        "schemas": [names.LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
    return Response(msgspec.json.encode(found), content_type=names.MEDIA_TYPE)


def nothing() -> Response:
    return Response(status=204)


def refusal_of(error: Exception) -> Refused:
    """Any error that a request may end with, in SCIM's terms."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, Conflict):
        return Refused(str(error.sentence), scim_type="uniqueness", status=409)
    if isinstance(error, InvalidSettings):
        return names.invalid_value(str(error.sentence))
    if isinstance(error, StaleVersion):
        return Refused("It has changed since this version.", status=412)
    if isinstance(error, BrokerError):
        return Refused(str(error.sentence), status=error.status)
    return Refused("Something went wrong on our side. Please try again in a moment.", status=500)


def refused(error: Exception) -> Response:
    said = refusal_of(error)
    document: dict[str, Any] = {"schemas": [names.ERROR], "status": str(said.status), "detail": str(said.detail)}
    if said.scim_type:
        document["scimType"] = said.scim_type
    response = Response(msgspec.json.encode(document), said.status, content_type=names.MEDIA_TYPE)
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = 'Bearer realm="scim"'  # RFC 6750 3.1: no error code without a token
    elif isinstance(error, InvalidToken):
        response.headers["WWW-Authenticate"] = 'Bearer realm="scim", error="invalid_token"'
    elif isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response
