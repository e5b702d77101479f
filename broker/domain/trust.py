"""Tenant, domain, connector and application as logins see them: frozen, prepared, safe to share between threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from broker.domain.branding import Branding


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer organisation. Seconds everywhere."""

    id: str
    slug: str
    name: str
    enabled: bool = True
    session_idle_seconds: int = 8 * 3600
    session_absolute_seconds: int = 24 * 3600
    acceptance_rules: tuple[dict[str, Any], ...] = ()
    branding: Branding = Branding()
    trace_days: int = 0
    """How long traces of its sign-ins are kept, in days; 0: as long as the hub keeps all."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Domain:
    """An email domain that a tenant has proved ("dns", "http") or that an operator vouched for ("operator").

    `connector_ids`: which of the tenant's connectors serve it; empty means all enabled ones.
    """

    name: str
    tenant_id: str
    proof: str
    connector_ids: tuple[str, ...] = ()
    checked_at: datetime | None = None
    missing_since: datetime | None = None
    """Since when the record that proved it has not been found; after a while the proof is void."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One configured upstream trust of a tenant (AD FS: claims provider trust). `settings` is an instance of its type's
    `Settings` dataclass, with secrets already opened; it must never be logged."""

    id: str
    tenant_id: str
    slug: str
    name: str
    type: str
    settings: Any = field(repr=False)
    enabled: bool = False
    version: int = 0
    acceptance_rules: tuple[dict[str, Any], ...] | None = None
    admits_guests: bool = False
    """Named risk: people whose email is outside the tenant's domains, or absent, may enter, keyed by subject, unverified."""
    held: bool = False
    """An operator switched it off: whoever sets one tenant up does not switch it on again."""


@dataclass(frozen=True, slots=True)
class Application:
    """One downstream trust (AD FS: relying party trust). `settings` belongs to its protocol alone.

    `tenant_ids` None means every tenant. `subject_kind`: "public" or "pairwise". `release` None means every claim that the
    issuance transform rules produce; otherwise only these claim types leave.
    """

    id: str
    slug: str
    name: str
    protocol: str
    settings: Any = field(repr=False)
    enabled: bool = True
    version: int = 0
    tenant_ids: frozenset[str] | None = frozenset()
    connector_ids: frozenset[str] | None = None
    default_connector_id: str | None = None
    subject_kind: str = "pairwise"
    authorization_rules: tuple[dict[str, Any], ...] = ()
    transform_rules: tuple[dict[str, Any], ...] = ()
    release: frozenset[str] | None = None
    branding: Branding = Branding()

    def serves(self, tenant_id: str) -> bool:
        return self.tenant_ids is None or tenant_id in self.tenant_ids

    def accepts_connector(self, connector_id: str) -> bool:
        return self.connector_ids is None or connector_id in self.connector_ids
