"""AuthnRequest (SAML Core 3.4.1): what a service provider asked, and what we ask.

Reading, for the downstream face:

    received = bindings.receive(incoming, "SAMLRequest")
    unverified = xml.parse(received.xml)
    application = look up by unverified_issuer(unverified)
    # POST, signed:      root = xmldsig.verify(unverified, unverified, keys).root
    # Redirect, signed:  bindings.verify_query(received, keys); root = unverified
    request = read_authn_request(root)

Writing, for connectors: an `AuthnRequestTemplate` made once, `fill` per login.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from saml2 import saml, samlp

from broker.domain.errors import MalformedRequest
from broker.domain.messages import filled
from broker.protocols import xml
from broker.protocols.saml import names
from broker.protocols.saml.skeletons import skeleton
from broker.protocols.saml.times import format_instant, parse_instant

_MAX_IDP_LIST = 20


@dataclass(frozen=True, slots=True)
class NameIdPolicy:
    format: str | None = None
    sp_name_qualifier: str | None = None
    allow_create: bool = False


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """One request as the service provider wrote it. None means that the attribute or element was absent."""

    id: str
    issuer: str
    issued_at: datetime
    destination: str | None = None
    acs_url: str | None = None
    acs_index: int | None = None
    protocol_binding: str | None = None
    force_authn: bool = False
    is_passive: bool = False
    name_id_policy: NameIdPolicy | None = None
    requested_contexts: tuple[str, ...] = ()
    context_comparison: str = "exact"
    idp_list: tuple[str, ...] = ()
    subject_hint: str | None = None
    provider_name: str | None = None


def unverified_issuer(root: etree._Element) -> str:
    """Who says to have sent the message: only to find the keys that will tell. Raises MalformedRequest."""
    issuers = root.findall(names.saml("Issuer"))
    if len(issuers) != 1:
        raise _malformed(filled("%(count)s Issuer elements", count=len(issuers)))
    issuer = xml.uri_of(issuers[0])
    if not issuer or len(issuer) > 1024:  # Core 8.3.6
        raise _malformed("the Issuer is empty or too long")
    return issuer


def read_authn_request(root: etree._Element) -> AuthnRequest:
    """Raises MalformedRequest."""
    if root.tag != names.samlp("AuthnRequest"):
        raise _malformed(filled("the message is a %(name)s, not an AuthnRequest", name=repr(xml.local_name(root)[:40])))
    if root.get("Version") != "2.0":
        raise _malformed("Version is not 2.0")
    policy = _at_most_one(root, names.samlp("NameIDPolicy"))
    contexts = _at_most_one(root, names.samlp("RequestedAuthnContext"))
    return AuthnRequest(
        id=_id(root),
        issuer=unverified_issuer(root),
        issued_at=_instant(root, "IssueInstant"),
        destination=root.get("Destination"),
        acs_url=root.get("AssertionConsumerServiceURL"),
        acs_index=_index(root),
        protocol_binding=root.get("ProtocolBinding"),
        force_authn=_boolean(root, "ForceAuthn"),
        is_passive=_boolean(root, "IsPassive"),
        name_id_policy=None if policy is None else _name_id_policy(policy),
        requested_contexts=_texts(contexts, "AuthnContextClassRef"),
        context_comparison="exact" if contexts is None else str(contexts.get("Comparison", "exact")),
        idp_list=_idp_list(root),
        subject_hint=_subject_hint(root),
        provider_name=root.get("ProviderName"),
    )


@dataclass(frozen=True, slots=True)
class AuthnRequestTemplate:
    """Everything of our AuthnRequest to one identity provider that does not change from login to login."""

    tree: etree._Element

    @classmethod
    def prepare(
        cls, entity_id: str, acs: str, *, name_id_format: str = "", allow_create: bool = True, omit_policy: bool = True
    ) -> AuthnRequestTemplate:
        """No Scoping, and no NameIDPolicy unless wanted: AD FS refuses both (MSIS1001, MSIS7070)."""
        policy = None
        if not omit_policy:
            policy = samlp.NameIDPolicy(format=name_id_format or None, allow_create="true" if allow_create else "false")
        request = samlp.AuthnRequest(
            id="_",
            version="2.0",
            issue_instant="_",
            destination="_",
            assertion_consumer_service_url=acs,
            protocol_binding=names.POST,
            issuer=saml.Issuer(text=entity_id),
            name_id_policy=policy,
        )
        return cls(skeleton(request))

    def fill(
        self,
        request_id: str,
        issued_at: datetime,
        destination: str,
        *,
        force_authn: bool = False,
        is_passive: bool = False,
        requested_contexts: tuple[str, ...] = (),
        context_comparison: str = "exact",
        subject_hint: str | None = None,
    ) -> etree._Element:
        """The request as an element that may still be signed."""
        root = copy.deepcopy(self.tree)
        root.set("ID", request_id)
        root.set("IssueInstant", format_instant(issued_at))
        root.set("Destination", destination)
        if force_authn:
            root.set("ForceAuthn", "true")
        if is_passive:
            root.set("IsPassive", "true")
        if subject_hint:  # Core 3.4.1: Subject stands before NameIDPolicy, after Issuer
            subject = etree.Element(names.saml("Subject"))
            name_id = etree.SubElement(subject, names.saml("NameID"), {"Format": names.UNSPECIFIED})
            xml.set_text(name_id, subject_hint)
            root.insert(1, subject)
        if requested_contexts:
            wanted = etree.SubElement(root, names.samlp("RequestedAuthnContext"), {"Comparison": context_comparison})
            for class_ref in requested_contexts:
                xml.set_text(etree.SubElement(wanted, names.saml("AuthnContextClassRef")), class_ref)
        return root


def _id(root: etree._Element) -> str:
    value = root.get("ID")
    if not value or len(value) > 256:
        raise _malformed("the ID is missing or too long")
    return value


def _instant(root: etree._Element, attribute: str) -> datetime:
    try:
        return parse_instant(root.get(attribute))
    except ValueError as error:
        raise _malformed(filled("%(attribute)s: %(cause)s", attribute=attribute, cause=error)) from error


def _boolean(root: etree._Element, attribute: str) -> bool:
    value = root.get(attribute, "false").strip()
    if value not in {"true", "1", "false", "0"}:  # XML Schema 2, 3.2.2
        raise _malformed(filled("%(attribute)s is not a boolean", attribute=attribute))
    return value in {"true", "1"}


def _index(root: etree._Element) -> int | None:
    value = root.get("AssertionConsumerServiceIndex")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value[:6]) <= 65535):
        raise _malformed("AssertionConsumerServiceIndex is not an unsignedShort")
    if root.get("AssertionConsumerServiceURL") is not None or root.get("ProtocolBinding") is not None:
        # Core 3.4.1: the index excludes address and binding; taking either could be what the sender did not mean.
        raise _malformed("AssertionConsumerServiceIndex stands beside AssertionConsumerServiceURL or ProtocolBinding")
    return int(value)


def _name_id_policy(policy: etree._Element) -> NameIdPolicy:
    return NameIdPolicy(policy.get("Format"), policy.get("SPNameQualifier"), _boolean(policy, "AllowCreate"))


def _idp_list(root: etree._Element) -> tuple[str, ...]:
    scoping = _at_most_one(root, names.samlp("Scoping"))
    listed = None if scoping is None else _at_most_one(scoping, names.samlp("IDPList"))
    if listed is None:
        return ()
    providers = [entry.get("ProviderID") for entry in listed.findall(names.samlp("IDPEntry"))]
    return tuple(provider for provider in providers[:_MAX_IDP_LIST] if provider)


def _subject_hint(root: etree._Element) -> str | None:
    subject = _at_most_one(root, names.saml("Subject"))
    name_id = None if subject is None else _at_most_one(subject, names.saml("NameID"))
    return None if name_id is None else xml.text_of(name_id).strip()[:320] or None


def _texts(parent: etree._Element | None, name: str) -> tuple[str, ...]:
    return () if parent is None else tuple(xml.uri_of(child) for child in parent.findall(names.saml(name)))


def _at_most_one(parent: etree._Element, name: str) -> etree._Element | None:
    found = parent.findall(name)
    if len(found) > 1:
        raise _malformed(filled("%(count)s %(name)s elements", count=len(found), name=xml.local_name(found[0])))
    return found[0] if found else None


def _malformed(cause: str) -> MalformedRequest:
    return MalformedRequest(cause=cause, check="saml.request")
