"""From the hub's claims to OpenID Connect's names (OIDC Core 5.1), by scope.

`profile`, `email` and `phone` release the standard claims. Groups, roles and every claim that the application's issuance
rules produce beyond the standard ones need no scope: the rules and the release list are the operator's explicit word, and
many clients cannot ask for more than the standard scopes. ID token and userinfo carry the same claims.
"""

from __future__ import annotations

from typing import Any

from broker.domain import claims as c
from broker.domain.claims import Claims
from broker.protocols.oidc.names import EMAIL, PHONE, PROFILE, PROTOCOL_CLAIMS

_STANDARD = {
    c.NAME: ("name", PROFILE),
    c.GIVEN_NAME: ("given_name", PROFILE),
    c.SURNAME: ("family_name", PROFILE),
    c.UPN: ("preferred_username", PROFILE),
    c.LOCALE: ("locale", PROFILE),
    c.PICTURE: ("picture", PROFILE),
    c.EMAIL: ("email", EMAIL),
    c.PHONE: ("phone_number", PHONE),
}
_LISTS = {c.GROUP: "groups", c.ROLE: "roles"}
# The identity provider's own identifier would let applications recognise a person across pairwise subjects.
_NEVER = c.PROTECTED | {c.NAME_IDENTIFIER}
_TAKEN = PROTOCOL_CLAIMS | {name for name, _ in _STANDARD.values()} | set(_LISTS.values())


def person_claims(claims: Claims, scopes: frozenset[str]) -> dict[str, Any]:
    """What this application learns about the person, under OpenID Connect's names."""
    result: dict[str, Any] = {}
    others: dict[str, list[str]] = {}
    for claim in claims:
        standard = _STANDARD.get(claim.type)
        if standard is not None:
            name, scope = standard
            if scope in scopes:
                result.setdefault(name, claim.value)
        elif claim.type in _LISTS:
            result.setdefault(_LISTS[claim.type], []).append(claim.value)
        elif claim.type not in _NEVER and claim.type not in _TAKEN:
            others.setdefault(claim.type, []).append(claim.value)
    for name, values in others.items():
        result[name] = values[0] if len(values) == 1 else values
    if "email" in result:
        # Only the hub's own claim speaks here; anything else called email_verified was left out above.
        result["email_verified"] = claims.first(c.EMAIL_VERIFIED) == "true"
    return result
