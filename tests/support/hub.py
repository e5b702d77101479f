"""The real hub for tests, and the vocabulary of its partners: tenants, identity providers, applications, browsers.

hub.tenant("acme", "acme.example")
idp = hub.saml_idp("acme")                      # or hub.oidc_op("acme")
app = hub.saml_app()                            # or hub.oidc_app()
browser = hub.browser()
result = app.sign_in(browser, idp)              # from the first click to what the application learns
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from werkzeug.test import Client, TestResponse

from broker.app import create_app, vestibule
from broker.domain.host import HostState
from broker.domain.messages import plain
from broker.services.actor import operator
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from broker.services.tenants import SaveDomain, SaveTenant
from broker.services.traces import TraceView
from broker.settings import Settings, validate
from broker.store import trace_log
from broker.store.tables import configuration, hosts
from tests.support import databases
from tests.support.clock import FixedClock
from tests.support.partners import OidcApp, OidcSide, SamlApp, SamlSide

PUBLIC_URL = "http://localhost:8080"
ME = operator("test")


class Browser:
    """A person's browser: keeps cookies, posts forms, follows redirects only inside the hub."""

    def __init__(self, app: Any) -> None:
        self.client = Client(app, use_cookies=True)
        self.headers: dict[str, str] = {}
        """Sent with every request."""
        self.here = PUBLIC_URL
        """What addresses without a host belong to: the hub, or the tenant's host that was opened last."""

    def open(self, url: str, **arguments: Any) -> TestResponse:
        parts = urlsplit(url)
        if parts.netloc:
            self.here = f"http://{parts.netloc}" if parts.netloc.endswith(".localhost:8080") else PUBLIC_URL
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if self.headers:
            arguments["headers"] = {**self.headers, **arguments.get("headers", {})}
        return self.client.open(path, base_url=self.here, **arguments)

    def post(self, url: str, fields: dict[str, str] | tuple[tuple[str, str], ...]) -> TestResponse:
        from urllib.parse import urlencode

        return self.open(
            url,
            method="POST",
            data=urlencode(list(fields.items() if isinstance(fields, dict) else fields)),
            content_type="application/x-www-form-urlencoded",
        )


class Hub:
    """`with Hub(tmp_path) as hub:`; see the module."""

    def __init__(self, folder: Path, clock: FixedClock | None = None, **settings: Any) -> None:
        self.clock = clock or FixedClock()
        self.database_url = databases.fresh(folder)
        values: dict[str, Any] = {"public_url": PUBLIC_URL, "allow_private_addresses": ("127.0.0.0/8",), "log_level": "ERROR"}
        # What only a name like idp.acme.example stands for is not asked; tests of that switch it on.
        values |= {"watch_providers": False}
        with ExitStack() as undone:
            undone.callback(databases.drop, self.database_url)
            self.settings = validate(
                Settings(
                    state_dir=str(folder),
                    database_url=self.database_url,
                    master_key_file=str(databases.master_key_file()),
                    **{**values, **settings},
                )
            )
            self.app = create_app(self.settings, self.clock)
            undone.pop_all()
        self.built = vestibule(self.app)
        self._stack = ExitStack()
        self.tenants: dict[str, str] = {}

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self.built.database.dispose()
        databases.drop(self.database_url)

    # --- configuration ------------------------------------------------------------------------------------------------

    def tenant(self, slug: str, *domains: str, **changes: Any) -> str:
        change = self.built.tenants.save(ME, SaveTenant(slug, slug.title(), **changes))
        for domain in domains:
            self.built.tenants.save_domain(ME, SaveDomain(change.object_id, domain))
        self.tenants[slug] = change.object_id
        return change.object_id

    def host(self, tenant: str, name: str, state: HostState = HostState.ON) -> str:
        """A host of this tenant, as if it had been checked (`tests/faces/test_hosts.py` does check); what its addresses begin with."""
        self.built.services.hosts.add(ME, self.tenants[tenant], name)
        with self.built.database.unit_of_work() as connection:
            row = hosts.find(connection, self.tenants[tenant], name)
            assert row is not None
            hosts.change(connection, self.tenants[tenant], row.id, {"state": state}, state=row.state)
            configuration.record_change(connection, "host", row.id, self.clock.now())
        return f"http://{name}:8080"

    def saml_idp(
        self, tenant: str, slug: str = "idp", *, type: str = "saml", entity_id: str | None = None, **changes: Any
    ) -> SamlSide:
        """A SAML identity provider that this tenant trusts."""
        side = SamlSide(self, entity_id or f"https://{slug}.{tenant}.example/saml", f"{tenant} {slug}")
        settings = changes.pop("settings", {})
        command = SaveConnector(
            self.tenants[tenant], slug, type, f"{tenant} {slug}", settings, metadata=side.idp.metadata(), enabled=True, **changes
        )
        side.connector_id = self.built.connectors.save(ME, command).object_id
        return side

    def oidc_op(self, tenant: str, slug: str = "op", **changes: Any) -> OidcSide:
        """An OpenID provider on loopback that this tenant trusts."""
        side = OidcSide(self)
        self._stack.enter_context(side.op)
        settings = {**side.settings(), **changes.pop("settings", {})}
        command = SaveConnector(self.tenants[tenant], slug, "oidc", f"{tenant} {slug}", settings, enabled=True, **changes)
        side.connector_id = self.built.connectors.save(ME, command).object_id
        side.op.redirect_uri = f"{PUBLIC_URL}/upstream/{side.connector_id}/callback"
        return side

    def saml_app(self, slug: str = "wiki", *, settings: dict[str, Any] | None = None, **changes: Any) -> SamlApp:
        app = SamlApp(self, slug)
        values = {"entity_id": app.entity_id, "acs_urls": [app.acs], **(settings or {})}
        app.application_id = self._application(slug, "saml", values, changes)
        return app

    def oidc_app(self, slug: str = "mail", *, settings: dict[str, Any] | None = None, **changes: Any) -> OidcApp:
        app = OidcApp(self, slug)
        values = {"client_id": app.client_id, "redirect_uris": [app.redirect_uri], **(settings or {})}
        if values.get("token_endpoint_auth_method") != "none":
            changes.setdefault("client_secrets", (app.secret,))
        app.application_id = self._application(slug, "oidc", values, changes)
        return app

    def _application(self, slug: str, protocol: str, settings: dict[str, Any], changes: dict[str, Any]) -> str:
        changes.setdefault("tenant_ids", None)
        return self.built.applications.save(ME, SaveApplication(slug, slug.title(), protocol, settings, **changes)).object_id

    # --- people and support -------------------------------------------------------------------------------------------

    def browser(self) -> Browser:
        return Browser(self.app)

    def trace(self, response_or_code: TestResponse | str) -> TraceView:
        """The trace behind an error page's reference code."""
        code = response_or_code if isinstance(response_or_code, str) else reference_code(response_or_code)
        return self.built.traces.find(ME, code)[0]

    def count(self, table: str) -> int:
        with self.built.database.reading() as connection:
            return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0)


def reference_code(response: TestResponse) -> str:
    """From the page that a person would read out to support."""
    import re

    found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{2}\b", response.get_data(as_text=True))
    assert found is not None, f"no reference code on this page ({response.status_code})"
    return found.group(0)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def events_as_text(stored: bytes) -> bytes:
    """Everything that a stored trace says, to look for what must or must not be in it."""
    return msgspec.json.encode(trace_log.decode_events(stored), enc_hook=plain)
