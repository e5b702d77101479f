"""Neutral descriptions of partners, whatever document they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate as published. `pem`; times from the certificate itself."""

    pem: str
    subject: str
    not_before: datetime
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`binding` is the full URI."""

    binding: str
    location: str
    index: int | None = None
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """A SAML identity provider. A key without `use` is in both lists (CVE-2026-16443)."""

    entity_id: str
    single_sign_on: tuple[Endpoint, ...]
    signing: tuple[Certificate, ...]
    encryption: tuple[Certificate, ...] = ()
    single_logout: tuple[Endpoint, ...] = ()
    name_id_formats: tuple[str, ...] = ()
    wants_requests_signed: bool = False
    display_name: str | None = None
    valid_until: datetime | None = None
    cache_for: timedelta | None = None
    """How long it asks to be cached, the shortest that is stated; None: it says nothing."""
    vendor: str | None = None
    """"adfs", "entra", "google", "okta", "onelogin", "ping", "shibboleth" when the document shows it, else None."""


@dataclass(frozen=True, slots=True)
class RelyingPartyMetadata:
    """A SAML service provider."""

    entity_id: str
    assertion_consumer: tuple[Endpoint, ...]
    signing: tuple[Certificate, ...] = ()
    encryption: tuple[Certificate, ...] = ()
    single_logout: tuple[Endpoint, ...] = ()
    name_id_formats: tuple[str, ...] = ()
    requests_signed: bool = False
    wants_assertions_signed: bool = False
    display_name: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadResult(Generic[T]):
    """What was read, in words for a person, with warnings. Texts are English message ids for translation."""

    metadata: T
    understood: tuple[str, ...]
    warnings: tuple[str, ...]
