"""Files of the demonstration: keys and client secrets, made at the first start and kept, so that nothing breaks on a second."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from broker.domain import random_ids
from broker.domain.clock import SystemClock
from broker.domain.keys import KeyState, KeyUse, SigningKey


@dataclass(frozen=True, slots=True)
class StateFiles:
    """The folder, readable by its owner only."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def key(self, name: str, use: KeyUse) -> SigningKey:
        """An RSA-2048 pair with a self-signed certificate."""
        path = self.folder / f"{name}.pem"
        if not path.exists():
            self._write(path, _new_pair(name))
        text = path.read_text("ascii")
        private, marker, certificate = text.partition("-----BEGIN CERTIFICATE-----")
        created = x509.load_pem_x509_certificate((marker + certificate).encode()).not_valid_before_utc
        return SigningKey(name, use, "RS256", KeyState.ACTIVE, marker + certificate, created, private)

    def secret(self, name: str) -> str:
        """A client secret; `secret_path` tells the hub where to read it."""
        path = self.secret_path(name)
        if not path.exists():
            self._write(path, random_ids.secret())
        return path.read_text("ascii").strip()

    def secret_path(self, name: str) -> Path:
        return self.folder / f"{name}.secret"

    def document(self, name: str, content: bytes) -> Path:
        """A metadata document for the hub to read."""
        path = self.folder / name
        self._write(path, content.decode())
        return path

    def _write(self, path: Path, text: str) -> None:
        # Written beside and moved: a start that is interrupted leaves no half a key behind.
        beside = path.with_suffix(path.suffix + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        beside.replace(path)


def _new_pair(name: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Vestibule demonstration {name}")])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode() + certificate.public_bytes(encoding).decode()
