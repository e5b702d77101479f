"""The hub's own branding: of every page that no tenant and no application has made its own."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from broker.domain.errors import Forbidden, InvalidSettings
from broker.services import declarative
from broker.services.actor import ROLES, Actor, Role
from broker.services.context import Action
from broker.services.operations.branding import BrandApplication, BrandHub, BrandingView, BrandTenant, ShowHubBranding
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, Hub
from tests.support.pictures import png

SHEET = ".card { border-radius: 0; }"
LOGO = base64.b64encode(png(64, 40)).decode()


def run(hub: Hub, name: str, asked: Any, actor: Actor = ME) -> BrandingView:
    found = hub.built.operations.run(actor, name, asked)
    assert isinstance(found, BrandingView)
    return found


@pytest.fixture
def branded(hub: Hub) -> BrandingView:
    return run(hub, "hub.brand", BrandHub(colour="#7a0019", logo=LOGO, style=SHEET, support_url="https://help.example/"))


def test_given_the_hubs_branding_then_pages_of_nobody_have_it_and_a_change_shows_on_the_next_one(
    hub: Hub, branded: BrandingView
) -> None:
    browser = hub.browser()
    for path in ("/logout", "/nowhere"):
        page = browser.open(path).get_data(as_text=True)
        assert "/branding/7a0019.css" in page
        assert branded.logo_url in page
        assert "https://help.example/" in page

    run(hub, "hub.brand", BrandHub(colour="#00308f"))

    assert "/branding/00308f.css" in browser.open("/logout").get_data(as_text=True)


def test_given_an_application_of_many_tenants_then_its_choice_of_an_organisation_looks_like_the_hub(
    hub: Hub, branded: BrandingView
) -> None:
    for tenant in ("acme", "globex"):
        hub.tenant(tenant, f"{tenant}.example")
        hub.saml_idp(tenant)
    page = hub.browser().open(hub.saml_app().login_url()).get_data(as_text=True)
    assert branded.style_url in page
    assert branded.logo_url in page


def test_given_what_a_tenant_and_an_application_have_of_their_own_then_that_wins_value_by_value(
    hub: Hub, branded: BrandingView
) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    hub.saml_idp("acme", "second")
    app = hub.saml_app(tenant_ids=(hub.tenants["acme"],))
    run(hub, "tenant.brand", BrandTenant("acme", colour="#00308f"))
    own = run(hub, "application.brand", BrandApplication("wiki", style=".card { border-radius: 1rem; }"))

    page = hub.browser().open(app.login_url()).get_data(as_text=True)

    assert "/branding/00308f.css" in page
    assert own.style_url in page
    assert branded.style_url not in page
    assert branded.logo_url in page, "what neither has is the hub's"


def test_given_console_and_set_up_then_colour_and_icon_but_never_the_style_sheet(hub: Hub, branded: BrandingView) -> None:
    hub.tenant("acme")
    link = hub.built.setup_links.create(ME, hub.tenants["acme"])
    for page in (desk(hub).page("/console"), hub.browser().open(f"/setup/{link.token}").get_data(as_text=True)):
        assert "/branding/7a0019.css" in page
        assert "/branding/styles/" not in page


def test_given_a_database_that_fails_then_the_page_of_the_error_does_not_ask_it(
    hub: Hub, branded: BrandingView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_ask: bool) -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr(hub.built.catalog, "refresh", fails)
    monkeypatch.setattr(hub.built.catalog, "hub_branding", fails)
    response = hub.browser().open("/logout")
    assert response.status_code == 500
    assert "Something went wrong" in pages.text(response.data)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_given_somebody_who_may_not_configure_then_refused(hub: Hub, role: Role) -> None:
    with pytest.raises(Forbidden):
        run(hub, "hub.brand", BrandHub(colour="#7a0019"), Actor("x", ROLES[role]))


def test_given_a_tenants_administrator_then_the_hubs_branding_is_neither_shown_nor_changed(hub: Hub) -> None:
    hub.tenant("acme")
    administrator = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["acme"])
    for name, asked in (("hub.branding", ShowHubBranding()), ("hub.brand", BrandHub(colour="#7a0019"))):
        with pytest.raises(Forbidden):
            run(hub, name, asked, administrator)


def test_given_a_mistake_then_what_was_there_stays(hub: Hub, branded: BrandingView) -> None:
    with pytest.raises(InvalidSettings):
        run(hub, "hub.brand", BrandHub(style="@import 'x';", colour="#00308f"))
    assert run(hub, "hub.branding", ShowHubBranding()) == branded


def test_given_a_change_then_the_audit_log_says_who(hub: Hub, branded: BrandingView) -> None:
    with hub.built.database.reading() as connection:
        last = connection.exec_driver_sql("SELECT actor, action FROM audit ORDER BY id DESC LIMIT 1").one()
    assert tuple(last) == (ME.name, "hub_branding.updated")


def test_given_the_console_then_operators_change_it_there(hub: Hub) -> None:
    owner = desk(hub)
    assert "/console/branding" in owner.page("/console")
    assert owner.submit("/console/branding", "/console/branding", colour="#7a0019", style=SHEET).status_code == 302
    shown = run(hub, "hub.branding", ShowHubBranding())
    assert (shown.branding.colour, shown.style_sheet) == ("#7a0019", SHEET)
    assert "#7a0019" in owner.page("/console/branding")


def test_given_an_export_when_applied_elsewhere_then_the_same_and_a_second_time_nothing(
    hub: Hub, branded: BrandingView, tmp_path: Path
) -> None:
    told = declarative.parse(hub.built.services.export.export(ME).document.encode(), tmp_path)
    (tmp_path / "other").mkdir()
    with Hub(tmp_path / "other") as other:
        other.built.configuration.apply(ME, told)
        assert run(other, "hub.branding", ShowHubBranding()).branding == branded.branding
        again = other.built.configuration.apply(ME, told)
        assert {change.action for change in again} == {Action.UNCHANGED}


def test_given_a_file_that_does_not_speak_of_it_then_it_stays(hub: Hub, branded: BrandingView, tmp_path: Path) -> None:
    hub.built.configuration.apply(ME, declarative.parse(b"tenants: []\n", tmp_path))
    assert run(hub, "hub.branding", ShowHubBranding()) == branded
