"""JWS and JWK sets (RFC 7515, 7517, 7638) for both OpenID Connect sides. joserfc does the work; this file does the limits.

The algorithm belongs to the key, never to the token: a header chooses among keys that we hold (`kid`) and nothing else.
`jwk`, `jku`, `x5u` and `x5c` in a header are never looked at, `crit` is refused, HMAC and `none` do not exist here.
Keys are imported once: `signer` and `VerificationKeys` are handles for reuse, safe to share between threads.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from broker.domain.keys import SigningKey
from broker.domain.messages import filled

RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
EC_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
ALGORITHMS = frozenset(RSA_ALGORITHMS) | frozenset(EC_ALGORITHMS.values())

MAX_TOKEN = 16 * 1024
MAX_KEYS = 64
_MIN_RSA_BITS = 2048  # NIST SP 800-131A


class InvalidToken(Exception):
    """A token or key set that must not be believed; the text is for support and holds nothing secret."""


class _Registry(jws.JWSRegistry):
    max_header_length = 4096  # some providers put a certificate chain there, which we ignore
    max_payload_length = MAX_TOKEN
    max_signature_length = 1024


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key ready to sign. `kid` is its RFC 7638 thumbprint, so that it never names two keys."""

    kid: str
    algorithm: str
    public_jwk: dict[str, str]
    _key: RSAKey | ECKey = field(repr=False)

    def sign(self, claims: dict[str, Any], *, typ: str = "JWT") -> str:
        """A compact JWS."""
        header = {"typ": typ, "alg": self.algorithm, "kid": self.kid}
        return jws.serialize_compact(header, msgspec.json.encode(claims), self._key, registry=_REGISTRIES[self.algorithm])


_REGISTRIES = {name: _Registry(algorithms=[name], strict_check_header=False) for name in ALGORITHMS}


@lru_cache(maxsize=500)
def signer(key: SigningKey) -> Signer:
    """The handle of one of the hub's keys. The PEM is parsed on the first call only."""
    imported: RSAKey | ECKey
    pem = key.private_pem.encode()
    imported = ECKey.import_key(pem) if key.algorithm.startswith("ES") else RSAKey.import_key(pem)
    kid = imported.thumbprint()
    public = {name: str(value) for name, value in imported.as_dict(private=False).items() if name != "kid"}
    return Signer(kid, key.algorithm, {**public, "kid": kid, "use": "sig", "alg": key.algorithm}, imported)


@lru_cache(maxsize=500)
def key_id(public_pem: bytes) -> str:
    """The `kid` under which a key stands in our set, from its public half alone."""
    elliptic = isinstance(load_pem_public_key(public_pem), EllipticCurvePublicKey)
    return ECKey.import_key(public_pem).thumbprint() if elliptic else RSAKey.import_key(public_pem).thumbprint()


def public_key_set(keys: Iterable[SigningKey]) -> bytes:
    """The JWK set to publish (RFC 7517 5)."""
    return msgspec.json.encode({"keys": [signer(key).public_jwk for key in keys]})


@dataclass(frozen=True, slots=True)
class _VerificationKey:
    kid: str | None
    algorithms: frozenset[str]
    key: RSAKey | ECKey


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """A partner's current signing keys, imported."""

    keys: tuple[_VerificationKey, ...]

    def __len__(self) -> int:
        return len(self.keys)

    def has(self, kid: str | None) -> bool:
        return any(key.kid == kid for key in self.keys) if kid is not None else bool(self.keys)

    def select(self, kid: str | None, algorithm: str) -> RSAKey | ECKey:
        """The one key for this header. Raises InvalidToken when there is none, or no `kid` says which (OIDC Core 10.1)."""
        fitting = [key for key in self.keys if algorithm in key.algorithms and (kid is None or key.kid == kid)]
        if not fitting:
            raise InvalidToken(
                filled("no key of the provider fits kid %(kid)s and algorithm %(algorithm)s", kid=_shown(kid), algorithm=algorithm)
            )
        if len(fitting) > 1:
            raise InvalidToken(
                filled(
                    "%(count)s keys of the provider fit kid %(kid)s; the token must name one", count=len(fitting), kid=_shown(kid)
                )
            )
        return fitting[0].key


