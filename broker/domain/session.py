"""The browser's single sign-on session at the hub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.authentication import AuthenticationContext
from broker.domain.claims import Claims


@dataclass(frozen=True, slots=True)
class Participant:
    """An application that this session has reached. `session_index` is what we told it."""

    application_id: str
    session_index: str
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's session. `id` is the public id; the cookie holds a handle of which only the hash is stored.

    `claims` are the accepted claims of the login that made it, so that a second application needs no identity provider.
    `ends_at` is absolute; `idle_ends_at` moves with use. `user_agent` and `address` are for the person's own eyes: "is this me?"
    """

    id: str
    tenant_id: str
    connector_id: str
    identity_id: str
    claims: Claims
    context: AuthenticationContext
    created_at: datetime
    ends_at: datetime
    idle_ends_at: datetime
    upstream_session_index: str | None = None
    participants: tuple[Participant, ...] = ()
    user_agent: str = ""
    address: str = ""

    def living(self, now: datetime) -> bool:
        return now < self.ends_at and now < self.idle_ends_at
