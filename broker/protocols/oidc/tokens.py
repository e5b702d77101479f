"""ID tokens: what a relying party must check (OIDC Core 3.1.3.7), and what a provider must state (OIDC Core 2)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from broker.domain.errors import InvalidUpstreamResponse
from broker.domain.messages import filled
from broker.domain.trace import Trace
from broker.protocols import jose
from broker.protocols.oidc.names import PROTOCOL_CLAIMS

MAX_SUBJECT = 255  # OIDC Core 2


@dataclass(frozen=True, slots=True)
class IdTokenRules:
    """What the relying party knows before it reads the token. Times in seconds; `authenticated_after` for prompt and max_age.

    `issuer_of` gives the one acceptable issuer for these claims: a constant, but for templates such as Entra's.
    """

    issuer_of: Callable[[dict[str, Any]], str]
    client_id: str
    nonce: str
    now: datetime
    skew_seconds: int
    access_token: str
    authenticated_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdToken:
    """A validated ID token."""

    issuer: str
    subject: str
    claims: dict[str, Any]
    issued_at: datetime
    expires_at: datetime
    authenticated_at: datetime | None


def validate_id_token(signed: jose.SignedClaims, rules: IdTokenRules, trace: Trace) -> IdToken:
    """Every rule of OIDC Core 3.1.3.7 after the signature. Raises InvalidUpstreamResponse naming the check."""
    claims = signed.claims
    check = _Checks(trace)
    issuer = claims.get("iss")
    expected = rules.issuer_of(claims)
    # 3.1.3.7 (2): exactly. A trailing slash makes another issuer.
    reason = filled("issuer %(issuer)s, expected %(expected)s", issuer=_shown(issuer), expected=_shown(expected))
    check("oidc.issuer", isinstance(issuer, str) and issuer == expected, reason, expected, issuer)
    _check_audience(claims, rules.client_id, check)
    issued_at, expires_at = _check_times(claims, rules, check)
    nonce = claims.get("nonce")
    # 3.1.3.7 (11): we always send one.
    same = isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), rules.nonce.encode())
    check("oidc.nonce", same, "the nonce is missing or is not the one of this login")
    subject = claims.get("sub")
    usable = isinstance(subject, str) and bool(subject.strip()) and len(subject) <= MAX_SUBJECT
    check("oidc.subject", usable, "sub is missing, empty, too long or no string")
    _check_at_hash(claims, signed.algorithm, rules.access_token, check)
    authenticated_at = _check_auth_time(claims, rules, check)
    return IdToken(str(issuer), str(subject), claims, issued_at, expires_at, authenticated_at)


class _Checks:
    """Records each check and ends at the first that fails."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __call__(self, name: str, passed: bool, reason: str, expected: str = "", received: Any = None) -> None:
        if passed:
            self._trace.check(name, True)
            return
        seen = _shown(received) if expected else ""
        self._trace.check(name, False, reason, expected=expected, received=seen)
        raise InvalidUpstreamResponse(cause=reason, check=name)


def _check_audience(claims: dict[str, Any], client_id: str, check: _Checks) -> None:
    audience = claims.get("aud")
    values = audience if isinstance(audience, list) else [audience]
    reason = filled(
        "the token is for %(audience)s, our client id is %(client_id)s", audience=_shown(audience), client_id=repr(client_id)
    )
    check("oidc.audience", client_id in values, reason, client_id, audience)
    # 3.1.3.7 (3): additional audiences that we do not trust; we know none.
    only = all(value == client_id for value in values)
    azp = claims.get("azp")
    check("oidc.audience_only", only or azp == client_id, "the token has further audiences and azp is not our client id")
    # 3.1.3.7 (5)
    reason = filled("azp is %(azp)s, our client id is %(client_id)s", azp=_shown(azp), client_id=repr(client_id))
    check("oidc.authorized_party", azp is None or azp == client_id, reason, client_id, azp)


def _check_times(claims: dict[str, Any], rules: IdTokenRules, check: _Checks) -> tuple[datetime, datetime]:
    now, skew = rules.now.timestamp(), rules.skew_seconds
    expires = jose.numeric_date(claims.get("exp"))
    ours = filled("our time %(time)s, give or take %(skew)s s", time=f"{now:.0f}", skew=skew)
    reason = filled("exp is %(exp)s, now is %(now)s", exp=_shown(claims.get("exp")), now=f"{now:.0f}")
    check("oidc.expiry", expires is not None and now < expires + skew, reason, ours, claims.get("exp"))
    issued = jose.numeric_date(claims.get("iat"))
    # A token for the code that we exchanged a moment ago was issued a moment ago: nothing older than ten minutes.
    fresh = issued is not None and now - 600 - skew <= issued <= now + skew
    check(
        "oidc.issued_at",
        fresh,
        filled("iat is %(iat)s, now is %(now)s", iat=_shown(claims.get("iat")), now=f"{now:.0f}"),
        ours,
        claims.get("iat"),
    )
    not_before = jose.numeric_date(claims["nbf"]) if "nbf" in claims else 0.0
    begun = not_before is not None and not_before <= now + skew
    check("oidc.not_before", begun, filled("nbf is %(nbf)s", nbf=_shown(claims.get("nbf"))), ours, claims.get("nbf"))
    return _moment(issued or 0.0), _moment(expires or 0.0)


def _check_at_hash(claims: dict[str, Any], algorithm: str, access_token: str, check: _Checks) -> None:
    if "at_hash" not in claims:  # 3.1.3.6: OPTIONAL in the code flow
        return
    stated, expected = claims["at_hash"], jose.half_hash(access_token, algorithm)
    same = isinstance(stated, str) and hmac.compare_digest(stated.encode(), expected.encode())
    check("oidc.at_hash", same, "at_hash belongs to another access token")


def _check_auth_time(claims: dict[str, Any], rules: IdTokenRules, check: _Checks) -> datetime | None:
    stated = jose.numeric_date(claims["auth_time"]) if "auth_time" in claims else None
    check("oidc.auth_time_form", "auth_time" not in claims or stated is not None, "auth_time is not a time")
    if rules.authenticated_after is not None:
        # 3.1.3.7 (13): without it nobody knows that the provider did as it was told.
        earliest = rules.authenticated_after.timestamp() - rules.skew_seconds
        check(
            "oidc.auth_time",
            stated is not None and stated >= earliest,
            filled(
                "fresh authentication was demanded, auth_time is %(auth_time)s, earliest is %(earliest)s",
                auth_time=_shown(claims.get("auth_time")),
                earliest=f"{earliest:.0f}",
            ),
        )
    return None if stated is None else _moment(stated)


def build_id_token(
    *, protocol_claims: dict[str, Any], person_claims: dict[str, Any], access_token: str, algorithm: str
) -> dict[str, Any]:
    """The claims of an ID token of ours. Protocol claims are set last: nothing about a person can take their place."""
    person = {name: value for name, value in person_claims.items() if name not in PROTOCOL_CLAIMS or name == "email_verified"}
    stated = {name: value for name, value in protocol_claims.items() if value is not None}
    return {**person, **stated, "at_hash": jose.half_hash(access_token, algorithm)}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _shown(value: Any) -> str:
    return "absent" if value is None else repr(value)[:200]
