"""The SAML messages that the demonstration's partners exchange with the hub. Signatures are `broker.protocols.xmldsig`'s."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from lxml import etree

from broker.demo.site import PartnerError
from broker.demo.world import Person
from broker.domain import claims, random_ids
from broker.domain.errors import BrokerError
from broker.protocols import xml, xmldsig
from broker.protocols.certificates import certificate_base64
from broker.protocols.saml import names
from broker.protocols.saml.names import ds, md, saml, samlp

_NAMESPACES = {"saml": names.SAML, "samlp": names.SAMLP}


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def element(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    made = etree.SubElement(parent, name, attributes)
    made.text = text
    return made


def identity_provider_metadata(entity_id: str, sso: str, certificate_pem: str, display_name: str) -> bytes:
    root = etree.Element(md("EntityDescriptor"), {"entityID": entity_id}, nsmap={"md": names.MD, "ds": names.DS})
    role = element(root, md("IDPSSODescriptor"), protocolSupportEnumeration=names.SAMLP, WantAuthnRequestsSigned="false")
    descriptor = element(role, md("KeyDescriptor"), use="signing")
    data = element(element(descriptor, ds("KeyInfo")), ds("X509Data"))
    element(data, ds("X509Certificate"), certificate_base64(certificate_pem))
    element(role, md("NameIDFormat"), names.PERSISTENT)
    for binding in (names.REDIRECT, names.POST):
        element(role, md("SingleSignOnService"), Binding=binding, Location=sso)
    organization = element(root, md("Organization"))
    for part in ("OrganizationName", "OrganizationDisplayName", "OrganizationURL"):
        made = element(organization, md(part), entity_id if part == "OrganizationURL" else display_name)
        made.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def service_provider_metadata(entity_id: str, acs: str) -> bytes:
    root = etree.Element(md("EntityDescriptor"), {"entityID": entity_id}, nsmap={"md": names.MD})
    role = element(root, md("SPSSODescriptor"), protocolSupportEnumeration=names.SAMLP, WantAssertionsSigned="true")
    element(role, md("NameIDFormat"), names.PERSISTENT)
    element(role, md("AssertionConsumerService"), Binding=names.POST, Location=acs, index="0", isDefault="true")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """What the identity provider needs of an AuthnRequest."""

    id: str
    issuer: str
    acs: str
    passive: bool
    hint: str


def read_request(encoded: str, *, deflated: bool) -> ReceivedRequest:
    """Raises PartnerError."""
    root = _decoded(encoded, deflated=deflated)
    if root.tag != samlp("AuthnRequest"):
        raise PartnerError("This is no AuthnRequest.")
    issuer = root.find(saml("Issuer"))
    hint = root.find(f"{saml('Subject')}/{saml('NameID')}")
    return ReceivedRequest(
        id=root.get("ID", ""),
        issuer=xml.text_of(issuer).strip() if issuer is not None else "",
        acs=root.get("AssertionConsumerServiceURL", ""),
        passive=root.get("IsPassive") in {"true", "1"},
        hint=xml.text_of(hint).strip() if hint is not None else "",
    )


def _decoded(encoded: str, *, deflated: bool) -> etree._Element:
    try:
        octets = base64.b64decode(encoded, validate=True)
        if deflated:
            octets = zlib.decompressobj(-15).decompress(octets, xml.MAX_MESSAGE_BYTES)
        return xml.parse(octets)
    except (binascii.Error, ValueError, zlib.error, BrokerError) as error:
        raise PartnerError("The SAML message cannot be read.") from error


@dataclass(frozen=True, slots=True)
class Speaker:
    """An identity provider that answers: its entityID and its key."""

    entity_id: str
    signing: xmldsig.SigningHandle


def refusal(speaker: Speaker, request_id: str, acs: str, status: str, now: datetime) -> str:
    """A signed Response without assertion: Responder and a second-level status (SAML Core 3.2.2.2)."""
    root = _response(speaker, request_id, acs, now)
    code = element(element(root, samlp("Status")), samlp("StatusCode"), Value=names.RESPONDER)
    element(code, samlp("StatusCode"), Value=status)
    xmldsig.sign(root, speaker.signing)
    return base64.b64encode(etree.tostring(root)).decode()


def response(speaker: Speaker, request_id: str, acs: str, audience: str, person: Person, now: datetime) -> str:
    """A Response with a signed assertion about `person`, as Entra ID and Okta send it: the Response itself is unsigned."""
    root = _response(speaker, request_id, acs, now)
    element(element(root, samlp("Status")), samlp("StatusCode"), Value=names.SUCCESS)
    assertion = element(root, saml("Assertion"), ID=random_ids.xml_id(), Version="2.0", IssueInstant=instant(now))
    element(assertion, saml("Issuer"), speaker.entity_id)
    end = instant(now + timedelta(minutes=5))

    subject = element(assertion, saml("Subject"))
    element(subject, saml("NameID"), person.id, Format=names.PERSISTENT, NameQualifier=speaker.entity_id, SPNameQualifier=audience)
    confirmation = element(subject, saml("SubjectConfirmation"), Method=names.BEARER)
    element(confirmation, saml("SubjectConfirmationData"), InResponseTo=request_id, Recipient=acs, NotOnOrAfter=end)

    conditions = element(assertion, saml("Conditions"), NotBefore=instant(now - timedelta(seconds=30)), NotOnOrAfter=end)
    element(element(conditions, saml("AudienceRestriction")), saml("Audience"), audience)

    authn = element(assertion, saml("AuthnStatement"), AuthnInstant=instant(now), SessionIndex=random_ids.xml_id())
    context = element(authn, saml("AuthnContext"))
    element(context, saml("AuthnContextClassRef"), names.CLASS_UNSPECIFIED)

    statement = element(assertion, saml("AttributeStatement"))
    for name, values in _attributes(person):
        attribute = element(statement, saml("Attribute"), Name=name, NameFormat=names.ATTRNAME_URI)
        for value in values:
            element(attribute, saml("AttributeValue"), value)
    xmldsig.sign(assertion, speaker.signing)
    return base64.b64encode(etree.tostring(root)).decode()


def _attributes(person: Person) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = [
        (claims.EMAIL, (person.email,)),
        (claims.GIVEN_NAME, (person.given_name,)),
        (claims.SURNAME, (person.family_name,)),
        (claims.NAME, (person.name,)),
    ]
    # An Attribute without values would mean "known to be empty" (SAML Core 2.7.3.1.1).
    return [*found, (claims.GROUP, person.groups)] if person.groups else found


def _response(speaker: Speaker, request_id: str, acs: str, now: datetime) -> etree._Element:
    attributes = {
        "ID": random_ids.xml_id(),
        "Version": "2.0",
        "IssueInstant": instant(now),
        "InResponseTo": request_id,
        "Destination": acs,
    }
    root = etree.Element(samlp("Response"), attributes, nsmap=_NAMESPACES)
    element(root, saml("Issuer"), speaker.entity_id)
    return root


def authentication_request(
    request_id: str, entity_id: str, destination: str, acs: str, now: datetime, *, force: bool, relay_state: str
) -> str:
    """The address that carries an unsigned AuthnRequest by the Redirect binding (SAML Bindings 3.4.4.1)."""
    attributes = {
        "ID": request_id,
        "Version": "2.0",
        "IssueInstant": instant(now),
        "Destination": destination,
        "AssertionConsumerServiceURL": acs,
        "ProtocolBinding": names.POST,
    }
    if force:
        attributes["ForceAuthn"] = "true"
    root = etree.Element(samlp("AuthnRequest"), attributes, nsmap=_NAMESPACES)
    element(root, saml("Issuer"), entity_id)
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(etree.tostring(root)) + packer.flush()
    query = urlencode({"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": relay_state})
    return f"{destination}?{query}"


def read_response(encoded: str, keys: tuple[xmldsig.VerificationKey, ...]) -> tuple[etree._Element, etree._Element | None]:
    """(Response, its assertion) as an application reads them: only from signed bytes. Raises PartnerError.

    The assertion is None when the Response itself is signed and carries none, which is how a hub says no.
    """
    root = _decoded("".join(encoded.split()), deflated=False)
    if root.tag != samlp("Response"):
        raise PartnerError("This is no Response.")
    try:
        if xmldsig.is_signed(root):
            root = xmldsig.verify(root, root, keys).root
            return root, root.find(saml("Assertion"))
        assertion = root.find(saml("Assertion"))
        if assertion is None:
            return root, None
        return root, xmldsig.verify(root, assertion, keys).root
    except BrokerError as error:
        raise PartnerError("The signature of the answer does not verify.") from error
