"""A customer's directory for tests: pushes people and groups over HTTP, as Entra ID or Okta would.

directory = Directory(hub, "acme", idp.connector_id)      # switched on, with a token
ann = directory.add("ann@acme.example")                   # the id that the hub gave her
directory.patch(f"/Users/{ann}", {"op": "replace", "path": "active", "value": False})
"""

from __future__ import annotations

from typing import Any

from werkzeug.test import Client, TestResponse

from broker.domain.directory import Matching, UnknownPeople
from broker.domain.trust import Connector
from broker.services.provisioning import SaveDirectory
from tests.support.hub import ME, PUBLIC_URL, Hub

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    def __init__(self, hub: Hub, tenant: str, connector_id: str, *, matching: str = "email", unknown: str = "admit") -> None:
        self.hub, self.tenant, self.connector_id = hub, tenant, connector_id
        self.client = Client(hub.app, use_cookies=False)
        self.service = hub.built.services.directories
        self.save(matching=matching, unknown=unknown)
        self.token = self.service.make_token(ME, self.connector).secret

    @property
    def connector(self) -> Connector:
        found = self.hub.built.connectors.by_id(self.hub.tenants[self.tenant], self.connector_id)
        assert found is not None
        return found

    def save(self, *, enabled: bool = True, matching: str = "email", unknown: str = "admit") -> None:
        self.service.save(ME, self.connector, SaveDirectory(enabled, Matching(matching), UnknownPeople(unknown)))

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token if token is None else token}", **headers}
        content: dict[str, Any] = {} if body is None else {"json": body, "content_type": "application/scim+json"}
        return self.client.open(
            f"/scim/v2/{self.connector_id}{path}", base_url=PUBLIC_URL, method=method, headers=sent, **content
        )

    def get(self, path: str, **query: str) -> Any:
        from urllib.parse import urlencode

        response = self.call("GET", path + (f"?{urlencode(query)}" if query else ""))
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()

    def find(self, condition: str, path: str = "/Users") -> list[Any]:
        """What a filter finds."""
        found: list[Any] = self.get(path, filter=condition)["Resources"]
        return found

    def patch(self, path: str, *operations: dict[str, Any], expect: int = 200) -> Any:
        response = self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})
        assert response.status_code == expect, response.get_data(as_text=True)
        return response.get_json()

    # --- words --------------------------------------------------------------------------------------------------------

    def add(self, user_name: str, *, expect: int = 201, **attributes: Any) -> str:
        """A person; their id here."""
        response = self.call("POST", "/Users", {"schemas": [USER], "userName": user_name, "active": True, **attributes})
        assert response.status_code == expect, response.get_data(as_text=True)
        return str(response.get_json().get("id", ""))

    def group(self, name: str, *people: str) -> str:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in people]}
        response = self.call("POST", "/Groups", body)
        assert response.status_code == 201, response.get_data(as_text=True)
        return str(response.get_json()["id"])

    def switch_off(self, person_id: str) -> None:
        self.patch(f"/Users/{person_id}", {"op": "replace", "path": "active", "value": False})

    def switch_on(self, person_id: str) -> None:
        self.patch(f"/Users/{person_id}", {"op": "replace", "path": "active", "value": True})

    def delete(self, person_id: str) -> None:
        response = self.call("DELETE", f"/Users/{person_id}")
        assert response.status_code == 204, response.get_data(as_text=True)
