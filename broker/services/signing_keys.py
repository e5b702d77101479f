"""The life of a key: announced, signing, retiring, gone; or revoked. Of the hub, of tenants and of applications.

The hub's keys are made by `vestibule init`; whether a tenant or application has its own, `broker.services.own_keys` decides. What
happens by the clock is in `broker.services.key_rollover`. Reading needs no private key, and nothing here ever shows one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.catalog.catalog import ALL_KEYS
from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.domain.keys import HUB, KeyState, KeyUse, OwnerKind, SigningKey
from broker.domain.messages import translatable
from broker.keys.generate import generate, read_pair
from broker.protocols import jose
from broker.protocols.certificates import load_certificate, thumbprint
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, record
from broker.services.key_policy import KeyPolicy, policy_of
from broker.store.tables import key_queries

ALGORITHMS = ("RS256", "ES256")
REMEMBERED = timedelta(days=365)
"""How long a revoked key stays on the list; it signs nothing, and its private part is gone at once."""

BEFORE_PARTNERS_KNOW = translatable(
    "Partners have not had the time to learn of this key: whoever does not know it yet would refuse every sign-in that it signs. "
    "It may sign from %(when)s on."
)
STILL_TRUSTED = translatable(
    "What this key signed, or what was encrypted to it, may still be on its way. It ends by itself: %(when)s."
)
BREAKS = {
    KeyUse.OIDC_SIGNING: translatable(
        "Every ID token that it signed stops being valid. Applications fetch the new key by themselves, most of them within "
        "minutes; until then people cannot sign in there."
    ),
    KeyUse.SAML_SIGNING: translatable(
        "Every application and identity provider that took our certificate by hand refuses us until its people enter the new "
        "one; those that read our metadata follow at their next look."
    ),
    KeyUse.SAML_ENCRYPTION: translatable(
        "Identity providers that still encrypt to it cannot sign anybody in until they have read our metadata again."
    ),
}
"""What revoking a key does to partners."""


@dataclass(frozen=True, slots=True)
class Owner:
    kind: OwnerKind
    id: str

    @property
    def tenant_id(self) -> str | None:
        return self.id if self.kind is OwnerKind.TENANT else None


_USES = (KeyUse.OIDC_SIGNING, KeyUse.SAML_SIGNING, KeyUse.SAML_ENCRYPTION)
_STATES = (KeyState.ACTIVE, KeyState.NEXT, KeyState.RETIRING, KeyState.REVOKED)
THE_HUB = Owner(OwnerKind.HUB, HUB)


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key as people see it. `name`: what partners see of it, the certificate's SHA-256 or, in a key set, the `kid`."""

    id: str
    owner: Owner
    use: KeyUse
    algorithm: str
    state: KeyState
    certificate_pem: str
    name: str
    created_at: datetime
    not_after: datetime
    imported: bool
    promoted_at: datetime | None
    may_promote_at: datetime | None
    retired_at: datetime | None
    ends_at: datetime | None
    hub_beside_since: datetime | None
    leaving: bool


