"""One attempt to sign in, from the application's request to the answer it gets.

A `LoginTransaction` is a growing set of *products*: each pipeline stage leaves exactly one. Where a login stands is
which product is missing; there is no state variable that could disagree with the facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from broker.domain.authentication import UpstreamAuthentication
from broker.domain.claims import Claims
from broker.domain.directory import DirectoryStanding
from broker.domain.home_realm import HomeRealm
from broker.domain.identity import Identity
from broker.domain.request import AuthenticationRequest
from broker.domain.response import AuthenticationResponse


class Purpose(StrEnum):
    """Why somebody is signing in."""

    SIGN_IN = "sign_in"
    TEST = "test"  # of a connector, perhaps a draft: leaves no person and no session, answers no application


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a connector must see again in the answer to the request that it sent.

    `request_id` is the SAML request ID or OIDC state; `nonce` and `verifier` are OIDC's (RFC 7636); `recipient` is the
    ACS or redirect URI that was named. `forced_at` is set when the provider was told to authenticate afresh: the answer's
    authentication time must not be earlier. `max_age_seconds` likewise for OIDC max_age.
    """

    connector_id: str
    request_id: str
    recipient: str
    sent_at: datetime
    nonce: str | None = None
    verifier: str | None = None
    forced_at: datetime | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reuse:
    """Whether the browser's session answers this request; `why` says it in words for the trace.

    `older` is the hash of the session handle that the browser had: an answer by cross-site POST comes without that cookie.
    """

    session_id: str | None
    why: str
    older: str | None = None


@dataclass(frozen=True, slots=True)
class LoginTransaction:
    """See the module. `handle` travels (RelayState, state, form); `browser_hash` binds it to one browser's cookie."""

    handle: str
    trace_code: str
    browser_hash: str
    request: AuthenticationRequest
    created_at: datetime
    expires_at: datetime
    purpose: Purpose = Purpose.SIGN_IN
    host: str = ""
    """The tenant's host at which it began, and whose cookies bind it; empty: the hub's own address."""
    last_error: str | None = None
    """Code of the error that the person was last shown: what the application is told if they give up."""
    # Products, in the order of the pipeline's table.
    reuse: Reuse | None = None
    home_realm: HomeRealm | None = None
    expectation: Expectation | None = None
    authentication: UpstreamAuthentication | None = None
    directory: DirectoryStanding | None = None
    claims: Claims | None = None
    identity: Identity | None = None
    permitted: bool | None = None
    response: AuthenticationResponse | None = None
    rehearsed: Claims | None = None
    """Of a test only, in place of identity and response: what the application would have been told."""
