"""What is said to people about a SAML metadata document: constant templates, so that a translation can be put in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from broker.domain.errors import InvalidMetadata
from metadata.model import Certificate, Endpoint, ProviderMetadata, RelyingPartyMetadata
from metadata.quirks import VENDOR_LABELS
from metadata.saml_descriptors import Keys

EXPIRY_WARNING = timedelta(days=30)

PROBLEMS = {
    "empty": "The file is empty. Download the metadata again.",
    "too_large": "The file is larger than 1 MB. Upload the metadata of one identity provider, not of a whole federation.",
    "html_page": "This is a web page, not metadata. The address probably leads to a sign-in page; download the XML file itself.",
    "doctype": "The file contains a DOCTYPE, which metadata never needs. Remove that line and upload it again.",
    "not_xml": "This is not an XML file, or it is damaged. Upload the metadata XML exactly as the identity provider gave it.",
    "not_metadata": "This XML is not SAML metadata. Look for a file or address called federation metadata.",
    "expired": "This metadata has expired. Download it again from the identity provider.",
    "own_metadata": "This is our own metadata. Upload the metadata of your identity provider instead.",
    "other_entity": "This metadata belongs to another identity provider than the one that we know.",
    "unsigned": "This metadata is not signed, although its signature is required here.",
    "wrong_signature": "This metadata is not signed by a certificate that is pinned for it, or it was changed afterwards.",
    "no_identity_provider": "There is no identity provider in this metadata.",
    "service_provider_only": "This is the metadata of an application (service provider). Upload that of your identity provider.",
    "several_identity_providers": "There are several identity providers in this file. Say which one by its entityID.",
    "no_saml2": "This metadata does not offer SAML 2.0.",
    "no_single_sign_on": "This metadata has no single sign-on address. Switch SAML sign-in on at the identity provider first.",
    "unsupported_binding": "The identity provider offers neither the HTTP-Redirect nor the HTTP-POST binding for single sign-on.",
    "no_signing_key": "This metadata has no signing certificate, so nothing from this identity provider could be verified.",
    "weak_key": "The identity provider's signing key is too short. It needs an RSA key of at least 2048 bits.",
    "no_service_provider": "There is no service provider in this metadata.",
    "identity_provider_only": "This is the metadata of an identity provider. Upload that of the application (service provider).",
    "several_service_providers": "There are several service providers in this file. Say which one by its entityID.",
    "no_assertion_consumer": "This metadata has no assertion consumer service address.",
    "unsupported_consumer_binding": "The application does not offer the HTTP-POST binding for responses.",
}

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


def problem(word: str, *, cause: str = "") -> InvalidMetadata:
    """The error for a stable problem word."""
    return InvalidMetadata(PROBLEMS[word], problem=word, cause=cause)


def understood_provider(provider: ProviderMetadata) -> tuple[str, ...]:
    host = urlsplit(provider.single_sign_on[0].location).hostname
    label = VENDOR_LABELS.get(provider.vendor or "", "")
    lines = [f"This is {label or 'a SAML identity provider'} at {host}."]
    if provider.display_name:
        lines.append(f"It calls itself “{provider.display_name}”.")
    lines.append(f"Its entityID is {provider.entity_id}.")
    lines.append(_certificates("signing", provider.signing))
    if provider.wants_requests_signed:
        lines.append("It wants our requests signed; we will sign them.")
    if provider.valid_until is not None:
        lines.append(f"The metadata is valid until {day(provider.valid_until)}.")
    return tuple(lines)


def understood_party(party: RelyingPartyMetadata) -> tuple[str, ...]:
    host = urlsplit(party.assertion_consumer[0].location).hostname
    lines = [f"This is a SAML application at {host}."]
    if party.display_name:
        lines.append(f"It calls itself “{party.display_name}”.")
    lines.append(f"Its entityID is {party.entity_id}.")
    count = len(party.assertion_consumer)
    lines.append(f"{count} reply addresses." if count > 1 else f"Its reply address is {party.assertion_consumer[0].location}.")
    if party.signing:
        lines.append(_certificates("signing", party.signing))
    if party.requests_signed:
        lines.append("It signs its requests; we will insist on that.")
    if party.encryption:
        lines.append("It can receive encrypted assertions.")
    return tuple(lines)


def warnings(keys: Keys, endpoints: Sequence[Endpoint], valid_until: datetime | None, now: datetime) -> tuple[str, ...]:
    lines = []
    for certificate in keys.signing:
        if certificate.not_after <= now:
            lines.append(f"A signing certificate expired on {day(certificate.not_after)}. We still accept it: it may still sign.")
        elif certificate.not_after <= now + EXPIRY_WARNING:
            lines.append(f"A signing certificate expires soon, on {day(certificate.not_after)}.")
    if keys.weak_signing:
        lines.append("A signing certificate was left out because its key is too short.")
    if keys.unreadable:
        lines.append("A certificate could not be read and was left out.")
    if any(urlsplit(endpoint.location).scheme == "http" for endpoint in endpoints):
        lines.append("An address is not encrypted (http). Production refuses it.")
    if valid_until is not None and valid_until <= now + EXPIRY_WARNING:
        lines.append(f"The metadata expires soon, on {day(valid_until)}.")
    return tuple(lines)


def day(moment: datetime) -> str:
    """21 November 2027. Not strftime: its month names follow the process's locale."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _certificates(use: str, certificates: Sequence[Certificate]) -> str:
    first = min(certificates, key=lambda certificate: certificate.not_after)
    if len(certificates) == 1:
        return f"1 {use} certificate, which expires on {day(first.not_after)}."
    return f"{len(certificates)} {use} certificates, the first expires on {day(first.not_after)}."
