"""The authorization code grant (RFC 6749 4.1.3) on Authlib's class, with PKCE (RFC 7636) and an ID token (OIDC Core 3.1.3)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from broker.domain.messages import filled
from broker.downstream.oidc import records
from broker.downstream.oidc.client import RegisteredClient
from broker.protocols.oidc import pkce
from broker.protocols.oidc.names import AUTH_METHODS

_MAX_CODE = 512


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # authlib has no types
    """Authlib calls these in order: query, (redirect_uri, PKCE), authenticate_user, generate_token, save_token.

    A request that fails a check consumes nothing: whoever stole a code without its verifier must not lock the owner out.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = list(AUTH_METHODS)

    def query_authorization_code(self, code: str, client: RegisteredClient) -> records.Grant | None:
        """The grant behind a code, if it was given to this client at this issuer. A code seen before revokes what it gave."""
        request = self.request
        grant = records.decode(self.server.transient.get(records.CODE, code)) if len(code) <= _MAX_CODE else None
        if grant is None:
            self.server.revoke_replayed(code, request)
            return None
        request.trace.decide("login", filled("reference %(code)s", code=grant.trace_code))
        own = grant.client_id == client.client_id
        request.trace.check("oidc.code_client", own, "" if own else "the code was given to another client")
        here = grant.issuer == request.issuer
        request.trace.check(
            "oidc.code_issuer", here, "" if here else filled("the code was given by the issuer %(issuer)s", issuer=grant.issuer)
        )
        request.code = code
        return grant if own and here else None

    def authenticate_user(self, authorization_code: records.Grant) -> str:
        """Authlib's name; the person is known, so what is asked here is whether all that let them in is still switched on."""
        if not self.server.is_enabled(authorization_code):
            self.request.trace.check("oidc.enabled", False, "application, tenant or connector was switched off meanwhile")
            raise InvalidGrantError("The sign-in is no longer valid.")
        return authorization_code.subject

    def delete_authorization_code(self, authorization_code: records.Grant) -> None:
        """Nothing: `save_token` took the code in the transaction that stored the token."""


class S256CodeChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE without `plain` (RFC 9700 2.1.1). The check runs after every other one of the token request."""

    DEFAULT_CODE_CHALLENGE_METHOD = pkce.S256
    SUPPORTED_CODE_CHALLENGE_METHOD = [pkce.S256]
    CODE_CHALLENGE_METHODS = {pkce.S256: pkce.matches}


class IdTokenExtension:
    """Adds the ID token to a successful answer."""

    def __call__(self, grant: CodeGrant) -> None:
        grant.register_hook("after_create_token_response", self._add)

    def _add(self, grant: CodeGrant, response: tuple[int, dict[str, Any], Any]) -> None:
        _status, token, _headers = response
        token["id_token"] = grant.server.id_token(grant.request.authorization_code, grant.request.client, token["access_token"])
