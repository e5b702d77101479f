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
from broker.domain import colour
from broker.domain.branding import Branding
from broker.domain.errors import ConfigurationError, Forbidden
from broker.domain.messages import translatable
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
    Control("support_url", translatable("Help"), "url", help=translatable("Where people find help: https://…")),
    Control("terms_url", translatable("Terms of use"), "url", help="https://…"),
    Control("privacy_url", translatable("Privacy"), "url", help="https://…"),
)
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
        return f"/console/{self.kind}s/{self.subject.slug}/branding"


@dataclass(frozen=True, slots=True)
class Preview:
    light: colour.Accent
    dark: colour.Accent
    logo: str
    welcome: str


def routes(views: Blueprint, face: ConsoleFace) -> None:
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
    stored = _stored(shown.branding)
    form = filled(tuple(_holding(control, stored[control.name]) for control in CONTROLS), problem)
    accent = form["colour"].value.strip().lower()
    if not colour.HEX.fullmatch(accent) or not colour.readable(accent):
        accent = offer or shown.branding.colour or HUB_COLOUR
    preview = Preview(colour.light(accent), colour.dark(accent), shown.logo_url, form["welcome_en"].value)
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


def _holding(control: Control, value: str) -> Control:
    return Control(control.name, control.label, control.kind, value, control.help)


def _stored(branding: Branding) -> dict[str, str]:
    links = {name: getattr(branding, name) for name in _LINKS}
    return {"colour": branding.colour, **links, **{f"welcome_{key}": branding.welcome.get(key, "") for key in ("en", "fr")}}


def _save(face: ConsoleFace, place: Place) -> Response:
    typed = {control.name: request.form.get(control.name, "") for control in CONTROLS}
    if (offered := request.form.get("offer")) is not None:
        typed["colour"] = offered
    if request.form.get("preview") is not None:
        offer = _offer(typed["colour"])
        sentence = TOO_PALE % {"colour": offer} if offer else ""
        return _page(face, place, pages.Problem("colour" if offer else "", sentence, 200, typed), offer)
    try:
        face.run(place.change[0], _command(place, typed))
    except Forbidden:
        raise
    except ConfigurationError as error:
        return _page(face, place, pages.problem_of(error, typed), _offer(typed["colour"]))
    return pages.done(place.address, translatable("Saved. Pages look like this from now on."))


def _command(place: Place, typed: dict[str, str]) -> Any:
    version = request.form.get("version", "")
    return place.change[1](
        place.subject.slug,
        colour=typed["colour"],
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
