"""Certificates and key pairs as partners and we publish them. Certificates are containers of pinned keys, nothing more."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.domain.messages import filled

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

MIN_RSA_BITS = 2048
_MIN_CURVE_BITS = 256
_PEM_BODY = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class WeakKeyError(ValueError):
    """A key that is too short to be believed."""


@dataclass(frozen=True, slots=True)
class LoadedCertificate:
    """A certificate that was read, with its public key."""

    pem: str
    subject: str
    not_before: datetime
    not_after: datetime
    sha256: str
    public_key: PublicKey
    public_pem: bytes


def load_certificate(pem: str) -> LoadedCertificate:
    """Read a PEM or bare base64 certificate (the first of a chain). Raises ValueError, WeakKeyError for RSA below 2048 bits."""
    found = _PEM_BODY.search(pem)
    body = "".join((found.group(1) if found else pem).split())
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(body, validate=True))
        public = certificate.public_key()
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not an X.509 certificate") from error
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < MIN_RSA_BITS:
            raise WeakKeyError(filled("RSA key of %(size)s bits", size=public.key_size))
    elif not isinstance(public, ec.EllipticCurvePublicKey):
        raise ValueError("neither an RSA nor an elliptic curve key")
    elif public.curve.key_size < _MIN_CURVE_BITS:
        raise WeakKeyError(filled("elliptic curve key of %(size)s bits", size=public.curve.key_size))
    return LoadedCertificate(
        pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        subject=certificate.subject.rfc4514_string()[:200],
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        public_key=public,
        public_pem=public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def thumbprint(public: PublicKey) -> str:
    """SHA-256 of the public key alone: the same in every certificate that was ever made for it."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def certificate_base64(pem: str) -> str:
    """The body of a PEM certificate on one line, as X509Certificate wants it. Raises ValueError."""
    found = _PEM_BODY.search(pem)
    if found is None:
        raise ValueError("not a PEM certificate")
    return "".join(found.group(1).split())


def load_private_key(pem: str) -> PrivateKey:
    """Read one of our own private keys. Raises ValueError."""
    # They were generated here and come back from authenticated storage: testing the primes again would cost 35 ms each,
    # for every connector that is prepared.
    key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("neither an RSA nor an elliptic curve key")
    return key
