"""The customer's administrator: somebody with a set-up link and a browser, who presses what the pages show."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from werkzeug.test import TestResponse

from tests.support import pages
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub
from tests.support.partners import Side

STANDS_ON = {
    "/kind": "/system",
    "/about": "/about",
    "/metadata": "/details",
    "/metadata-text": "/details",
    "/metadata-address": "/details",
    "/oidc": "/details",
    "/take-over": "/details",
    "/certificate": "/details",
    "/domains": "/domains",
    "/domains/check": "/domains",
    "/domains/withdraw": "/domains",
    "/test": "/test",
    "/enable": "/switch",
    "/disable": "/switch",
    "/directory": "/directory",
    "/directory/token": "/directory",
    "/directory/revoke": "/directory",
}
"""Where a form goes → the page that it stands on."""


class Administrator:
    def __init__(self, hub: Hub, link: str) -> None:
        self.hub, self.link = hub, link
        self.browser: Browser = hub.browser()

    @property
    def token(self) -> str:
        return self.link.rpartition("/")[2]

    def page(self, path: str = "") -> str:
        return self.browser.open(f"{self.link}{path}").get_data(as_text=True)

    def form(self, ending: str) -> pages.Form:
        return pages.form_to(self.page(STANDS_ON[ending]), ending)

    def press(self, ending: str, **fields: str) -> TestResponse:
        return self.browser.post(f"{self.link}{ending}", {**self.form(ending).fields, **fields})

    def upload(self, document: bytes, name: str = "m.xml") -> TestResponse:
        """Gives metadata; what it would change of a connector that works waits for `press("/take-over")`."""
        data: dict[str, Any] = {**self.form("/metadata").fields, "metadata": (BytesIO(document), name)}
        return self.browser.open(f"{self.link}/metadata", method="POST", data=data)

    def switch_on(self) -> TestResponse:
        """Deliberately without a test."""
        return self.press("/enable", untested="yes")

    def test(self, side: Side, **deviations: Any) -> str:
        """Makes a test login; the page with its report."""
        answer = side.authenticate(self.browser, self.press("/test"), **deviations)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        shown = self.browser.open(answer.headers["Location"])
        assert answer.headers["Location"].startswith(f"{PUBLIC_URL}{self.link}/test/")
        return shown.get_data(as_text=True)


def link_for(hub: Hub, tenant: str, days: int = 14) -> Administrator:
    link = hub.built.setup_links.create(ME, hub.tenants[tenant], days=days)
    return Administrator(hub, f"/setup/{link.token}")


def only_connector(hub: Hub, tenant: str = "acme") -> Any:
    (found,) = hub.built.connectors.all(hub.tenants[tenant])
    return found
