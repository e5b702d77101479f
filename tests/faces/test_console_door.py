"""The door of the console: nobody without a session, no change without our form, and what each role may see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.services.actor import Role
from tests.support.console import Desk, desk, member
from tests.support.hub import Hub

PAGES = ("/console",)


@pytest.mark.parametrize("path", PAGES)
def test_given_no_session_then_every_page_leads_to_the_sign_in(hub: Hub, path: str) -> None:
    response = hub.browser().open(path)
    assert response.status_code in {302, 303}
    assert "/console/sign-in?next=" in response.headers["location"]


def test_given_a_session_then_home_names_the_tenants(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    assert "Acme" in desk(hub).page("/console")


def test_given_a_tenant_administrator_then_home_shows_no_other_tenant(hub: Hub) -> None:
    hub.tenant("acme")
    hub.tenant("globex")
    hub.saml_idp("acme")
    hub.saml_idp("globex")
    page = desk(hub, Role.TENANT_ADMIN, "acme").page("/console")
    assert "acme idp" in page
    assert "lobex" not in page


@pytest.mark.parametrize("passed", [timedelta(minutes=61), timedelta(hours=13)])
def test_given_a_session_that_nobody_used_then_it_has_ended(hub: Hub, passed: timedelta) -> None:
    mine = desk(hub)
    assert mine.get("/console").status_code == 200
    hub.clock.forward(seconds=passed.total_seconds())
    assert mine.get("/console").status_code in {302, 303}


def test_given_a_session_in_use_when_twelve_hours_have_passed_then_it_has_ended_all_the_same(hub: Hub) -> None:
    mine = desk(hub)
    for _ in range(14):
        hub.clock.forward(minutes=55)
        mine.get("/console")
    assert mine.get("/console").status_code in {302, 303}


def test_given_an_invented_cookie_then_the_door_stays_shut(hub: Hub) -> None:
    mine = Desk(hub, member(hub))
    mine.browser.client.set_cookie("__Host-vestibule-staff", "invented", domain="localhost")
    assert mine.get("/console").status_code in {302, 303}
