"""What a login would say about an ID token that somebody pasted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.domain.messages import filled
from broker.domain.trace import Trace, TraceEvent
from broker.protocols import jose
from broker.protocols.oidc.tokens import IdToken, IdTokenRules, validate_id_token
from connectors.rehearsal import rehearse

if TYPE_CHECKING:
    from connectors.oidc.upstream import OidcUpstream

_TIMES = ("oidc.expiry", "oidc.issued_at", "oidc.not_before")


@dataclass(frozen=True, slots=True)
class _Pretended:
    issuer: str | None
    client_id: str
    now: datetime


def survey_token(message: bytes, upstream: OidcUpstream, trace: Trace) -> IdToken | None:
    """Every check on the trace. Signature by the keys as last seen: nobody is asked (`connectors.rehearsal`)."""
    try:
        token = jose.read_header(message.decode("ascii", "replace").strip())
        signed = jose.verify(token, upstream.keys.held(), frozenset(upstream.settings.id_token_signing_algs))
    except jose.InvalidToken as error:
        trace.check("oidc.signature", False, filled("ID token: %(cause)s", cause=error))
        return None
    trace.check("oidc.signature", True)
    nonce = signed.claims.get("nonce")
    if "at_hash" in signed.claims:
        # It speaks of an access token that is not here.
        signed = replace(signed, claims={name: value for name, value in signed.claims.items() if name != "at_hash"})
        trace.decide("at_hash", "not checked: it belongs to an access token that was not pasted")

    def validate(state: _Pretended, rehearsal: Trace) -> IdToken:
        settings, issuer = upstream.settings, state.issuer
        fixed = (lambda _claims: issuer) if issuer is not None else (lambda _claims: settings.issuer)
        rules = IdTokenRules(
            issuer_of=fixed if issuer is not None else upstream.deviations.issuer_of or fixed,
            client_id=state.client_id,
            # Which login it belongs to, one token cannot tell: its own word is taken.
            nonce=nonce if isinstance(nonce, str) else "",
            now=state.now,
            skew_seconds=upstream.skew_seconds,
            access_token="",
        )
        id_token = validate_id_token(signed, rules, rehearsal)
        upstream.deviations.check(id_token.claims, rehearsal)
        return id_token

    start = _Pretended(None, upstream.settings.client_id, upstream.tools.clock.now())
    return rehearse(trace, start, validate, lambda state, failed: _pretend(state, failed, signed))


def _pretend(state: _Pretended, failed: TraceEvent, signed: jose.SignedClaims) -> _Pretended | None:
    claims = signed.claims
    if failed.name == "oidc.issuer" and isinstance(claims.get("iss"), str):
        return replace(state, issuer=claims["iss"])
    if failed.name == "oidc.audience":
        audience = claims.get("aud")
        first = audience[0] if isinstance(audience, list) and audience else audience
        return replace(state, client_id=first) if isinstance(first, str) else None
    if failed.name in _TIMES:
        issued = jose.numeric_date(claims.get("iat"))
        moment = None if issued is None else datetime.fromtimestamp(issued, UTC)
        return None if moment is None or moment == state.now else replace(state, now=moment)
    return None
