"""How a tenant's or an application's pages look: logo, colours, links, sentences. Data only; nothing here is markup."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Branding:
    """"" and {} mean: as the hub's own. An application's values win over its tenant's, and those over the hub's.

    `logo`, `favicon` and `style` are ids of uploaded pictures and of a style sheet. `colour` is "#rrggbb".
    `welcome` holds one sentence per language.
    """

    logo: str = ""
    favicon: str = ""
    colour: str = ""
    welcome: dict[str, str] = field(default_factory=dict)
    support_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    style: str = ""

    def over(self, other: Branding) -> Branding:
        """These values, and where there is none, the other's."""
        return Branding(
            logo=self.logo or other.logo,
            favicon=self.favicon or other.favicon,
            colour=self.colour or other.colour,
            welcome={**other.welcome, **self.welcome},
            support_url=self.support_url or other.support_url,
            terms_url=self.terms_url or other.terms_url,
            privacy_url=self.privacy_url or other.privacy_url,
            style=self.style or other.style,
        )


@dataclass(frozen=True, slots=True)
class BrandImage:
    """A checked picture or style sheet. `id` is made from the content, so an address never changes what it shows."""

    id: str
    content_type: str
    body: bytes = field(repr=False)
