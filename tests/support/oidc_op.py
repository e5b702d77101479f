"""A small, real OpenID provider over loopback HTTP. Correct by default; every deviation is a parameter.

It checks what a provider must (client secret, redirect_uri, PKCE, single use), so that a client which passes here speaks
the protocol. `Deviation` changes one thing at a time: attacks are this table.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from broker.domain.clock import Clock

CLIENT_ID = "vestibule at op"  # with a space, so that form-encoding in HTTP Basic is exercised
CLIENT_SECRET = "s%cret+with:signs"
_RSA = RSAKey.generate_key(2048, {"kid": "op-1", "use": "sig"})
_NEXT_RSA = RSAKey.generate_key(2048, {"kid": "op-2", "use": "sig"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "op-1", "use": "sig"})
Claims = dict[str, Any]


def _same(value: Any) -> Any:
    return value


@dataclass
class Deviation:
    """What this provider does differently from the standard."""

    claims: Callable[[Claims], Claims] = _same
    """Changes the ID token's claims before they are signed."""
    header: dict[str, Any] = field(default_factory=dict)
    """Members added to the ID token's header."""
    token: Callable[[Claims, dict[str, Any]], str] | None = None
    """Makes the ID token instead of signing it."""
    key: RSAKey | ECKey | None = None
    userinfo: Callable[[Claims], Any] = _same
    token_answer: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]] | None = None
    callback: Callable[[dict[str, str]], dict[str, str]] = _same
    discovery: Callable[[dict[str, Any]], dict[str, Any]] = _same
    jwks: Callable[[dict[str, Any]], dict[str, Any]] = _same


class OpenIdProvider:
    """`with OpenIdProvider(clock) as op:`; `op.visit(url)` is the browser of somebody who signs in at once."""

    def __init__(self, clock: Clock, *, redirect_uri: str = "https://hub.example/upstream/con_1/callback") -> None:
        self.clock = clock
        self.redirect_uri = redirect_uri
        self.person: Claims = {
            "sub": "person-1",
            "email": "ada@acme.example",
            "email_verified": True,
            "name": "Ada Lovelace",
            "groups": ["staff", "math"],
        }
        self.deviation = Deviation()
        self.signing_key: RSAKey | ECKey = _RSA
        self.requests: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, Claims] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> OpenIdProvider:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def roll_key(self) -> None:
        self.signing_key = _NEXT_RSA

    def count(self, path: str) -> int:
        return sum(1 for requested in self.requests if requested == path)

    # --- the browser's side -------------------------------------------------------------------------------------------

    def visit(self, url: str) -> dict[str, str]:
        """Signs in at the authorization endpoint; returns the parameters that come back to the redirect URI."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
        assert url.startswith(self.issuer + "/authorize?")
        assert query["client_id"] == CLIENT_ID
        assert query["redirect_uri"] == self.redirect_uri
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return self.deviation.callback({"code": code, "state": query["state"], "iss": self.issuer})

    def callback_query(self, url: str) -> bytes:
        return urlencode(self.visit(url)).encode()

    # --- the endpoints ------------------------------------------------------------------------------------------------

    def discovery(self) -> dict[str, Any]:
        return self.deviation.discovery(
            {
                "issuer": self.issuer,
                "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token",
                "userinfo_endpoint": self.issuer + "/userinfo",
                "jwks_uri": self.issuer + "/jwks",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def jwks(self) -> dict[str, Any]:
        return self.deviation.jwks({"keys": [self.signing_key.as_dict(private=False)]})

    def token(self, headers: Any, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if not _authenticated(headers, form):
            return 401, {}, json.dumps({"error": "invalid_client"}).encode()
        query = self._codes.pop(form.get("code", ""), None)
        if query is None or form.get("redirect_uri") != query["redirect_uri"] or not _proves(form, query):
            return 400, {}, json.dumps({"error": "invalid_grant", "error_description": "<b>no</b>"}).encode()
        access_token = secrets.token_urlsafe(16)
        self._tokens[access_token] = dict(self.person)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.id_token(query, access_token),
        }
        if self.deviation.token_answer is not None:
            return self.deviation.token_answer(answer)
        return 200, {}, json.dumps(answer).encode()

    def id_token(self, query: dict[str, str], access_token: str) -> str:
        now = int(self.clock.now().timestamp())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: Claims = {
            "iss": self.issuer,
            "sub": self.person["sub"],
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": query["nonce"],
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        if "max_age" in query:
            claims["auth_time"] = now
        claims = self.deviation.claims(claims)
        key = self.deviation.key or self.signing_key
        header = {"alg": "RS256" if isinstance(key, RSAKey) else "ES256", "kid": key.kid, **self.deviation.header}
        if self.deviation.token is not None:
            return self.deviation.token(claims, header)
        return sign(claims, header, key)

    def userinfo(self, headers: Any) -> tuple[int, dict[str, str], bytes]:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._tokens:
            return 401, {}, b"{}"
        return 200, {}, json.dumps(self.deviation.userinfo(self._tokens[token])).encode()


def sign(claims: Claims, header: dict[str, Any], key: RSAKey | ECKey) -> str:
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    registry.check_header = lambda header: None  # type: ignore[method-assign,assignment] # forged headers must be signable
    return jws.serialize_compact(header, json.dumps(claims), key, registry=registry)


def _authenticated(headers: Any, form: dict[str, str]) -> bool:
    header = headers.get("Authorization", "")
    if header.startswith("Basic "):
        client_id, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        return (unquote_plus(client_id), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET) and "client_secret" not in form
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


def _proves(form: dict[str, str], query: dict[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"]


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            provider.requests.append(path)
            if path.endswith("/.well-known/openid-configuration"):
                self._send(200, {}, json.dumps(provider.discovery()).encode())
            elif path == "/jwks":
                self._send(200, {}, json.dumps(provider.jwks()).encode())
            elif path == "/userinfo":
                self._send(*provider.userinfo(self.headers))
            else:
                self._send(404, {}, b"{}")

        def do_POST(self) -> None:
            provider.requests.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            if self.path == "/token":
                self._send(*provider.token(self.headers, form))
            else:
                self._send(404, {}, b"{}")

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler
