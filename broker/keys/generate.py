"""New key pairs with self-signed certificates, and pairs that were made elsewhere. SAML partners pin the certificate; nobody
builds a chain on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from broker.domain import random_ids
from broker.domain.errors import InvalidSettings
from broker.domain.keys import HUB, KeyState, KeyUse, SigningKey
from broker.domain.messages import translatable
from broker.protocols.certificates import (
    MIN_RSA_BITS,
    LoadedCertificate,
    PrivateKey,
    WeakKeyError,
    load_certificate,
    thumbprint,
)

CERTIFICATE_DAYS = 3650
MAX_RSA_BITS = 8192
"""More takes seconds to sign, for everybody."""


def generate(
    use: KeyUse, algorithm: str, common_name: str, now: datetime, state: KeyState = KeyState.ACTIVE, owner_id: str = HUB
) -> SigningKey:
    """`algorithm`: "RS256" (RSA 2048) or "ES256" (P-256)."""
    private: PrivateKey
    private = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    return _key(use, algorithm, private, _self_signed(private, common_name, now), now, state, owner_id)


def read_pair(
    use: KeyUse, private_pem: str, certificate_pem: str, common_name: str, now: datetime, owner_id: str = HUB
) -> SigningKey:
    """A pair from elsewhere, to be announced. Without a certificate it gets a self-signed one.

    Raises InvalidSettings, naming the field, for a key that is weak or of the wrong kind, and a certificate that is not of
    this key or not valid now.
    """
    private = _private(private_pem)
    algorithm = "ES256" if isinstance(private, ec.EllipticCurvePrivateKey) else "RS256"
    if use is not KeyUse.OIDC_SIGNING and algorithm == "ES256":
        raise InvalidSettings(translatable("SAML takes RSA keys: many partners know nothing else."), field="private_key")
    if certificate_pem.strip():
        certificate = _certificate(certificate_pem, private, now)
    else:
        certificate = _self_signed(private, common_name, now)
    return _key(use, algorithm, private, certificate, now, KeyState.NEXT, owner_id)


def _private(pem: str) -> PrivateKey:
    try:
        # It comes from outside, so its numbers are checked too.
        private = serialization.load_pem_private_key(pem.strip().encode(), password=None)
    except TypeError as error:
        sentence = translatable("This key is locked with a passphrase. Unlock it first: openssl pkey -in key.pem -out open.pem")
        raise InvalidSettings(sentence, field="private_key") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidSettings(translatable("This is no private key in PEM form."), field="private_key") from error
    if isinstance(private, rsa.RSAPrivateKey) and MIN_RSA_BITS <= private.key_size <= MAX_RSA_BITS:
        return private
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
        return private
    sentence = translatable("Give an RSA key of 2048 to 8192 bits, or an elliptic curve key on P-256.")
    raise InvalidSettings(sentence, field="private_key")


def _certificate(pem: str, private: PrivateKey, now: datetime) -> str:
    try:
        found: LoadedCertificate = load_certificate(pem)
    except WeakKeyError as error:
        raise InvalidSettings(translatable("The certificate is not of this key."), field="certificate") from error
    except ValueError as error:
        raise InvalidSettings(translatable("This is no certificate in PEM form."), field="certificate") from error
    if thumbprint(found.public_key) != thumbprint(private.public_key()):
        raise InvalidSettings(translatable("The certificate is not of this key."), field="certificate")
    if not found.not_before <= now < found.not_after:
        raise InvalidSettings(translatable("The certificate is not valid now."), field="certificate")
    return found.pem


def _self_signed(private: PrivateKey, common_name: str, now: datetime) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key(
    use: KeyUse, algorithm: str, private: PrivateKey, certificate_pem: str, now: datetime, state: KeyState, owner_id: str
) -> SigningKey:
    return SigningKey(
        id=random_ids.object_id("key"),
        use=use,
        algorithm=algorithm,
        state=state,
        certificate_pem=certificate_pem,
        created_at=now,
        private_pem=private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        owner_id=owner_id,
    )
