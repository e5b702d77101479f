"""From the neutral response to a SAML Response: NameID, attributes, template."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from broker.domain import claims as c
from broker.domain import random_ids
from broker.domain.claims import Claims
from broker.domain.errors import SubjectFormatUnavailable
from broker.domain.messages import filled
from broker.domain.response import AuthenticationResponse
from broker.downstream.saml.settings import SamlApplicationSettings
from broker.protocols.saml import names
from broker.protocols.saml.assertion import Attribute, NameId, Statement
from broker.protocols.saml.attribute_maps import oid_name

FORMATS = {
    "persistent": names.PERSISTENT,
    "transient": names.TRANSIENT,
    "emailAddress": names.EMAIL_ADDRESS,
    "unspecified": names.UNSPECIFIED,
}
KEY_OWNER = "key_owner"
"""In a request's state: whose keys sign the answer."""
SUPPORTED_FORMATS = frozenset(FORMATS.values())

_FRIENDLY = {
    c.EMAIL: ("email", "mail"),
    c.UPN: ("upn", "eduPersonPrincipalName"),
    c.NAME: ("name", "displayName"),
    c.GIVEN_NAME: ("given_name", "givenName"),
    c.SURNAME: ("surname", "sn"),
    c.PHONE: ("phone", "mobile"),
    c.GROUP: ("groups", "isMemberOf"),
    c.ROLE: ("roles", "eduPersonEntitlement"),
    c.LOCALE: ("locale", "preferredLanguage"),
    c.PICTURE: ("picture", "jpegPhoto"),
    c.TENANT: ("tenant", ""),
    c.CONNECTOR: ("connector", ""),
    c.EMAIL_VERIFIED: ("email_verified", ""),
}


def name_id(settings: SamlApplicationSettings, asked: str | None, issuer: str, response: AuthenticationResponse) -> NameId:
    """The subject in the format that was asked for. Raises SubjectFormatUnavailable."""
    wanted = FORMATS[settings.name_id_format]
    if asked and asked != names.UNSPECIFIED and not settings.force_name_id_format:
        if asked not in SUPPORTED_FORMATS:
            raise SubjectFormatUnavailable(cause=filled("NameID format %(name)s", name=asked[:100]), check="saml.name_id_format")
        wanted = asked
    if wanted == names.EMAIL_ADDRESS:
        if response.email is None:
            raise SubjectFormatUnavailable(cause="no email address is released to this application", check="saml.name_id_format")
        return NameId(response.email, wanted)
    if wanted == names.TRANSIENT:
        return NameId(random_ids.xml_id(), wanted, issuer, settings.entity_id)  # Core 8.3.8: opaque, temporary
    if wanted == names.UNSPECIFIED:
        return NameId(response.subject, wanted)
    return NameId(response.subject, names.PERSISTENT, issuer, settings.entity_id)  # Core 8.3.7


def attributes(claims: Claims, style: str) -> tuple[Attribute, ...]:
    """One attribute per claim type, values in order.

    The names under which the hub's own and well-known claims travel are theirs: a provider's claim that is called like one
    (`tenant`, in the short style) stays out, whatever rules let it pass (SECURITY 3, claim injection).
    """
    by_type: dict[str, list[str]] = {}
    for claim in claims:
        if claim.type in _FRIENDLY or claim.type not in _taken(style):
            by_type.setdefault(claim.type, []).append(claim.value)
    return tuple(_attribute(claim_type, tuple(values), style) for claim_type, values in by_type.items())


@cache
def _taken(style: str) -> frozenset[str]:
    return frozenset(_attribute(claim_type, (), style).name for claim_type in _FRIENDLY)


def _attribute(claim_type: str, values: tuple[str, ...], style: str) -> Attribute:
    short, friendly = _FRIENDLY.get(claim_type, ("", ""))
    if style == "short":
        return Attribute(short or claim_type, values, names.ATTRNAME_BASIC)
    if style == "oid" and friendly and (oid := oid_name(friendly)):
        return Attribute(oid, values, names.ATTRNAME_URI, friendly)
    name_format = names.ATTRNAME_URI if ":" in claim_type else names.ATTRNAME_BASIC
    return Attribute(claim_type, values, name_format, short or None)


def statement(
    settings: SamlApplicationSettings,
    *,
    request_id: str,
    recipient: str,
    asked_format: str | None,
    issuer: str,
    response: AuthenticationResponse,
) -> Statement:
    """What the assertion says. Raises SubjectFormatUnavailable."""
    return Statement(
        in_response_to=request_id,
        recipient=recipient,
        name_id=name_id(settings, asked_format, issuer, response),
        attributes=attributes(response.claims, settings.attribute_names),
        authenticated_at=_not_later(response.context.authenticated_at, response.issued_at),
        issued_at=response.issued_at,
        session_index=response.session_index,
        session_ends_at=response.session_ends_at,
        class_ref=response.context.class_ref,
        authorities=response.context.authorities,
    )


def _not_later(moment: datetime, limit: datetime) -> datetime:
    """An identity provider's clock may run ahead; service providers refuse an AuthnInstant in the future."""
    return min(moment, limit)
