"""Keys and the hub's secrets, opened once per process and again when the version says that they changed.

The hub's own keys are always at hand. Those of a tenant or application are read when they are first needed, and only
`MAX_OWNERS` of them are kept; whoever has none costs a look into a set. Every question about keys names whose they are to be,
and is answered with that owner's keys or the hub's, never with anybody else's.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from broker.domain.errors import ConfigurationError
from broker.domain.keys import HUB, KeyState, KeyUse, OwnerKind, SigningKey
from broker.keys.envelope import Envelope
from broker.keys.generate import generate
from broker.protocols.certificates import load_certificate, thumbprint
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
MAX_OWNERS = 1000


@dataclass(frozen=True, slots=True)
class _Opened:
    """`owners`: who has keys of their own; `others`: those of them that were opened so far."""

    keys: tuple[SigningKey, ...]
    secrets: dict[str, bytes] = field(repr=False)
    owners: frozenset[str] = frozenset()
    others: OrderedDict[str, tuple[SigningKey, ...]] = field(default_factory=OrderedDict, repr=False)


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
            have = {(row.use, row.algorithm) for row in key_queries.keys_of(connection, HUB)}
            for use, algorithm in _NEEDED:
                if (use.value, algorithm) not in have:
                    self.store(generate(use, algorithm, common_name, now))
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

    def store(self, key: SigningKey, kind: OwnerKind = OwnerKind.HUB, *, imported: bool = False) -> bool:
        """Sealed. False when its owner has such a key in that state already, or the key is known."""
        loaded = load_certificate(key.certificate_pem)
        with self._database.unit_of_work() as connection:
            return key_queries.add_key(
                connection,
                {
                    "id": key.id,
                    "owner_kind": kind.value,
                    "owner_id": key.owner_id,
                    "use": key.use.value,
                    "algorithm": key.algorithm,
                    "state": key.state.value,
                    "certificate_pem": key.certificate_pem,
                    "sealed_private": self._envelope.seal(key.private_pem.encode(), f"signing key {key.id}"),
                    "created_at": key.created_at,
                    "thumbprint": thumbprint(loaded.public_key),
                    "not_after": loaded.not_after,
                    "imported": imported,
                    "promoted_at": key.created_at if key.state is KeyState.ACTIVE else None,
                },
            )

    def forget(self) -> None:
        """Called when the configuration version says that keys changed."""
        with self._lock:
            self._forgotten += 1
            self._opened = None

    def active(self, use: KeyUse, algorithm: str | None = None, owner_id: str = HUB) -> SigningKey:
        """The key that signs for this owner now: its own, or the hub's until it has one.

        Raises ConfigurationError when `vestibule init` has not run.
        """
        opened = self._open()
        for key in (*self._own(opened, owner_id), *opened.keys):
            if key.use is use and key.state is KeyState.ACTIVE and algorithm in (None, key.algorithm):
                return key
        raise ConfigurationError("The hub has no keys yet: run `vestibule init`.", field="keys", cause=f"{use} {algorithm}")

    def published(self, use: KeyUse, owner_id: str = HUB) -> tuple[SigningKey, ...]:
        """Every key that this owner's partners must know, the one that signs first; of encryption keys the one to offer."""
        opened = self._open()
        hub, own = opened.keys, self._own(opened, owner_id)
        shown: list[SigningKey] = []
        for algorithm in dict.fromkeys(key.algorithm for key in (*own, *hub) if key.use is use):
            shown += _shown(_published(own, use, algorithm), _published(hub, use, algorithm))
        if use is not KeyUse.SAML_ENCRYPTION:
            # Two may sign, the owner's and the hub's: the owner's stood first, and the sort is stable.
            return tuple(sorted(shown, key=lambda key: key.state is not KeyState.ACTIVE))
        # What partners encrypt to must open here, and all of these do; they are best led to the one that stays longest.
        staying = HUB if any(key.leaving for key in shown) else owner_id

        def first(key: SigningKey) -> tuple[bool, bool, float]:
            return key.state is KeyState.RETIRING, key.owner_id != staying, -key.created_at.timestamp()

        return tuple(sorted(shown, key=first))

    def _own(self, opened: _Opened, owner_id: str) -> tuple[SigningKey, ...]:
        """Keys of a tenant or application; none of the hub's."""
        if owner_id not in opened.owners:
            return ()
        found = opened.others.get(owner_id)
        if found is None:
            with self._database.reading() as connection:
                rows = key_queries.keys_of(connection, owner_id)
            found = self._opened_keys(rows)
            with self._lock:
                opened.others[owner_id] = found
                while len(opened.others) > MAX_OWNERS:
                    opened.others.popitem(last=False)
        return found

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
            rows = key_queries.keys_of(connection, HUB)
            sealed = key_queries.all_secrets(connection)
            owners = key_queries.owners(connection)
        secrets = {name: self._envelope.open(value, f"hub secret {name}") for name, value in sealed.items()}
        return _Opened(self._opened_keys(rows), secrets, owners)

    def _opened_keys(self, rows: Iterable[Any]) -> tuple[SigningKey, ...]:
        """A revoked key has no private part, and nobody asks for it."""
        return tuple(
            SigningKey(
                id=row.id,
                use=KeyUse(row.use),
                algorithm=row.algorithm,
                state=KeyState(row.state),
                certificate_pem=row.certificate_pem,
                created_at=row.created_at,
                private_pem=self._envelope.open(row.sealed_private, f"signing key {row.id}").decode(),
                owner_id=row.owner_id,
                hub_beside=row.hub_beside_since is not None,
                leaving=row.hub_beside_since is not None and row.hub_beside_until is None,
            )
            for row in rows
            if row.sealed_private is not None
        )


def _published(keys: Iterable[SigningKey], use: KeyUse, algorithm: str) -> list[SigningKey]:
    return [key for key in keys if key.use is use and key.algorithm == algorithm and key.state in _PUBLISHED]


def _shown(own: list[SigningKey], hub: list[SigningKey]) -> list[SigningKey]:
    """Of one kind of key: the owner's, and the hub's as long as those sign for it, did a moment ago, or will again."""
    active = [key for key in own if key.state is KeyState.ACTIVE]
    if active and not any(key.hub_beside for key in active):
        return own
    if active or not hub:
        # Beside the owner's own signing key the hub's are all just to be known; none of them may stand first.
        return [*own, *hub]
    return [*hub, *own]
