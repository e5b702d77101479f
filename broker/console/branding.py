"""Branding of a tenant or an application: a form, and a picture of what it will look like on light and dark pages."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from msgspec import UNSET, UnsetType

from broker.console import pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control, filled
from broker.domain import colour, style
from broker.domain.errors import ConfigurationError, Forbidden, InvalidSettings
from broker.domain.messages import translatable
from broker.services import brand_style
from broker.services.brand_style import StyleSheet
from broker.services.branding_rules import MAX_BYTES, TOO_PALE
from broker.services.operations import branding as operations
from broker.services.operations.applications import OneApplication
from broker.services.operations.branding import BrandingView
from broker.services.operations.tenants import OneTenant

HUB_COLOUR = "#1c5d4c"
CONTROLS = (
    Control("colour", translatable("Colour"), help=translatable("Of buttons and links: # and six digits, like #1c5d4c.")),
    Control("welcome_en", translatable("Welcome in English"), help=translatable("One sentence on the sign-in page.")),
    Control("welcome_fr", translatable("Welcome in French"), help=translatable("One sentence on the sign-in page.")),
    Control(
        "style",
        translatable("Style sheet"),
        "code",
        help=translatable("For sign-in pages: colours, corners, fonts, spacing. What is accepted stands in the documentation."),
    ),
    Control("support_url", translatable("Help"), "url", help=translatable("Where people find help: https://…")),
    Control("terms_url", translatable("Terms of use"), "url", help="https://…"),
    Control("privacy_url", translatable("Privacy"), "url", help="https://…"),
)
HUB = "hub"
_LINKS = ("support_url", "terms_url", "privacy_url")


@dataclass(frozen=True, slots=True)
class Place:
    """Whose branding, and the operations that show and change it."""

    kind: str
    subject: Any
    """What is shown of the tenant or application."""
    show: tuple[str, Any]
    change: tuple[str, type]

    @property
    def address(self) -> str:
        return "/console/branding" if self.kind == HUB else f"/console/{self.kind}s/{self.subject.slug}/branding"


@dataclass(frozen=True, slots=True)
class _HubItself:
    slug: str = HUB
    name: str = "Vestibule"


@dataclass(frozen=True, slots=True)
class Preview:
    light: style.Palette
    dark: style.Palette
    logo: str
    welcome: str


OF_HUB = Place(HUB, _HubItself(), ("hub.branding", operations.ShowHubBranding()), ("hub.brand", operations.BrandHub))


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/branding")
    def hub_branding() -> Response:
        return _page(face, OF_HUB)

    @views.post("/branding")
    def brand_hub() -> Response:
        return _save(face, OF_HUB)

    @views.get("/tenants/<tenant>/branding")
    def tenant_branding(tenant: str) -> Response:
        return _page(face, _tenant(face, tenant))

    @views.post("/tenants/<tenant>/branding")
    def brand_tenant(tenant: str) -> Response:
        return _save(face, _tenant(face, tenant))

    @views.get("/applications/<application>/branding")
    def application_branding(application: str) -> Response:
        return _page(face, _application(face, application))

    @views.post("/applications/<application>/branding")
    def brand_application(application: str) -> Response:
        return _save(face, _application(face, application))


def _tenant(face: ConsoleFace, slug: str) -> Place:
    show = ("tenant.branding", OneTenant(slug))
    return Place("tenant", face.run("tenant.show", OneTenant(slug)), show, ("tenant.brand", operations.BrandTenant))


def _application(face: ConsoleFace, slug: str) -> Place:
    show = ("application.branding", OneApplication(slug))
    subject = face.run("application.show", OneApplication(slug))
    return Place("application", subject, show, ("application.brand", operations.BrandApplication))


def _page(face: ConsoleFace, place: Place, problem: pages.Problem | None = None, offer: str = "") -> Response:
    shown: BrandingView = face.run(*place.show)
    stored = _stored(shown)
    form = filled(tuple(_holding(control, stored[control.name]) for control in CONTROLS), problem)
    accent = form["colour"].value.strip().lower()
    if not colour.HEX.fullmatch(accent) or not colour.readable(accent):
        accent = offer or shown.branding.colour or HUB_COLOUR
    sheet = _understood(form["style"].value) or _understood(stored["style"]) or StyleSheet()
    light, dark = (_palette(sheet, scheme, accent) for scheme in ("light", "dark"))
    preview = Preview(light, dark, shown.logo_url, form["welcome_en"].value)
    return pages.show(
        "console/branding/form.html",
        status=problem.status if problem and problem.sentence else 200,
        place=place,
        shown=shown,
        form=form,
        preview=preview,
        offer=offer,
        hub_colour=HUB_COLOUR,
    )


def _understood(text: str) -> StyleSheet | None:
    """None when it is not accepted; why stands at the field."""
    try:
        return brand_style.read(text)
    except InvalidSettings:
        return None


def _palette(sheet: StyleSheet, scheme: str, accent: str) -> style.Palette:
    found = colour.light(accent) if scheme == "light" else colour.dark(accent)
    accents = {"pine": found.accent, "pine-deep": found.deep, "on-pine": found.text, "mist": found.wash, "link": found.accent}
    return {**sheet.palette(scheme), **accents, **sheet.set_for(scheme)}


def _style_problem(typed: dict[str, str]) -> pages.Problem:
    """Where the style sheet cannot be accepted; without a sentence when it can."""
    try:
        brand_style.read(typed["style"])
    except InvalidSettings as error:
        return pages.Problem(error.field, error.sentence, 200, typed)
    return pages.Problem("", "", 200, typed)


def _chosen_style() -> str:
    """The chosen file; empty without one. Raises InvalidSettings."""
    file = request.files.get("style_file")
    return brand_style.decode(file.read(brand_style.MAX_BYTES + 1)) if file is not None else ""


def _holding(control: Control, value: str) -> Control:
    return Control(control.name, control.label, control.kind, value, control.help)


def _stored(shown: BrandingView) -> dict[str, str]:
    branding = shown.branding
    links = {name: getattr(branding, name) for name in _LINKS}
    welcome = {f"welcome_{key}": branding.welcome.get(key, "") for key in ("en", "fr")}
    return {"colour": branding.colour, "style": shown.style_sheet, **links, **welcome}


def _save(face: ConsoleFace, place: Place) -> Response:
    typed = {control.name: request.form.get(control.name, "") for control in CONTROLS}
    typed["style"] = typed["style"].replace("\r\n", "\n").strip()
    try:
        typed["style"] = _chosen_style() or typed["style"]
    except InvalidSettings as error:
        return _page(face, place, pages.problem_of(error, typed))
    if (offered := request.form.get("offer")) is not None:
        typed["colour"] = offered
    if request.form.get("preview") is not None:
        offer = _offer(typed["colour"])
        problem = pages.Problem("colour", TOO_PALE % {"colour": offer}, 200, typed) if offer else _style_problem(typed)
        return _page(face, place, problem, offer)
    try:
        face.run(place.change[0], _command(place, typed))
    except Forbidden:
        raise
    except ConfigurationError as error:
        return _page(face, place, pages.problem_of(error, typed), _offer(typed["colour"]))
    return pages.done(place.address, translatable("Saved. Pages look like this from now on."))


def _command(place: Place, typed: dict[str, str]) -> Any:
    version = request.form.get("version", "")
    of = () if place.kind == HUB else (place.subject.slug,)
    return place.change[1](
        *of,
        colour=typed["colour"],
        style=typed["style"],
        welcome={key: typed[f"welcome_{key}"] for key in ("en", "fr") if typed[f"welcome_{key}"].strip()},
        **{name: typed[name] for name in _LINKS},
        logo=_picture("logo"),
        favicon=_picture("favicon"),
        expected_version=int(version) if version.isdecimal() and len(version) < 10 else None,
    )


def _picture(place: str) -> str | UnsetType:
    """The chosen file in Base64; "" to remove what is there; nothing when neither was asked."""
    file = request.files.get(place)
    body = file.read(MAX_BYTES + 1) if file is not None else b""
    if body:
        return base64.b64encode(body).decode()
    return "" if request.form.get(f"remove_{place}") == "yes" else UNSET


def _offer(typed: str) -> str:
    """The nearest colour that can be read, when the typed one cannot."""
    tidy = typed.strip().lower()
    return "" if not colour.HEX.fullmatch(tidy) or colour.readable(tidy) else colour.nearest_readable(tidy)
