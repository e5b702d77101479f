"""JWS and JWK sets: what verifies, and everything that must not."""

from __future__ import annotations

import base64
import hmac
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey

from broker.domain.keys import KeyState, KeyUse, SigningKey
from broker.protocols import jose

CLAIMS = {"iss": "https://op.example", "sub": "é"}
RS256 = frozenset({"RS256"})


def signing_key(algorithm: str) -> SigningKey:
    key = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey("key_1", KeyUse.OIDC_SIGNING, algorithm, KeyState.ACTIVE, "", datetime(2026, 1, 1, tzinfo=UTC), pem.decode())


RSA, EC = signing_key("RS256"), signing_key("ES256")
PUBLISHED = jose.public_key_set([RSA, EC])
KEYS = jose.read_key_set(PUBLISHED)
TOKEN = jose.signer(RSA).sign(CLAIMS)
KID = jose.signer(RSA).kid


def b64(value: bytes | dict[str, Any]) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def verify(token: str, keys: jose.VerificationKeys = KEYS, allowed: frozenset[str] = RS256) -> dict[str, Any]:
    return jose.verify(jose.read_header(token), keys, allowed).claims


def with_header(**changes: Any) -> str:
    """A token with another header and the signature of the good one."""
    _, payload, signature = TOKEN.split(".")
    return f"{b64({'alg': 'RS256', 'kid': KID, **changes})}.{payload}.{signature}"


def resigned(header: dict[str, Any], payload: bytes = json.dumps(CLAIMS).encode()) -> str:
    """A good signature by the hub's key over any header and payload."""
    key = RSAKey.import_key(RSA.private_pem)
    text = f"{b64(header)}.{b64(payload)}"
    return f"{text}.{b64(key.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@pytest.mark.parametrize("key", [RSA, EC])
def test_given_a_key_when_signed_then_the_published_set_verifies(key: SigningKey) -> None:
    assert verify(jose.signer(key).sign(CLAIMS), allowed=frozenset({key.algorithm})) == CLAIMS


def test_given_the_published_set_when_read_then_it_holds_thumbprints_and_no_private_part() -> None:
    for key in json.loads(PUBLISHED)["keys"]:
        assert set(key) in ({"kty", "n", "e", "kid", "use", "alg"}, {"kty", "crv", "x", "y", "kid", "use", "alg"})
        kind = RSAKey if key["kty"] == "RSA" else ECKey
        assert kind.import_key(key).thumbprint() == key["kid"]


def test_given_a_signer_when_shown_then_no_private_part_appears() -> None:
    assert "private" not in repr(jose.signer(RSA)).lower().replace("_private", "")
    assert "BEGIN" not in repr(jose.signer(RSA))


def test_given_the_same_key_when_asked_twice_then_it_was_imported_once() -> None:
    assert jose.signer(RSA) is jose.signer(RSA)


def hs256_with_public_key() -> str:
    """CVE-2016-10555 and its many successors: the public key as HMAC secret."""
    pem = RSAKey.import_key(RSA.private_pem).public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{b64({'alg': 'HS256', 'kid': KID})}.{b64(CLAIMS)}"
    return f"{text}.{b64(hmac.digest(pem, text.encode(), 'sha256'))}"


def embedded_key() -> str:
    """A header that brings its own key, by value."""
    mine = RSAKey.generate_key(2048)
    text = f"{b64({'alg': 'RS256', 'jwk': mine.as_dict(private=False)})}.{b64(CLAIMS)}"
    return f"{text}.{b64(mine.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


