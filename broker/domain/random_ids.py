"""The one place that makes unguessable identifiers (RFC 6749 10.10: at least 128 bits, here 160 or more)."""

from __future__ import annotations

import secrets

# No 0/O, 1/I/L, U/V: a reference code is read out over the telephone.
_REFERENCE_ALPHABET = "ABCDEFGHJKMNPQRSTWXYZ23456789"


def handle() -> str:
    """A secret handle of 160 bits, URL-safe, 27 characters: transactions, codes, tokens, cookies, nonces."""
    return secrets.token_urlsafe(20)


def secret() -> str:
    """A client secret of 256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def object_id(prefix: str) -> str:
    """An id for a stored object, 120 random bits: `con_4f…`. Letters, digits and one underscore only."""
    return f"{prefix}_{secrets.token_hex(15)}"


def xml_id() -> str:
    """An xs:ID of 160 bits for a SAML message; an NCName must not start with a digit (SAML Core 1.3.4)."""
    return f"_{secrets.token_hex(20)}"


def reference_code() -> str:
    """A short code that a person can read to support, `K7QF-3M2P-XW`: 10 symbols of 29, about 48 bits."""
    number, symbols = secrets.randbits(80), ""  # 80 bits for 48: taking remainders leaves no measurable bias
    for _ in range(10):
        number, rest = divmod(number, len(_REFERENCE_ALPHABET))
        symbols += _REFERENCE_ALPHABET[rest]
    return f"{symbols[:4]}-{symbols[4:8]}-{symbols[8:]}"
