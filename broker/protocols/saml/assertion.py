"""Responses to service providers (SAML Core 3.3.3, 2; Profiles 4.1.4.2).

`ResponseTemplate.prepare(issuer, audience, …)` when configuration changes, `build(statement, key)` per login: the bytes go
into `bindings.post_fields("SAMLResponse", …, relay_state)`. `ErrorTemplate` likewise for a Status that is no success.
Every value is set through the lxml API, never written into a string (SECURITY 3, claim injection).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from saml2 import saml, samlp

from broker.domain.random_ids import xml_id
from broker.protocols import xml, xmlenc
from broker.protocols.saml import names
from broker.protocols.saml.skeletons import skeleton
from broker.protocols.saml.times import format_instant
from broker.protocols.xmldsig import SigningHandle, sign

VALID_SECONDS = 300
"""How long an assertion may be delivered."""
BACKDATED_SECONDS = 30
"""NotBefore lies this much before the issue instant: service providers' clocks differ."""


@dataclass(frozen=True, slots=True)
class NameId:
    value: str
    format: str = names.PERSISTENT
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    values: tuple[str, ...]
    name_format: str = names.ATTRNAME_URI
    friendly_name: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What one assertion says. `recipient` is the ACS. `in_response_to` None only for an unsolicited response."""

    in_response_to: str | None
    recipient: str
    name_id: NameId
    attributes: tuple[Attribute, ...]
    authenticated_at: datetime
    issued_at: datetime
    session_index: str
    session_ends_at: datetime | None = None
    class_ref: str | None = None
    authorities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseTemplate:
    """Everything of our responses to one service provider that does not change from login to login. Share freely."""

    tree: etree._Element
    sign_assertion: bool
    sign_response: bool
    encrypt_for: xmlenc.EncryptionKey | None

    @classmethod
    def prepare(
        cls,
        issuer: str,
        audience: str,
        *,
        sign_assertion: bool = True,
        sign_response: bool = False,
        encrypt_for: xmlenc.EncryptionKey | None = None,
    ) -> ResponseTemplate:
        """`issuer` is our entityID, `audience` the service provider's. Raises ValueError when nothing would be signed."""
        if not (sign_assertion or sign_response):
            raise ValueError("a response must be signed somewhere")
        return cls(skeleton(_response(issuer, _assertion(issuer, audience))), sign_assertion, sign_response, encrypt_for)

    def build(self, statement: Statement, key: SigningHandle) -> bytes:
        """XML octets of a signed Response; see `fill`."""
        return xml.serialise(self.fill(statement, key))

    def fill(self, statement: Statement, key: SigningHandle) -> etree._Element:
        """A signed Response: the assertion is signed, then encrypted; the response is signed last."""
        root = copy.deepcopy(self.tree)
        assertion = root[-1]
        _fill_response(root, statement.in_response_to, statement.recipient, statement.issued_at)
        _fill_assertion(assertion, statement)
        if self.sign_assertion:
            sign(assertion, key)
        if self.encrypt_for is not None:
            root.replace(assertion, _encrypted(assertion, self.encrypt_for))
        if self.sign_response:
            sign(root, key)
        return root


@dataclass(frozen=True, slots=True)
class ErrorTemplate:
    """Our error responses to one service provider: a Status and no assertion."""

    tree: etree._Element

    @classmethod
    def prepare(cls, issuer: str) -> ErrorTemplate:
        return cls(skeleton(_response(issuer, None)))

    def build(self, *arguments: Any, **named: Any) -> bytes:
        """XML octets; see `fill`."""
        return xml.serialise(self.fill(*arguments, **named))

    def fill(
        self,
        in_response_to: str | None,
        recipient: str,
        issued_at: datetime,
        code: str,
        key: SigningHandle,
        *,
        second_code: str | None = None,
        message: str | None = None,
    ) -> etree._Element:
        """`code` is one of the four top-level codes (Core 3.2.2.2). Signed. `message` must be a constant of ours."""
        root = copy.deepcopy(self.tree)
        _fill_response(root, in_response_to, recipient, issued_at)
        status = root[1]
        status[0].set("Value", code)
        if second_code is not None:
            etree.SubElement(status[0], names.samlp("StatusCode"), {"Value": second_code})
        if message is not None:
            xml.set_text(etree.SubElement(status, names.samlp("StatusMessage")), message)
        sign(root, key)
        return root


