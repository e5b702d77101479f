"""Staff in tests: an account of any role, and a browser that is signed in to the console as that account."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from broker.console import door
from broker.services.actor import Role
from broker.services.staff import StaffMember
from broker.web.http import COOKIE_PREFIX
from tests.support import pages
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub


def member(hub: Hub, role: Role = Role.OWNER, tenant: str | None = None, name: str = "") -> StaffMember:
    """An account; a tenant administrator needs the slug of its tenant."""
    who = name or f"{role.value}{f'-{tenant}' if tenant else ''}"
    tenant_id = hub.tenants[tenant] if tenant else None
    return hub.built.services.staff.accounts.create(ME, f"{who}@staff.example", who.title(), role, tenant_id)


class Desk:
    """A browser in front of the console."""

    def __init__(self, hub: Hub, who: StaffMember) -> None:
        self.hub, self.member = hub, who
        self.browser: Browser = hub.browser()
        handle = hub.built.services.staff.sessions.open(who, "test")
        self.browser.client.set_cookie(COOKIE_PREFIX + door.COOKIE, handle, domain="localhost", secure=True, httponly=True)

    def get(self, path: str, **sent: Any) -> TestResponse:
        return self.browser.open(path, **sent)

    def page(self, path: str) -> str:
        """The text of a page that must be there."""
        response = self.get(path)
        assert response.status_code == 200, (response.status_code, response.headers.get("location"), pages.text(response.data)[:300])
        return response.get_data(as_text=True)

    def submit(self, path: str, ending: str, **typed: str) -> TestResponse:
        """Opens the page, fills in its form that goes to `…ending`, and sends it."""
        form = pages.form_to(self.page(path), ending, f"{PUBLIC_URL}{path}").with_fields(**typed)
        return self.browser.post(form.action, form.fields)


def desk(hub: Hub, role: Role = Role.OWNER, tenant: str | None = None) -> Desk:
    return Desk(hub, member(hub, role, tenant))
