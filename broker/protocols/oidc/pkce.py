"""Proof Key for Code Exchange (RFC 7636), S256 only: `plain` proves nothing to whoever saw the request (RFC 9700 2.1.1)."""

from __future__ import annotations

import hmac
import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from broker.domain import random_ids

S256 = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # base64url of a SHA-256 digest
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")  # RFC 7636 4.1


def new_verifier() -> str:
    """256 random bits, 43 characters."""
    return random_ids.secret()


def challenge_of(verifier: str) -> str:
    return str(create_s256_code_challenge(verifier))


def is_challenge(value: str) -> bool:
    return _CHALLENGE.match(value) is not None


def is_verifier(value: str) -> bool:
    return _VERIFIER.match(value) is not None


def matches(verifier: str, challenge: str) -> bool:
    """RFC 7636 4.6."""
    return is_verifier(verifier) and hmac.compare_digest(challenge_of(verifier), challenge)
