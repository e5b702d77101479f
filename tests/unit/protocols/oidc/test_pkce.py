"""Proof Key for Code Exchange."""

from __future__ import annotations

import pytest

from broker.protocols.oidc import pkce

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_given_the_example_of_the_standard_when_compared_then_it_matches() -> None:
    assert pkce.matches(VERIFIER, CHALLENGE)
    assert pkce.matches(pkce.new_verifier(), CHALLENGE) is False


@pytest.mark.parametrize("verifier", ["", "short", CHALLENGE, VERIFIER + "\n", VERIFIER + "é", "a" * 129, VERIFIER + "="])
def test_given_a_wrong_verifier_when_compared_then_it_does_not_match(verifier: str) -> None:
    assert not pkce.matches(verifier, CHALLENGE)


@pytest.mark.parametrize("challenge", ["", VERIFIER[:42], VERIFIER + "a", VERIFIER[:-1] + "=", VERIFIER[:-1] + "\n"])
def test_given_a_malformed_challenge_when_asked_then_it_is_none(challenge: str) -> None:
    assert not pkce.is_challenge(challenge)
