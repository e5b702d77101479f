"""What the SCIM face needs, handed over once by `broker.app`, and what a request of a directory is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from flask import Request, Response
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from broker.api.scim.wanted import Listing
from broker.domain.access_errors import UnsupportedMediaType
from broker.domain.errors import MessageTooLarge
from broker.domain.messages import filled
from broker.protocols.scim.names import MEDIA_TYPE, Refused, invalid_syntax, invalid_value
from broker.services.provisioning import Caller, Directories, DirectoryGroups, DirectoryPeople

BASE = "/scim/v2"
MAX_BODY = 2 * 1024 * 1024
MAX_QUERY = 8192
_TYPES = frozenset({MEDIA_TYPE, "application/json", ""})


@dataclass(frozen=True, slots=True)
class ScimFace:
    public_url: str
    directories: Directories
    people: DirectoryPeople
    groups: DirectoryGroups


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a directory that has proved itself. `query`: names in lower case."""

    caller: Caller
    base: str
    query: dict[str, str]
    body: Callable[[], Any] = field(repr=False)
    if_match: str = ""
    if_none_match: str = ""


@dataclass(frozen=True, slots=True)
class Resources:
    """What can be done with one kind of resource; `page` gives the number of all, and the documents of one page."""

    index: Callable[[ScimFace, Asked, Listing], Response]
    page: Callable[[ScimFace, Asked, Listing], tuple[int, list[dict[str, Any]]]]
    create: Callable[[ScimFace, Asked], Response]
    show: Callable[[ScimFace, Asked, str], Response]
    replace: Callable[[ScimFace, Asked, str], Response]
    modify: Callable[[ScimFace, Asked, str], Response]
    remove: Callable[[ScimFace, Asked, str], Response]


def bearer(request: Request) -> str | None:
    """By the Authorization header alone (RFC 6750 2.1)."""
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    return presented.strip() or None if scheme.lower() == "bearer" else None


def asked(request: Request, caller: Caller, public_url: str) -> Asked:
    """Raises Refused, MessageTooLarge."""
    return Asked(
        caller,
        f"{public_url}{BASE}/{caller.connector_id}",
        _query(request.query_string),
        lambda: body_of(request),
        request.headers.get("If-Match", "").strip(),
        request.headers.get("If-None-Match", "").strip(),
    )


def _query(raw: bytes) -> dict[str, str]:
    if len(raw) > MAX_QUERY:
        raise MessageTooLarge(cause=filled("the query is longer than %(most)s bytes", most=MAX_QUERY))
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=50) if raw else []
    except ValueError as error:
        raise invalid_value("The parameters of the address cannot be read as UTF-8.") from error
    return {name.lower(): value for name, value in pairs}


def body_of(request: Request) -> Any:
    """Raises Refused, MessageTooLarge, UnsupportedMediaType."""
    if request.mimetype not in _TYPES:
        raise UnsupportedMediaType(cause=request.mimetype[:80])
    request.max_content_length = MAX_BODY
    try:
        return msgspec.json.decode(request.get_data())
    except RequestEntityTooLarge as error:
        raise MessageTooLarge(cause=filled("the body is larger than %(most)s bytes", most=MAX_BODY)) from error
    except (BadRequest, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise invalid_syntax("The body cannot be read as JSON.") from error


def expected_version(asked: Asked) -> int | None:
    """What If-Match insists on; None: nothing. Raises Refused for a tag that none of ours can be."""
    tag = asked.if_match.removeprefix("W/").strip('"')
    if tag in {"", "*"}:
        return None
    if not tag.isdecimal() or len(tag) > 9:
        raise Refused("If-Match names no version of this.", status=412)
    return int(tag)
