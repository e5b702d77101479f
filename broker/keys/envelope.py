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
_WRAPPED = 12 + 32 + 16  # nonce, data key, tag


class Envelope:
    """Seals with one master key; opens with it, and with the previous one while values are being re-wrapped.

    The first 8 bytes of a key's SHA-256 are its id.
    """

    def __init__(self, master_key: bytes, previous: bytes | None = None) -> None:
        self.key_id, self._master = _named(master_key)
        self._masters = {self.key_id: self._master}
        if previous is not None:
            previous_id, opened = _named(previous)
            self._masters[previous_id] = opened

    def seal(self, plain: bytes, context: str) -> bytes:
        data_key = AESGCM.generate_key(256)
        inner = os.urandom(12)
        return self._head(data_key) + inner + AESGCM(data_key).encrypt(inner, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises ConfigurationError when the master key is another one or the value was tampered with."""
        data_key = self._data_key(sealed, context)
        rest = sealed[_HEAD + _WRAPPED :]
        try:
            return AESGCM(data_key).decrypt(rest[:12], rest[12:], context.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: cut short, so that not even a nonce is left
            raise ConfigurationError("A sealed value does not open.", field="master_key", cause=context) from error

    def is_current(self, sealed: bytes) -> bool:
        """Is the value under the master key that seals now?"""
        return sealed[:2] == _VERSION and sealed[2:_HEAD] == self.key_id

    def rewrap(self, sealed: bytes, what: str) -> bytes:
        """The same value under the current master key. Only its data key is wrapped anew: nothing is decrypted.

        Raises ConfigurationError when neither master key opens it. `what` names the value for support.
        """
        data_key = self._data_key(sealed, what)
        again = self._head(data_key) + sealed[_HEAD + _WRAPPED :]
        if self._data_key(again, what) != data_key:
            raise ConfigurationError("A re-wrapped value does not open.", field="master_key", cause=what)
        return again

    def _head(self, data_key: bytes) -> bytes:
        outer = os.urandom(12)
        return _VERSION + self.key_id + outer + self._master.encrypt(outer, data_key, self.key_id)

    def _data_key(self, sealed: bytes, what: str) -> bytes:
        key_id = sealed[2:_HEAD]
        master = self._masters.get(key_id) if sealed[:2] == _VERSION else None
        if master is None:
            raise ConfigurationError("This value was sealed under another master key.", field="master_key", cause=what)
        outer, wrapped = sealed[_HEAD : _HEAD + 12], sealed[_HEAD + 12 : _HEAD + _WRAPPED]
        try:
            return master.decrypt(outer, wrapped, key_id)
        except (InvalidTag, ValueError) as error:
            raise ConfigurationError("A sealed value does not open.", field="master_key", cause=what) from error


def _named(master_key: bytes) -> tuple[bytes, AESGCM]:
    if len(master_key) != 32:
        raise InvalidSettings("The master key must be 32 bytes, base64.", field="master_key")
    return hashlib.sha256(b"vestibule master key" + master_key).digest()[:8], AESGCM(master_key)


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
