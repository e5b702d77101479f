"""Operations on keys: the hub's, and those of tenants and applications that have their own.

Rolling keys is the hub's work, also for a tenant; its administrators see theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.domain.keys import KeyUse, OwnerKind
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.key_policy import KeyPolicy
from broker.services.operations.key_views import (
    OWNER,
    KeyView,
    OwnKeysView,
    RolloverView,
    key_views,
    owner_names,
    owner_of,
    standing_view,
)
from broker.services.operations.model import AFTER, LIMIT, Call, Operation, Page, argument, check_limit, given, page_of
from broker.services.signing_keys import ALGORITHMS

_USES = tuple(use.value for use in KeyUse)
_KEY = "Id of the key."
_EVERY_OIDC = "Days that a key for ID tokens signs before the clock brings the next one; 0: only people do."
_EVERY_SAML = "The same for SAML keys. Partners who took our certificate by hand would be locked out: 0 is the default."
_WAIT_OIDC = "Hours that applications have to learn of a new key before it signs ID tokens, 1 to 720."
_WAIT_SAML = "Days that partners have to read our metadata again before a new SAML key signs, 1 to 365."
_KEEP_SAML = "Days that a SAML key stays published (and decrypts) after the next one took over, 1 to 365."


@dataclass(frozen=True, slots=True)
class ListKeys:
    owner: str = argument(f"{OWNER} Empty: the hub, or the tenant of whoever asks.", default="")


@dataclass(frozen=True, slots=True)
class AnnounceKey:
    owner: str = argument(OWNER)
    use: str = argument("What the key is for.", choices=_USES)
    algorithm: str = argument("RS256, or ES256 for ID tokens.", default="RS256", choices=ALGORITHMS)


@dataclass(frozen=True, slots=True)
class BringKey:
    owner: str = argument(OWNER)
    use: str = argument("What the key is for.", choices=_USES)
    private_key: str = argument(
        "The private key in PEM form, without a passphrase. It is sealed, and nobody can read it back.", secret=True, multiline=True
    )
    certificate: str = argument("Its certificate in PEM form; empty: it gets a self-signed one.", default="", multiline=True)


@dataclass(frozen=True, slots=True)
class PromoteKey:
    key: str = argument(_KEY)
    before_partners_know: bool = argument(
        "Risk: do not wait. Whoever has not learned of the key yet refuses every sign-in that it signs.", default=False
    )


@dataclass(frozen=True, slots=True)
class RetireKey:
    key: str = argument(_KEY)
    while_still_trusted: bool = argument(
        "Risk: do not wait. What it signed, or what was encrypted to it, is refused from now on.", default=False
    )


@dataclass(frozen=True, slots=True)
class RevokeKey:
    key: str = argument(_KEY)
    break_trust: bool = argument(
        "Risk: yes, end it at once. Partners refuse us until they know its successor; without this you are told who.", default=False
    )


@dataclass(frozen=True, slots=True)
class OneOwner:
    owner: str = argument("Whose keys: tenant:acme, or application:wiki.")


@dataclass(frozen=True, slots=True)
class EndOwnKeys:
    owner: str = argument("Whose keys: tenant:acme, or application:wiki.")
    before_partners_know: bool = argument(
        "Risk: do not wait. Partners who do not know the hub's keys yet refuse every sign-in from now on.", default=False
    )


@dataclass(frozen=True, slots=True)
class ListOwnKeys:
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class ListExpiringKeys:
    days: int = argument("Look this many days ahead.", default=90)
    limit: int = argument(LIMIT, default=20)


@dataclass(frozen=True, slots=True)
class ShowRollover:
    """Nothing to choose."""


@dataclass(frozen=True, slots=True)
class SaveRollover:
    """What is not given stays as it is."""

    oidc_every_days: int | UnsetType = argument(_EVERY_OIDC, default=UNSET)
    oidc_wait_hours: int | UnsetType = argument(_WAIT_OIDC, default=UNSET)
    saml_every_days: int | UnsetType = argument(_EVERY_SAML, default=UNSET)
    saml_wait_days: int | UnsetType = argument(_WAIT_SAML, default=UNSET)
    saml_keep_days: int | UnsetType = argument(_KEEP_SAML, default=UNSET)


def _list(call: Call, asked: ListKeys) -> Page[KeyView]:
    named, own = asked.owner or OwnerKind.HUB.value, call.actor.tenant_id
    if own is not None:
        named = f"tenant:{call.services.tenants.by_id(own).slug}"
        if asked.owner not in ("", named):
            # One answer, whether there is such a tenant or application or not.
            raise UnknownObject(translatable("There are no such keys."), field="owner")
    return Page(tuple(key_views(call, call.services.signing_keys.of(owner_of(call, named)))))


def _announce(call: Call, asked: AnnounceKey) -> KeyView:
    made = call.services.signing_keys.announce(call.actor, owner_of(call, asked.owner), _use(asked.use), asked.algorithm)
    return key_views(call, [made])[0]


def _bring(call: Call, asked: BringKey) -> KeyView:
    owner = owner_of(call, asked.owner)
    made = call.services.signing_keys.bring(call.actor, owner, _use(asked.use), asked.private_key, asked.certificate)
    return key_views(call, [made])[0]


def _promote(call: Call, asked: PromoteKey) -> KeyView:
    made = call.services.signing_keys.promote(call.actor, asked.key, before_partners_know=asked.before_partners_know)
    return key_views(call, [made])[0]


def _retire(call: Call, asked: RetireKey) -> KeyView:
    gone = call.services.signing_keys.retire(call.actor, asked.key, while_still_trusted=asked.while_still_trusted)
    return key_views(call, [gone])[0]


def _revoke(call: Call, asked: RevokeKey) -> KeyView:
    return key_views(call, [call.services.signing_keys.revoke(call.actor, asked.key, break_trust=asked.break_trust)])[0]


def _owners(call: Call, asked: ListOwnKeys) -> Page[OwnKeysView]:
    limit = check_limit(asked.limit)
    found = call.services.signing_keys.owners(after=asked.after, limit=limit + 1)
    page = page_of(found, limit, lambda owner: owner.id)
    names = owner_names(call, page.items)
    views = (standing_view(names[owner], call.services.own_keys.standing(owner)) for owner in page.items if owner in names)
    return Page(tuple(views), page.next)


def _show_own(call: Call, asked: OneOwner) -> OwnKeysView:
    return standing_view(asked.owner, call.services.own_keys.standing(owner_of(call, asked.owner)))


def _begin_own(call: Call, asked: OneOwner) -> OwnKeysView:
    owner = owner_of(call, asked.owner)
    kind = "tenant"
    if owner.kind is OwnerKind.APPLICATION:
        kind = call.services.applications.get(asked.owner.partition(":")[2]).protocol
    return standing_view(asked.owner, call.services.own_keys.switch_on(call.actor, owner, kind))


def _end_own(call: Call, asked: EndOwnKeys) -> OwnKeysView:
    owner = owner_of(call, asked.owner)
    found = call.services.own_keys.switch_off(call.actor, owner, before_partners_know=asked.before_partners_know)
    return standing_view(asked.owner, found)


def _expiring(call: Call, asked: ListExpiringKeys) -> Page[KeyView]:
    if not 0 <= asked.days <= 3650:
        raise InvalidSettings("Look from 0 to 3650 days ahead.", field="days")
    found = call.services.signing_keys.expiring(call.actor.tenant_id, timedelta(days=asked.days), check_limit(asked.limit))
    return Page(tuple(key_views(call, found)))


def _rollover(call: Call, asked: ShowRollover) -> RolloverView:
    return _rollover_view(call.services.key_policies.show())


def _save_rollover(call: Call, asked: SaveRollover) -> RolloverView:
    before = msgspec.to_builtins(call.services.key_policies.show())
    after = KeyPolicy(**{name: given(getattr(asked, name), value) for name, value in before.items()})
    call.services.key_policies.save(call.actor, after)
    return _rollover_view(after)


def _rollover_view(policy: KeyPolicy) -> RolloverView:
    return RolloverView(**msgspec.to_builtins(policy))


def _use(text: str) -> KeyUse:
    """Raises InvalidSettings."""
    if text not in _USES:
        raise InvalidSettings(f"A key is for one of {', '.join(_USES)}.", field="use")
    return KeyUse(text)


_KEYS: Any = Page[KeyView]
_OWNERS: Any = Page[OwnKeysView]
_OWN = "/own-keys/{owner}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "key.list", "Keys of the hub, a tenant or an application", Verb.READ, "GET", "/keys", ListKeys, _KEYS, _list, narrowed=True
    ),
    Operation(
        "key.announce",
        "Make the next key and publish it; it signs nothing yet",
        Verb.CONFIGURE,
        "POST",
        "/keys",
        AnnounceKey,
        KeyView,
        _announce,
        sensitive=True,
    ),
    Operation(
        "key.bring",
        "Bring a key that was made elsewhere; it is published and signs nothing yet",
        Verb.CONFIGURE,
        "POST",
        "/keys/bring",
        BringKey,
        KeyView,
        _bring,
        sensitive=True,
        leaves_nothing=True,
    ),
    Operation(
        "key.promote",
        "Let an announced key sign, or a retiring one again; the other one stays published",
        Verb.CONFIGURE,
        "POST",
        "/keys/{key}/promote",
        PromoteKey,
        KeyView,
        _promote,
        sensitive=True,
    ),
    Operation(
        "key.retire",
        "End a key that was announced and shall not be used, or one that is retiring",
        Verb.CONFIGURE,
        "POST",
        "/keys/{key}/retire",
        RetireKey,
        KeyView,
        _retire,
        sensitive=True,
    ),
    Operation(
        "key.revoke",
        "Revoke a key that somebody else may have: at once, with everything that breaks",
        Verb.CONFIGURE,
        "POST",
        "/keys/{key}/revoke",
        RevokeKey,
        KeyView,
        _revoke,
        sensitive=True,
    ),
    Operation(
        "key.expiring",
        "Keys in use whose certificate ends soon",
        Verb.READ,
        "GET",
        "/expiring-keys",
        ListExpiringKeys,
        _KEYS,
        _expiring,
        narrowed=True,
    ),
    Operation(
        "key.rollover",
        "When keys are rolled, and how long they wait",
        Verb.READ,
        "GET",
        "/key-rollover",
        ShowRollover,
        RolloverView,
        _rollover,
    ),
    Operation(
        "key.set_rollover",
        "Set when keys are rolled, and how long they wait",
        Verb.ADMINISTER,
        "PUT",
        "/key-rollover",
        SaveRollover,
        RolloverView,
        _save_rollover,
        sensitive=True,
    ),
    Operation(
        "own_keys.list",
        "Tenants and applications with keys of their own",
        Verb.READ,
        "GET",
        "/own-keys",
        ListOwnKeys,
        _OWNERS,
        _owners,
    ),
    Operation("own_keys.show", "Whether it has keys of its own", Verb.READ, "GET", _OWN, OneOwner, OwnKeysView, _show_own),
    Operation(
        "own_keys.begin",
        "Give a tenant or application keys of its own",
        Verb.CONFIGURE,
        "PUT",
        _OWN,
        OneOwner,
        OwnKeysView,
        _begin_own,
        sensitive=True,
    ),
    Operation(
        "own_keys.end",
        "Let the hub's keys sign again: first announces them, and asked again does it",
        Verb.CONFIGURE,
        "POST",
        f"{_OWN}/end",
        EndOwnKeys,
        OwnKeysView,
        _end_own,
        sensitive=True,
    ),
)