def _response(issuer: str, assertion: saml.Assertion | None) -> samlp.Response:
    return samlp.Response(
        id="_response",
        version="2.0",
        issue_instant="_",
        destination="_",
        issuer=saml.Issuer(text=issuer),
        status=samlp.Status(status_code=samlp.StatusCode(value=names.SUCCESS)),
        assertion=assertion,
    )


def _assertion(issuer: str, audience: str) -> saml.Assertion:
    confirmation = saml.SubjectConfirmation(method=names.BEARER, subject_confirmation_data=saml.SubjectConfirmationData())
    return saml.Assertion(
        id="_assertion",
        version="2.0",
        issue_instant="_",
        issuer=saml.Issuer(text=issuer),
        subject=saml.Subject(name_id=saml.NameID(), subject_confirmation=confirmation),
        conditions=saml.Conditions(audience_restriction=saml.AudienceRestriction(audience=saml.Audience(text=audience))),
        authn_statement=saml.AuthnStatement(authn_context=saml.AuthnContext(authn_context_class_ref=saml.AuthnContextClassRef())),
        attribute_statement=saml.AttributeStatement(),
    )


def _fill_response(root: etree._Element, in_response_to: str | None, recipient: str, issued_at: datetime) -> None:
    root.set("ID", xml_id())
    root.set("IssueInstant", format_instant(issued_at))
    root.set("Destination", recipient)
    if in_response_to is not None:
        root.set("InResponseTo", in_response_to)


def _fill_assertion(assertion: etree._Element, statement: Statement) -> None:
    _issuer, subject, conditions, authn, attributes = assertion
    expires = format_instant(statement.issued_at + timedelta(seconds=VALID_SECONDS))
    assertion.set("ID", xml_id())
    assertion.set("IssueInstant", format_instant(statement.issued_at))
    conditions.set("NotBefore", format_instant(statement.issued_at - timedelta(seconds=BACKDATED_SECONDS)))
    conditions.set("NotOnOrAfter", expires)

    name_id, confirmation = subject
    _fill_name_id(name_id, statement.name_id)
    data = confirmation[0]
    data.set("Recipient", statement.recipient)
    data.set("NotOnOrAfter", expires)
    if statement.in_response_to is not None:
        data.set("InResponseTo", statement.in_response_to)

    authn.set("AuthnInstant", format_instant(statement.authenticated_at))
    authn.set("SessionIndex", statement.session_index)
    if statement.session_ends_at is not None:
        authn.set("SessionNotOnOrAfter", format_instant(statement.session_ends_at))
    context = authn[0]
    xml.set_text(context[0], statement.class_ref or names.CLASS_UNSPECIFIED)
    for authority in statement.authorities:
        xml.set_text(etree.SubElement(context, names.saml("AuthenticatingAuthority")), authority)
    _fill_attributes(attributes, statement.attributes)


def _fill_name_id(element: etree._Element, name_id: NameId) -> None:
    element.set("Format", name_id.format)
    if name_id.name_qualifier is not None:
        xml.set_attribute(element, "NameQualifier", name_id.name_qualifier)
    if name_id.sp_name_qualifier is not None:
        xml.set_attribute(element, "SPNameQualifier", name_id.sp_name_qualifier)
    xml.set_text(element, name_id.value)


def _fill_attributes(parent: etree._Element, attributes: tuple[Attribute, ...]) -> None:
    if not attributes:
        # Core 2.7.3: an AttributeStatement has at least one attribute.
        statement_owner = parent.getparent()
        assert statement_owner is not None
        statement_owner.remove(parent)
        return
    for attribute in attributes:
        element = etree.SubElement(parent, names.saml("Attribute"))
        xml.set_attribute(element, "Name", attribute.name)
        xml.set_attribute(element, "NameFormat", attribute.name_format)
        if attribute.friendly_name is not None:
            xml.set_attribute(element, "FriendlyName", attribute.friendly_name)
        for value in attribute.values:
            xml.set_text(etree.SubElement(element, names.saml("AttributeValue")), value)


def _encrypted(assertion: etree._Element, recipient: xmlenc.EncryptionKey) -> etree._Element:
    holder = etree.Element(names.saml("EncryptedAssertion"))
    # Canonical bytes carry the namespaces that the assertion uses, so they can be read on their own.
    holder.append(xmlenc.encrypt(xml.canonical(assertion), recipient))
    return holder
