"""Keys of the hub, without their storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair. PEM texts; `private_pem` never appears in a repr. `algorithm`: "RS256" or "ES256"."""

    id: str
    use: KeyUse
    algorithm: str
    state: KeyState
    certificate_pem: str
    created_at: datetime
    private_pem: str = field(repr=False, default="")
