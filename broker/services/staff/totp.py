"""Codes of an authenticator app (RFC 6238): 30 seconds, six digits, each good once."""

from __future__ import annotations

import hmac
import re

import pyotp

from broker.domain.clock import Clock

STEP_SECONDS = 30
_AROUND = (0, -1, 1)
"""One step either way: a telephone's clock, and how long typing takes (RFC 6238 5.2)."""


def new_key() -> str:
    """160 bits (RFC 4226 4, R6), base32."""
    return pyotp.random_base32(32)


def address(key: str, email: str, issuer: str) -> str:
    """What the QR code says to the app."""
    return pyotp.TOTP(key).provisioning_uri(name=email, issuer_name=issuer)


def step_of(key: str, typed: str, clock: Clock) -> int | None:
    """The time step whose code this is; None when it is of no step around now."""
    code = re.sub(r"[\s-]", "", typed)
    if not re.fullmatch(r"[0-9]{6}", code):
        return None
    now = int(clock.now().timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(key)
    found = [now + around for around in _AROUND if hmac.compare_digest(generator.generate_otp(now + around), code)]
    return found[0] if found else None
