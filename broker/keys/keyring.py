"""The hub's keys and secrets, opened once per process and again when the version says that they changed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime

from broker.domain.errors import ConfigurationError
from broker.domain.keys import KeyState, KeyUse, SigningKey
from broker.keys.envelope import Envelope
from broker.keys.generate import generate
from broker.store.db import Database
from broker.store.tables import key_queries
from broker.store.tables.configuration import record_change

_SECRETS = ("pairwise_salt", "client_secret_pepper", "email_hash_key", "cookie_key")
_NEEDED = (
    (KeyUse.SAML_SIGNING, "RS256"),
    (KeyUse.SAML_ENCRYPTION, "RS256"),
    (KeyUse.OIDC_SIGNING, "RS256"),
    (KeyUse.OIDC_SIGNING, "ES256"),
)
_PUBLISHED = frozenset({KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRING})


@dataclass(frozen=True, slots=True)
class _Opened:
    keys: tuple[SigningKey, ...]
    secrets: dict[str, bytes] = field(repr=False)


class Keyring:
    """Looks keys up by use. Thread-safe: the opened set is replaced as a whole."""

    def __init__(self, database: Database, envelope: Envelope) -> None:
        self._database = database
        self._envelope = envelope
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._forgotten = 0

    def initialise(self, common_name: str, now: datetime) -> list[str]:
        """Makes what is missing; safe to repeat. Returns what it made, in words."""
        made: list[str] = []
        with self._database.unit_of_work() as connection:
            have = {(row.use, row.algorithm) for row in key_queries.all_keys(connection)}
            for use, algorithm in _NEEDED:
                if (use.value, algorithm) not in have:
                    self._store(generate(use, algorithm, common_name, now))
                    made.append(f"{use.value} key ({algorithm})")
            existing = key_queries.all_secrets(connection)
            for name in _SECRETS:
                if name not in existing:
                    key_queries.add_secret(connection, name, self._envelope.seal(secrets.token_bytes(32), f"hub secret {name}"))
                    made.append(name.replace("_", " "))
            if made:
                record_change(connection, "keys", "all", now)
        self.forget()
        return made

    def _store(self, key: SigningKey) -> None:
        with self._database.unit_of_work() as connection:
            key_queries.add_key(
                connection,
                {
                    "id": key.id,
                    "use": key.use.value,
                    "algorithm": key.algorithm,
                    "state": key.state.value,
                    "certificate_pem": key.certificate_pem,
                    "sealed_private": self._envelope.seal(key.private_pem.encode(), f"signing key {key.id}"),
                    "created_at": key.created_at,
                },
            )

    def forget(self) -> None:
        """Called when the configuration version says that keys changed."""
        with self._lock:
            self._forgotten += 1
            self._opened = None

    def active(self, use: KeyUse, algorithm: str | None = None) -> SigningKey:
        """The key that signs (or decrypts) now. Raises ConfigurationError when `vestibule init` has not run."""
        for key in self._open().keys:
            if key.use is use and key.state is KeyState.ACTIVE and algorithm in (None, key.algorithm):
                return key
        raise ConfigurationError("The hub has no keys yet: run `vestibule init`.", field="keys", cause=f"{use} {algorithm}")

    def published(self, use: KeyUse) -> tuple[SigningKey, ...]:
        """Every key that partners must know, the active one first."""
        keys = [key for key in self._open().keys if key.use is use and key.state in _PUBLISHED]
        return tuple(sorted(keys, key=lambda key: key.state is not KeyState.ACTIVE))

    def secret(self, name: str) -> bytes:
        return self._open().secrets[name]

    def email_hash(self, email: str) -> str:
        """Keyed hash by which traces are found by email without storing the address."""
        return hmac.new(self.secret("email_hash_key"), email.strip().lower().encode(), hashlib.sha256).hexdigest()

    def hash_client_secret(self, value: str) -> str:
        """HMAC-SHA256 under a pepper outside the row; the secrets are random, so a slow hash would protect nothing more."""
        return "hmac-sha256:" + hmac.new(self.secret("client_secret_pepper"), value.encode(), hashlib.sha256).hexdigest()

    def verify_client_secret(self, value: str, stored: str) -> bool:
        return hmac.compare_digest(self.hash_client_secret(value), stored)

    def pairwise_subject(self, subject: str, sector: str) -> str:
        """A person's persistent identifier at one sector (OIDC Core 8.1): stable across restarts, meaningless elsewhere."""
        return hmac.new(self.secret("pairwise_salt"), f"{len(sector)}:{sector}{subject}".encode(), hashlib.sha256).hexdigest()[:40]

    def seal(self, plain: bytes, context: str) -> bytes:
        return self._envelope.seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        return self._envelope.open(sealed, context)

    def is_current(self, sealed: bytes) -> bool:
        return self._envelope.is_current(sealed)

    def rewrap(self, sealed: bytes, what: str) -> bytes:
        """Raises ConfigurationError."""
        return self._envelope.rewrap(sealed, what)

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None:
            # Never read under the lock: a thread inside a unit of work holds the database's turn and may wait for the lock.
            forgotten, opened = self._forgotten, self._read()
            with self._lock:
                if forgotten == self._forgotten:
                    self._opened = opened
        return opened

    def _read(self) -> _Opened:
        with self._database.reading() as connection:
            rows = key_queries.all_keys(connection)
            sealed = key_queries.all_secrets(connection)
        keys = tuple(
            SigningKey(
                row.id,
                KeyUse(row.use),
                row.algorithm,
                KeyState(row.state),
                row.certificate_pem,
                row.created_at,
                self._envelope.open(row.sealed_private, f"signing key {row.id}").decode(),
            )
            for row in rows
        )
        return _Opened(keys, {name: self._envelope.open(value, f"hub secret {name}") for name, value in sealed.items()})
