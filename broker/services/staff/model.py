"""The words of this package."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.services.actor import ROLES, Actor, Role


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One account. `tenant_id` only for tenant administrators; `identity_id`: the hub's own person who may sign in as it."""

    id: str
    email: str
    name: str
    role: Role
    tenant_id: str | None
    enabled: bool
    version: int
    has_password: bool
    passkeys: int
    identity_id: str | None
    created_at: datetime
    last_sign_in_at: datetime | None

    @property
    def actor(self) -> Actor:
        return Actor(f"staff:{self.email}", ROLES[self.role], self.tenant_id)

    @property
    def can_sign_in(self) -> bool:
        """Whether there is a way in that needs nobody else: a passkey, or a password with its codes."""
        return self.has_password or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A browser that is signed in to the console. `authenticated_at`: when credentials were last shown in it."""

    id: str
    member: StaffMember
    method: str
    created_at: datetime
    authenticated_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose request this is: for limits, the audit log and the list of sessions. `solution`: what its browser calculated."""

    address: str = ""
    user_agent: str = ""
    solution: str = ""


def member_of(row: Any) -> StaffMember:
    return StaffMember(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        tenant_id=row.tenant_id,
        enabled=bool(row.enabled),
        version=row.version,
        has_password=row.password_hash is not None,
        passkeys=row.passkeys,
        identity_id=row.identity_id,
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
    )


def secret_hash(kind: str, secret: str) -> bytes:
    """What is stored of a secret that only a browser or a person holds. `kind` keeps one from passing for another."""
    return hashlib.sha256(f"staff {kind} {secret}".encode("utf-8", "surrogatepass")).digest()
