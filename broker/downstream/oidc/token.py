"""The token endpoint: client authentication, then the grant, then an answer nobody may cache (RFC 6749 3.2, 5).

Authlib's `AuthorizationServer` drives it, without its framework integrations: requests come as `Incoming`, answers leave
as `Document`.
"""

from __future__ import annotations

import base64
import hmac
import logging
from datetime import timedelta
from typing import Any

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from broker.catalog.catalog import Catalog
from broker.domain.clock import Clock
from broker.domain.http import Document, Incoming
from broker.domain.keys import KeyUse
from broker.domain.messages import filled, said_by, translatable
from broker.domain.trace import Trace
from broker.downstream.oidc import records
from broker.downstream.oidc.client import RegisteredClient
from broker.downstream.oidc.grants.authorization_code import CodeGrant, IdTokenExtension, S256CodeChallenge
from broker.downstream.oidc.request import PROTOCOL
from broker.keys.keyring import Keyring
from broker.login.identity import still_welcome
from broker.protocols import jose
from broker.protocols.oidc.client_authentication import InvalidCredentials, read_credentials
from broker.protocols.oidc.tokens import build_id_token
from broker.store.db import Database
from broker.store.transient.contract import TransientStore

log = logging.getLogger("vestibule.oidc")

_CREDENTIALS = frozenset({"client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri", "client_assertion"})


class TokenRequest(OAuth2Request):  # type: ignore[misc] # authlib has no types
    """One request, with what grants and server put on it on the way."""

    def __init__(self, incoming: Incoming, issuer: str, trace: Trace) -> None:
        # The address is not ours: Authlib checks it for https, which `broker.settings` has done for the public URL.
        super().__init__("POST", "https://token.invalid/", headers=incoming.headers)
        self._form = dict(incoming.form)
        self.payload = BasicOAuth2Payload(self._form)
        self.issuer = issuer
        self.trace = trace
        self.code = ""

    @property
    def form(self) -> dict[str, str]:
        return self._form


