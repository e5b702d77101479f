"""SAML metadata of partners, in every shape that real ones have (VENDORS), into `model`, told in words.

A document is read for one entity: the only identity provider in it, or the one that is asked for by entityID. Problems
are `InvalidMetadata` with a sentence for whoever uploaded it. The document's own signature is not believed and not needed:
it is trusted because of who brings it. Nobody brings what is read again by the clock; there `signed_part` can insist on one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from lxml import etree

from broker.protocols import xml, xmldsig
from broker.protocols.saml import names
from broker.protocols.saml.times import parse_duration, parse_instant
from broker.protocols.xmldsig import VerificationKey
from metadata import saml_descriptors as descriptors
from metadata import saml_words as words
from metadata.model import ProviderMetadata, ReadResult, RelyingPartyMetadata
from metadata.quirks import vendor_of

_HTML = re.compile(rb"^\s*(<!DOCTYPE\s+html|<html|<head|<body)", re.IGNORECASE)
_USABLE_SSO = (names.REDIRECT, names.POST)


def read_identity_provider(
    document: bytes, *, now: datetime, entity_id: str | None = None, own_entity_ids: Sequence[str] = ()
) -> ReadResult[ProviderMetadata]:
    """The identity provider in a document. `entity_id` chooses among several. Raises InvalidMetadata."""
    root = _parse(document)
    entity = _choose(root, "IDPSSODescriptor", entity_id, own_entity_ids)
    role = _role(entity, "IDPSSODescriptor")
    valid_until = _validity(root, entity, role, now)
    endpoints = descriptors.endpoints(role, "SingleSignOnService")
    usable = tuple(endpoint for endpoint in endpoints if endpoint.binding in _USABLE_SSO and descriptors.is_web(endpoint.location))
    if not usable:
        raise words.problem("unsupported_binding" if endpoints else "no_single_sign_on")
    keys = descriptors.keys(role)
    if not keys.signing:
        raise words.problem("weak_key" if keys.weak_signing else "no_signing_key")
    name = str(entity.get("entityID")).strip()
    provider = ProviderMetadata(
        entity_id=name,
        single_sign_on=usable,
        signing=keys.signing,
        encryption=keys.encryption,
        single_logout=descriptors.endpoints(role, "SingleLogoutService"),
        name_id_formats=descriptors.name_id_formats(role),
        wants_requests_signed=role.get("WantAuthnRequestsSigned", "").strip() in {"true", "1"},
        display_name=descriptors.display_name(entity, role),
        valid_until=valid_until,
        cache_for=_cache_duration(entity, role),
        vendor=vendor_of(name, tuple(endpoint.location for endpoint in usable), document),
    )
    return ReadResult(provider, words.understood_provider(provider), words.warnings(keys, usable, valid_until, now))


def read_service_provider(document: bytes, *, now: datetime, entity_id: str | None = None) -> ReadResult[RelyingPartyMetadata]:
    """The service provider in a document. Raises InvalidMetadata."""
    root = _parse(document)
    entity = _choose(root, "SPSSODescriptor", entity_id, ())
    role = _role(entity, "SPSSODescriptor")
    valid_until = _validity(root, entity, role, now)
    endpoints = descriptors.endpoints(role, "AssertionConsumerService")
    usable = tuple(each for each in endpoints if each.binding == names.POST and descriptors.is_web(each.location))
    if not usable:
        raise words.problem("unsupported_consumer_binding" if endpoints else "no_assertion_consumer")
    keys = descriptors.keys(role)
    party = RelyingPartyMetadata(
        entity_id=str(entity.get("entityID")).strip(),
        assertion_consumer=usable,
        signing=keys.signing,
        encryption=keys.encryption,
        single_logout=descriptors.endpoints(role, "SingleLogoutService"),
        name_id_formats=descriptors.name_id_formats(role),
        requests_signed=role.get("AuthnRequestsSigned", "").strip() in {"true", "1"},
        wants_assertions_signed=role.get("WantAssertionsSigned", "").strip() in {"true", "1"},
        display_name=descriptors.display_name(entity, role),
        valid_until=valid_until,
    )
    return ReadResult(party, words.understood_party(party), words.warnings(keys, usable, valid_until, now))


def signed_part(document: bytes, keys: Sequence[VerificationKey]) -> bytes:
    """Of a document that one of these keys signed, exactly what the signature covers, canonical. Raises InvalidMetadata.

    The signature is that of the root or of an entity directly below it (Metadata 3). Comments were dropped before: they are
    no part of what was signed (exc-c14n without comments), and a document whose processing instructions went fails its digest.
    """
    root = _parse(document)
    signed = [element for element in (root, *root.findall(names.md("EntityDescriptor"))) if xmldsig.is_signed(element)]
    if not signed:
        raise words.problem("unsigned")
    for element in signed:
        try:
            return xml.canonical(xmldsig.verify(root, element, keys).root)
        except xmldsig.SignatureFault as fault:
            cause = f"{fault.cause}; {fault.received}"
    raise words.problem("wrong_signature", cause=cause)


def _parse(document: bytes) -> etree._Element:
    try:
        return xml.parse_metadata(document)
    except xml.XmlError as error:
        problem = error.problem
        if problem != "empty" and _is_html(document):
            problem = "html_page"
        raise words.problem(problem if problem in words.PROBLEMS else "not_xml", cause=error.cause) from error


def _is_html(document: bytes) -> bool:
    try:
        return bool(_HTML.match(xml.transcode(document[:4096])))
    except xml.XmlError:
        return bool(_HTML.match(document[:4096]))


def _choose(root: etree._Element, role: str, entity_id: str | None, own: Sequence[str]) -> etree._Element:
    """The entity that has the role; EntitiesDescriptor may be nested (Metadata 2.3.1)."""
    entities = list(root.iter(names.md("EntityDescriptor")))
    if root.tag not in {names.md("EntityDescriptor"), names.md("EntitiesDescriptor")} or not entities:
        raise words.problem("html_page" if xml.local_name(root).lower() == "html" else "not_metadata")
    if any(str(entity.get("entityID")).strip() in own for entity in entities):
        raise words.problem("own_metadata")
    candidates = [entity for entity in entities if entity.find(names.md(role)) is not None]
    provider = role == "IDPSSODescriptor"
    if entity_id is not None:
        named = [entity for entity in candidates if str(entity.get("entityID")).strip() == entity_id]
        if candidates and not named:
            raise words.problem("other_entity", cause=f"{len(candidates)} others, not {entity_id[:200]!r}")
        candidates = named
    if not candidates:
        other = any(entity.find(names.md("SPSSODescriptor" if provider else "IDPSSODescriptor")) is not None for entity in entities)
        if provider:
            raise words.problem("service_provider_only" if other else "no_identity_provider")
        raise words.problem("identity_provider_only" if other else "no_service_provider")
    if len(candidates) > 1:
        listed = ", ".join(str(entity.get("entityID"))[:200] for entity in candidates[:20])
        raise words.problem("several_identity_providers" if provider else "several_service_providers", cause=listed)
    if not str(candidates[0].get("entityID", "")).strip():
        raise words.problem("not_metadata", cause="EntityDescriptor without entityID")
    return candidates[0]


def _role(entity: etree._Element, name: str) -> etree._Element:
    """The role that speaks SAML 2.0; some entities describe SAML 1 in one of its own (Metadata 2.4.1)."""
    roles = entity.findall(names.md(name))
    speaking = [role for role in roles if names.SAMLP in str(role.get("protocolSupportEnumeration", "")).split()]
    if not speaking:
        raise words.problem("no_saml2")
    return speaking[0]


def _validity(root: etree._Element, entity: etree._Element, role: etree._Element, now: datetime) -> datetime | None:
    """The earliest validUntil that applies (Metadata 2.3.1, 2.3.2, 2.4.1), in the future."""
    found = []
    for element in (role, entity, *entity.iterancestors(), root):
        text = element.get("validUntil")
        if text:
            try:
                found.append(parse_instant(text))
            except ValueError as error:
                raise words.problem("not_metadata", cause=f"validUntil: {error}") from error
    if not found:
        return None
    earliest = min(found)
    if earliest <= now:
        raise words.problem("expired", cause=f"validUntil {earliest.isoformat()}")
    return earliest


def _cache_duration(entity: etree._Element, role: etree._Element) -> timedelta | None:
    """The shortest cacheDuration that applies (Metadata 2.3.1, 2.3.2, 2.4.1). A hint: one that cannot be read is none."""
    found = []
    for element in (role, entity, *entity.iterancestors()):
        try:
            found.append(parse_duration(element.get("cacheDuration", "")))
        except ValueError:
            continue
    return min(found, default=None)
