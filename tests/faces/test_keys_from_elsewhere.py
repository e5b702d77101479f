"""Keys that were made elsewhere: what is taken, what is refused at which field, and that nobody reads one back."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.architecture.test_no_secrets import everything_stored
from tests.support.api import Api, api
from tests.support.hub import Hub
from tests.support.saml_idp import KeyPair, key_pair

SAML, OIDC = "saml_signing", "oidc_signing"


@pytest.fixture
def script(hub: Hub) -> Api:
    return api(hub)


def pem_of(private: Any, password: bytes | None = None) -> str:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return str(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode())


@pytest.fixture(scope="module")
def weak() -> str:
    return pem_of(rsa.generate_private_key(65537, 1024))


def test_a_key_from_elsewhere_is_announced_and_never_read_back(hub: Hub, script: Api) -> None:
    pair = key_pair("acme's own")
    body = {"owner": "hub", "use": SAML, "private_key": pair.private_pem, "certificate": pair.certificate_pem}
    made = script.post("/keys/bring", body)

    assert (made["state"], made["imported"], made["certificate"]) == ("next", True, pair.certificate_pem)
    secret = pair.private_pem.splitlines()[5]
    assert secret not in str(made) + str(script.get("/keys")) + str(script.get("/audit"))
    assert secret.encode() not in everything_stored(hub)
    script.post(f"/keys/{made['key']}/promote", {"before_partners_know": True})
    script.post("/keys/bring", body, 409)
    script.post(f"/keys/{made['key']}/revoke", {"break_trust": True})
    script.post("/keys/bring", body, 409)


def _brought(case: str, pair: KeyPair) -> dict[str, str]:
    curve = pem_of(ec.generate_private_key(ec.SECP256R1()))
    return {
        "no key": {"private_key": "hello"},
        "a certificate": {"private_key": pair.certificate_pem},
        "locked": {"private_key": pem_of(rsa.generate_private_key(65537, 2048), b"secret")},
        "another curve": {"private_key": pem_of(ec.generate_private_key(ec.SECP384R1())), "use": OIDC},
        "Edwards": {"private_key": pem_of(ed25519.Ed25519PrivateKey.generate()), "use": OIDC},
        "elliptic for SAML": {"private_key": curve},
        "another key's certificate": {"private_key": pair.private_pem, "certificate": key_pair("another").certificate_pem},
        "no certificate": {"private_key": pair.private_pem, "certificate": "hello"},
    }[case]


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("no key", "private_key"),
        ("a certificate", "private_key"),
        ("locked", "private_key"),
        ("another curve", "private_key"),
        ("Edwards", "private_key"),
        ("elliptic for SAML", "private_key"),
        ("another key's certificate", "certificate"),
        ("no certificate", "certificate"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_at_its_field(hub: Hub, script: Api, case: str, field: str) -> None:
    before = hub.count("signing_keys")

    refused = script.post("/keys/bring", {"owner": "hub", "use": SAML, **_brought(case, key_pair("brought"))}, 400)

    assert refused["code"] == "invalid_settings"
    assert refused["field"] == field
    assert hub.count("signing_keys") == before


def test_a_weak_key_is_refused(hub: Hub, script: Api, weak: str) -> None:
    script.post("/keys/bring", {"owner": "hub", "use": SAML, "private_key": weak}, 400)


def test_a_certificate_that_has_ended_is_refused(hub: Hub, script: Api) -> None:
    pair = key_pair("brought")
    hub.clock.forward(days=365 * 40)
    body = {"owner": "hub", "use": SAML, "private_key": pair.private_pem, "certificate": pair.certificate_pem}

    assert api(hub).post("/keys/bring", body, 400)["field"] == "certificate"


def test_a_key_for_id_tokens_needs_no_certificate_and_may_be_elliptic(hub: Hub, script: Api) -> None:
    curve = pem_of(ec.generate_private_key(ec.SECP256R1()))

    made = script.post("/keys/bring", {"owner": "hub", "use": OIDC, "private_key": curve})

    assert made["algorithm"] == "ES256"
    assert made["name"] in {key["kid"] for key in hub.browser().open("/oauth2/jwks").get_json()["keys"]}
