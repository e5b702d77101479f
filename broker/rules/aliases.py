"""The names under which identity providers send the same thing, and the canonical type of each (FEATURES H2)."""

from __future__ import annotations

from broker.domain import claims as c
from broker.domain.claims import Claim, Claims

_OID = "urn:oid:"
_NAMES: dict[str, tuple[str, ...]] = {
    c.EMAIL: (
        "email",
        "mail",
        "emailaddress",
        "email_address",
        "Email",
        "EmailAddress",
        "User.Email",
        "user.email",
        "rfc822Mailbox",
        _OID + "0.9.2342.19200300.100.1.3",
        _OID + "1.2.840.113549.1.9.1",
        "urn:mace:dir:attribute-def:mail",
        "http://schemas.xmlsoap.org/claims/EmailAddress",
    ),
    c.UPN: (
        "upn",
        "UPN",
        "userprincipalname",
        "userPrincipalName",
        "preferred_username",
        "eppn",
        "eduPersonPrincipalName",
        _OID + "1.3.6.1.4.1.5923.1.1.1.6",
        "http://schemas.xmlsoap.org/claims/UPN",
    ),
    c.NAME: (
        "name",
        "displayname",
        "displayName",
        "display_name",
        "cn",
        "commonName",
        "fullname",
        "full_name",
        "User.FullName",
        _OID + "2.16.840.1.113730.3.1.241",
        _OID + "2.5.4.3",
        "http://schemas.microsoft.com/identity/claims/displayname",
        "http://schemas.xmlsoap.org/claims/CommonName",
    ),
    c.GIVEN_NAME: (
        "given_name",
        "givenname",
        "givenName",
        "first_name",
        "firstName",
        "firstname",
        "FirstName",
        "User.FirstName",
        "user.firstName",
        _OID + "2.5.4.42",
        "urn:mace:dir:attribute-def:givenName",
    ),
    c.SURNAME: (
        "family_name",
        "surname",
        "sn",
        "last_name",
        "lastName",
        "lastname",
        "LastName",
        "User.LastName",
        "user.lastName",
        _OID + "2.5.4.4",
        "urn:mace:dir:attribute-def:sn",
    ),
    c.PHONE: ("phone_number", "mobile", "mobilePhone", "telephoneNumber", _OID + "0.9.2342.19200300.100.1.41", _OID + "2.5.4.20"),
    c.GROUP: (
        "group",
        "groups",
        "Group",
        "Groups",
        "memberOf",
        "memberof",
        "isMemberOf",
        _OID + "1.3.6.1.4.1.5923.1.5.1.1",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    ),
    c.ROLE: ("role", "roles", "Role", "Roles", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/role"),
    c.LOCALE: ("locale", "preferredLanguage", _OID + "2.16.840.1.113730.3.1.39"),
    c.PICTURE: ("picture",),
}

CANONICAL: dict[str, str] = {alias: canonical for canonical, aliases in _NAMES.items() for alias in aliases}
"""Name as received → canonical type."""

SHORT_NAMES: dict[str, str] = {
    "email": c.EMAIL,
    "upn": c.UPN,
    "name": c.NAME,
    "given_name": c.GIVEN_NAME,
    "surname": c.SURNAME,
    "family_name": c.SURNAME,
    "phone": c.PHONE,
    "group": c.GROUP,
    "role": c.ROLE,
    "locale": c.LOCALE,
    "picture": c.PICTURE,
    "name_identifier": c.NAME_IDENTIFIER,
    "email_verified": c.EMAIL_VERIFIED,
    "tenant": c.TENANT,
    "connector": c.CONNECTOR,
}
"""What people write in rules and `release`."""


def canonical_type(name: str) -> str:
    """A claim type as a rule names it: a short name, an alias, or a type taken as it is."""
    return SHORT_NAMES.get(name) or CANONICAL.get(name, name)


def canonicalise(claims: Claims) -> Claims:
    """Received claims under canonical types; the name as received is kept in the property "received_as"."""
    return Claims(tuple(_canonical(claim) for claim in claims))


def _canonical(claim: Claim) -> Claim:
    canonical = CANONICAL.get(claim.type)
    if canonical is None:
        return claim
    return Claim(
        canonical,
        claim.value,
        claim.value_type,
        claim.issuer,
        claim.original_issuer,
        {**claim.properties, "received_as": claim.type},
    )
