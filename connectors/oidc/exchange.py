"""The back channel to a provider: code for tokens, access token for userinfo. Nothing here follows a redirect."""

from __future__ import annotations

from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Auth
from authlib.integrations.requests_client.oauth2_session import OAuth2ClientAuth
from authlib.oauth2.client import OAuth2Client
from requests import HTTPError, Response

from broker.domain.errors import ConnectorUnavailable, FetchError, InvalidUpstreamResponse, UpstreamRefused
from broker.domain.messages import filled, said_by
from broker.domain.trace import Trace
from broker.protocols import jose
from broker.protocols.oidc import client_authentication
from broker.protocols.oidc.names import AUTH_BASIC
from connectors.contract import Tools
from connectors.oidc.settings import OidcSettings

_INVALID_CLIENT_FIX = "Enter the client secret again: it is wrong or has expired at the provider (the value is needed, not its id)."


class Client(OAuth2Client):  # type: ignore[misc] # authlib has no types
    """Authlib's client over the guarded session. One per login: it keeps the token that it received."""

    client_auth_class = OAuth2ClientAuth
    token_auth_class = OAuth2Auth
    oauth_error_class = OAuthError

    def __init__(self, settings: OidcSettings, tools: Tools) -> None:
        super().__init__(
            session=tools.fetcher.session(),
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            token_endpoint_auth_method=settings.token_endpoint_auth_method,
            scope=" ".join(settings.scopes),
            redirect_uri=tools.addresses.redirect_uri,
            code_challenge_method="S256",
        )
        # Authlib puts id and secret into HTTP Basic as they are; RFC 6749 2.3.1 wants both form-encoded first.
        self.register_client_auth_method((AUTH_BASIC, _basic))
        self.register_compliance_hook("access_token_response", _require_plain_answer)


def _basic(client: Any, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    headers["Authorization"] = client_authentication.basic_header(client.client_id, client.client_secret)
    return uri, headers, body


def _require_plain_answer(response: Response) -> Response:
    # RFC 6749 5.1: tokens come with 200. 5.2: errors with 400 or 401, in life with any 4xx. Authlib reads a token out of
    # anything that is JSON, even a redirect.
    refused = 400 <= response.status_code < 500 and b'"error"' in response.content
    if response.status_code != 200 and not refused:
        raise HTTPError(f"status {response.status_code}")
    return response


def exchange_code(client: Client, settings: OidcSettings, code: str, verifier: str, trace: Trace) -> tuple[str, str]:
    """(id_token, access_token), both unverified. Raises UpstreamRefused, ConnectorUnavailable, InvalidUpstreamResponse."""
    try:
        token = client.fetch_token(
            settings.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=client.redirect_uri,
        )
    except OAuthError as error:
        reason = filled(
            "the token endpoint answered %(error)s: %(description)s",
            error=repr(str(error.error)[:100]),
            description=repr(str(error.description or "")[:300]),
        )
        trace.check("oidc.code_exchange", False, reason)
        fix = _INVALID_CLIENT_FIX if error.error == "invalid_client" else None
        raise UpstreamRefused(cause=reason, check="oidc.code_exchange", fix=fix) from error
    except FetchError as error:
        trace.check("oidc.code_exchange", False, error.cause)
        raise ConnectorUnavailable(
            cause=filled("token endpoint: %(cause)s", cause=error.cause), check="oidc.code_exchange"
        ) from error
    except (HTTPError, ValueError) as error:
        reason = filled("the token endpoint did not answer as OAuth demands (%(kind)s)", kind=type(error).__name__)
        trace.check("oidc.code_exchange", False, reason)
        raise ConnectorUnavailable(cause=reason, check="oidc.code_exchange") from error
    id_token, access_token = token.get("id_token"), token.get("access_token")
    if not isinstance(id_token, str) or not isinstance(access_token, str) or not id_token or not access_token:
        trace.check("oidc.code_exchange", False, "the token endpoint gave no id_token or no access_token")
        raise InvalidUpstreamResponse(
            cause="the token endpoint gave no id_token or no access_token",
            check="oidc.code_exchange",
            fix="Allow the scope openid for our client at the provider.",
        )
    trace.check("oidc.code_exchange", True)
    return id_token, access_token


def fetch_userinfo(settings: OidcSettings, tools: Tools, access_token: str, subject: str, trace: Trace) -> dict[str, Any]:
    """The claims of the userinfo endpoint about this very subject. Raises ConnectorUnavailable, InvalidUpstreamResponse."""
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    try:
        answer = tools.fetcher.get(settings.userinfo_endpoint, headers=headers)
    except FetchError as error:
        trace.check("oidc.userinfo", False, error.cause)
        raise ConnectorUnavailable(
            cause=filled("userinfo endpoint: %(cause)s", cause=error.cause), check="oidc.userinfo"
        ) from error
    if answer.status != 200:
        trace.check("oidc.userinfo", False, filled("status %(status)s", status=answer.status))
        raise ConnectorUnavailable(
            cause=filled("userinfo endpoint answered %(status)s", status=answer.status), check="oidc.userinfo"
        )
    try:
        claims = jose.decode_json(answer.body)
    except jose.InvalidToken as error:
        trace.check("oidc.userinfo", False, said_by(error))
        raise InvalidUpstreamResponse(
            cause=filled("userinfo is no JSON: %(cause)s", cause=error),
            check="oidc.userinfo",
            fix="Have the provider send userinfo as plain JSON.",
        ) from error
    # OIDC Core 5.3.2: sub MUST be there and equal, or the values may be somebody else's (token substitution).
    same = isinstance(claims, dict) and claims.get("sub") == subject
    trace.check("oidc.userinfo_subject", same, "" if same else "userinfo speaks of another subject than the ID token")
    if not same:
        raise InvalidUpstreamResponse(cause="userinfo speaks of another subject than the ID token", check="oidc.userinfo_subject")
    return dict(claims)
