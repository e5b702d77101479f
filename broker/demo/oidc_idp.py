"""Globex Login: an OpenID provider of the demonstration. One picks a person instead of typing a password."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import unquote_plus, urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from broker.demo.site import PartnerError, Waiting, make_site, page
from broker.demo.state import StateFiles
from broker.demo.world import GLOBEX_PEOPLE, Person, World, person_of
from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.domain.keys import KeyUse
from broker.protocols import jose

SITE = "globex-login"
TITLE = "Globex Login"
CLIENT_ID = "vestibule"
CREDENTIAL = "globex-login"

_CODE_SECONDS = 60
_TOKEN_SECONDS = 300


def discovery(issuer: str) -> dict[str, Any]:
    """OpenID Connect Discovery 3."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "groups"],
        "claims_supported": ["sub", "email", "email_verified", "name", "given_name", "family_name", "groups"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def create(world: World, files: StateFiles, clock: Clock) -> Flask:
    app = make_site(SITE, TITLE, world.oidc_idp)
    provider = _Provider(world, files, clock)
    _front(app, provider)
    _back(app, provider)
    return app


class _Provider:
    """What both halves share: waiting requests, codes, tokens, the key."""

    def __init__(self, world: World, files: StateFiles, clock: Clock) -> None:
        self.world = world
        self.issuer = world.oidc_idp
        self.clock = clock
        self.secret = files.secret(CREDENTIAL)
        self.key = files.key("globex-login", KeyUse.OIDC_SIGNING)
        self.signer = jose.signer(self.key)
        self.requests = Waiting()
        self.codes = Waiting()
        self.tokens = Waiting()

    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def back(self, item: dict[str, str], **parameters: str) -> WerkzeugResponse:
        """To the hub, with `iss` (RFC 9207)."""
        answer = {**parameters, "iss": self.issuer}
        if item["state"]:
            answer["state"] = item["state"]
        return redirect(f"{item['redirect_uri']}?{urlencode(answer)}")

    def id_token(self, item: dict[str, str], person: Person) -> str:
        now = self.now()
        claims: dict[str, Any] = {"iss": self.issuer, "sub": person.id, "aud": CLIENT_ID, "iat": now, "exp": now + _TOKEN_SECONDS}
        claims["auth_time"] = int(item["auth_time"])
        if item["nonce"]:
            claims["nonce"] = item["nonce"]
        return self.signer.sign(claims)


def _front(app: Flask, provider: _Provider) -> None:
    """What browsers see."""

    @app.get("/")
    def home() -> Response:
        return page("demo/idp_home.html", site=SITE, title=TITLE, people=GLOBEX_PEOPLE, start=provider.world.oidc_app)

    @app.get("/authorize")
    def authorize() -> WerkzeugResponse:
        asked = {name: request.args.get(name, "") for name in ("redirect_uri", "state", "nonce", "code_challenge", "login_hint")}
        if request.args.get("client_id") != CLIENT_ID or not provider.world.is_broker_address(asked["redirect_uri"], "/callback"):
            raise PartnerError("The request does not come from the Vestibule of this demonstration.")
        if request.args.get("response_type") != "code" or request.args.get("code_challenge_method") != "S256":
            return provider.back(asked, error="invalid_request")
        if request.args.get("prompt") == "none":
            return provider.back(asked, error="login_required")
        ticket = random_ids.handle()
        provider.requests.put(ticket, asked)
        return page("demo/pick.html", site=SITE, title=TITLE, people=GLOBEX_PEOPLE, ticket=ticket, hint=asked["login_hint"])

    @app.post("/pick")
    def pick() -> WerkzeugResponse:
        item = provider.requests.take(request.form.get("ticket", ""))
        person = person_of(GLOBEX_PEOPLE, request.form.get("person", ""))
        if person is None:
            return provider.back(item, error="access_denied")
        code = random_ids.handle()
        provider.codes.put(code, item | {"person": person.id, "auth_time": str(provider.now())})
        return provider.back(item, code=code)


def _back(app: Flask, provider: _Provider) -> None:
    """What the hub calls."""

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        return jsonify(discovery(provider.issuer))

    @app.get("/jwks")
    def jwks() -> Response:
        return Response(jose.public_key_set([provider.key]), content_type="application/jwk-set+json")

    @app.post("/token")
    def token() -> tuple[Response, int]:
        if not _client_known(provider.secret):
            return jsonify(error="invalid_client"), 401
        try:
            item = provider.codes.take(request.form.get("code", ""))
        except PartnerError:
            return jsonify(error="invalid_grant"), 400
        fresh = provider.now() - int(item["auth_time"]) <= _CODE_SECONDS
        if not fresh or request.form.get("redirect_uri") != item["redirect_uri"] or not _verifier_fits(item["code_challenge"]):
            return jsonify(error="invalid_grant"), 400
        person = person_of(GLOBEX_PEOPLE, item["person"])
        assert person is not None  # the code was made for one of them
        access_token = random_ids.handle()
        provider.tokens.put(access_token, {"person": person.id})
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS}
        return jsonify(answer | {"id_token": provider.id_token(item, person)}), 200

    @app.get("/userinfo")
    def userinfo() -> tuple[Response, int]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        try:
            person = person_of(GLOBEX_PEOPLE, provider.tokens.see(value if scheme == "Bearer" else "")["person"])
        except PartnerError:
            return jsonify(error="invalid_token"), 401
        assert person is not None  # as above
        names = {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
        address = {"email": person.email, "email_verified": True}
        return jsonify({"sub": person.id, **names, **address, "groups": list(person.groups)}), 200


def _client_known(secret: str) -> bool:
    """client_secret_basic, form-encoded first (RFC 6749 2.3.1), or client_secret_post."""
    client_id, given = request.form.get("client_id", ""), request.form.get("client_secret", "")
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            client_id, _, given = (unquote_plus(part) for part in base64.b64decode(value).decode().partition(":"))
        except (binascii.Error, UnicodeDecodeError):
            return False
    return client_id == CLIENT_ID and hmac.compare_digest(given.encode(), secret.encode())


def _verifier_fits(challenge: str) -> bool:
    """RFC 7636 4.6, S256."""
    digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
