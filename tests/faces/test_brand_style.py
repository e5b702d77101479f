"""A style sheet of a tenant's or an application's own: on which pages it is, who may change it, in every face."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from broker.domain import style
from broker.domain.branding import Branding
from broker.domain.errors import Forbidden, InvalidSettings
from broker.services import declarative
from broker.services.actor import ROLES, Actor, Role
from broker.services.operations.branding import BrandApplication, BrandingView, BrandTenant
from broker.services.operations.tenants import OneTenant
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, Hub

SHEET = ".card { border-radius: 0; }\n:root { --radius: 2px }"
CSS = Path("broker/static/vestibule.css")
TEMPLATES = Path("templates")


def run(hub: Hub, name: str, asked: Any, actor: Actor = ME) -> BrandingView:
    found = hub.built.operations.run(actor, name, asked)
    assert isinstance(found, BrandingView)
    return found


@pytest.fixture
def styled(hub: Hub) -> BrandingView:
    hub.tenant("acme", "acme.example.com")
    return run(hub, "tenant.brand", BrandTenant("acme", style=SHEET))


# --- stored and served ------------------------------------------------------------------------------------------------


def test_given_a_style_sheet_then_it_is_served_as_it_was_understood_for_ever_and_shown_as_it_was_written(
    hub: Hub, styled: BrandingView
) -> None:
    assert styled.style_sheet == SHEET
    served = hub.browser().open(styled.style_url)
    assert served.get_data(as_text=True) == ".card { border-radius: 0; }\n:root { --radius: 2px; }\n"
    assert served.headers["Content-Type"] == "text/css; charset=utf-8"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_given_what_its_author_wrote_then_no_address_serves_that(hub: Hub, styled: BrandingView) -> None:
    assert hub.browser().open(f"/branding/images/{styled.branding.style}").status_code == 404


def test_given_another_one_then_it_has_another_address_and_the_old_one_is_gone(hub: Hub, styled: BrandingView) -> None:
    after = run(hub, "tenant.brand", BrandTenant("acme", style=".card { padding: 1rem }"))
    assert after.style_url != styled.style_url
    assert hub.browser().open(styled.style_url).status_code == 404
    assert run(hub, "tenant.brand", BrandTenant("acme", style="")).style_url == ""
    assert hub.count("brand_images") == 0


def test_given_a_mistake_then_the_old_one_stays_as_it_was(hub: Hub, styled: BrandingView) -> None:
    with pytest.raises(InvalidSettings, match=re.escape("Line 1, column 9: “display” cannot be set here.")):
        run(hub, "tenant.brand", BrandTenant("acme", style=".card { display: none }"))
    assert run(hub, "tenant.branding", OneTenant("acme")).style_sheet == SHEET


def test_given_the_style_sheet_of_somebody_else_then_it_cannot_be_named(hub: Hub, styled: BrandingView) -> None:
    with pytest.raises(InvalidSettings):
        hub.built.tenants.save(ME, SaveTenant("globex", "Globex", branding=Branding(style=styled.branding.style)))


def test_given_a_change_then_it_is_in_the_audit_log(hub: Hub, styled: BrandingView) -> None:
    with hub.built.database.reading() as connection:
        last = connection.exec_driver_sql("SELECT actor, action, after FROM audit ORDER BY id DESC LIMIT 1").one()
    assert (last[0], last[1]) == (ME.name, "tenant.updated")
    assert styled.branding.style in str(last[2])


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_given_somebody_who_may_not_configure_then_refused(hub: Hub, styled: BrandingView, role: Role) -> None:
    with pytest.raises(Forbidden):
        run(hub, "tenant.brand", BrandTenant("acme", style=""), Actor("x", ROLES[role]))


# --- where it shows ---------------------------------------------------------------------------------------------------


def test_given_a_tenants_style_sheet_then_its_sign_in_pages_have_it_after_ours(hub: Hub, styled: BrandingView) -> None:
    hub.saml_idp("acme")
    hub.saml_idp("acme", "second")
    app = hub.saml_app(tenant_ids=(hub.tenants["acme"],))
    run(hub, "tenant.brand", BrandTenant("acme", colour="#7a0019"))

    page = hub.browser().open(app.login_url()).get_data(as_text=True)

    linked = re.findall(r'<link rel="stylesheet" href="([^"?]+)', page)
    assert linked == ["/static/vestibule.css", "/branding/7a0019.css", styled.style_url]


def test_given_an_application_with_its_own_then_that_one_wins(hub: Hub, styled: BrandingView) -> None:
    hub.saml_idp("acme")
    hub.saml_idp("acme", "second")
    app = hub.saml_app(tenant_ids=(hub.tenants["acme"],))
    own = run(hub, "application.brand", BrandApplication("wiki", style=".foot { gap: 1rem }"))

    page = hub.browser().open(app.login_url()).get_data(as_text=True)

    assert own.style_url in page
    assert styled.style_url not in page


LOGIN_PAGES = {"interaction/home_realm.html", "interaction/prompt.html", "errors/error.html"}


def test_given_every_template_then_only_sign_in_pages_and_their_errors_link_it() -> None:
    """Not the console, not the set-up portal, not the account: there it could dress up what people decide on."""
    linking = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if "brand_style(brand)" in path.read_text()}
    assert linking == {*LOGIN_PAGES, "layout/parts.html"}
    assert [path for path in TEMPLATES.rglob("*.html") if "brand.style }}" in path.read_text()] == [TEMPLATES / "layout/parts.html"]


def test_given_the_set_up_portal_and_the_console_of_the_tenant_then_without_it(hub: Hub, styled: BrandingView) -> None:
    link = hub.built.setup_links.create(ME, hub.tenants["acme"])
    portal = hub.browser().open(f"/setup/{link.token}").get_data(as_text=True)
    console = desk(hub).page("/console/tenants/acme/branding")
    for page in (portal, console):
        assert "/branding/styles/" not in page


# --- what can be styled -----------------------------------------------------------------------------------------------


def test_given_the_names_that_are_documented_then_sign_in_pages_have_them() -> None:
    used = "".join((TEMPLATES / name).read_text() for name in (*LOGIN_PAGES, "layout/entrance.html", "layout/parts.html"))
    classes = {name for found in re.findall(r'class="([^"]*)"', used) for name in found.split()}
    assert {name[1:] for name in style.NAMES if name.startswith(".")} <= classes


def test_given_the_custom_properties_then_their_values_are_those_of_our_style_sheet() -> None:
    light, _, dark = CSS.read_text("utf-8").partition("prefers-color-scheme: dark")
    for text, palette in ((light, style.LIGHT), (dark.partition("}")[0], style.DARK)):
        assert {name: re.search(rf"--{name}: (#[0-9a-f]{{6}});", text)[1] for name in palette} == palette  # type: ignore[index]
    for name in (*style.LENGTHS, style.FONT):
        assert f"--{name}:" in light


# --- faces ------------------------------------------------------------------------------------------------------------

FORM = "/console/tenants/acme/branding"


def test_given_the_console_when_pasted_then_saved_and_when_wrong_then_said_at_the_field_with_what_was_typed(hub: Hub) -> None:
    hub.tenant("acme")
    owner = desk(hub)
    assert owner.submit(FORM, FORM, style=".card { border-radius: 0 }\r\n").status_code == 302
    assert run(hub, "tenant.branding", OneTenant("acme")).style_sheet == ".card { border-radius: 0 }"

    refused = owner.submit(FORM, FORM, style=".card { position: fixed }", colour="#7a0019").get_data(as_text=True)

    assert "Line 1, column 9: “position” cannot be set here." in pages.text(refused)
    assert re.search(r'<textarea[^>]* id="f-style"[^>]*aria-invalid="true"[^>]*>\s*\.card { position: fixed }</textarea>', refused)
    assert 'value="#7a0019"' in refused
    assert run(hub, "tenant.branding", OneTenant("acme")).style_sheet == ".card { border-radius: 0 }"


def test_given_a_mistake_in_french_then_it_is_said_in_french(hub: Hub) -> None:
    hub.tenant("acme")
    owner = desk(hub)
    owner.browser.headers["Accept-Language"] = "fr"
    refused = owner.submit(FORM, FORM, style=".card { padding: url(x) }").get_data(as_text=True)
    assert "Ligne 1, colonne 18 : « url(x) » n’est pas une valeur pour padding. Écrivez 0 … 2rem." in pages.text(
        refused
    )


def test_given_the_console_when_a_file_is_chosen_then_it_replaces_the_text(hub: Hub) -> None:
    hub.tenant("acme")
    owner = desk(hub)
    form = pages.form_to(owner.page(FORM), FORM).fields
    fields = {**form, "style": "", "style_file": (BytesIO(b"\xef\xbb\xbf" + SHEET.encode()), "a.css")}
    assert owner.browser.open(FORM, method="POST", data=fields).status_code == 302
    assert run(hub, "tenant.branding", OneTenant("acme")).style_sheet == SHEET

    fields = {**pages.form_to(owner.page(FORM), FORM).fields, "style_file": (BytesIO(b".card { \xff }"), "a.css")}
    assert "text in UTF-8" in owner.browser.open(FORM, method="POST", data=fields).get_data(as_text=True)


def test_given_the_preview_then_it_is_drawn_in_the_new_colours_and_nothing_is_saved(hub: Hub) -> None:
    hub.tenant("acme")
    typed = ":root { --ink: #002b36; --soft: #333333 } " + DARK_TEXT
    drawn = desk(hub).submit(FORM, FORM, style=typed, preview="yes").get_data(as_text=True)
    assert 'fill="#002b36"' in drawn
    assert 'fill="#eeeeee"' in drawn
    assert run(hub, "tenant.branding", OneTenant("acme")).style_sheet == ""


DARK_TEXT = "@media (prefers-color-scheme: dark) { :root { --ink: #eee; --soft: #ccc } }"


def test_given_an_export_when_applied_to_another_hub_then_the_same_style_sheet(
    hub: Hub, styled: BrandingView, tmp_path: Path
) -> None:
    told = hub.built.services.export.export(ME).document
    assert ".card { border-radius: 0; }" in told
    (tmp_path / "other").mkdir()
    with Hub(tmp_path / "other") as other:
        other.built.configuration.apply(ME, declarative.parse(told.encode(), tmp_path))
        assert run(other, "tenant.branding", OneTenant("acme")).style_sheet == SHEET


def test_given_a_declarative_file_with_a_file_then_it_is_read_and_a_mistake_names_the_place(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "acme.css").write_text(SHEET)
    told = "tenants:\n- {slug: acme, name: Acme, branding: {style: {file: acme.css}}}\n"
    hub.built.configuration.apply(ME, declarative.parse(told.encode(), tmp_path))
    assert run(hub, "tenant.branding", OneTenant("acme")).style_sheet == SHEET

    (tmp_path / "acme.css").write_text("@import 'x';")
    with pytest.raises(InvalidSettings) as refused:
        hub.built.configuration.apply(ME, declarative.parse(told.encode(), tmp_path))
    assert refused.value.field == "acme.branding.style"