FORGED: dict[str, Callable[[], str]] = {
    "none": lambda: f"{b64({'alg': 'none'})}.{b64(CLAIMS)}.",
    "none in odd case": lambda: f"{b64({'alg': 'nOnE', 'kid': KID})}.{b64(CLAIMS)}.",
    "none with a kid": lambda: f"{b64({'alg': 'none', 'kid': KID})}.{b64(CLAIMS)}.",
    "empty signature": lambda: TOKEN.rpartition(".")[0] + ".",
    "HMAC with the public key": hs256_with_public_key,
    "embedded key": embedded_key,
    "changed payload": lambda: ".".join([TOKEN.split(".")[0], b64({**CLAIMS, "sub": "x"}), TOKEN.split(".")[2]]),
    "changed header": lambda: with_header(typ="x"),
    "another algorithm of the same key": lambda: with_header(alg="RS512"),
    "algorithm of another kind of key": lambda: with_header(alg="ES256"),
    "unknown kid": lambda: with_header(kid="other"),
    "kid that is a path": lambda: with_header(kid="../../dev/null"),
    "kid that is no text": lambda: with_header(kid=1),
    "no algorithm": lambda: f"{b64({'kid': KID})}.{b64(CLAIMS)}.x",
    "algorithm that is no text": lambda: with_header(alg=["RS256"]),
    "crit": lambda: resigned({"alg": "RS256", "kid": KID, "crit": ["exp"], "exp": 1}),
    "empty crit": lambda: resigned({"alg": "RS256", "kid": KID, "crit": []}),
    "detached payload": lambda: resigned({"alg": "RS256", "kid": KID, "b64": False, "crit": ["b64"]}),
    "payload that is a list": lambda: resigned({"alg": "RS256", "kid": KID}, b"[]"),
    "payload with NaN": lambda: resigned({"alg": "RS256", "kid": KID}, b'{"exp": NaN}'),
    "payload that is deep": lambda: resigned({"alg": "RS256", "kid": KID}, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "header that is deep": lambda: f"{b64(b'[' * 5000)}.{b64(CLAIMS)}.x",
    "too long": lambda: TOKEN + "A" * jose.MAX_TOKEN,
    "two segments": lambda: "a.b",
    "five segments (JWE)": lambda: "a.b.c.d.e",
    "JSON serialization": lambda: json.dumps({"payload": b64(CLAIMS), "signatures": []}),
    "not ASCII": lambda: TOKEN + "é",
    "padding": lambda: TOKEN + "=",
    "empty": lambda: "",
}


@pytest.mark.parametrize("case", FORGED)
def test_given_a_forged_token_when_verified_then_it_is_refused(case: str) -> None:
    with pytest.raises(jose.InvalidToken):
        verify(FORGED[case](), allowed=frozenset({"RS256", "ES256", "HS256", "none"}))


def test_given_header_keys_when_the_signature_is_good_then_they_are_not_looked_at() -> None:
    elsewhere = {"jku": "http://169.254.169.254/", "x5u": "https://evil.example/", "jwk": {"kty": "oct"}, "unknown": True}
    assert verify(resigned({"alg": "RS256", "kid": KID, **elsewhere})) == CLAIMS


def test_given_a_giant_token_when_its_header_is_read_then_nothing_of_it_is_parsed() -> None:
    with pytest.raises(jose.InvalidToken, match="longer"):
        jose.read_header(f"{b64({'alg': 'RS256'})}.{'A' * jose.MAX_TOKEN}.x")


def test_given_an_algorithm_that_is_not_allowed_when_the_signature_is_good_then_it_is_refused() -> None:
    with pytest.raises(jose.InvalidToken):
        verify(TOKEN, allowed=frozenset({"ES256"}))


def entry(key: Any, **changes: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **changes}


GOOD = RSAKey.generate_key(2048)
WEAK_WARNING = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


@WEAK_WARNING
@pytest.mark.parametrize(
    "make",
    [
        lambda: {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"},
        lambda: OctKey.generate_key(256).as_dict(),
        lambda: entry(RSAKey.generate_key(1024)),
        lambda: entry(GOOD, use="enc"),
        lambda: entry(GOOD, key_ops=["encrypt"]),
        lambda: entry(GOOD, alg="HS256"),
        lambda: entry(GOOD, alg="none"),
        lambda: entry(GOOD, alg=7),
        lambda: entry(GOOD, kid=7),
        lambda: entry(ECKey.generate_key("P-256"), x="AAAA"),
        lambda: {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        lambda: {"kty": "RSA", "n": "!!", "e": "AQAB"},
        lambda: {"kty": "RSA"},
        lambda: {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        lambda: {"kty": ["RSA"]},
        lambda: "RSA",
    ],
)
def test_given_an_unusable_key_when_read_then_only_the_others_count(make: Callable[[], Any]) -> None:
    with pytest.raises(jose.InvalidToken):
        jose.read_key_set(json.dumps({"keys": [make()]}).encode())
    assert len(jose.read_key_set(json.dumps({"keys": [make(), entry(GOOD)]}).encode())) == 1


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"keys": {}}', b"<html>", b"\xff", b'{"keys": []}', b"[" * 20_000])
def test_given_no_key_set_when_read_then_it_is_refused(document: bytes) -> None:
    with pytest.raises(jose.InvalidToken):
        jose.read_key_set(document)


def test_given_a_giant_key_set_when_read_then_it_is_refused() -> None:
    with pytest.raises(jose.InvalidToken):
        jose.read_key_set(json.dumps({"keys": [entry(GOOD)] * (jose.MAX_KEYS + 1)}).encode())


def test_given_no_kid_when_one_key_fits_then_it_is_used_and_of_two_none() -> None:
    token = resigned({"alg": "RS256"})
    own = json.loads(PUBLISHED)["keys"][0]
    assert verify(token, jose.read_key_set(json.dumps({"keys": [own]}).encode())) == CLAIMS
    with pytest.raises(jose.InvalidToken):
        verify(token, jose.read_key_set(json.dumps({"keys": [own, entry(GOOD)]}).encode()))


def test_given_private_parts_in_a_set_when_read_then_only_the_public_key_is_kept() -> None:
    keys = jose.read_key_set(json.dumps({"keys": [GOOD.as_dict(private=True)]}).encode())
    assert not keys.keys[0].key.is_private


@given(st.text(max_size=200))
def test_given_any_text_when_read_as_a_token_then_it_is_refused_cleanly(text: str) -> None:
    with pytest.raises(jose.InvalidToken):
        verify(text)


@given(st.binary(max_size=200))
def test_given_any_bytes_when_read_as_a_key_set_then_they_are_refused_cleanly(document: bytes) -> None:
    with pytest.raises(jose.InvalidToken):
        jose.read_key_set(document)


@pytest.mark.parametrize(
    "value, expected",
    [(0, 0.0), (1.5, 1.5), (2**40, None), (-1, None), (True, None), ("1", None), (None, None), (math.inf, None), (math.nan, None)],
)
def test_given_a_numeric_date_when_read_then_only_a_moment_counts(value: Any, expected: float | None) -> None:
    assert jose.numeric_date(value) == expected


def test_given_the_example_of_the_standard_when_hashed_then_it_agrees() -> None:
    # OIDC Core A.3: the access token and at_hash of the example.
    assert jose.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
