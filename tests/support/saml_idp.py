"""A small SAML identity provider for tests: answers as it should, or with any deviation, by parameter.

Independent of the hub's own builder: lxml and xmlsec only. Typical use:

    idp = SmallIdp()
    answer = Answer(in_response_to=request_id, recipient=acs, audience=sp_entity_id, now=clock.now())
    form = idp.form(idp.respond(answer), relay_state)
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from tests.support.clock import NOW

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


@dataclass(frozen=True)
class KeyPair:
    private_pem: str
    certificate_pem: str

    @property
    def certificate_base64(self) -> str:
        return "".join(self.certificate_pem.split("-----")[2].split())


def key_pair(name: str, *, kind: str = "rsa2048", not_after: datetime = datetime(2046, 1, 1, tzinfo=UTC)) -> KeyPair:
    """A key pair by name, the same within one run. kind: rsa1024, rsa2048, p256, p384."""
    return _key_pair(name, kind, not_after)


@cache
def _key_pair(name: str, kind: str, not_after: datetime) -> KeyPair:
    key = {
        "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
        "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    }[kind]()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KeyPair(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@dataclass
class Answer:
    """One Response. Times are offsets in seconds from `now`; None leaves an attribute or element out."""

    in_response_to: str | None
    recipient: str
    audience: str
    now: datetime = NOW
    issuer: str | None = "https://idp.acme.example/saml"
    response_issuer: str | None = "same"
    destination: str | None = "same"
    confirmation_in_response_to: str | None = "same"
    audiences: tuple[tuple[str, ...], ...] | None = None
    """One tuple per AudienceRestriction; None means the one of `audience`."""
    status: str | None = SUCCESS
    with_assertion: bool = True
    name_id: str | None = "u-4711"
    name_id_format: str | None = PERSISTENT
    name_id_attributes: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=lambda: {"email": ["ann@acme.example"], "given_name": ["Ann"]})
    method: str = BEARER
    issued: float = 0
    not_before: float | None = -60
    not_on_or_after: float | None = 300
    confirmed_until: float | None = 300
    confirmed_from: float | None = None
    authenticated: float | None = -5
    session_until: float | None = 8 * 3600
    session_index: str | None = "s-1"
    class_ref: str | None = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    response_id: str = "_response1"
    assertion_id: str = "_assertion1"
    time_format: str = "%Y-%m-%dT%H:%M:%S.123Z"
    sign: tuple[str, ...] = ("assertion",)
    signature_method: str = "RsaSha256"
    digest_method: str = "Sha256"
    encrypt_for: str | None = None
    """A certificate in PEM."""
    cipher: str = "Aes256Gcm"
    key_transport: str = "RsaOaep"
    edit: Callable[[etree._Element], None] | None = None
    """Changes the Response before it is signed."""
    edit_signed: Callable[[etree._Element], None] | None = None
    """Changes it after: what an attacker does."""


class SmallIdp:
    """One identity provider with one signing key (and others that its metadata may list)."""

    def __init__(self, entity_id: str = "https://idp.acme.example/saml", key: KeyPair | None = None) -> None:
        self.entity_id = entity_id
        self.key = key or key_pair("idp")
        self.sso = "https://idp.acme.example/sso"

    def metadata(self, *, extra_keys: tuple[KeyPair, ...] = (), wants_signed: bool = False, sso: str | None = None) -> bytes:
        """Metadata with Redirect and POST at `sso`."""
        md = "urn:oasis:names:tc:SAML:2.0:metadata"
        root = etree.Element(f"{{{md}}}EntityDescriptor", {"entityID": self.entity_id}, nsmap={"md": md, "ds": DS})
        role = _child(root, md, "IDPSSODescriptor", protocolSupportEnumeration=SAMLP)
        role.set("WantAuthnRequestsSigned", "true" if wants_signed else "false")
        for key in (self.key, *extra_keys):
            info = _child(_child(role, md, "KeyDescriptor", use="signing"), DS, "KeyInfo")
            _child(_child(info, DS, "X509Data"), DS, "X509Certificate").text = key.certificate_base64
        for binding in ("HTTP-Redirect", "HTTP-POST"):
            full = f"urn:oasis:names:tc:SAML:2.0:bindings:{binding}"
            _child(role, md, "SingleSignOnService", Binding=full, Location=sso or self.sso)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def respond(self, answer: Answer) -> bytes:
        """The XML of the Response."""
        root = build(answer)
        assertion = root.find(f"{{{SAML}}}Assertion")
        if answer.edit is not None:
            answer.edit(root)
        if assertion is not None and "assertion" in answer.sign:
            sign(assertion, self.key, answer.signature_method, answer.digest_method)
        if assertion is not None and answer.encrypt_for is not None:
            encrypt(assertion, answer.encrypt_for, answer.cipher, answer.key_transport)
        if "response" in answer.sign:
            sign(root, self.key, answer.signature_method, answer.digest_method)
        if answer.edit_signed is not None:
            # Parsed again: lxml does not find by name what xmlsec put into the tree.
            root = etree.fromstring(etree.tostring(root))
            answer.edit_signed(root)
        return etree.tostring(root, encoding="UTF-8")

    @staticmethod
    def form(xml: bytes, relay_state: str | None = None) -> tuple[tuple[str, str], ...]:
        """The fields that the browser posts to the assertion consumer service."""
        fields = (("SAMLResponse", base64.b64encode(xml).decode()),)
        return fields if relay_state is None else (*fields, ("RelayState", relay_state))

    @staticmethod
    def read_redirect(url: str) -> tuple[etree._Element, dict[str, str]]:
        """An AuthnRequest that came by Redirect, and the query's parameters."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}
        return etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15)), query


