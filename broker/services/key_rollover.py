"""What happens to keys by the clock: they are announced, begin to sign, and end. One process does it at a time (`upkeep`).

Only for the kinds of keys whose rollover operators left to the clock (`broker.services.key_policy`) does anything begin; what
somebody began is always brought to its end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from broker.domain.errors import Conflict
from broker.domain.keys import KeyState, KeyUse, OwnerKind
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench
from broker.services.key_policy import KeyPolicy, policy_of
from broker.services.own_keys import Ownership, OwnKeys, standing
from broker.services.signing_keys import Owner, SigningKeys, held, record_keys
from broker.store.tables import key_queries

log = logging.getLogger("vestibule.keys")
BATCH = 50
"""Making an RSA key takes a tenth of a second, and other work waits for its turn in the same run."""
UPKEEP = Actor("upkeep", frozenset({Verb.CONFIGURE}))


class KeyRollover:
    def __init__(self, bench: Workbench, keys: SigningKeys, own: OwnKeys) -> None:
        self._bench = bench
        self._keys = keys
        self._own = own

    def run(self) -> int:
        """How many keys were moved. A few at a time: the next run goes on."""
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            policy = policy_of(connection)
        moved = self._end(now) + self._part_with_the_hub(now, policy)
        for use in KeyUse:
            if (every := policy.every(use)) is not None:
                moved += self._promote(use, now - policy.wait(use))
                moved += self._announce(use, now + policy.wait(use) - every)
        return moved

    def _end(self, now: datetime) -> int:
        """Retired keys whose last token has expired, and revoked ones that were remembered long enough."""
        done = 0
        with self._bench.database.unit_of_work() as connection:
            for row in key_queries.ended(connection, now, BATCH):
                if key_queries.remove_key(connection, row.id, while_state=KeyState(row.state)):
                    record_keys(self._bench, UPKEEP, _owner(row), key=(row.id, None), state=(row.state, None))
                    done += 1
        return done

    def _part_with_the_hub(self, now: datetime, policy: KeyPolicy) -> int:
        """Owners whose partners need not know the hub's keys any more, or know them well enough to be signed for by those."""
        done = 0
        with self._bench.database.unit_of_work() as connection:
            for row in key_queries.beside_the_hub(connection, now, {use: policy.wait(use) for use in KeyUse}, BATCH):
                owner = _owner(row)
                if row.hub_beside_until is not None:
                    alone = {"hub_beside_since": None, "hub_beside_until": None}
                    done += key_queries.change_key(connection, row.id, while_state=KeyState.ACTIVE, **alone)
                    record_keys(self._bench, UPKEEP, owner, key=(None, row.id), beside_the_hub=(True, False))
                else:
                    rows = key_queries.keys_of(connection, owner.id)
                    found = standing([held(each, policy) for each in rows], policy)
                    if found.state is Ownership.LEAVING and found.changes_at is not None and found.changes_at <= now:
                        self._own.give_up(connection, rows, policy, now)
                        record_keys(self._bench, UPKEEP, owner, own_keys=("leaving", False))
                        done += 1
        return done

    def _promote(self, use: KeyUse, announced_before: datetime) -> int:
        with self._bench.database.reading() as connection:
            due = key_queries.announced(connection, use, announced_before, BATCH)
        return sum(self._try(partial(self._keys.promote, UPKEEP, row.id)) for row in due)

    def _announce(self, use: KeyUse, signing_since: datetime) -> int:
        with self._bench.database.reading() as connection:
            due = key_queries.signing_since(connection, use, signing_since, BATCH)
        return sum(self._try(partial(self._keys.announce, UPKEEP, _owner(row), use, row.algorithm)) for row in due)

    def _try(self, change: Callable[[], Any]) -> int:
        """Whatever somebody changed in the meantime is theirs; the next run looks again."""
        try:
            change()
        except Conflict as error:
            log.warning("a key was not moved", extra={"cause": error.sentence})
            return 0
        return 1


def _owner(row: Any) -> Owner:
    return Owner(OwnerKind(row.owner_kind), row.owner_id)
