"""A script in front of the management API: a token, and requests that say what they expect."""

from __future__ import annotations

import base64
from typing import Any

from werkzeug.test import Client, TestResponse

from broker.services.actor import Verb
from tests.support.hub import ME, PUBLIC_URL, Hub

BASE = "/api/v1"
EVERYTHING = frozenset(Verb)


class Api:
    """`api.get("/tenants")`; keeps no cookies. `token` "" sends none."""

    def __init__(self, hub: Hub, token: str) -> None:
        self.hub, self.token = hub, token
        self.client = Client(hub.app, use_cookies=False)

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **sent: Any) -> TestResponse:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(
            path if path.startswith("/api") else BASE + path,
            method=method,
            base_url=PUBLIC_URL,
            headers={**authorization, **(headers or {})},
            **sent,
        )

    def get(self, path: str, status: int = 200, **sent: Any) -> Any:
        return self._json(self.ask("GET", path, **sent), status)

    def post(self, path: str, body: Any = None, status: int = 200, **sent: Any) -> Any:
        return self._json(self.ask("POST", path, json=body if body is not None else {}, **sent), status)

    def put(self, path: str, body: Any = None, status: int = 200, **sent: Any) -> Any:
        return self._json(self.ask("PUT", path, json=body if body is not None else {}, **sent), status)

    def delete(self, path: str, status: int = 200, **sent: Any) -> Any:
        return self._json(self.ask("DELETE", path, **sent), status)

    @staticmethod
    def _json(response: TestResponse, status: int) -> Any:
        assert response.status_code == status, (response.status_code, response.get_data(as_text=True))
        return response.get_json() if response.data else None


def token(hub: Hub, *, verbs: frozenset[Verb] = EVERYTHING, tenant: str | None = None, name: str = "", days: int = 30) -> str:
    if tenant is not None:
        verbs = verbs - {Verb.ADMINISTER}
    who = name or f"script-{hub.count('api_tokens')}"
    tenant_id = hub.tenants[tenant] if tenant else None
    return hub.built.services.api_tokens.create(ME, who, verbs, tenant_id=tenant_id, days=days).secret


def api(hub: Hub, **scope: Any) -> Api:
    return Api(hub, token(hub, **scope))


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}
