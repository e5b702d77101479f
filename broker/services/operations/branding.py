"""Operations on how the pages of a tenant or an application look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET, UnsetType

from broker.domain.branding import BrandImage, Branding
from broker.services.actor import Verb
from broker.services.branding_rules import decode_image, read_style
from broker.services.operations.applications import OneApplication
from broker.services.operations.model import VERSION, Call, Operation, argument, given
from broker.services.operations.tenants import OneTenant

_LOGO = "PNG, JPEG or WebP picture in Base64, at most 200 KB; empty removes it."
_FAVICON = "PNG, ICO, JPEG or WebP picture in Base64, at most 200 KB; empty removes it."
_COLOUR = "Accent colour, # and six hexadecimal digits; empty for the hub's own."
_STYLE = "Style sheet of the sign-in pages, as text of at most 16 KB; empty removes it."
_WELCOME = "One sentence per language (en, fr) on the sign-in page, instead of the hub's own."
_SUPPORT, _TERMS, _PRIVACY = ("Address of the support page.", "Address of the terms of use.", "Address of the privacy notice.")
_TENANT, _APPLICATION = "Short name of the tenant.", "Short name of the application."


@dataclass(frozen=True, slots=True)
class BrandingView:
    branding: Branding = argument("How the pages look; pictures by id.")
    logo_url: str = argument("Path below the hub's address where the logo is served; empty without one.")
    favicon_url: str = argument("Path below the hub's address where the icon is served; empty without one.")
    style_sheet: str = argument("The style sheet as its author wrote it; empty without one.")
    style_url: str = argument("Path below the hub's address where the style sheet is served; empty without one.")
    version: int = argument("Version of the tenant or application; rises with every change.")


@dataclass(frozen=True, slots=True)
class ShowHubBranding:
    pass


@dataclass(frozen=True, slots=True)
class BrandHub:
    """What is not given stays as it is."""

    colour: str | UnsetType = argument(_COLOUR, default=UNSET)
    welcome: dict[str, str] | UnsetType = argument(_WELCOME, default=UNSET)
    support_url: str | UnsetType = argument(_SUPPORT, default=UNSET)
    terms_url: str | UnsetType = argument(_TERMS, default=UNSET)
    privacy_url: str | UnsetType = argument(_PRIVACY, default=UNSET)
    logo: str | UnsetType = argument(_LOGO, default=UNSET)
    favicon: str | UnsetType = argument(_FAVICON, default=UNSET)
    style: str | UnsetType = argument(_STYLE, default=UNSET)
    expected_version: int | None = argument(VERSION, default=None)


@dataclass(frozen=True, slots=True)
class BrandTenant:
    """What is not given stays as it is."""

    tenant: str = argument(_TENANT)
    colour: str | UnsetType = argument(_COLOUR, default=UNSET)
    welcome: dict[str, str] | UnsetType = argument(_WELCOME, default=UNSET)
    support_url: str | UnsetType = argument(_SUPPORT, default=UNSET)
    terms_url: str | UnsetType = argument(_TERMS, default=UNSET)
    privacy_url: str | UnsetType = argument(_PRIVACY, default=UNSET)
    logo: str | UnsetType = argument(_LOGO, default=UNSET)
    favicon: str | UnsetType = argument(_FAVICON, default=UNSET)
    style: str | UnsetType = argument(_STYLE, default=UNSET)
    expected_version: int | None = argument(VERSION, default=None)


@dataclass(frozen=True, slots=True)
class BrandApplication:
    """What is not given stays as it is."""

    application: str = argument(_APPLICATION)
    colour: str | UnsetType = argument(_COLOUR, default=UNSET)
    welcome: dict[str, str] | UnsetType = argument(_WELCOME, default=UNSET)
    support_url: str | UnsetType = argument(_SUPPORT, default=UNSET)
    terms_url: str | UnsetType = argument(_TERMS, default=UNSET)
    privacy_url: str | UnsetType = argument(_PRIVACY, default=UNSET)
    logo: str | UnsetType = argument(_LOGO, default=UNSET)
    favicon: str | UnsetType = argument(_FAVICON, default=UNSET)
    style: str | UnsetType = argument(_STYLE, default=UNSET)
    expected_version: int | None = argument(VERSION, default=None)


def image_address(image_id: str) -> str:
    return f"/branding/images/{image_id}" if image_id else ""


def style_address(style_id: str) -> str:
    return f"/branding/styles/{style_id}.css" if style_id else ""


def _view(call: Call, branding: Branding, version: int) -> BrandingView:
    addresses = (image_address(branding.logo), image_address(branding.favicon))
    text = call.services.brandings.style_text(branding.style)
    return BrandingView(branding, *addresses, text, style_address(branding.style), version)


def _changed(now: Branding, asked: BrandHub | BrandTenant | BrandApplication) -> tuple[Branding, tuple[BrandImage, ...]]:
    plain = ("colour", "welcome", "support_url", "terms_url", "privacy_url")
    values: dict[str, Any] = {name: given(getattr(asked, name), getattr(now, name)) for name in plain}
    images: list[BrandImage] = []
    for place in ("logo", "favicon"):
        text = getattr(asked, place)
        if isinstance(text, UnsetType):
            continue
        if text:
            images.append(decode_image(place, text))
        values[place] = images[-1].id if text else ""
    if not isinstance(asked.style, UnsetType):
        if asked.style.strip():
            images.append(read_style(asked.style.encode("utf-8", "surrogatepass")))
        values["style"] = images[-1].id if asked.style.strip() else ""
    return replace(now, **values), tuple(images)


def _show_hub(call: Call, asked: ShowHubBranding) -> BrandingView:
    return _view(call, *call.services.brandings.of_hub())


def _brand_hub(call: Call, asked: BrandHub) -> BrandingView:
    brandings = call.services.brandings
    branding, images = _changed(brandings.of_hub()[0], asked)
    brandings.save_hub(call.actor, branding, images, version=asked.expected_version)
    return _view(call, *brandings.of_hub())


def _show_tenant(call: Call, asked: OneTenant) -> BrandingView:
    return _view(call, call.tenant.branding, call.tenant.version)


def _brand_tenant(call: Call, asked: BrandTenant) -> BrandingView:
    branding, images = _changed(call.tenant.branding, asked)
    services = call.services
    services.brandings.save_tenant(call.actor, call.tenant.id, branding, images, version=asked.expected_version)
    saved = services.tenants.by_id(call.tenant.id)
    return _view(call, saved.branding, saved.version)


def _show_application(call: Call, asked: OneApplication) -> BrandingView:
    return _view(call, *call.services.brandings.of_application(asked.application))


def _brand_application(call: Call, asked: BrandApplication) -> BrandingView:
    brandings = call.services.brandings
    branding, images = _changed(brandings.of_application(asked.application)[0], asked)
    brandings.save_application(call.actor, asked.application, branding, images, version=asked.expected_version)
    return _view(call, *brandings.of_application(asked.application))


_OF_TENANT, _OF_APPLICATION = "/tenants/{tenant}/branding", "/applications/{application}/branding"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "hub.branding", "How pages of no tenant look", Verb.READ, "GET", "/hub/branding", ShowHubBranding, BrandingView, _show_hub
    ),
    Operation(
        "hub.brand",
        "Logo, colour, style sheet, welcome and links of pages that no tenant or application has made its own",
        Verb.CONFIGURE,
        "PUT",
        "/hub/branding",
        BrandHub,
        BrandingView,
        _brand_hub,
    ),
    Operation(
        "tenant.branding", "How a tenant's pages look", Verb.READ, "GET", _OF_TENANT, OneTenant, BrandingView, _show_tenant
    ),
    Operation(
        "tenant.brand",
        "Logo, colour, style sheet, welcome and links of a tenant's pages",
        Verb.CONFIGURE,
        "PUT",
        _OF_TENANT,
        BrandTenant,
        BrandingView,
        _brand_tenant,
    ),
    Operation(
        "application.branding",
        "How the pages on the way to an application look",
        Verb.READ,
        "GET",
        _OF_APPLICATION,
        OneApplication,
        BrandingView,
        _show_application,
    ),
    Operation(
        "application.brand",
        "Logo, colour, style sheet, welcome and links of the pages on the way to an application",
        Verb.CONFIGURE,
        "PUT",
        _OF_APPLICATION,
        BrandApplication,
        BrandingView,
        _brand_application,
    ),
)
