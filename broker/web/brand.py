"""A branding as pages need it: addresses, words, links."""

from __future__ import annotations

from dataclasses import dataclass, field

from broker.domain.branding import Branding
from broker.domain.messages import translatable

_EDITION = 1
"""Part of the stylesheet's address: rises when the same colour, or the same style sheet, is written in another way."""


@dataclass(frozen=True, slots=True)
class Brand:
    """`stylesheet`: of its colour, for every page; `style`: its own, for sign-in pages. `links`: (message id, address)."""

    logo: str = ""
    favicon: str = ""
    stylesheet: str = ""
    style: str = ""
    welcome: dict[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()


HUB = Brand()


def brand_of(branding: Branding) -> Brand:
    """Nothing but text is put together: this runs for every page."""
    links = (
        (translatable("Help"), branding.support_url),
        (translatable("Terms of use"), branding.terms_url),
        (translatable("Privacy"), branding.privacy_url),
    )
    return Brand(
        logo=f"/branding/images/{branding.logo}" if branding.logo else "",
        favicon=f"/branding/images/{branding.favicon}" if branding.favicon else "",
        stylesheet=f"/branding/{branding.colour[1:]}.css?v={_EDITION}" if branding.colour else "",
        style=f"/branding/styles/{branding.style}.css?v={_EDITION}" if branding.style else "",
        welcome=branding.welcome,
        links=tuple((label, address) for label, address in links if address),
    )