def build(answer: Answer) -> etree._Element:
    """The unsigned Response."""
    same_issuer = answer.issuer if answer.response_issuer == "same" else answer.response_issuer
    destination = answer.recipient if answer.destination == "same" else answer.destination
    root = etree.Element(f"{{{SAMLP}}}Response", nsmap={"samlp": SAMLP, "saml": SAML})
    _set(root, ID=answer.response_id, Version="2.0", IssueInstant=_time(answer, answer.issued))
    _set(root, Destination=destination, InResponseTo=answer.in_response_to)
    if same_issuer is not None:
        _child(root, SAML, "Issuer").text = same_issuer
    if answer.status is not None:
        _child(_child(root, SAMLP, "Status"), SAMLP, "StatusCode", Value=answer.status)
    if answer.with_assertion:
        root.append(build_assertion(answer))
    return root


def build_assertion(answer: Answer) -> etree._Element:
    assertion = etree.Element(f"{{{SAML}}}Assertion", nsmap={"saml": SAML})
    _set(assertion, ID=answer.assertion_id, Version="2.0", IssueInstant=_time(answer, answer.issued))
    if answer.issuer is not None:
        _child(assertion, SAML, "Issuer").text = answer.issuer
    subject = _child(assertion, SAML, "Subject")
    if answer.name_id is not None:
        _child(subject, SAML, "NameID", Format=answer.name_id_format, **answer.name_id_attributes).text = answer.name_id
    data = _child(_child(subject, SAML, "SubjectConfirmation", Method=answer.method), SAML, "SubjectConfirmationData")
    reply = answer.in_response_to if answer.confirmation_in_response_to == "same" else answer.confirmation_in_response_to
    _set(data, Recipient=answer.recipient, InResponseTo=reply)
    _set(data, NotOnOrAfter=_time(answer, answer.confirmed_until), NotBefore=_time(answer, answer.confirmed_from))
    conditions = _child(assertion, SAML, "Conditions")
    _set(conditions, NotBefore=_time(answer, answer.not_before), NotOnOrAfter=_time(answer, answer.not_on_or_after))
    for audiences in ((answer.audience,),) if answer.audiences is None else answer.audiences:
        restriction = _child(conditions, SAML, "AudienceRestriction")
        for audience in audiences:
            _child(restriction, SAML, "Audience").text = audience
    if answer.authenticated is not None:
        statement = _child(assertion, SAML, "AuthnStatement", AuthnInstant=_time(answer, answer.authenticated))
        _set(statement, SessionIndex=answer.session_index, SessionNotOnOrAfter=_time(answer, answer.session_until))
        _child(_child(statement, SAML, "AuthnContext"), SAML, "AuthnContextClassRef").text = answer.class_ref
    if answer.attributes:
        attribute_statement = _child(assertion, SAML, "AttributeStatement")
        for name, values in answer.attributes.items():
            attribute = _child(attribute_statement, SAML, "Attribute", Name=name)
            for value in values:
                _child(attribute, SAML, "AttributeValue").text = value
    return assertion


