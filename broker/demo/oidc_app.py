"""Atlas: an OpenID Connect application of the demonstration. It trusts one issuer, the hub."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests
from flask import Flask, Response, redirect, request, session
from werkzeug.wrappers import Response as WerkzeugResponse

from broker.demo.site import ANSWERED, PartnerError, app_page, make_site
from broker.demo.state import StateFiles
from broker.demo.world import World
from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.protocols import jose

SITE = "atlas"
TITLE = "Atlas"
CLIENT_ID = "demo-oidc-app"
CREDENTIAL = "demo-oidc-app"

_TIMEOUT_SECONDS = 5
_ALGORITHMS = frozenset({"RS256", "ES256"})


def create(world: World, files: StateFiles, clock: Clock) -> Flask:
    app = make_site(SITE, TITLE, world.oidc_app)
    client = _Client(f"{world.oidc_app}/callback", files.secret(CREDENTIAL), clock)

    @app.get("/")
    def home() -> Response:
        who = session.get("who")
        return app_page(SITE, TITLE, "OpenID Connect", who=who, other=world.saml_app, other_title="Ledger", tenant="globex")

    @app.get("/login")
    def login() -> WerkzeugResponse:
        issuer = _issuer_of(world, request.args.get("tenant"))
        started = {"issuer": issuer, "state": random_ids.handle(), "nonce": random_ids.handle(), "verifier": random_ids.secret()}
        session["started"] = started
        return redirect(client.authorization_address(started, fresh=request.args.get("fresh") == "yes"))

    @app.get("/callback")
    def callback() -> WerkzeugResponse:
        started = session.pop("started", None)
        if started is None or request.args.get("state") != started["state"]:
            raise PartnerError(ANSWERED)
        if request.args.get("iss") != started["issuer"]:  # RFC 9207 2.4
            raise PartnerError("The answer comes from another issuer.")
        if "error" in request.args:
            raise PartnerError(f"Vestibule did not sign you in. OAuth error: {request.args['error']}")
        session["who"] = client.redeem(started, request.args.get("code", ""))
        return redirect("/", 303)

    @app.post("/logout")
    def logout() -> WerkzeugResponse:
        session.clear()
        return redirect("/", 303)

    return app


def _issuer_of(world: World, tenant: str | None) -> str:
    """The common issuer of the hub, or one tenant's own."""
    if tenant is None:
        return world.broker_url
    if not tenant.replace("-", "").isalnum():
        raise PartnerError("There is no such organisation.")
    return f"{world.broker_url}/t/{tenant}"


class _Client:
    """A plain relying party: code flow with PKCE, state and nonce (OpenID Connect Core 3.1)."""

    def __init__(self, redirect_uri: str, secret: str, clock: Clock) -> None:
        self.redirect_uri = redirect_uri
        self.secret = secret
        self.clock = clock

    def authorization_address(self, started: dict[str, str], *, fresh: bool) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(started["verifier"].encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email profile",
            "state": started["state"],
            "nonce": started["nonce"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if fresh:
            asked["prompt"] = "login"
        return f"{self._provider(started['issuer'])['authorization_endpoint']}?{urlencode(asked)}"

    def redeem(self, started: dict[str, str], code: str) -> dict[str, object]:
        """The person, for the session. Raises PartnerError."""
        provider = self._provider(started["issuer"])
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        # RFC 6749 2.3.1: both parts are form-encoded before they go into HTTP Basic.
        basic = (quote_plus(CLIENT_ID), quote_plus(self.secret))
        tokens = _json("POST", provider["token_endpoint"], data=grant | {"code_verifier": started["verifier"]}, auth=basic)
        claims = self._validated(tokens.get("id_token", ""), provider, started)
        bearer = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        userinfo = _json("GET", provider["userinfo_endpoint"], headers=bearer)
        if userinfo.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
            raise PartnerError("The userinfo answer is about somebody else.")
        shown = [(name, _texts(value)) for name, value in {**userinfo, **claims}.items()]
        return {"subject": claims["sub"], "issuer": started["issuer"], "claims": shown}

    def _validated(self, id_token: str, provider: dict[str, Any], started: dict[str, str]) -> dict[str, Any]:
        """OpenID Connect Core 3.1.3.7."""
        keys = _get(provider["jwks_uri"])
        try:
            claims = jose.verify(jose.read_header(id_token), jose.read_key_set(keys), _ALGORITHMS).claims
        except jose.InvalidToken as error:
            raise PartnerError("The signature of the answer does not verify.") from error
        audience = claims.get("aud")
        fits = (
            claims.get("iss") == started["issuer"]
            and audience in (CLIENT_ID, [CLIENT_ID])
            and claims.get("nonce") == started["nonce"]
            and (jose.numeric_date(claims.get("exp")) or 0) > self.clock.now().timestamp()
            and isinstance(claims.get("sub"), str)
        )
        if not fits:
            raise PartnerError("The answer does not belong to this request.")
        return claims

    def _provider(self, issuer: str) -> dict[str, Any]:
        """The issuer's own description (OpenID Connect Discovery 4.3: it must name itself exactly)."""
        found = _json("GET", f"{issuer}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise PartnerError("The issuer describes itself under another name.")
        return found


def _get(url: str) -> bytes:
    try:
        answer = requests.get(url, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise PartnerError("Vestibule does not answer.") from error
    return answer.content


def _json(method: str, url: str, **options: Any) -> dict[str, Any]:
    try:
        answer = requests.request(method, url, timeout=_TIMEOUT_SECONDS, allow_redirects=False, **options)
        found = answer.json()
    except requests.RequestException as error:
        raise PartnerError("Vestibule does not answer.") from error
    if answer.status_code != 200 or not isinstance(found, dict):
        reason = found.get("error", answer.status_code) if isinstance(found, dict) else answer.status_code
        raise PartnerError(f"Vestibule did not give tokens. OAuth error: {reason}")
    return found


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
