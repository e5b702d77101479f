"""Reading the statements of one Assertion (SAML Core 2.4-2.7). The caller has verified it; nothing here judges trust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from broker.domain.messages import filled
from broker.protocols import xml, xmlenc
from broker.protocols.saml import names
from broker.protocols.saml.times import parse_instant

UNDERSTOOD_CONDITIONS = frozenset(names.saml(name) for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))
_NIL = f"{{{names.XSI}}}nil"


class Unacceptable(Exception):
    """Why an element cannot be accepted; `fix` for support where there is one, and what it should compare."""

    def __init__(self, cause: str, fix: str | None = None, *, expected: str = "", received: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.fix = fix
        self.expected = expected
        self.received = received


@dataclass(frozen=True, slots=True)
class NameIdentifier:
    value: str
    format: str
    name_qualifier: str | None
    sp_name_qualifier: str | None


@dataclass(frozen=True, slots=True)
class ReceivedAttribute:
    name: str
    name_format: str | None
    friendly_name: str | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuthnStatement:
    authenticated_at: datetime
    session_index: str | None
    session_ends_at: datetime | None
    class_ref: str | None
    authorities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """SubjectConfirmationData of a bearer confirmation."""

    recipient: str | None
    in_response_to: str | None
    not_on_or_after: datetime
    has_not_before: bool


def read_bearer_confirmations(assertion: etree._Element) -> list[Confirmation]:
    """Core 2.4.1.1. Others (holder of key) confirm nothing for a browser."""
    found = []
    for confirmation in only_child(assertion, "Subject").findall(names.saml("SubjectConfirmation")):
        if confirmation.get("Method") == names.BEARER:
            data = only_child(confirmation, "SubjectConfirmationData")
            not_on_or_after = instant(data, "NotOnOrAfter")
            found.append(Confirmation(data.get("Recipient"), data.get("InResponseTo"), not_on_or_after, "NotBefore" in data.attrib))
    return found


def read_authn_statement(assertion: etree._Element) -> AuthnStatement:
    """Core 2.7.2. Exactly one: two could disagree about the session."""
    statement = only_child(assertion, "AuthnStatement")
    context = only_child(statement, "AuthnContext")
    class_refs = context.findall(names.saml("AuthnContextClassRef"))
    if len(class_refs) > 1:
        raise Unacceptable("more than one AuthnContextClassRef")
    authorities = context.findall(names.saml("AuthenticatingAuthority"))
    return AuthnStatement(
        authenticated_at=instant(statement, "AuthnInstant"),
        session_index=statement.get("SessionIndex"),
        session_ends_at=instant(statement, "SessionNotOnOrAfter") if "SessionNotOnOrAfter" in statement.attrib else None,
        class_ref=xml.uri_of(class_refs[0]) if class_refs else None,
        authorities=tuple(xml.uri_of(authority) for authority in authorities),
    )


def read_name_id(
    assertion: etree._Element, keys: Sequence[xmlenc.DecryptionKey], *, allow_cbc: bool
) -> NameIdentifier | None:
    """The NameID, decrypted if need be; None when the subject has none. A blank one would make everybody one person."""
    subject = only_child(assertion, "Subject")
    encrypted = subject.findall(names.saml("EncryptedID"))
    plain = subject.findall(names.saml("NameID"))
    if len(encrypted) + len(plain) > 1:
        raise Unacceptable("more than one NameID")
    if encrypted:
        plain = [xmlenc.decrypt(encrypted[0], keys, allow_cbc=allow_cbc)]
        if plain[0].tag != names.saml("NameID"):
            raise xmlenc.DecryptionFault
    if not plain:
        return None
    value = xml.text_of(plain[0])
    if not value.strip() or len(plain[0]):
        raise Unacceptable("the NameID is empty, or has elements in it")
    element = plain[0]
    format_ = element.get("Format", names.UNSPECIFIED)
    return NameIdentifier(value, format_, element.get("NameQualifier"), element.get("SPNameQualifier"))


def read_attributes(assertion: etree._Element) -> tuple[ReceivedAttribute, ...]:
    """Core 2.7.3. Values as text, also of nested elements (eduPersonTargetedID); nil values are left out."""
    attributes = []
    for attribute in assertion.findall(f"{names.saml('AttributeStatement')}/{names.saml('Attribute')}"):
        name = attribute.get("Name")
        if not name:
            raise Unacceptable("an Attribute without Name")
        values = [value for value in attribute.findall(names.saml("AttributeValue")) if value.get(_NIL) not in {"true", "1"}]
        texts = tuple(xml.text_of(value) for value in values)
        attributes.append(ReceivedAttribute(name, attribute.get("NameFormat"), attribute.get("FriendlyName"), texts))
    return tuple(attributes)


def only_child(parent: etree._Element, name: str) -> etree._Element:
    """The one child of the assertion namespace with that name. Raises Unacceptable."""
    found = parent.findall(names.saml(name))
    if len(found) != 1:
        raise Unacceptable(
            filled(
                "%(count)s %(name)s elements in %(parent)s instead of one",
                count=len(found),
                name=name,
                parent=xml.local_name(parent),
            )
        )
    return found[0]


def instant(element: etree._Element, attribute: str) -> datetime:
    """A time attribute that must be there. Raises Unacceptable."""
    try:
        return parse_instant(element.get(attribute))
    except ValueError as error:
        raise Unacceptable(
            filled("%(attribute)s of %(element)s: %(cause)s", attribute=attribute, element=xml.local_name(element), cause=error)
        ) from error
