"""What an identity provider stated, after verification and in no protocol's terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.claims import Claims


@dataclass(frozen=True, slots=True)
class UpstreamSubject:
    """The key of a person at an identity provider: (connector, issuer, value), never an email (PRODUCT rule 2).

    `mutable` flags a value that looks like an address and may be renamed or reassigned over there (email NameID).
    """

    connector_id: str
    issuer: str
    value: str
    mutable: bool = False


@dataclass(frozen=True, slots=True)
class AuthenticationContext:
    """How and when the person authenticated. `class_ref` is the SAML class or OIDC acr as the provider sent it."""

    authenticated_at: datetime
    class_ref: str | None = None
    methods: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OneTimeId:
    """What the replay memory burns: the assertion ID or a hash of the authorization code, kept until `expires_at`."""

    value: str
    expires_at: datetime | None
    bearer: bool = True


NOT_BEARER = OneTimeId("", None, bearer=False)
"""Said explicitly by connectors whose answer proves itself (a password checked at the directory just now)."""


@dataclass(frozen=True, slots=True)
class UpstreamAuthentication:
    """A verified statement of an identity provider about one person.

    `claims` are as received (types already through the alias table). `session_ends_at` caps our session
    (SessionNotOnOrAfter). `asserted_email_verified` is the provider's own word, which the tenant boundary may disbelieve.
    """

    subject: UpstreamSubject
    claims: Claims
    context: AuthenticationContext
    one_time_id: OneTimeId
    session_index: str | None = None
    session_ends_at: datetime | None = None
    asserted_email_verified: bool | None = None
