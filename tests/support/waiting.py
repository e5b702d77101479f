"""One organisation and a login that waits at its identity provider, for tests of what may happen to it meanwhile."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from broker.domain.http import Incoming
from broker.login.context import Login
from broker.services.applications import SaveApplication
from tests.support.hub import ME, Browser, Hub

BINDING = "__Host-vestibule-browser"


class World:
    """One organisation, one SAML application; a login that waits at the identity provider."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        self.idp, self.app = hub.saml_idp("acme"), hub.saml_app()
        self.browser = hub.browser()

    def begin(self, **attributes: Any) -> TestResponse:
        waiting = self.browser.open(self.app.login_url(**attributes))
        assert waiting.headers["Location"].startswith(self.idp.idp.sso)
        return waiting

    def handle(self, waiting: TestResponse) -> str:
        return self.idp.answer_for(waiting)[1]

    def incoming(self, browser: Browser | None = None) -> Incoming:
        cookie = (browser or self.browser).client.get_cookie(BINDING, "localhost")
        return Incoming("GET", "/", cookies={} if cookie is None else {"vestibule-browser": cookie.value})

    def resumed(self, waiting: TestResponse) -> Login:
        """What a request has in hand that read the transaction before another answer finished it."""
        return self.hub.built.pipeline._resume(self.handle(waiting), self.incoming(), "test")

    def waiting_rows(self) -> int:
        with self.hub.built.database.reading() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM transients WHERE kind = 'login'").scalar() or 0)

    def save_app(self, **changes: Any) -> None:
        settings = {"entity_id": self.app.entity_id, "acs_urls": [self.app.acs], **changes.pop("settings", {})}
        self.hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", settings, **{"tenant_ids": None, **changes}))


STEPS = ["answer", "show", "choose by address", "choose by button", "return"]


def step(world: World, browser: Browser, waiting: TestResponse, name: str) -> TestResponse:
    path = f"/login/{world.handle(waiting)}"
    if name == "answer":
        return world.idp.authenticate(browser, waiting)
    if name == "show":
        return browser.open(path)
    if name == "return":
        return browser.post(f"{path}/return", {})
    fields = {"email": "ann@acme.example"} if name == "choose by address" else {"connector": world.idp.connector_id}
    return browser.post(path, fields)


def authentication_of(world: World, now: Any) -> Any:
    from broker.domain.authentication import NOT_BEARER, AuthenticationContext, UpstreamAuthentication, UpstreamSubject
    from broker.domain.claims import Claims

    subject = UpstreamSubject(world.idp.connector_id, "i", "s")
    return UpstreamAuthentication(subject, Claims(), AuthenticationContext(now), NOT_BEARER)
