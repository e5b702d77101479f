"""The userinfo endpoint (OIDC Core 5.3): the same claims as the ID token, for whoever holds the access token."""

from __future__ import annotations

import msgspec

from broker.domain.http import Document, Incoming
from broker.domain.messages import filled, said_by
from broker.domain.trace import Trace
from broker.downstream.oidc import records
from broker.downstream.oidc.token import TokenServer

_MAX_TOKEN = 512
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class TokenRefused(Exception):
    """`error` None: the request carried no token at all, so RFC 6750 3.1 wants no error code."""

    def __init__(self, status: int, error: str | None, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error


def answer(incoming: Incoming, issuer: str, server: TokenServer, trace: Trace) -> tuple[Document, records.Grant | None]:
    """The answer, and the grant behind the token if it is good."""
    try:
        grant = _grant(_bearer(incoming), issuer, server)
    except TokenRefused as error:
        trace.check("oidc.access_token", False, said_by(error))
        challenge = 'Bearer realm="userinfo"' + (f', error="{error.error}"' if error.error else "")
        body = msgspec.json.encode({"error": error.error or "invalid_token"})
        return Document(body, "application/json", error.status, (("WWW-Authenticate", challenge), *_NO_STORE)), None
    return Document(msgspec.json.encode({**grant.claims, "sub": grant.subject}), "application/json", 200, _NO_STORE), grant


def _bearer(incoming: Incoming) -> str:
    # RFC 6750 2.2 and 2.3 also know body and query; both end up in logs and histories, so only the header is read.
    if any(name == "access_token" for name, _ in (*incoming.query, *incoming.form)):
        raise TokenRefused(400, "invalid_request", "the access token belongs in the Authorization header")
    header = incoming.headers.get("authorization")
    if header is None:
        raise TokenRefused(401, None, "no access token")
    scheme, _, token = header.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _MAX_TOKEN:
        raise TokenRefused(401, "invalid_token", "not a bearer token of ours")
    return token


def _grant(token: str, issuer: str, server: TokenServer) -> records.Grant:
    grant = records.decode(server.transient.get(records.ACCESS_TOKEN, token))
    if grant is None:
        raise TokenRefused(401, "invalid_token", "unknown, expired or revoked access token")
    if grant.issuer != issuer:
        raise TokenRefused(401, "invalid_token", filled("the access token belongs to the issuer %(issuer)s", issuer=grant.issuer))
    if not server.is_enabled(grant):
        reason = "application, tenant, connector or person was switched off meanwhile, or the person signed out everywhere"
        raise TokenRefused(401, "invalid_token", reason)
    return grant
