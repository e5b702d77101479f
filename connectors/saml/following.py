"""Metadata of a SAML identity provider, read again by the clock: what it says now, and whether a person has to look first.

Without a pinned certificate the address is trusted as far as TLS vouches for it, as administrators do who paste it. A new
certificate beside a known one is the usual rollover. All of them new, or another host to send people to, is what a takeover
of that web server or a wrong document would look like: it waits for a person, unless that is switched off by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from broker.domain.errors import InvalidSettings
from broker.protocols.certificates import load_certificate
from broker.protocols.xmldsig import VerificationKey
from connectors.contract import Answer, Reading, Tools, Validators
from connectors.saml.probing import METADATA
from connectors.saml.settings import Settings
from metadata.model import ProviderMetadata
from metadata.saml_read import read_identity_provider, signed_part

_LONGEST = 200
"""Of a header that we keep and send back."""
Merge = Callable[[ProviderMetadata, Settings], Settings]


def followed(settings: Settings) -> str:
    return settings.metadata_url if settings.follow_metadata and settings.entity_id else ""


def read_again(settings: Settings, tools: Tools, known: Validators, merge: Merge) -> Reading:
    """See `connectors.contract.FollowsProvider`. `merge`: the settings with what metadata says replaced."""
    answer = _fetch(settings.metadata_url, tools, known)
    if answer.status == 304 and known != Validators():
        return Reading(validators=known)
    if answer.status != 200:
        raise InvalidSettings(f"The address answered with status {answer.status}, not with metadata.", field="metadata_url")
    pins = pinned_keys(settings)
    document = signed_part(answer.body, pins) if pins else answer.body
    # Another entity's document must never speak for this one (SECURITY 5: wrong entityID after refresh).
    result = read_identity_provider(
        document, now=tools.clock.now(), entity_id=settings.entity_id, own_entity_ids=(tools.addresses.entity_id,)
    )
    then = _settled(settings, merge(result.metadata, settings))
    waits = () if pins or settings.take_over_replacements else _waits(settings, then)
    validators = Validators(answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))
    usable = all(len(each) <= _LONGEST and each.isprintable() for each in (validators.etag, validators.last_modified))
    return Reading(
        then,
        result.understood,
        result.warnings,
        waits,
        validators if usable else Validators(),
        result.metadata.cache_for,
        result.metadata.valid_until,
    )


def pinned_keys(settings: Settings) -> tuple[VerificationKey, ...]:
    """Raises InvalidSettings."""
    try:
        return tuple(VerificationKey.from_certificate(pem) for pem in settings.metadata_signing_certificates)
    except ValueError as error:
        sentence = "A certificate for the metadata's signature cannot be read, or its key is too short; paste it in PEM form."
        raise InvalidSettings(sentence, field="metadata_signing_certificates", cause=str(error)) from error


def _fetch(url: str, tools: Tools, known: Validators) -> Answer:
    headers = {"Accept": METADATA}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return tools.fetcher.get(url, headers=headers)


def _settled(now: Settings, then: Settings) -> Settings:
    """Without changes that are none: a document that only prolongs itself, or lists the same certificates otherwise."""
    if _prints(now) == _prints(then):
        then = replace(then, signing_certificates=now.signing_certificates)
    return now if replace(then, valid_until=now.valid_until) == now else then


def _waits(now: Settings, then: Settings) -> tuple[str, ...]:
    """Why a person has to look (SECURITY 5: a refresh that removes all known keys waits for a human)."""
    reasons = []
    if _prints(now) and not _prints(now) & _prints(then):
        reasons.append("no_known_key")
    if _hosts(now) and not _hosts(then) <= _hosts(now):
        reasons.append("other_host")
    return tuple(reasons)


def _prints(settings: Settings) -> set[str]:
    return {load_certificate(pem).sha256 for pem in settings.signing_certificates}


def _hosts(settings: Settings) -> set[str]:
    addresses = (settings.sso_redirect_url, settings.sso_post_url)
    return {urlsplit(address).hostname or "" for address in addresses if address}
