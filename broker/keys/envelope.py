"""Envelope encryption at rest: each value under its own data key, each data key under the master key (AES-256-GCM).

Layout: b"V1" | key id (8) | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext. The context (what the value is
and whose) is authenticated with it, so a sealed value moved to another row does not open.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.domain.errors import ConfigurationError, InvalidSettings

_VERSION = b"V1"
_HEAD = len(_VERSION) + 8
_WRAPPED = 12 + 32 + 16


class Envelope:
    """Seals and opens with one master key. The first 8 bytes of its SHA-256 are its id."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != 32:
            raise InvalidSettings("The master key must be 32 bytes, base64.", field="master_key")
        self._master = AESGCM(master_key)
        self.key_id = hashlib.sha256(b"vestibule master key" + master_key).digest()[:8]

    def seal(self, plain: bytes, context: str) -> bytes:
        data_key = AESGCM.generate_key(256)
        outer, inner = os.urandom(12), os.urandom(12)
        wrapped = self._master.encrypt(outer, data_key, self.key_id)
        return _VERSION + self.key_id + outer + wrapped + inner + AESGCM(data_key).encrypt(inner, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises ConfigurationError when the master key is another one or the value was tampered with."""
        if sealed[:2] != _VERSION or sealed[2:_HEAD] != self.key_id:
            raise ConfigurationError("This value was sealed under another master key.", field="master_key", cause=context)
        outer, body = sealed[_HEAD : _HEAD + 12], sealed[_HEAD + 12 :]
        wrapped, rest = body[: _WRAPPED - 12], body[_WRAPPED - 12 :]
        try:
            data_key = self._master.decrypt(outer, wrapped, self.key_id)
            return AESGCM(data_key).decrypt(rest[:12], rest[12:], context.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: cut short, so that not even a nonce is left
            raise ConfigurationError("A sealed value does not open.", field="master_key", cause=context) from error


def read_master_key(text: str, path: Path) -> bytes:
    """From the setting, else from the file. Raises InvalidSettings."""
    if not text:
        try:
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(
                f"There is no master key: run `vestibule init`, or restore {path}.", field="master_key_file"
            ) from error
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise InvalidSettings("The master key is not base64.", field="master_key") from error


def create_master_key(path: Path) -> None:
    """Writes a new key, readable by this user only; never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
