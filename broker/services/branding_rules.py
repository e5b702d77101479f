"""What a branding may be: pictures by their content, readable colours, a style sheet in bounds, plain sentences, https links."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any
from urllib.parse import urlsplit

from broker.domain import colour, pictures
from broker.domain.branding import BrandImage, Branding
from broker.domain.clock import Clock
from broker.domain.errors import InvalidSettings
from broker.domain.messages import LANGUAGES, translatable
from broker.services import brand_style
from broker.store.tables import brand_images

MAX_BYTES = 200 * 1024
CSS = "text/css; charset=utf-8"
PICTURES = ("logo", "favicon")
MAX_WELCOME, MAX_URL = 300, 500
_SIZES = {"logo": (16, 2048), "favicon": (16, 512)}
_KINDS = {
    "logo": (pictures.PNG, pictures.JPEG, pictures.WEBP),
    "favicon": (pictures.PNG, pictures.JPEG, pictures.WEBP, pictures.ICO),
}
_WRONG_KIND = {
    "logo": translatable("A logo is a PNG, JPEG or WebP picture. SVG is not accepted: it can contain scripts."),
    "favicon": translatable("An icon is a PNG, ICO, JPEG or WebP picture. SVG is not accepted: it can contain scripts."),
}
_WRONG_SIZE = {
    "logo": translatable("A logo is from 16 to 2048 pixels wide and high."),
    "favicon": translatable("An icon is from 16 to 512 pixels wide and high."),
}
TOO_PALE = translatable("This colour is too pale to be read on a light page. The nearest one that can be read is %(colour)s.")


def read_image(place: str, body: bytes) -> BrandImage:
    """`place`: "logo" or "favicon". Raises InvalidSettings."""
    if len(body) > MAX_BYTES:
        raise InvalidSettings(translatable("The picture is larger than 200 KB."), field=place)
    found = pictures.recognise(body)
    if found is None or found.content_type not in _KINDS[place]:
        raise InvalidSettings(_WRONG_KIND[place], field=place)
    smallest, largest = _SIZES[place]
    if not all(smallest <= side <= largest for side in (found.width, found.height)):
        raise InvalidSettings(_WRONG_SIZE[place], field=place)
    return _by_content(found.content_type, body)


def read_style(body: bytes) -> BrandImage:
    """A style sheet, stored as its author wrote it. Raises InvalidSettings."""
    brand_style.read(brand_style.decode(body))
    return _by_content(CSS, body)


def _by_content(content_type: str, body: bytes) -> BrandImage:
    return BrandImage(hashlib.sha256(body).hexdigest()[:40], content_type, body)


def decode_image(place: str, text: str) -> BrandImage:
    """From Base64, as JSON carries it. Raises InvalidSettings."""
    try:
        return read_image(place, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidSettings("Give the picture in Base64.", field=place) from error


def check(branding: Branding) -> Branding:
    """The same, tidied. Raises InvalidSettings naming the field."""
    return Branding(
        logo=branding.logo,
        favicon=branding.favicon,
        colour=_colour(branding.colour),
        welcome=_welcome(branding.welcome),
        support_url=_url(branding.support_url, "support_url"),
        terms_url=_url(branding.terms_url, "terms_url"),
        privacy_url=_url(branding.privacy_url, "privacy_url"),
        style=branding.style,
    )


def _colour(given: str) -> str:
    tidy = given.strip().lower()
    if not tidy:
        return ""
    if not colour.HEX.fullmatch(tidy):
        raise InvalidSettings(translatable("Write a colour as # and six digits, like #1c5d4c."), field="colour")
    if not colour.readable(tidy):
        raise InvalidSettings(TOO_PALE % {"colour": colour.nearest_readable(tidy)}, field="colour")
    return tidy


def _welcome(given: dict[str, str]) -> dict[str, str]:
    tidy = {language: " ".join(sentence.split()) for language, sentence in given.items()}
    for language, sentence in tidy.items():
        if language not in LANGUAGES:
            raise InvalidSettings(f"There are pages in {' and '.join(LANGUAGES)} only.", field="welcome")
        if len(sentence) > MAX_WELCOME or not sentence.isprintable():
            raise InvalidSettings(translatable("A welcome is one sentence of at most 300 characters."), field=f"welcome_{language}")
    return {language: sentence for language, sentence in sorted(tidy.items()) if sentence}


def _url(given: str, field: str) -> str:
    tidy = given.strip()
    if not tidy:
        return ""
    wrong = InvalidSettings(translatable("Give an address that begins with https://."), field=field)
    try:
        parts = urlsplit(tidy)
        port_fits = parts.port is None or parts.port > 0
    except ValueError as error:
        raise wrong from error
    plain = tidy.isascii() and tidy.isprintable() and not any(symbol in tidy for symbol in ' "<>\\^`{|}')
    named = parts.scheme == "https" and parts.hostname and parts.username is None and port_fits
    if not named or not plain or len(tidy) > MAX_URL:
        raise wrong
    return tidy


def store_images(
    connection: Any, owner_id: str, branding: Branding, images: tuple[BrandImage, ...], clock: Clock
) -> None:
    """The pictures and the style sheet that a branding shows belong to its owner; the owner's others go. Raises InvalidSettings."""
    for image in images:
        brand_images.put(connection, owner_id, image, clock.now())
    shown = {place: getattr(branding, place) for place in (*PICTURES, brand_style.FIELD)}
    for place, image_id in shown.items():
        if image_id and not brand_images.owns(connection, owner_id, image_id):
            raise InvalidSettings("There is no such picture or style sheet; upload it first.", field=place)
    brand_images.keep_only(connection, owner_id, set(shown.values()))