class SigningKeys:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    # --- reading ------------------------------------------------------------------------------------------------------

    def of(self, owner: Owner) -> list[HeldKey]:
        """Every key of one owner, by use, the signing ones first."""
        with self._bench.database.reading() as connection:
            rows, policy = key_queries.keys_of(connection, owner.id), policy_of(connection)
        found = [held(row, policy) for row in rows]
        return sorted(found, key=lambda key: (_USES.index(key.use), key.algorithm, _STATES.index(key.state), key.created_at))

    def owners(self, *, after: str = "", limit: int = 50) -> list[Owner]:
        """Tenants and applications with keys of their own."""
        with self._bench.database.reading() as connection:
            rows = key_queries.owners_page(connection, after=after, limit=limit)
        return [Owner(OwnerKind(row.owner_kind), row.owner_id) for row in rows]

    def expiring(self, owner_id: str | None, within: timedelta, limit: int) -> list[HeldKey]:
        """Keys in use whose certificate ends soon. `owner_id` None: of everybody."""
        with self._bench.database.reading() as connection:
            rows = key_queries.expiring(connection, owner_id, self._bench.clock.now() + within, limit)
            policy = policy_of(connection)
        return [held(row, policy) for row in rows]

    def get(self, key_id: str) -> HeldKey:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            return held(_row(connection, key_id), policy_of(connection))

    # --- the life of a key --------------------------------------------------------------------------------------------

    def announce(self, actor: Actor, owner: Owner, use: KeyUse, algorithm: str = "") -> HeldKey:
        """Makes the next key and publishes it. Raises Conflict when one is announced already."""
        actor.require(Verb.CONFIGURE, None)
        algorithm = algorithm or "RS256"
        if algorithm not in ALGORITHMS or (use is not KeyUse.OIDC_SIGNING and algorithm != "RS256"):
            raise InvalidSettings(translatable("SAML keys are RSA (RS256); ID tokens take RS256 or ES256."), field="algorithm")
        self._require_keys(owner, use, algorithm)
        return self._add(actor, owner, self.make(owner, use, algorithm))

    def bring(self, actor: Actor, owner: Owner, use: KeyUse, private_pem: str, certificate_pem: str = "") -> HeldKey:
        """A key that was made elsewhere becomes the next one. Without a certificate it gets one of ours.

        Raises InvalidSettings for a key that is weak, of another kind, or does not belong to the certificate; Conflict.
        """
        actor.require(Verb.CONFIGURE, None)
        now = self._bench.clock.now()
        brought = read_pair(use, private_pem, certificate_pem, self._common_name(), now, owner.id)
        self._require_keys(owner, use, brought.algorithm)
        with self._bench.database.unit_of_work() as connection:
            if key_queries.by_thumbprint(connection, thumbprint(load_certificate(brought.certificate_pem).public_key)) is not None:
                sentence = translatable("This key is here already, or was revoked. Bring another one.")
                raise Conflict(sentence, field="private_key")
            return self._add(actor, owner, brought, imported=True)

    def promote(self, actor: Actor, key_id: str, *, before_partners_know: bool = False) -> HeldKey:
        """The announced key signs from now on; the one before it stays published. Raises Conflict while it is too early.

        A retiring key may come back at once, for partners know it: then the newer one is announced again, and waits anew.
        """
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            row, policy, now = _row(connection, key_id), policy_of(connection), self._bench.clock.now()
            found = held(row, policy)
            if found.state not in (KeyState.NEXT, KeyState.RETIRING):
                raise Conflict(translatable("Only an announced or a retiring key can begin to sign."), field="key")
            if not before_partners_know and found.may_promote_at is not None and now < found.may_promote_at:
                raise Conflict(BEFORE_PARTNERS_KNOW % {"when": in_words(found.may_promote_at)}, field="key")
            if found.state is KeyState.NEXT:
                self._take_over(connection, row, policy, now)
            else:
                self._come_back(connection, row, now)
            risk = {"risk": (None, "before partners know")} if before_partners_know else {}
            self._record(actor, found.owner, found.id, state=(found.state.value, KeyState.ACTIVE.value), **risk)
        return self.get(key_id)

    def retire(self, actor: Actor, key_id: str, *, while_still_trusted: bool = False) -> HeldKey:
        """Ends a key that is announced and shall not be used, or one that retires. Raises Conflict while it may be needed."""
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            found = held(_row(connection, key_id), policy_of(connection))
            if found.state in (KeyState.ACTIVE, KeyState.REVOKED):
                sentence = translatable("This key signs, or was revoked. Let another one take over first: then this one retires.")
                raise Conflict(sentence, field="key")
            early = found.ends_at is not None and self._bench.clock.now() < found.ends_at
            if early and not while_still_trusted and found.ends_at is not None:
                raise Conflict(STILL_TRUSTED % {"when": in_words(found.ends_at)}, field="key")
            if not key_queries.remove_key(connection, key_id, while_state=found.state):
                raise _changed_meanwhile()
            risk = {"risk": (None, "while still trusted")} if early else {}
            self._record(actor, found.owner, found.id, state=(found.state.value, None), **risk)
        return found

    def revoke(self, actor: Actor, key_id: str, *, break_trust: bool = False) -> HeldKey:
        """At once: nothing that it signed is vouched for any more, its private part is destroyed, and a successor signs.

        Raises Conflict unless whoever asks says that they know what breaks.
        """
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            row, policy, now = _row(connection, key_id), policy_of(connection), self._bench.clock.now()
            found = held(row, policy)
            if found.state is KeyState.REVOKED:
                raise Conflict(translatable("This key was revoked already."), field="key")
            if not break_trust:
                raise Conflict(BREAKS[found.use], field="break_trust", fix="Say so with break_trust if that is what you want.")
            gone = {"state": KeyState.REVOKED.value, "sealed_private": None, "retired_at": now, "ends_at": now + REMEMBERED}
            if not key_queries.change_key(connection, key_id, while_state=found.state, **gone):
                raise _changed_meanwhile()
            if found.state is KeyState.ACTIVE:
                self._replace(connection, row, policy, now)
            changed = {"state": (found.state.value, KeyState.REVOKED.value), "risk": (None, "trust broken at once")}
            self._record(actor, found.owner, found.id, **changed)
        return self.get(key_id)

    def make(self, owner: Owner, use: KeyUse, algorithm: str) -> SigningKey:
        """A next key, not yet stored."""
        return generate(use, algorithm, self._common_name(), self._bench.clock.now(), KeyState.NEXT, owner.id)

    # --- inside a unit of work ----------------------------------------------------------------------------------------

    def _take_over(self, connection: Any, row: Any, policy: KeyPolicy, now: datetime) -> None:
        """The announced key `row` signs from now on. Raises Conflict when somebody else changed it meanwhile."""
        use = KeyUse(row.use)
        before = _signing(connection, row)
        values: dict[str, Any] = {"state": KeyState.ACTIVE.value, "promoted_at": now}
        if before is not None:
            values |= {"hub_beside_since": before.hub_beside_since, "hub_beside_until": before.hub_beside_until}
            retiring = {"state": KeyState.RETIRING.value, "retired_at": now, "ends_at": now + policy.keep(use)}
            if not key_queries.change_key(connection, before.id, while_state=KeyState.ACTIVE, **retiring):
                raise _changed_meanwhile()
        elif row.owner_id != HUB:
            # Until now the hub's keys signed for this owner, and they were published all the time.
            values |= {"hub_beside_since": row.created_at, "hub_beside_until": now + policy.keep(use)}
        if not key_queries.change_key(connection, row.id, while_state=KeyState.NEXT, **values):
            raise _changed_meanwhile()

    def _come_back(self, connection: Any, row: Any, now: datetime) -> None:
        """The retiring key `row` signs again. Raises Conflict when a third one is announced, or nothing took over from it."""
        before = _signing(connection, row)
        if before is None:
            raise Conflict(translatable("The hub’s keys sign here by now. Give it keys of its own again instead."), field="key")
        announced = {"state": KeyState.NEXT.value, "created_at": now, "promoted_at": None}
        if not key_queries.change_key(connection, before.id, while_state=KeyState.ACTIVE, **announced):
            raise Conflict(translatable("There is an announced key of this kind already. Use it, or end it first."), field="key")
        values = {"hub_beside_since": before.hub_beside_since, "hub_beside_until": before.hub_beside_until}
        values |= {"state": KeyState.ACTIVE.value, "retired_at": None, "ends_at": None}
        if not key_queries.change_key(connection, row.id, while_state=KeyState.RETIRING, **values):
            raise _changed_meanwhile()

    def _replace(self, connection: Any, revoked: Any, policy: KeyPolicy, now: datetime) -> None:
        """The announced key, or a new one, signs in its place."""
        following = [
            row
            for row in key_queries.keys_of(connection, revoked.owner_id)
            if (row.use, row.algorithm, row.state) == (revoked.use, revoked.algorithm, KeyState.NEXT.value)
        ]
        if following:
            row = following[0]
        else:
            owner = Owner(OwnerKind(revoked.owner_kind), revoked.owner_id)
            made = self.make(owner, KeyUse(revoked.use), revoked.algorithm)
            self._bench.keyring.store(made, owner.kind)
            row = _row(connection, made.id)
        self._take_over(connection, row, policy, now)
        beside = {"hub_beside_since": revoked.hub_beside_since, "hub_beside_until": revoked.hub_beside_until}
        key_queries.change_key(connection, row.id, while_state=KeyState.ACTIVE, **beside)

    def _add(self, actor: Actor, owner: Owner, key: SigningKey, *, imported: bool = False) -> HeldKey:
        with self._bench.database.unit_of_work():
            if not self._bench.keyring.store(key, owner.kind, imported=imported):
                raise Conflict(
                    translatable("There is an announced key of this kind already. Use it, or end it first."), field="use"
                )
            self._record(actor, owner, key.id, state=(None, key.state.value), imported=(None, imported))
        return self.get(key.id)

    def _require_keys(self, owner: Owner, use: KeyUse, algorithm: str) -> None:
        """A successor needs somebody to succeed. Raises Conflict."""
        with self._bench.database.reading() as connection:
            rows = key_queries.keys_of(connection, owner.id)
        living = {(row.use, row.algorithm) for row in rows if row.state in (KeyState.ACTIVE.value, KeyState.NEXT.value)}
        if (use.value, algorithm) not in living:
            sentence = translatable("There are no keys of this kind here. Give the tenant or application keys of its own first.")
            raise Conflict(sentence, field="use")

    def _common_name(self) -> str:
        return self._bench.settings.public_url.partition("://")[2]

    def _record(self, actor: Actor, owner: Owner, key_id: str, **changed: tuple[Any, Any]) -> None:
        record_keys(self._bench, actor, owner, key=(None, key_id), **changed)


