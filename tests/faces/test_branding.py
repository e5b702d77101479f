"""Branding: what may be uploaded and written, where it shows, who may change it."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from broker.domain import colour
from broker.domain.branding import Branding
from broker.domain.errors import Forbidden, InvalidSettings
from broker.services import declarative
from broker.services.actor import ROLES, Actor, Role
from broker.services.applications import SaveApplication
from broker.services.branding_rules import MAX_BYTES, check, read_image
from broker.services.operations.branding import BrandApplication, BrandingView, BrandTenant
from broker.services.operations.tenants import OneTenant
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.pictures import ico, jpeg, png, webp

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>alert(1)</script></svg>'
CSS = Path("broker/static/vestibule.css")


def run(hub: Hub, name: str, asked: Any, actor: Actor = ME) -> BrandingView:
    found = hub.built.operations.run(actor, name, asked)
    assert isinstance(found, BrandingView)
    return found


def b64(body: bytes) -> str:
    return base64.b64encode(body).decode()


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [(png(64, 40), "image/png"), (jpeg(300, 80), "image/jpeg"), (webp(120, 60), "image/webp")],
    ids=["png", "jpeg", "webp"],
)
def test_given_a_picture_then_it_is_served_as_what_it_is_for_ever(hub: Hub, body: bytes, kind: str) -> None:
    hub.tenant("acme")
    shown = run(hub, "tenant.brand", BrandTenant("acme", logo=b64(body)))
    response = hub.browser().open(shown.logo_url)
    assert response.data == body
    assert response.headers["Content-Type"] == kind
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_given_an_icon_then_pages_of_the_tenant_have_it(hub: Hub) -> None:
    hub.tenant("acme")
    shown = run(hub, "tenant.brand", BrandTenant("acme", favicon=b64(ico(32))))
    assert hub.browser().open(shown.favicon_url).headers["Content-Type"] == "image/x-icon"


@pytest.mark.parametrize(
    ("place", "body"),
    [
        pytest.param("logo", SVG, id="SVG"),
        pytest.param("logo", b"GIF89a" + b"\0" * 64, id="GIF"),
        pytest.param("logo", b"<html><script>alert(1)</script></html>", id="HTML"),
        pytest.param("logo", png(64, 64)[:40], id="a PNG that ends too early"),
        pytest.param("logo", b"\x89PNG\r\n\x1a\n<svg onload=alert(1)>", id="markup behind a PNG signature"),
        pytest.param("logo", b"\xff\xd8\xff<script>", id="markup behind a JPEG signature"),
        pytest.param("logo", b"RIFF\xff\xff\xff\xffWEBPVP8L", id="WebP that promises more than there is"),
        pytest.param("favicon", b"\x00\x00\x01\x00\x01\x00" + b"\0" * 16, id="an empty ICO"),
        pytest.param("logo", ico(32), id="an icon as logo"),
        pytest.param("logo", png(8, 64), id="too small"),
        pytest.param("logo", png(4000, 20), id="too wide"),
        pytest.param("favicon", png(600, 600), id="too large for an icon"),
        pytest.param("logo", png(64, 64) + b"\0" * MAX_BYTES, id="too many bytes"),
        pytest.param("logo", b"", id="nothing"),
    ],
)
def test_given_anything_else_then_it_is_refused(place: str, body: bytes) -> None:
    with pytest.raises(InvalidSettings) as refused:
        read_image(place, body)
    assert refused.value.field == place


def test_given_a_picture_of_somebody_else_then_it_cannot_be_named(hub: Hub) -> None:
    hub.tenant("acme")
    hub.tenant("globex")
    theirs = run(hub, "tenant.brand", BrandTenant("globex", logo=b64(png(64, 64)))).branding.logo
    with pytest.raises(InvalidSettings):
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", branding=Branding(logo=theirs)))


def test_given_a_new_picture_then_the_old_one_is_gone(hub: Hub) -> None:
    hub.tenant("acme")
    old = run(hub, "tenant.brand", BrandTenant("acme", logo=b64(png(64, 64))))
    run(hub, "tenant.brand", BrandTenant("acme", logo=b64(png(65, 65))))
    assert hub.browser().open(old.logo_url).status_code == 404
    assert hub.count("brand_images") == 1
    assert run(hub, "tenant.brand", BrandTenant("acme", logo="")).logo_url == ""
    assert hub.count("brand_images") == 0


def test_given_a_tenant_that_is_deleted_then_its_pictures_go_with_it(hub: Hub) -> None:
    hub.tenant("acme")
    run(hub, "tenant.brand", BrandTenant("acme", logo=b64(png(64, 64))))
    hub.built.tenants.delete(ME, "acme")
    assert hub.count("brand_images") == 0


# --- colours ----------------------------------------------------------------------------------------------------------


def test_given_the_stylesheet_then_the_surfaces_that_colours_are_measured_on_are_its_own() -> None:
    light, _, dark = CSS.read_text("utf-8").partition("prefers-color-scheme: dark")
    for text, sheet, stone in ((light, colour.LIGHT_SHEET, colour.LIGHT_STONE), (dark, colour.DARK_SHEET, colour.DARK_STONE)):
        assert re.search(rf"--sheet: {sheet};", text)
        assert re.search(rf"--stone: {stone};", text)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("#ffffff", "#000000", 21.0), ("#767676", "#ffffff", 4.54), ("#777777", "#ffffff", 4.48), ("#1c5d4c", "#1c5d4c", 1.0)],
)
def test_given_known_pairs_then_the_contrast_is_what_wcag_says(first: str, second: str, ratio: float) -> None:
    assert colour.contrast(first, second) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("accent", ["#1c5d4c", "#000000", "#7a0019", "#00308f", "#5b2d8e", "#4a4a4a"])
def test_given_a_readable_colour_then_both_schemes_can_be_read(accent: str) -> None:
    assert check(Branding(colour=accent)).colour == accent
    for scheme, sheet in ((colour.light(accent), colour.LIGHT_SHEET), (colour.dark(accent), colour.DARK_SHEET)):
        assert colour.contrast(scheme.accent, sheet) >= colour.AA
        assert colour.contrast(scheme.accent, scheme.wash) >= colour.AA
        assert colour.contrast(scheme.accent, scheme.text) >= colour.AA
        assert colour.contrast(scheme.deep, scheme.text) >= colour.AA


@pytest.mark.parametrize("pale", ["#ffcc00", "#ffffff", "#8fd8be", "#ff6600", "#00bfff"])
def test_given_a_pale_colour_then_the_nearest_readable_one_is_offered(pale: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        check(Branding(colour=pale))
    offered = refused.value.sentence.rpartition(" ")[2].rstrip(".")
    assert check(Branding(colour=offered)).colour == offered


@pytest.mark.parametrize("wrong", ["red", "#123", "#12345g", "#1c5d4c;", "url(x)", "#1C5D4C}"])
def test_given_no_colour_then_it_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        check(Branding(colour=wrong))
    assert refused.value.field == "colour"


@pytest.mark.parametrize(
    ("path", "status"),
    [("1c5d4c", 200), ("ffcc00", 404), ("1c5d4", 404), ("1C5D4C", 404), ("1c5d4c%7D", 404), ("zzzzzz", 404)],
)
def test_given_an_address_of_a_stylesheet_then_only_colours_that_a_branding_can_have_are_served(hub: Hub, path: str, status: int) -> None:
    response = hub.browser().open(f"/branding/{path}.css")
    assert response.status_code == status
    if status == 200:
        assert response.headers["Content-Type"] == "text/css; charset=utf-8"
        assert "immutable" in response.headers["Cache-Control"]
        assert re.fullmatch(r"[\w\s:;{}()@#-]+", response.get_data(as_text=True))


# --- words and links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://acme.example", "javascript:alert(1)", "https://", "//acme.example", "https://a:b@acme.example/", "https://acme.example/a b",
     'https://acme.example/"><script>', "https://acme.example:99999/", "https://acme.example/" + "a" * 500],
)  # fmt: skip
def test_given_a_link_that_is_no_plain_https_address_then_it_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        check(Branding(privacy_url=url))
    assert refused.value.field == "privacy_url"


@pytest.mark.parametrize("welcome", [{"de": "Hallo"}, {"en": "a" * 301}, {"en": "a\u202eb"}])
def test_given_a_welcome_that_pages_cannot_show_then_it_is_refused(welcome: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings):
        check(Branding(welcome=welcome))


# --- where it shows ---------------------------------------------------------------------------------------------------


def branded(hub: Hub) -> tuple[Any, Any]:
    """A tenant and an application, each with a branding of its own."""
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app(tenant_ids=(hub.tenants["acme"],))
    hub.saml_idp("acme", "second")
    run(
        hub,
        "tenant.brand",
        BrandTenant(
            "acme",
            colour="#7a0019",
            welcome={"en": "Welcome <b>home</b>.", "fr": "Bienvenue."},
            support_url="https://help.acme.example/",
            logo=b64(png(64, 64)),
        ),
    )
    run(hub, "application.brand", BrandApplication("wiki", colour="#00308f", privacy_url="https://wiki.example/privacy"))
    return idp, app


def test_given_both_then_the_application_wins_and_the_tenant_fills_in(hub: Hub) -> None:
    _, app = branded(hub)
    page = hub.browser().open(app.login_url()).get_data(as_text=True)
    assert '<link rel="stylesheet" href="/branding/00308f.css?v=1">' in page
    assert "/branding/images/" in page
    assert "Welcome &lt;b&gt;home&lt;/b&gt;." in page
    assert pages.links(page)["Help"] == "https://help.acme.example/"
    assert pages.links(page)["Privacy"] == "https://wiki.example/privacy"
    assert "Bienvenue." in hub.browser().open(app.login_url(), headers={"Accept-Language": "fr"}).get_data(as_text=True)


def test_given_an_application_of_several_tenants_then_none_of_their_brandings_shows_before_one_is_chosen(hub: Hub) -> None:
    branded(hub)
    hub.tenant("globex", "globex.example")
    hub.saml_idp("globex")
    page = hub.browser().open(hub.saml_app("shared").login_url()).get_data(as_text=True)
    assert "/branding/" not in page


def test_given_a_failed_sign_in_then_the_error_page_looks_like_its_tenant(hub: Hub) -> None:
    idp, _ = branded(hub)
    shared, browser = hub.saml_app("shared"), hub.browser()
    response = browser.open(shared.login_url())
    form = pages.forms(response.data, PUBLIC_URL)[0]
    sent = browser.post(form.action, {"connector": idp.connector_id})
    failed = idp.authenticate(browser, sent, attributes={"email": ["x@elsewhere.example"]})
    assert failed.status_code == 403
    assert "/branding/7a0019.css" in failed.get_data(as_text=True)


def test_given_a_signed_in_person_then_their_account_page_looks_like_their_tenant(hub: Hub) -> None:
    idp, app = branded(hub)
    browser = hub.browser()
    response = browser.open(app.login_url())
    sent = browser.post(pages.forms(response.data, PUBLIC_URL)[0].action, {"connector": idp.connector_id})
    idp.authenticate(browser, sent)
    browser.open("/account")
    assert "/branding/7a0019.css" in browser.open("/account").get_data(as_text=True)


def test_given_no_branding_then_the_pages_are_as_the_hubs_own(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    hub.saml_idp("acme", "second")
    page = hub.browser().open(hub.saml_app().login_url()).get_data(as_text=True)
    assert "/branding/" not in page
    assert "mark.svg" in page


def test_given_a_set_up_link_then_its_pages_look_like_the_tenant(hub: Hub) -> None:
    branded(hub)
    token = hub.built.setup_links.create(ME, hub.tenants["acme"]).token
    assert "/branding/7a0019.css" in hub.browser().open(f"/setup/{token}").get_data(as_text=True)


# --- who and how ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR, Role.TENANT_ADMIN])
def test_given_a_role_that_configures_nothing_then_it_is_refused(hub: Hub, role: Role) -> None:
    tenant_id = hub.tenant("acme") if role is Role.TENANT_ADMIN else None
    hub.tenant("acme")
    actor = Actor("x", ROLES[role], tenant_id)
    with pytest.raises(Forbidden):
        run(hub, "tenant.brand", BrandTenant("acme", colour="#7a0019"), actor)
    assert run(hub, "tenant.branding", OneTenant("acme"), actor).branding == Branding()


def test_given_a_change_then_the_audit_log_has_it_and_no_picture(hub: Hub) -> None:
    hub.tenant("acme")
    run(hub, "tenant.brand", BrandTenant("acme", colour="#7a0019", logo=b64(png(64, 64))))
    with hub.built.database.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT action, after FROM audit ORDER BY id DESC LIMIT 1").fetchall()
    assert row[0] == "tenant.updated"
    assert "#7a0019" in str(row[1])
    assert len(str(row[1])) < 1000


def test_given_a_save_through_another_face_then_the_same_rules_hold(hub: Hub) -> None:
    pale = Branding(colour="#ffcc00")
    with pytest.raises(InvalidSettings):
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", branding=pale))
    with pytest.raises(InvalidSettings):
        hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "oidc", {"client_id": "w"}, branding=pale))


def test_given_a_picture_that_comes_along_then_it_is_stored_with_a_new_tenant(hub: Hub) -> None:
    image = read_image("logo", png(64, 64))
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", branding=Branding(logo=image.id), brand_images=(image,)))
    assert hub.browser().open(f"/branding/images/{image.id}").data == image.body


# --- the console ------------------------------------------------------------------------------------------------------


def multipart(hub: Hub, mine: Any, path: str, **sent: Any) -> Any:
    form = pages.form_to(mine.page(path), "/branding", f"{PUBLIC_URL}{path}")
    return mine.browser.open(path, method="POST", data={**form.fields, **sent}, content_type="multipart/form-data")


def test_given_the_console_then_a_logo_and_a_colour_are_saved_and_shown(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), "/console/tenants/acme/branding"
    response = multipart(hub, mine, path, colour="#7A0019", welcome_fr="Bonjour.", logo=(BytesIO(png(64, 64)), "logo.png"))

    assert response.status_code == 302
    saved = run(hub, "tenant.branding", OneTenant("acme"))
    assert replace(saved.branding, logo="") == Branding(colour="#7a0019", welcome={"fr": "Bonjour."})
    assert saved.logo_url in mine.page(path)
    multipart(hub, mine, path, remove_logo="yes")
    assert run(hub, "tenant.branding", OneTenant("acme")).branding == replace(saved.branding, logo="")


def test_given_a_pale_colour_in_the_console_then_what_was_typed_stays_and_a_button_takes_the_offer(hub: Hub) -> None:
    hub.saml_app()
    mine, path = desk(hub), "/console/applications/wiki/branding"

    refused = multipart(hub, mine, path, colour="#ffcc00", welcome_en="Hello.")

    text = refused.get_data(as_text=True)
    assert refused.status_code == 400
    assert "too pale" in text
    assert 'value="Hello."' in text
    offer = colour.nearest_readable("#ffcc00")
    assert f'name="offer" value="{offer}"' in text
    multipart(hub, mine, path, colour="#ffcc00", welcome_en="Hello.", offer=offer)
    with hub.built.database.reading() as connection:
        assert offer in str(connection.exec_driver_sql("SELECT branding FROM applications").scalar())


def test_given_a_preview_then_nothing_is_saved(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), "/console/tenants/acme/branding"
    shown = multipart(hub, mine, path, colour="#7a0019", preview="yes")
    assert shown.status_code == 200
    assert 'fill="#7a0019"' in shown.get_data(as_text=True)
    assert run(hub, "tenant.branding", OneTenant("acme")).branding == Branding()


def test_given_somebody_else_saved_meanwhile_then_the_form_says_so(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), "/console/tenants/acme/branding"
    stale = pages.form_to(mine.page(path), "/branding", f"{PUBLIC_URL}{path}").fields
    run(hub, "tenant.brand", BrandTenant("acme", colour="#00308f"))
    response = mine.browser.open(path, method="POST", data={**stale, "colour": "#7a0019"}, content_type="multipart/form-data")
    assert response.status_code == 412
    assert run(hub, "tenant.branding", OneTenant("acme")).branding.colour == "#00308f"


# --- the declarative file ---------------------------------------------------------------------------------------------


def test_given_a_file_with_a_logo_beside_it_then_it_is_applied_goes_out_and_comes_back_without_a_difference(
    hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "logo.png").write_bytes(png(64, 64))
    text = "tenants:\n- {slug: acme, name: Acme, branding: {logo: {file: logo.png}, colour: '#7a0019', welcome: {fr: Bonjour.}}}\n"
    configuration = hub.built.services.configuration
    configuration.apply(ME, declarative.parse(text.encode(), tmp_path))

    shown = run(hub, "tenant.branding", OneTenant("acme"))
    assert hub.browser().open(shown.logo_url).data == png(64, 64)
    exported = hub.built.services.export.export(ME).document
    assert "base64" in exported
    hub.built.tenants.delete(ME, "acme")
    configuration.apply(ME, declarative.parse(exported.encode(), tmp_path / "elsewhere"))
    assert run(hub, "tenant.branding", OneTenant("acme")).branding == shown.branding
    again = configuration.apply(ME, declarative.parse(exported.encode(), tmp_path), dry_run=True)
    assert [change.action for change in again] == ["unchanged"]


def test_given_a_file_with_something_else_as_logo_then_it_says_where(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    text = b"tenants:\n- {slug: acme, name: Acme, branding: {logo: {file: logo.svg}}}\n"
    with pytest.raises(InvalidSettings) as refused:
        hub.built.services.configuration.apply(ME, declarative.parse(text, tmp_path))
    assert refused.value.field == "acme.branding.logo"
