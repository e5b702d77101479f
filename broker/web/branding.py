"""The addresses where a branding's pictures and colours are served. What pages need to know of them is in `brand`."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from flask import Blueprint, Response

from broker.domain import colour
from broker.domain.branding import BrandImage
from broker.domain.errors import InvalidSettings, NotFound
from broker.domain.http import Document
from broker.domain.messages import filled
from broker.services import brand_style
from broker.services.branding_rules import CSS
from broker.web.outgoing import respond

_FOR_EVER = (("Cache-Control", "public, max-age=31536000, immutable"),)


@lru_cache(maxsize=1000)
def stylesheet(accent: str) -> str:
    """The tokens of broker/static/vestibule.css that a colour replaces, for light and dark pages."""
    light, dark = colour.light(accent), colour.dark(accent)
    return f":root{{{_tokens(light)}}}\n@media (prefers-color-scheme: dark){{:root{{{_tokens(dark)}}}}}\n"


def _tokens(scheme: colour.Accent) -> str:
    return f"--pine:{scheme.accent};--pine-deep:{scheme.deep};--on-pine:{scheme.text};--mist:{scheme.wash};--link:{scheme.accent}"


class Pictures(Protocol):
    """The part of `broker.services.branding` that is needed here."""

    def image(self, image_id: str) -> BrandImage: ...


def blueprint(pictures: Pictures) -> Blueprint:
    views = Blueprint("branding", __name__, url_prefix="/branding")

    @views.get("/<accent>.css")
    def css(accent: str) -> Response:
        """A stylesheet is made from its address alone, so there is nothing to look up and nothing to guess."""
        wanted = f"#{accent}"
        if not colour.HEX.fullmatch(wanted) or not colour.readable(wanted):
            raise NotFound(cause="not a colour that a branding can have")
        return respond(Document(stylesheet(wanted).encode(), "text/css; charset=utf-8", headers=_FOR_EVER))

    @views.get("/images/<image_id>")
    def image(image_id: str) -> Response:
        found = pictures.image(image_id)
        if not found.content_type.startswith("image/"):
            raise NotFound(cause="a style sheet is served at an address of its own, as it was understood")
        return respond(Document(found.body, found.content_type, headers=_FOR_EVER))

    @views.get("/styles/<style_id>.css")
    def style(style_id: str) -> Response:
        """Written anew from what was understood of it."""
        found = pictures.image(style_id)
        if found.content_type != CSS:
            raise NotFound(cause="not a style sheet")
        try:
            css = brand_style.served(found.body)
        except InvalidSettings as error:
            raise NotFound(
                cause=filled("this release does not accept the style sheet any more: %(cause)s", cause=str(error.sentence))
            ) from error
        return respond(Document(css.encode(), CSS, headers=_FOR_EVER))

    return views
