"""How a tenant's or an application's pages look: logo, colours, links, sentences. Data only; nothing here is markup."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Branding:
    """"" and {} mean: as the hub's own. An application's values win over its tenant's, and those over the hub's.

    `logo` and `favicon` are ids of uploaded images. `colour` is "#rrggbb". `welcome` holds one sentence per language.
    """

    logo: str = ""
    favicon: str = ""
    colour: str = ""
    welcome: dict[str, str] = field(default_factory=dict)
    support_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