def record_keys(bench: Workbench, actor: Actor, owner: Owner, **changed: tuple[Any, Any]) -> None:
    """Audit entry and new version: every process reads the keys again, and prepares again what holds them."""
    record(
        bench,
        actor,
        kind="keys",
        object_id=owner.id or ALL_KEYS,
        tenant_id=owner.tenant_id,
        action=Action.UPDATED,
        fields_changed=dict(changed),
    )


def in_words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def held(row: Any, policy: KeyPolicy) -> HeldKey:
    use, state = KeyUse(row.use), KeyState(row.state)
    loaded = load_certificate(row.certificate_pem)
    return HeldKey(
        id=row.id,
        owner=Owner(OwnerKind(row.owner_kind), row.owner_id),
        use=use,
        algorithm=row.algorithm,
        state=state,
        certificate_pem=row.certificate_pem,
        name=jose.key_id(loaded.public_pem) if use is KeyUse.OIDC_SIGNING else loaded.sha256,
        created_at=row.created_at,
        not_after=row.not_after,
        imported=row.imported,
        promoted_at=row.promoted_at,
        may_promote_at=row.created_at + policy.wait(use) if state is KeyState.NEXT else None,
        retired_at=row.retired_at,
        ends_at=row.ends_at,
        hub_beside_since=row.hub_beside_since,
        leaving=row.hub_beside_since is not None and row.hub_beside_until is None,
    )


def _row(connection: Any, key_id: str) -> Any:
    row = key_queries.key(connection, key_id)
    if row is None:
        raise UnknownObject(translatable("There is no such key."), field="key")
    return row


def _signing(connection: Any, row: Any) -> Any | None:
    """The key of the same kind and owner that signs."""
    same = (row.use, row.algorithm, KeyState.ACTIVE.value)
    return next((k for k in key_queries.keys_of(connection, row.owner_id) if (k.use, k.algorithm, k.state) == same), None)


def _changed_meanwhile() -> Conflict:
    return Conflict(translatable("Somebody else changed this in the meantime. Load it again and repeat your change."), field="key")
