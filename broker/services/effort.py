"""A calculation that a browser makes before it may go on trying, after several tries: ALTCHA's protocol, proof of work by SHA-256.

One person does not notice it; whoever tries thousands of passwords or names pays for each. It stands in front of the limits of
`throttle` and replaces none of them. No puzzle (WCAG 2.2, 3.3.8), no third party; see docs/decisions/0014.

A challenge is `SHA-256(salt + number)` for a secret number; the salt says until when, for which door and for whom it holds, and
the signature covers all of it. Two hashes check a solution, before anything of it is believed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from broker.domain.clock import Clock
from broker.keys.keyring import Keyring
from broker.store.transient.contract import TransientStore

LIFE = timedelta(minutes=20)
"""Somebody may fill in a form slowly (WCAG 2.2, 2.2.1); a later one is shown the next challenge."""
MAX_SOLUTION = 1000
_KIND = "effort"
_SALT = re.compile(r"[0-9a-f]{24}\?expires=([0-9]{1,12})&for=([0-9a-f]{32})&")


@dataclass(frozen=True, slots=True)
class Challenge:
    """`most`: the largest number to try."""

    challenge: str
    salt: str
    signature: str
    most: int


class _Solution(msgspec.Struct):
    """As ALTCHA's widgets send it, in Base64; what else they say is not needed."""

    algorithm: str
    challenge: str
    number: int
    salt: str
    signature: str


class Effort:
    def __init__(self, keyring: Keyring, transient: TransientStore, clock: Clock, difficulty: int) -> None:
        self._keyring = keyring
        self._transient = transient
        self._clock = clock
        self._difficulty = difficulty

    def challenge(self, purpose: str, address: str) -> Challenge:
        """For one door and one network address."""
        expires = int((self._clock.now() + LIFE).timestamp())
        # The "&" at the end keeps digits of the number from becoming part of the salt.
        salt = f"{secrets.token_hex(12)}?expires={expires}&for={self._bound_to(purpose, address)}&"
        challenge = _digest(salt, secrets.randbelow(self._difficulty + 1))
        return Challenge(challenge, salt, self._signature(challenge), self._difficulty)

    def spend(self, purpose: str, address: str, given: str) -> bool:
        """Whether it is the solution of a challenge that we set for this door and address and that nobody has used yet."""
        solution = _read(given)
        if solution is None or solution.algorithm != "SHA-256" or solution.number < 0:
            return False
        right = _digest(solution.salt, solution.number)
        if not hmac.compare_digest(self._signature(right).encode(), solution.signature.encode("utf-8", "surrogatepass")):
            return False
        said = _SALT.fullmatch(solution.salt)
        if said is None or not hmac.compare_digest(said[2], self._bound_to(purpose, address)):
            return False
        expires_at = datetime.fromtimestamp(int(said[1]), UTC)
        return expires_at > self._clock.now() and self._transient.add_once(_KIND, right, expires_at + timedelta(seconds=1))

    def _bound_to(self, purpose: str, address: str) -> str:
        return hmac.new(self._key(), f"{purpose}\n{address}".encode(), hashlib.sha256).hexdigest()[:32]

    def _signature(self, challenge: str) -> str:
        return hmac.new(self._key(), f"challenge\n{challenge}".encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        return hmac.new(self._keyring.secret("cookie_key"), b"effort", hashlib.sha256).digest()


def _digest(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode("utf-8", "surrogatepass")).hexdigest()


def _read(given: str) -> _Solution | None:
    if not given or len(given) > MAX_SOLUTION:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(given, validate=True), type=_Solution)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return None
