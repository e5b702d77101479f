"""Claims on the AD FS model: type, value, value type, issuer, original issuer, properties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

STRING = "http://www.w3.org/2001/XMLSchema#string"
BOOLEAN = "http://www.w3.org/2001/XMLSchema#boolean"

# Canonical claim types inside the hub: the URIs that AD FS and Entra ID use, so that their administrators recognise them.
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
EMAIL = _XMLSOAP + "emailaddress"
UPN = _XMLSOAP + "upn"
NAME = _XMLSOAP + "name"
GIVEN_NAME = _XMLSOAP + "givenname"
SURNAME = _XMLSOAP + "surname"
NAME_IDENTIFIER = _XMLSOAP + "nameidentifier"
EMAIL_NAME_ID = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
"""`format` of a name identifier that is an address."""
PHONE = _XMLSOAP + "mobilephone"
GROUP = "http://schemas.xmlsoap.org/claims/Group"
ROLE = _MICROSOFT + "role"
LOCALE = "urn:vestibule:claims:locale"
PICTURE = "urn:vestibule:claims:picture"
# Set by the hub itself, last, and never by a rule or an identity provider (SECURITY 3, claim injection).
EMAIL_VERIFIED = "urn:vestibule:claims:email_verified"
TENANT = "urn:vestibule:claims:tenant"
CONNECTOR = "urn:vestibule:claims:connector"
PROTECTED = frozenset({EMAIL_VERIFIED, TENANT, CONNECTOR})


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement about a person.

    `type` is a URI where one is known (see `broker.rules.aliases`), else the name as received. `issuer` is who says it to
    us (the connector), `original_issuer` who said it first. `properties` carries format, name format and the like.
    """

    type: str
    value: str
    value_type: str = STRING
    issuer: str = ""
    original_issuer: str = ""
    properties: dict[str, str] = field(default_factory=dict)

    def with_type(self, claim_type: str) -> Claim:
        return replace(self, type=claim_type)

    def with_value(self, value: str) -> Claim:
        return replace(self, value=value)


@dataclass(frozen=True, slots=True)
class Claims:
    """An ordered set of claims."""

    items: tuple[Claim, ...] = ()

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def of_type(self, claim_type: str) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.items if claim.type == claim_type)

    def values(self, claim_type: str) -> tuple[str, ...]:
        return tuple(claim.value for claim in self.items if claim.type == claim_type)

    def first(self, claim_type: str) -> str | None:
        """The value of the first claim of that type, or None."""
        for claim in self.items:
            if claim.type == claim_type:
                return claim.value
        return None

    def plus(self, more: Iterable[Claim]) -> Claims:
        return Claims(self.items + tuple(more))

    def without(self, claim_types: frozenset[str]) -> Claims:
        return Claims(tuple(claim for claim in self.items if claim.type not in claim_types))


def display_name(claims: Claims) -> str | None:
    """The name to show for a person, if their provider said one: what can be read of it (PostgreSQL text holds no U+0000)."""
    parts = (claims.first(GIVEN_NAME), claims.first(SURNAME))
    name = claims.first(NAME) or " ".join(part for part in parts if part)
    readable = "".join(symbol for symbol in " ".join(name.split()) if symbol.isprintable())
    return readable.strip()[:200] or None
