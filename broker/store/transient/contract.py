"""The contract that every transient store keeps; `tests/conformance/transient.py` is its suite."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Protocol


class TransientStore(Protocol):
    """All methods join the current unit of work if there is one."""

    def put(self, kind: str, key: str, value: bytes, expires_at: datetime) -> None:
        """Stores or replaces."""
        ...

    def get(self, kind: str, key: str) -> bytes | None:
        """The value, or None when absent or expired."""
        ...

    def take(self, kind: str, key: str) -> bytes | None:
        """The value, removed atomically: of several callers exactly one receives it."""
        ...

    def exchange(self, kind: str, key: str, new_kind: str, value: bytes, expires_at: datetime) -> bool:
        """Takes the value and leaves another under the same key of a new kind, atomically: True for exactly one caller."""
        ...

    def add_once(self, kind: str, key: str, expires_at: datetime) -> bool:
        """True for exactly one caller until `expires_at`; False for every other."""
        ...

    def delete(self, kind: str, key: str) -> None: ...

    def purge(self) -> int:
        """Removes what has expired; returns how many."""
        ...


def key_hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
