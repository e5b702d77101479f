"""An application built on Authlib's OAuth2Session: /login, /callback and, when `waits`, /redeem for the second half."""

from __future__ import annotations

import json
import secrets
from typing import Any

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from tests.support.servers import Client

WAIT_SECONDS = 60


class AuthlibApp:
    """A WSGI app. `client` is what the hub's administrator gave its developer."""

    def __init__(self, issuer: str, client: Client, *, auth: str, alg: str = "RS256", waits: bool = False) -> None:
        self.issuer, self.client, self.auth, self.alg, self.waits = issuer, client, auth, alg, waits
        self.url = client.redirect_uri.removesuffix("/callback")
        self.verifier = self.state = self.nonce = self.answered = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except OAuthError as error:
            answer = _json({"error": error.error, "description": error.description}, 500)
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Any:
        if request.path == "/login":
            return redirect(self._authorization_url(request.args.to_dict()))
        if "error" in request.args:  # as Authlib's framework integrations do; OAuth2Session leaves it to the application
            raise OAuthError(request.args["error"], request.args.get("error_description"))
        if request.path == "/callback":
            self.answered = request.url
            if self.waits:
                return _json({"waits": True})
        return _json(self._redeem())

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.client.id,
            self.client.secret,
            token_endpoint_auth_method=self.auth,
            scope="openid profile email",
            redirect_uri=self.client.redirect_uri,
            code_challenge_method="S256",
            state=self.state or None,
            default_timeout=WAIT_SECONDS,
        )

    def _metadata(self, session: OAuth2Session) -> dict[str, Any]:
        found: dict[str, Any] = session.get(f"{self.issuer}/.well-known/openid-configuration", withhold_token=True).json()
        assert found["issuer"] == self.issuer
        return found

    def _authorization_url(self, more: dict[str, str]) -> str:
        self.verifier, self.nonce, self.state = generate_token(48), secrets.token_urlsafe(16), ""
        with self._session() as session:
            url, self.state = session.create_authorization_url(
                self._metadata(session)["authorization_endpoint"], code_verifier=self.verifier, nonce=self.nonce, **more
            )
        return str(url)

    def _redeem(self) -> dict[str, Any]:
        with self._session() as session:
            metadata = self._metadata(session)
            token = session.fetch_token(
                metadata["token_endpoint"], authorization_response=self.answered, code_verifier=self.verifier
            )
            keys = KeySet.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
            decoded = jwt.decode(token["id_token"], keys, algorithms=[self.alg])
            expected = {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client.id}}
            claims = CodeIDToken(
                decoded.claims, decoded.header, expected, {"nonce": self.nonce, "client_id": self.client.id, **token}
            )
            claims.validate(leeway=5)
            userinfo = session.get(metadata["userinfo_endpoint"]).json()
        return {"claims": dict(claims), "userinfo": userinfo, "token_type": token["token_type"]}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
