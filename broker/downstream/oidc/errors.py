"""The hub's errors in OAuth's words (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6)."""

from __future__ import annotations

from broker.domain.errors import (
    BrokerError,
    ConnectorUnavailable,
    InteractionRequired,
    InvalidAuthenticationRequest,
    InvalidUpstreamResponse,
    LoginError,
)


def oauth_error(error: BrokerError) -> str:
    """The value of `error` in an authorization response."""
    if isinstance(error, InvalidAuthenticationRequest):
        return error.oauth_error
    if isinstance(error, InteractionRequired):
        return "login_required"
    if isinstance(error, ConnectorUnavailable):
        return "temporarily_unavailable"
    if isinstance(error, InvalidUpstreamResponse) or not isinstance(error, LoginError):
        return "server_error"
    return "access_denied"


def description(error: BrokerError, reference: str) -> str:
    """For the application's developer: the constant sentence and the code under which support finds the cause."""
    # RFC 6749 4.1.2.1 allows printable ASCII without quotation mark and backslash.
    sentence = "".join(c for c in error.sentence if " " <= c <= "~" and c not in '"\\')
    return f"{sentence} Reference code: {reference}"
