"""What the application will be told, in no protocol's terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.authentication import AuthenticationContext
from broker.domain.claims import Claims


@dataclass(frozen=True, slots=True)
class AuthenticationResponse:
    """The released statement about one person for one application.

    `subject` is this person's persistent identifier at this application (public or pairwise); `claims` have passed
    issuance rules and attribute release and include the hub's own (tenant, email_verified). `email` is the normalised
    address, if any, for the emailAddress NameID format. `session_index` names the application's share in the session.
    """

    subject: str
    claims: Claims
    context: AuthenticationContext
    tenant_id: str
    connector_id: str
    identity_id: str
    session_id: str
    session_index: str
    session_ends_at: datetime
    issued_at: datetime
    email: str | None = None