def read_key_set(document: bytes) -> VerificationKeys:
    """A partner's JWK set. Symmetric, encryption and weak keys are left out, keys of unknown kind ignored (RFC 7517 5).

    Raises InvalidToken when nothing usable is left.
    """
    decoded = decode_json(document)
    entries = decoded.get("keys") if isinstance(decoded, dict) else None
    if not isinstance(entries, list):
        raise InvalidToken("not a JWK set: there is no list `keys`")
    if len(entries) > MAX_KEYS:
        raise InvalidToken(filled("the JWK set has %(count)s keys; %(most)s are accepted", count=len(entries), most=MAX_KEYS))
    keys = tuple(key for entry in entries if (key := _verification_key(entry)) is not None)
    if not keys:
        raise InvalidToken("the JWK set holds no usable signing key (RSA of 2048 bits or more, or EC P-256, P-384, P-521)")
    return VerificationKeys(keys)


def _verification_key(entry: Any) -> _VerificationKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    if "key_ops" in entry and "verify" not in (entry["key_ops"] or ()):
        return None
    kid = entry.get("kid")
    if kid is not None and not isinstance(kid, str):
        return None
    possible: frozenset[str]
    key: RSAKey | ECKey
    # Only the public parts are imported: a set that carries private parts or odd members gives no more than a public key.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joserfc warns about short keys; the next lines refuse them
            if entry.get("kty") == "RSA":
                key = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
                possible = frozenset(RSA_ALGORITHMS) if key.public_key.key_size >= _MIN_RSA_BITS else frozenset()
            elif entry.get("kty") == "EC":
                key = ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
                possible = frozenset({EC_ALGORITHMS[entry["crv"]]})
            else:
                return None
    except (JoseError, KeyError, TypeError, ValueError):
        return None  # a key that cannot be imported can verify nothing; the others still count
    if "alg" in entry:
        possible &= {entry["alg"]} if isinstance(entry["alg"], str) else frozenset()
    return _VerificationKey(kid, possible, key) if possible else None


@dataclass(frozen=True, slots=True)
class SignedClaims:
    """Claims whose signature was verified. Only `verify` makes one."""

    claims: dict[str, Any]
    algorithm: str


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token with a well-formed header. Nothing in it is believed yet."""

    text: str
    unverified_kid: str | None
    unverified_algorithm: str


def read_header(token: str) -> UnverifiedToken:
    """Raises InvalidToken. The header decides nothing; it is read to learn which of our keys to try."""
    if len(token) > MAX_TOKEN:
        raise InvalidToken(filled("the token is longer than %(most)s characters", most=MAX_TOKEN))
    if token.count(".") != 2 or not token.isascii():
        raise InvalidToken("not a compact JWS")
    try:
        header = decode_json(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError as error:
        raise InvalidToken("the header is not base64url") from error
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise InvalidToken("the header names no algorithm")
    if "crit" in header or "b64" in header:
        raise InvalidToken("the header has critical extensions, and we understand none (RFC 7515 4.1.11)")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise InvalidToken("kid is not a string")
    return UnverifiedToken(token, kid, header["alg"])


def verify(token: UnverifiedToken, keys: VerificationKeys, allowed: frozenset[str]) -> SignedClaims:
    """The claims of a token signed with one of `keys` by an algorithm in `allowed`. Raises InvalidToken."""
    algorithm = token.unverified_algorithm
    if algorithm not in allowed or algorithm not in ALGORITHMS:
        raise InvalidToken(
            filled(
                "algorithm %(algorithm)s is not one of %(allowed)s",
                algorithm=_shown(algorithm),
                allowed=", ".join(sorted(allowed & ALGORITHMS)),
            )
        )
    key = keys.select(token.unverified_kid, algorithm)
    try:
        signed = jws.deserialize_compact(token.text, key, registry=_REGISTRIES[algorithm])
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidToken(filled("the signature does not verify (%(kind)s)", kind=type(error).__name__)) from error
    claims = decode_json(signed.payload or b"")
    if not isinstance(claims, dict):
        raise InvalidToken("the payload is not a JSON object")
    return SignedClaims(claims, algorithm)


def decode_json(document: bytes) -> Any:
    """Strict JSON (RFC 8259: no NaN, UTF-8 only, bounded depth). Raises InvalidToken."""
    try:
        return msgspec.json.decode(document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidToken(filled("not JSON (%(kind)s)", kind=type(error).__name__)) from error


def numeric_date(value: Any) -> float | None:
    """A NumericDate in a range that a datetime can hold, or None (RFC 7519 2). True and False are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # NaN and infinity fail the comparison.
    return float(value) if 0 <= value < 253_402_300_800 else None


def half_hash(value: str, algorithm: str) -> str:
    """`at_hash`: the left half of the digest that the signature algorithm uses (OIDC Core 3.1.3.6)."""
    digest = hashlib.new(f"sha{algorithm[-3:]}", value.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).decode()


def _shown(value: str | None) -> str:
    return "absent" if value is None else repr(value[:60])