class TokenServer(AuthorizationServer):  # type: ignore[misc]
    """One per process. `answer` is what the endpoint calls; the rest is what Authlib calls."""

    def __init__(
        self, *, catalog: Catalog, keyring: Keyring, transient: TransientStore, database: Database, clock: Clock
    ) -> None:
        super().__init__()
        self.transient = transient
        self._catalog = catalog
        self._keyring = keyring
        self._database = database
        self._clock = clock
        self.register_grant(CodeGrant, [S256CodeChallenge(required=True), IdTokenExtension()])

    def answer(self, incoming: Incoming, issuer: str, trace: Trace) -> tuple[Document, RegisteredClient | None]:
        """The answer, and the client if it is known by then. Never raises for anything that a client can send."""
        request = TokenRequest(incoming, issuer, trace)
        try:
            _require_well_formed(incoming)
        except OAuth2Error as error:
            return self.handle_error_response(request, error), None
        document: Document = self.create_token_response(request)
        return document, request.client

    # --- what Authlib calls -------------------------------------------------------------------------------------------

    def create_oauth2_request(self, request: TokenRequest) -> TokenRequest:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Authlib's signals have no listeners here."""

    def authenticate_client(self, request: TokenRequest, methods: list[str], endpoint: str = "token") -> RegisteredClient:
        """Exactly one method, the registered one (RFC 6749 2.3). One answer for unknown client, wrong secret, wrong method."""
        try:
            presented = read_credentials(
                request.headers.get("authorization"), request.form.get("client_id"), request.form.get("client_secret")
            )
        except InvalidCredentials as error:
            request.trace.check("oidc.client_authentication", False, said_by(error))
            raise ClientRefused(basic=error.basic) from error
        found = self._catalog.application_by(PROTOCOL, presented.client_id)
        client: RegisteredClient | None = found.prepared if found is not None else None
        request.trace.application_id = client.application_id if client is not None else None
        reason = _refusal(client, presented.method, presented.secret, enabled=found is not None and found.application.enabled)
        request.trace.check("oidc.client_authentication", not reason, reason)
        if client is None or reason or presented.method not in methods:
            raise ClientRefused(basic=request.headers.get("authorization") is not None)
        request.client, request.auth_method = client, presented.method
        return client

    def generate_token(self, grant_type: str, client: RegisteredClient, **_options: Any) -> dict[str, Any]:
        """The frame of an answer; `save_token` puts the token in."""
        return {"token_type": "Bearer"}

    def save_token(self, token: dict[str, Any], request: TokenRequest) -> None:
        """Takes the code and stores what it gave, in one transaction: of two requests at once exactly one gets here."""
        grant: records.Grant = request.authorization_code
        now = self._clock.now()
        # An access token does not outlive the session that the identity provider granted.
        left = max(1, grant.session_ends_at - int(now.timestamp()))
        seconds = min(request.client.settings.access_token_lifetime_seconds, left)
        access_token = self._access_token_of(request.code)
        token |= {"access_token": access_token, "expires_in": seconds, "scope": grant.scope}
        expires_at = now + timedelta(seconds=seconds)
        with self._database.unit_of_work():
            taken = self.transient.take(records.CODE, request.code)
            if taken is not None:
                self.transient.put(records.ACCESS_TOKEN, access_token, taken, expires_at)
        if taken is None:
            self.revoke_replayed(request.code, request)
            raise InvalidGrantError("Invalid 'code' in request.")

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Document:
        kept = tuple((name, value) for name, value in headers if name.lower() not in ("content-type", "cache-control", "pragma"))
        # RFC 6749 5.1: no-store on everything that holds a token; errors alike, for they tell of clients.
        no_store = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
        return Document(msgspec.json.encode(body), "application/json", status, (*kept, *no_store))

    # --- what grants call ---------------------------------------------------------------------------------------------

    def is_enabled(self, grant: records.Grant) -> bool:
        """The gate of SECURITY 4: application, tenant, connector and person are all still switched on, the person not signed
        out everywhere since (FEATURES I8)."""
        application = self._catalog.application(grant.application_id)
        return (
            application is not None
            and application.application.enabled
            and application.application.serves(grant.tenant_id)
            and application.application.accepts_connector(grant.connector_id)
            and self._catalog.enabled(grant.tenant_id, grant.connector_id)
            and still_welcome(self._database, grant.tenant_id, grant.identity_id, grant.issued_at)
        )

    def revoke_replayed(self, code: str, request: TokenRequest) -> None:
        """RFC 6749 4.1.2: a code that comes a second time was seen by somebody else; what it gave is taken back."""
        given = self._access_token_of(code)
        if self.transient.get(records.ACCESS_TOKEN, given) is None:
            request.trace.check("oidc.code", False, "the code is unknown or older than a minute")
            return
        self.transient.delete(records.ACCESS_TOKEN, given)
        request.trace.check("oidc.code_once", False, "the code was used before; the access token that it gave is revoked")
        log.warning("authorization code replayed", extra={"application": request.trace.application_id})

    def _access_token_of(self, code: str) -> str:
        # Derived under a secret of the hub, so that a replayed code leads to what it gave and no token is stored in the open.
        digest = hmac.digest(self._keyring.secret("client_secret_pepper"), b"access token of code " + code.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def id_token(self, grant: records.Grant, client: RegisteredClient, access_token: str) -> str:
        """OIDC Core 2. `iss` is the issuer that the authorization request came to."""
        now = int(self._clock.now().timestamp())
        algorithm = client.settings.id_token_signed_response_alg
        claims = build_id_token(
            protocol_claims={
                "iss": grant.issuer,
                "sub": grant.subject,
                "aud": grant.client_id,
                "exp": now + client.settings.id_token_lifetime_seconds,
                "iat": now,
                "auth_time": grant.auth_time,
                "nonce": grant.nonce,
                "acr": grant.acr,
                "amr": list(grant.amr) or None,
                "sid": grant.sid,
                "tid": grant.tenant_id,
            },
            person_claims=grant.claims,
            access_token=access_token,
            algorithm=algorithm,
        )
        return jose.signer(self._keyring.active(KeyUse.OIDC_SIGNING, algorithm, grant.key_owner)).sign(claims)


class ClientRefused(InvalidClientError):  # type: ignore[misc]
    """401 with a challenge when the client used the header (RFC 6749 5.2), else 401 without."""

    def __init__(self, *, basic: bool) -> None:
        super().__init__(description="Client authentication failed.", status_code=401)
        self._basic = basic

    def get_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", 'Basic realm="token"')] if self._basic else []


def presented_client(incoming: Incoming) -> str:
    """The client id as it was presented, unverified, for counting failures; "" when it cannot be read."""
    form, header = dict(incoming.form), incoming.headers.get("authorization")
    try:
        return read_credentials(header, form.get("client_id"), form.get("client_secret")).client_id[:200]
    except InvalidCredentials:
        return ""


def _refusal(client: RegisteredClient | None, method: str, secret: str | None, *, enabled: bool) -> str:
    if client is None:
        return translatable("no application has this client id")
    if not enabled:
        return translatable("the application is switched off")
    registered = client.settings.token_endpoint_auth_method
    if method != registered:
        return filled("the client used %(method)s, registered is %(registered)s", method=method, registered=registered)
    if secret is not None and not client.check_client_secret(secret):
        return translatable("wrong client secret")
    return ""


def _require_well_formed(incoming: Incoming) -> None:
    # RFC 6749 2.3.1: credentials MUST NOT be in the URI, where logs keep them.
    if any(name in _CREDENTIALS for name, _ in incoming.query):
        raise InvalidRequestError("Parameters belong in the request body.")
    names = [name for name, _ in incoming.form]
    if len(names) != len(set(names)):
        raise InvalidRequestError("A parameter occurs more than once.")
    grant_type = dict(incoming.form).get("grant_type")
    if not grant_type:
        raise InvalidRequestError("grant_type is missing, or the body is not application/x-www-form-urlencoded.")
    if grant_type != CodeGrant.GRANT_TYPE:
        raise OAuth2Error("Only authorization_code is supported.", error="unsupported_grant_type")
