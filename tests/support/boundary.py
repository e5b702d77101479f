"""A person at one identity provider and one application, in one call."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from broker.services.applications import SaveApplication
from tests.support.hub import ME, Hub
from tests.support.partners import Learned, SamlApp, SamlSide


def sign_in(app: SamlApp, idp: SamlSide, **deviations: Any) -> TestResponse:
    """One person in a fresh browser, straight to the only provider."""
    browser = app.hub.browser()
    return idp.authenticate(browser, browser.open(app.login_url(tenant="acme")), **deviations)


def learned(app: SamlApp, idp: SamlSide, **deviations: Any) -> Learned:
    return app.learn(sign_in(app, idp, **deviations))


def failed_check(hub: Hub, response: TestResponse) -> str:
    view = hub.trace(response)
    assert view.outcome == "failed"
    return next(event.name for event in reversed(view.events) if event.passed is False)


def change_app(hub: Hub, app: SamlApp, **changes: Any) -> None:
    settings = {"entity_id": app.entity_id, "acs_urls": [app.acs]}
    hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", settings, **{"tenant_ids": None, **changes}))
