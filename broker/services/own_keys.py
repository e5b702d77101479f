"""Whether a tenant or an application has keys of its own, so that whoever trusts it trusts nobody else with it.

Both ways are rollovers. On: its keys are announced beside the hub's, which go on signing until the first of its own takes over,
and stay published for a while after. Off: the hub's keys are published beside its own, and when partners have had the time to
learn of those they sign again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from broker.domain.errors import Conflict, InvalidSettings
from broker.domain.keys import KeyState, KeyUse, OwnerKind
from broker.domain.messages import translatable
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench
from broker.services.key_policy import KeyPolicy, policy_of
from broker.services.signing_keys import HeldKey, Owner, SigningKeys, held, in_words, record_keys
from broker.store.tables import key_queries

_OIDC = ((KeyUse.OIDC_SIGNING, "RS256"), (KeyUse.OIDC_SIGNING, "ES256"))
_SAML = (KeyUse.SAML_SIGNING, "RS256")
KINDS: dict[str, tuple[tuple[KeyUse, str], ...]] = {
    "tenant": (_SAML, (KeyUse.SAML_ENCRYPTION, "RS256"), *_OIDC),
    "saml": (_SAML,),
    "oidc": _OIDC,
}
"""Which keys a tenant needs, and an application of each protocol."""

BEFORE_THEY_KNOW = translatable("Partners have not had the time to learn of the hub’s keys. Those may sign here from %(when)s on.")


class Ownership(StrEnum):
    """Whose keys sign for a tenant or application."""

    HUB = "hub"  # it has none
    STARTING = "starting"  # its own are announced
    OWN = "own"
    LEAVING = "leaving"  # its own sign, and the hub's are announced beside them
    ENDED = "ended"  # the hub's sign again, and its own are still published


@dataclass(frozen=True, slots=True)
class Standing:
    """`changes_at`: when the hub's keys may sign again; None unless it is leaving."""

    state: Ownership
    changes_at: datetime | None = None


class OwnKeys:
    def __init__(self, bench: Workbench, keys: SigningKeys) -> None:
        self._bench = bench
        self._keys = keys

    def standing(self, owner: Owner) -> Standing:
        with self._bench.database.reading() as connection:
            policy = policy_of(connection)
        return standing(self._keys.of(owner), policy)

    def switch_on(self, actor: Actor, owner: Owner, kind: str) -> Standing:
        """Announces what it lacks; whoever was leaving stays. `kind` is one of `KINDS`."""
        actor.require(Verb.CONFIGURE, None)
        if owner.kind is OwnerKind.HUB or kind not in KINDS:
            raise InvalidSettings(translatable("Name a tenant, or a SAML or OpenID Connect application."), field="owner")
        now = self._bench.clock.now()
        made = [self._keys.make(owner, use, algorithm) for use, algorithm in self._lacking(owner, kind)]
        with self._bench.database.unit_of_work() as connection:
            staying = [row for row in key_queries.keys_of(connection, owner.id) if _leaves(row)]
            for row in staying:
                key_queries.change_key(connection, row.id, while_state=KeyState.ACTIVE, hub_beside_until=now)
            # False: somebody else did the same a moment ago.
            stored = [self._bench.keyring.store(key, owner.kind) for key in made]
            if staying or any(stored):
                record_keys(self._bench, actor, owner, own_keys=(False, True))
        return self.standing(owner)

    def switch_off(self, actor: Actor, owner: Owner, *, before_partners_know: bool = False) -> Standing:
        """Announces the hub's keys; asked again when partners have had their time, gives the own ones up.

        What was only announced goes at once. Raises Conflict while it is too early.
        """
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            policy, now = policy_of(connection), self._bench.clock.now()
            rows = key_queries.keys_of(connection, owner.id)
            signing = [row for row in rows if row.state == KeyState.ACTIVE.value]
            before = standing([held(row, policy) for row in rows], policy)
            if before.state in (Ownership.HUB, Ownership.ENDED):
                raise Conflict(translatable("The hub’s keys sign here already."), field="owner")
            if before.state is Ownership.OWN and not before_partners_know:
                for row in signing:
                    since = {"hub_beside_since": row.hub_beside_since or now, "hub_beside_until": None}
                    key_queries.change_key(connection, row.id, while_state=KeyState.ACTIVE, **since)
                record_keys(self._bench, actor, owner, own_keys=(True, "leaving"))
            else:
                if before.changes_at is not None and now < before.changes_at and not before_partners_know:
                    raise Conflict(BEFORE_THEY_KNOW % {"when": in_words(before.changes_at)}, field="owner")
                self.give_up(connection, rows, policy, now)
                risk = {"risk": (None, "before partners know")} if before_partners_know and signing else {}
                record_keys(self._bench, actor, owner, own_keys=(True, False), **risk)
        return self.standing(owner)

    def _lacking(self, owner: Owner, kind: str) -> list[tuple[KeyUse, str]]:
        with self._bench.database.reading() as connection:
            rows = key_queries.keys_of(connection, owner.id)
        there = {(row.use, row.algorithm) for row in rows if row.state in (KeyState.ACTIVE.value, KeyState.NEXT.value)}
        return [(use, algorithm) for use, algorithm in KINDS[kind] if (use.value, algorithm) not in there]

    def give_up(self, connection: Any, rows: list[Any], policy: KeyPolicy, now: datetime) -> None:
        """Inside a unit of work: what signs retires, what was announced goes."""
        for row in rows:
            if row.state == KeyState.ACTIVE.value:
                ends_at = now + policy.keep(KeyUse(row.use))
                ending = {"state": KeyState.RETIRING.value, "retired_at": now, "ends_at": ends_at}
                key_queries.change_key(connection, row.id, while_state=KeyState.ACTIVE, **ending)
            elif row.state == KeyState.NEXT.value:
                key_queries.remove_key(connection, row.id, while_state=KeyState.NEXT)


def _leaves(row: Any) -> bool:
    return row.state == KeyState.ACTIVE.value and row.hub_beside_since is not None and row.hub_beside_until is None


def standing(keys: list[HeldKey], policy: KeyPolicy) -> Standing:
    signing = [key for key in keys if key.state is KeyState.ACTIVE]
    if leaving := [key for key in signing if key.leaving and key.hub_beside_since is not None]:
        since = {key: key.hub_beside_since for key in leaving}
        return Standing(Ownership.LEAVING, max(at + policy.wait(key.use) for key, at in since.items() if at is not None))
    if signing:
        return Standing(Ownership.OWN)
    if any(key.state is KeyState.NEXT for key in keys):
        return Standing(Ownership.STARTING)
    return Standing(Ownership.ENDED if any(key.state is KeyState.RETIRING for key in keys) else Ownership.HUB)
