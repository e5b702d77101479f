"""Somebody who tests a connector: an address from the API or console, a browser, and the report."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from broker.services.actor import Actor
from broker.services.operations.login_tests import LoginTestResult, ReadLoginTest, StartLoginTest
from tests.support import pages
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import SamlSide, Side


class Trial:
    """`tester.begin()` sends a browser to the provider; `tester.result()` is the report as scripts read it."""

    def __init__(self, hub: Hub, connector: str = "idp", tenant: str = "acme", application: str = "", actor: Actor = ME) -> None:
        self.hub, self.connector, self.tenant, self.actor = hub, connector, tenant, actor
        self.browser: Browser = hub.browser()
        started = hub.built.operations.run(actor, "connector.test", StartLoginTest(tenant, connector, application))
        self.id, self.url = started.test, started.url

    def page(self) -> str:
        return self.browser.open(self.url).get_data(as_text=True)

    def begin(self, browser: Browser | None = None) -> TestResponse:
        browser = browser or self.browser
        form = pages.form_to(browser.open(self.url).get_data(as_text=True), f"/test/{self.id}")
        return browser.post(self.url, form.fields)

    def make(self, side: Side, **deviations: Any) -> TestResponse:
        """From the button to the page that the browser ends on."""
        answer = side.authenticate(self.browser, self.begin(), **deviations)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return self.browser.open(answer.headers["Location"])

    def result(self) -> LoginTestResult:
        found = self.hub.built.operations.run(self.actor, "connector.test_result", ReadLoginTest(self.tenant, self.connector, self.id))
        assert isinstance(found, LoginTestResult)
        return found


def draft(hub: Hub, tenant: str, slug: str = "idp", **changes: Any) -> SamlSide:
    """A SAML identity provider whose connector is switched off."""
    side = hub.saml_idp(tenant, slug, **changes)
    hub.built.connectors.set_enabled(ME, hub.tenants[tenant], slug, enabled=False)
    return side
