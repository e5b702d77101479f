"""The same request twice gives the same answer twice: what an Idempotency-Key promises to a script that lost the answer.

An answer may hold a secret that is shown once, so it is kept sealed. Whoever repeats a request while the first is still
being answered is told to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from broker.domain.access_errors import IdempotencyMismatch
from broker.domain.errors import Conflict
from broker.services.context import Workbench
from broker.store.transient.contract import TransientStore

KEPT = timedelta(hours=24)
_AT_WORK = timedelta(minutes=2)
"""How long the first may take. One that died does not block its key for longer."""
_CLAIM, _ANSWER = "idempotency_claim", "idempotency_answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, to be repeated byte for byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Stored:
    fingerprint: str
    answer: Answer


class Idempotency:
    def __init__(self, bench: Workbench, transient: TransientStore) -> None:
        self._bench = bench
        self._transient = transient

    def once(self, owner: str, key: str, fingerprint: str, make: Callable[[], Answer]) -> tuple[Answer, bool]:
        """(the answer, whether it is a repetition). `owner`: keys of two tokens never meet.

        Raises IdempotencyMismatch when the key was used for another request, and Conflict while it is being answered. What
        is refused is not kept: it changed nothing, and may succeed another time.
        """
        name = f"{owner} {key}"
        if (kept := self._kept(name, fingerprint)) is not None:
            return kept, True
        now = self._bench.clock.now()
        if not self._transient.add_once(_CLAIM, name, now + _AT_WORK):
            if (kept := self._kept(name, fingerprint)) is not None:
                return kept, True
            raise Conflict("The same request is still being answered. Try again in a moment.", field="Idempotency-Key")
        try:
            if (kept := self._kept(name, fingerprint)) is not None:  # answered between the two looks
                return kept, True
            answer = make()
            sealed = self._bench.keyring.seal(msgspec.msgpack.encode(_Stored(fingerprint, answer)), _context(name))
            self._transient.put(_ANSWER, name, sealed, now + KEPT)
        finally:
            self._transient.delete(_CLAIM, name)
        return answer, False

    def _kept(self, name: str, fingerprint: str) -> Answer | None:
        sealed = self._transient.get(_ANSWER, name)
        if sealed is None:
            return None
        stored = msgspec.msgpack.decode(self._bench.keyring.open(sealed, _context(name)), type=_Stored)
        if stored.fingerprint != fingerprint:
            raise IdempotencyMismatch(cause="the fingerprints of the two requests differ")
        return stored.answer


def _context(name: str) -> str:
    return f"idempotency {name}"
