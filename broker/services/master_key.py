"""Another master key without an outage: values are re-wrapped one by one while the hub opens both.

Only the wrapped data keys change; no secret is decrypted on the way. It may be stopped and run again at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, record
from broker.store.tables import sealed

BATCH = 200
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SealedCount:
    """How many values of a kind there are, and how many of them are still under the previous master key."""

    words: str
    total: int
    previous: int


class MasterKey:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def count(self) -> list[SealedCount]:
        """Raises nothing: a value that no master key opens counts as previous, and `rewrap` names it."""
        keyring, counts = self._bench.keyring, []
        for column in sealed.COLUMNS:
            total = previous = 0
            after = ""
            while batch := self._batch(column, after):
                after = batch[-1][0]
                total += len(batch)
                previous += sum(not keyring.is_current(value) for _, value in batch)
            counts.append(SealedCount(column.words, total, previous))
        return counts

    def rewrap(self, actor: Actor, progress: Progress | None = None) -> int:
        """How many values were re-wrapped. Raises ConfigurationError, naming the value, when one opens under neither key."""
        actor.require(Verb.ADMINISTER, None)
        done = sum(self._rewrap_column(column, progress or (lambda _count: None)) for column in sealed.COLUMNS)
        if done:
            changed = {"rewrapped": (None, done)}
            record(
                self._bench,
                actor,
                kind="master_key",
                object_id="master key",
                tenant_id=None,
                action=Action.UPDATED,
                fields_changed=changed,
            )
        return done

    def _rewrap_column(self, column: sealed.SealedColumn, progress: Progress) -> int:
        keyring, done, after = self._bench.keyring, 0, ""
        while batch := self._batch(column, after):
            after = batch[-1][0]
            with self._bench.database.unit_of_work() as connection:
                for key, value in batch:
                    if not keyring.is_current(value):
                        again = keyring.rewrap(value, f"{column.words}: {key}")
                        # Changed meanwhile: then it was sealed anew, under the current key.
                        done += column.replace(connection, key, value, again)
            progress(len(batch))
        return done

    def _batch(self, column: sealed.SealedColumn, after: str) -> list[tuple[str, bytes]]:
        with self._bench.database.reading() as connection:
            return column.batch(connection, after, BATCH)
