"""What logins learn from a person of a directory: SCIM's attributes as claims, made when the directory says something."""

from __future__ import annotations

from typing import Any

from broker.domain import claims as c
from broker.domain.claims import Claim
from broker.domain.email import normalise
from broker.protocols.scim import names

AS_THEY_ARE = ("title", "userType", "nickName", "timezone")
OF_EMPLOYER = ("employeeNumber", "costCenter", "organization", "division", "department")
"""Claims with the attribute's own name."""


def claims_of(user: dict[str, Any]) -> tuple[Claim, ...]:
    name, employer = user.get("name", {}), user.get(names.ENTERPRISE_USER, {})
    said: list[tuple[str, Any]] = [
        (c.EMAIL, normalise(_main(user.get("emails", ())))),
        (c.GIVEN_NAME, name.get("givenName")),
        (c.SURNAME, name.get("familyName")),
        (c.NAME, user.get("displayName") or name.get("formatted")),
        (c.PHONE, _main(user.get("phoneNumbers", ()), "mobile")),
        (c.LOCALE, user.get("preferredLanguage") or user.get("locale")),
        *((attribute, user.get(attribute)) for attribute in AS_THEY_ARE),
        *((attribute, employer.get(attribute)) for attribute in OF_EMPLOYER),
        *((c.ROLE, each.get("value")) for each in user.get("roles", ())),
        *(("entitlement", each.get("value")) for each in user.get("entitlements", ())),
    ]
    return tuple(Claim(kind, value) for kind, value in said if value)


def _main(listed: Any, kind: str = "") -> str:
    """The main value, else the first of this kind, else the first."""
    held = [each for each in listed if each.get("value")]
    held.sort(key=lambda each: (each.get("primary") is not True, kind != each.get("type", "")))
    return str(held[0]["value"]).strip() if held else ""
