"""New key pairs with self-signed certificates. SAML partners pin the certificate; nobody builds a chain on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from broker.domain import random_ids
from broker.domain.keys import KeyState, KeyUse, SigningKey

CERTIFICATE_DAYS = 3650


def generate(use: KeyUse, algorithm: str, common_name: str, now: datetime, state: KeyState = KeyState.ACTIVE) -> SigningKey:
    """`algorithm`: "RS256" (RSA 2048) or "ES256" (P-256)."""
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    private = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
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
    return SigningKey(
        id=random_ids.object_id("key"),
        use=use,
        algorithm=algorithm,
        state=state,
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        created_at=now,
        private_pem=private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )
