"""How a client says who it is at the token endpoint (RFC 6749 2.3), on both sides of the wire."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import quote_plus, unquote_plus

from broker.protocols.oidc.names import AUTH_BASIC, AUTH_NONE, AUTH_POST

_MAX = 1024


class InvalidCredentials(Exception):
    """Credentials that cannot be read, or more than one kind. `basic`: the answer must carry WWW-Authenticate."""

    def __init__(self, reason: str, *, basic: bool = False) -> None:
        super().__init__(reason)
        self.basic = basic


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request presents, unchecked. `method` is the one that was used."""

    method: str
    client_id: str
    secret: str | None = field(default=None, repr=False)


def read_credentials(authorization: str | None, client_id: str | None, client_secret: str | None) -> Credentials:
    """From the Authorization header and the form. Exactly one method (RFC 6749 2.3). Raises InvalidCredentials."""
    if authorization is not None:
        if client_secret is not None:
            raise InvalidCredentials("the request authenticates in the header and in the body; use one", basic=True)
        basic = _read_basic(authorization)
        # RFC 6749 3.2.1: client_id may be repeated in the body, and then names the same client.
        if client_id is not None and client_id != basic.client_id:
            raise InvalidCredentials("the body names another client than the Authorization header", basic=True)
        return basic
    if not client_id or len(client_id) > _MAX:
        raise InvalidCredentials("the request names no client")
    if client_secret is None:
        return Credentials(AUTH_NONE, client_id)
    if not client_secret or len(client_secret) > _MAX:
        raise InvalidCredentials("the client secret is empty or too long")
    return Credentials(AUTH_POST, client_id, client_secret)


def _read_basic(header: str) -> Credentials:
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 4 * _MAX:
        raise InvalidCredentials("the Authorization header is not HTTP Basic", basic=True)
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise InvalidCredentials("the Authorization header is not base64 of UTF-8", basic=True) from error
    # RFC 6749 2.3.1: both parts are form-encoded first; openid-client does it, many others have nothing to encode.
    client_id, colon, secret = text.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not colon or not client_id or not secret or len(client_id) > _MAX or len(secret) > _MAX:
        raise InvalidCredentials("client id or secret is missing in the Authorization header", basic=True)
    return Credentials(AUTH_BASIC, client_id, secret)


def basic_header(client_id: str, client_secret: str) -> str:
    """The Authorization header of client_secret_basic, both parts form-encoded first (RFC 6749 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
