"""Keys of the hub, of tenants and of applications, without their storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

HUB = ""
"""The owner id of the hub's own keys."""


class KeyState(StrEnum):
    """A key is announced before it signs and stays published after (PRODUCT rule 9)."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"
    REVOKED = "revoked"


class KeyUse(StrEnum):
    SAML_SIGNING = "saml_signing"
    SAML_ENCRYPTION = "saml_encryption"
    OIDC_SIGNING = "oidc_signing"


class OwnerKind(StrEnum):
    HUB = "hub"
    TENANT = "tenant"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair. PEM texts; `private_pem` never appears in a repr. `algorithm`: "RS256" or "ES256".

    `owner_id`: whose it is, a tenant's or an application's id, or `HUB`. `hub_beside`: the hub's keys are published beside this
    one, because partners still know those or will have to; `leaving`: since its owner gives own keys up.
    """

    id: str
    use: KeyUse
    algorithm: str
    state: KeyState
    certificate_pem: str
    created_at: datetime
    private_pem: str = field(repr=False, default="")
    owner_id: str = HUB
    hub_beside: bool = False
    leaving: bool = False
