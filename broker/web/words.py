"""Technical names in people's words: claim types, browsers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from broker.domain import claims as c
from broker.domain.claims import Claim
from broker.domain.messages import translatable

CLAIM_WORDS = {
    c.EMAIL: translatable("Email address"),
    c.NAME: translatable("Name"),
    c.GIVEN_NAME: translatable("First name"),
    c.SURNAME: translatable("Last name"),
    c.UPN: translatable("Account name"),
    c.NAME_IDENTIFIER: translatable("Identifier"),
    c.PHONE: translatable("Telephone"),
    c.GROUP: translatable("Groups"),
    c.ROLE: translatable("Roles"),
    c.LOCALE: translatable("Language"),
    c.PICTURE: translatable("Picture"),
    c.EMAIL_VERIFIED: translatable("Address confirmed by the organisation"),
}
_YES_NO = {"true": translatable("Yes"), "false": translatable("No")}

# The more special first: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
UNKNOWN_BROWSER = translatable("Unknown browser")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a provider says about a person: a label (message id, or the claim type itself) and its values."""

    label: str
    values: tuple[str, ...]
    type: str
    known: bool


def said(profile: Iterable[Claim]) -> list[Said]:
    """Claims by type, what has a word for it first, in the order of those words."""
    values: dict[str, list[str]] = {}
    for claim in profile:
        shown = _YES_NO.get(claim.value, claim.value) if claim.type == c.EMAIL_VERIFIED else claim.value
        values.setdefault(claim.type, []).append(shown)
    order = [kind for kind in CLAIM_WORDS if kind in values] + sorted(kind for kind in values if kind not in CLAIM_WORDS)
    return [Said(CLAIM_WORDS.get(kind, kind), tuple(values[kind]), kind, kind in CLAIM_WORDS) for kind in order]


def browser(user_agent: str) -> str:
    """ "Firefox · Windows": enough for a person to recognise their own."""
    program = next((name for mark, name in _BROWSERS if re.search(rf"\b{re.escape(mark)}", user_agent)), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (program, system) if part) or UNKNOWN_BROWSER
