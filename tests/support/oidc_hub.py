"""The real hub on a fresh database, with one tenant whose people sign in at `oidc_op`, and one OIDC application.

`OidcHub` speaks the application's side: authorize, sign in, token, userinfo. The clock stands still.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from werkzeug.test import Client, TestResponse

from broker.app import create_app, vestibule
from broker.protocols import jose
from broker.protocols.oidc import pkce
from broker.services.actor import operator
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from broker.services.tenants import SaveDomain, SaveTenant
from broker.settings import Settings, validate
from tests.support import databases
from tests.support.oidc_connector import FixedClock
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, OpenIdProvider

PUBLIC_URL = "http://localhost:8080"
APP_ID, APP_SECRET = "app one", "app+secret%"
CALLBACK = "https://app.example/cb?from=hub"
APP = operator("test")


class OidcHub:
    """`with OidcHub(tmp_path) as hub:`."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.op = OpenIdProvider(self.clock)
        self.database_url = databases.fresh(folder)
        settings = validate(
            Settings(
                public_url=PUBLIC_URL,
                state_dir=str(folder),
                database_url=self.database_url,
                master_key_file=str(databases.master_key_file()),
                allow_private_addresses=("127.0.0.0/8",),
                log_level="ERROR",
            )
        )
        self.app = create_app(settings, self.clock)
        self.built = vestibule(self.app)
        self.browser = Client(self.app, use_cookies=True)
        self.machine = Client(self.app, use_cookies=False)
        self.verifier = secrets.token_urlsafe(32)

    def __enter__(self) -> OidcHub:
        self.op.__enter__()
        self.tenant_id = self.built.tenants.save(APP, SaveTenant("acme", "Acme")).object_id
        self.built.tenants.save_domain(APP, SaveDomain(self.tenant_id, "acme.example"))
        self.connector = SaveConnector(
            self.tenant_id,
            "op",
            "oidc",
            "Acme sign-in",
            settings={"issuer": self.op.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
            enabled=True,
        )
        self.connector_id = self.built.connectors.save(APP, self.connector).object_id
        self.op.redirect_uri = f"{PUBLIC_URL}/upstream/{self.connector_id}/callback"
        self.application = SaveApplication(
            "app",
            "App One",
            "oidc",
            settings={"client_id": "app-one", "redirect_uris": [CALLBACK, "https://app.example/other"]},
            client_secrets=(APP_SECRET,),
            tenant_ids=None,
        )
        self.change_application()
        self.client_id = "app-one"
        return self

    def __exit__(self, *error: object) -> None:
        self.op.__exit__(*error)
        self.built.database.dispose()
        databases.drop(self.database_url)

    def change_application(self, settings: dict[str, Any] | None = None, **changes: Any) -> None:
        merged = {**self.application.settings, **(settings or {})}
        self.application = replace(self.application, settings=merged, **changes)
        self.built.applications.save(APP, self.application)

    def change_connector(self, **changes: Any) -> None:
        self.connector = replace(self.connector, **changes)
        self.built.connectors.save(APP, self.connector)

    # --- the application's side ---------------------------------------------------------------------------------------

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """A good authorization request; `None` leaves a parameter out."""
        self.verifier = secrets.token_urlsafe(32)
        values: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "st&te ü",
            "nonce": "n-1",
            "code_challenge": pkce.challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def authorize(self, *, base: str = "", method: str = "GET", raw: str | None = None, **changes: str | None) -> TestResponse:
        query = urlencode(self.parameters(**changes)) if raw is None else raw
        path = f"{base}/oauth2/authorize"
        if method == "POST":
            return self.browser.post(path, data=query, content_type="application/x-www-form-urlencoded", base_url=PUBLIC_URL)
        return self.browser.get(f"{path}?{query}", base_url=PUBLIC_URL)

    def sign_in(self, response: TestResponse) -> TestResponse:
        """From the redirect to the identity provider back to the redirect to the application."""
        assert response.status_code == 302, (response.status_code, response.text)
        answer = urlencode(self.op.visit(response.headers["Location"]))
        return self.browser.get(f"{urlsplit(self.op.redirect_uri).path}?{answer}", base_url=PUBLIC_URL)

    def code(self, *, base: str = "", **changes: str | None) -> str:
        """A fresh login up to the code."""
        self.browser = Client(self.app, use_cookies=True)
        return answered(self.sign_in(self.authorize(base=base, **changes)))["code"]

    def token(
        self,
        code: str,
        *,
        base: str = "",
        authorization: str | None = "",
        query: str = "",
        headers: dict[str, str] | None = None,
        **changes: str | None,
    ) -> TestResponse:
        """`authorization` "" is the right HTTP Basic header, None no header."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            **changes,
        }
        sent = dict(headers or {})
        if authorization is not None:
            sent["Authorization"] = authorization or basic(self.client_id, APP_SECRET)
        body = {name: value for name, value in form.items() if value is not None}
        return self.machine.post(f"{base}/oauth2/token{query}", data=body, headers=sent, base_url=PUBLIC_URL)

    def userinfo(self, access_token: str, *, base: str = "") -> TestResponse:
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.machine.get(f"{base}/oauth2/userinfo", headers=headers, base_url=PUBLIC_URL)

    def verified(self, id_token: str, *, base: str = "") -> dict[str, Any]:
        """The claims of an ID token, verified with the published keys."""
        published = self.machine.get(f"{base}/oauth2/jwks", base_url=PUBLIC_URL).data
        token = jose.read_header(id_token)
        return jose.verify(token, jose.read_key_set(published), frozenset({"RS256", "ES256"})).claims


def answered(response: TestResponse) -> dict[str, str]:
    """The parameters that the application receives."""
    assert response.status_code == 302, (response.status_code, response.text)
    location = response.headers["Location"]
    assert location.startswith(("https://app.example/", "http://127.0.0.1", "com.example.app:")), location
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True, encoding="utf-8"))


def basic(client_id: str, secret: str) -> str:
    """RFC 6749 2.3.1."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