def sign(element: etree._Element, key: KeyPair, method: str = "RsaSha256", digest: str = "Sha256") -> None:
    """Enveloped, after the Issuer, by xmlsec's own templates."""
    known = {"RsaSha256": "RSA_SHA256", "RsaSha1": "RSA_SHA1", "RsaSha512": "RSA_SHA512"}
    transform = getattr(xmlsec.Transform, known.get(method, method))
    signature = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, transform, ns="ds")
    element.insert(1 if len(element) and element[0].tag == f"{{{SAML}}}Issuer" else 0, signature)
    reference = xmlsec.template.add_reference(
        signature, getattr(xmlsec.Transform, digest.upper()), uri="#" + str(element.get("ID"))
    )
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private_pem, xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_memory(key.certificate_pem, xmlsec.KeyFormat.PEM)
    context.register_id(element, "ID")
    context.sign(signature)


def encrypt(
    assertion: etree._Element,
    certificate: str,
    cipher: str = "Aes256Gcm",
    transport: str = "RsaOaep",
    *,
    holder_name: str = "EncryptedAssertion",
) -> etree._Element:
    """Replace the element by its encrypted form, by xmlsec: plaintext without outer namespace declarations."""
    ciphers = {"Aes256Gcm": "AES256_GCM", "Aes128Gcm": "AES128_GCM", "Aes256Cbc": "AES256", "Aes128Cbc": "AES128"}
    transports = {"RsaOaep": xmlsec.Transform.RSA_OAEP, "Rsa15": xmlsec.Transform.RSA_PKCS1}
    algorithm = {
        "AES256_GCM": xmlsec.constants.TransformAes256Gcm,
        "AES128_GCM": xmlsec.constants.TransformAes128Gcm,
        "AES256": xmlsec.constants.TransformAes256Cbc,
        "AES128": xmlsec.constants.TransformAes128Cbc,
    }[ciphers[cipher]]
    parent = assertion.getparent()
    holder = etree.Element(f"{{{SAML}}}{holder_name}", nsmap={"saml": SAML})
    parent.replace(assertion, holder)
    holder.append(assertion)
    data = xmlsec.template.encrypted_data_create(holder, algorithm, type=xmlsec.EncryptionType.ELEMENT, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    encrypted_key = xmlsec.template.add_encrypted_key(info, transports[transport])
    xmlsec.template.encrypted_data_ensure_cipher_value(encrypted_key)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM))
    context = xmlsec.EncryptionContext(manager)
    bits = 256 if "256" in cipher else 128
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, bits, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(data, assertion)
    return holder


def _time(answer: Answer, offset: float | None) -> str | None:
    return None if offset is None else (answer.now + timedelta(seconds=offset)).strftime(answer.time_format)


def _set(element: etree._Element, **attributes: str | None) -> None:
    for name, value in attributes.items():
        if value is not None:
            element.set(name, value)


def _child(parent: etree._Element, namespace: str, name: str, **attributes: str | None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    _set(child, **attributes)
    return child
