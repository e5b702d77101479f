"""The stable person behind logins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the hub knows them. `subject` is broker-wide, random and immutable (PRODUCT rule 2)."""

    id: str
    tenant_id: str
    subject: str
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """(connector, issuer, upstream subject) → person."""

    identity_id: str
    connector_id: str
    issuer: str
    subject: str
