"""A Flask request as `Incoming`: strict UTF-8, limited in size, only the headers and cookies that logins read."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Flask, Request
from flask import request as current_request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from broker.domain.errors import MalformedRequest, MessageTooLarge, NotFound
from broker.domain.http import Incoming, Pairs
from broker.domain.messages import filled
from broker.web import here

MAX_BODY_BYTES = 1_572_864
"""1.5 MiB: a SAML message of 1 MiB, in base64, and its form."""

MAX_PARAMETERS = 200
COOKIE_PREFIX = "__Host-"

_CARRIED_HEADERS = ("authorization", "accept-language", "origin", "user-agent", "content-type")
_FORM = "application/x-www-form-urlencoded"


def refuse_unreadable_paths(app: Flask) -> None:
    """No name in an address of ours contains U+0000, and PostgreSQL text cannot hold it. Called once by `broker.app`."""

    @app.before_request
    def refuse() -> None:
        if "\x00" in current_request.path:
            raise NotFound(cause="the path contains U+0000")


def incoming_of(request: Request) -> Incoming:
    """The request in neutral terms. Raises MalformedRequest and MessageTooLarge.

    Cookie names come without the `__Host-` prefix, and cookies without it are not read at all: a neighbouring host could
    have set them (RFC 6265bis 4.1.3.2).
    """
    raw_query = request.query_string
    return Incoming(
        method=request.method,
        path=request.path,
        raw_query=raw_query,
        query=_pairs(raw_query, "query"),
        form=_pairs(_body(request), "form") if request.mimetype == _FORM else (),
        cookies=_own_cookies(request),
        headers={name: value for name in _CARRIED_HEADERS if (value := request.headers.get(name)) is not None},
        remote_address=request.remote_addr or "",
        host=here.host(),
    )


def lenient_query(request: Request) -> dict[str, str]:
    """The query for pages about a request that may itself be unreadable: Flask's own `args` raises on invalid UTF-8."""
    return dict(parse_qsl(request.query_string.decode("utf-8", "replace"), keep_blank_values=True))


def _body(request: Request) -> bytes:
    request.max_content_length = MAX_BODY_BYTES
    try:
        body = request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise MessageTooLarge(cause=filled("the body is larger than %(most)s bytes", most=MAX_BODY_BYTES)) from error
    except BadRequest as error:
        raise MalformedRequest(cause="the body cannot be read") from error
    if request.content_length is not None and len(body) < request.content_length:
        raise MalformedRequest(cause="the body ended before its announced length")
    return body


def _pairs(raw: bytes, where: str) -> Pairs:
    if not raw:
        return ()
    try:
        # Repeated names are kept: `Incoming.one` refuses them where they matter.
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeDecodeError as error:
        raise MalformedRequest(cause=filled("the %(where)s is not UTF-8", where=where)) from error
    except ValueError as error:
        too_many = filled("the %(where)s has more than %(most)s parameters", where=where, most=MAX_PARAMETERS)
        raise MalformedRequest(cause=too_many) from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        # No parameter of any protocol contains one, and PostgreSQL text cannot hold it.
        raise MalformedRequest(cause=filled("a parameter of the %(where)s contains U+0000", where=where))
    return tuple(pairs)


def _own_cookies(request: Request) -> dict[str, str]:
    return {
        name.removeprefix(COOKIE_PREFIX): value for name, value in request.cookies.items() if name.startswith(COOKIE_PREFIX)
    }
