"""From the hub's claims to OpenID Connect's names."""

from __future__ import annotations

import pytest

from broker.domain import claims as c
from broker.domain.claims import Claim, Claims
from broker.downstream.oidc.claims import person_claims
from broker.protocols.oidc.names import PROTOCOL_CLAIMS
from broker.protocols.oidc.tokens import build_id_token

EVERY_SCOPE = frozenset({"openid", "profile", "email", "phone"})


def claims(*pairs: tuple[str, str]) -> Claims:
    return Claims(tuple(Claim(name, value) for name, value in pairs))


def test_given_standard_claims_when_mapped_then_they_have_their_names() -> None:
    person = claims(
        (c.NAME, "Ada"), (c.GIVEN_NAME, "A"), (c.SURNAME, "L"), (c.UPN, "ada@acme.example"), (c.EMAIL, "ada@acme.example"),
        (c.EMAIL_VERIFIED, "true"), (c.PHONE, "+33"), (c.LOCALE, "fr"), (c.PICTURE, "https://x"), (c.ROLE, "admin"),
    )
    assert person_claims(person, EVERY_SCOPE) == {
        "name": "Ada", "given_name": "A", "family_name": "L", "preferred_username": "ada@acme.example", "email": "ada@acme.example",
        "email_verified": True, "phone_number": "+33", "locale": "fr", "picture": "https://x", "roles": ["admin"],
    }
    assert person_claims(person, frozenset({"openid"})) == {"roles": ["admin"]}


def test_given_several_values_when_mapped_then_lists_are_lists_and_standard_claims_take_the_first() -> None:
    person = claims((c.GROUP, "a"), (c.GROUP, "b"), (c.NAME, "first"), (c.NAME, "second"), ("x", "1"), ("x", "2"), ("y", "1"))
    assert person_claims(person, EVERY_SCOPE) == {"groups": ["a", "b"], "name": "first", "x": ["1", "2"], "y": "1"}


TAKEN = {"email", "name", "groups", "roles", "preferred_username", c.NAME_IDENTIFIER}


@pytest.mark.parametrize("name", sorted(PROTOCOL_CLAIMS | TAKEN))
def test_given_a_claim_that_calls_itself_like_another_when_mapped_then_it_is_left_out(name: str) -> None:
    """SECURITY 3, claim injection: a type `email` is not the email, and `sub` is nobody's to set."""
    assert person_claims(claims((name, "injected")), EVERY_SCOPE) == {}


@pytest.mark.parametrize("verified, expected", [("true", True), ("false", False), ("1", False), (None, False)])
def test_given_an_email_when_mapped_then_only_the_hubs_own_word_verifies_it(verified: str | None, expected: bool) -> None:
    person = [(c.EMAIL, "ada@acme.example"), ("email_verified", "true"), *([(c.EMAIL_VERIFIED, verified)] if verified else [])]
    assert person_claims(claims(*person), EVERY_SCOPE)["email_verified"] is expected


def test_given_a_verified_mark_without_email_when_mapped_then_it_is_not_released() -> None:
    assert person_claims(claims((c.EMAIL_VERIFIED, "true"), (c.TENANT, "t"), (c.CONNECTOR, "k")), EVERY_SCOPE) == {}


def test_given_an_id_token_when_built_then_protocol_claims_are_set_last() -> None:
    built = build_id_token(
        protocol_claims={"iss": "hub", "sub": "s", "acr": None},
        person_claims=dict.fromkeys((*(PROTOCOL_CLAIMS - {"email_verified"}), "plan"), "injected"),
        access_token="t",
        algorithm="RS256",
    )
    assert built == {"plan": "injected", "iss": "hub", "sub": "s", "at_hash": built["at_hash"]}
    assert built["at_hash"] != "injected"
