"""How keys and their owners look to faces, and the owner that a face names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from broker.domain.errors import UnknownObject
from broker.domain.keys import KeyState, KeyUse, OwnerKind
from broker.domain.messages import translatable
from broker.domain.place import Place
from broker.services.operations.model import Call, argument
from broker.services.own_keys import Ownership, Standing
from broker.services.signing_keys import THE_HUB, HeldKey, Owner

OWNER = "Whose keys: hub, tenant:acme, or application:wiki."


@dataclass(frozen=True, slots=True)
class KeyView:
    key: str = argument("Stable id.")
    owner: str = argument(OWNER)
    use: str = argument("What it is for.", choices=tuple(use.value for use in KeyUse))
    algorithm: str = argument("RS256 or ES256.")
    state: str = argument(
        "next: published, signs nothing yet; active: signs; retiring: still published; revoked: believed no more.",
        choices=tuple(state.value for state in KeyState),
    )
    name: str = argument("How partners see it: SHA-256 of the certificate, or `kid` in the key set.")
    certificate: str = argument("Its certificate (PEM).")
    published_at: str = argument("Where partners read it.")
    created_at: datetime = argument("Since when it has been published.")
    promoted_at: datetime | None = argument("Since when it has signed; null: it has not yet.")
    may_promote_at: datetime | None = argument("From when it may sign without locking partners out; null: not announced.")
    not_after: datetime = argument("When its certificate ends.")
    retired_at: datetime | None = argument("Since when it signs no more; null: it still may.")
    ends_at: datetime | None = argument("When it goes by itself; null: not yet decided.")
    imported: bool = argument("It was made elsewhere; the clock never replaces it.")


@dataclass(frozen=True, slots=True)
class OwnKeysView:
    owner: str = argument(OWNER)
    state: str = argument(
        "hub: it has none; starting: its own are announced; own: they sign; leaving: the hub's are announced beside them; "
        "ended: the hub's sign again, its own are still published.",
        choices=tuple(state.value for state in Ownership),
    )
    changes_at: datetime | None = argument("When the hub's keys may sign again; null unless it is leaving.")


@dataclass(frozen=True, slots=True)
class RolloverView:
    oidc_every_days: int = argument("Days that a key for ID tokens signs before the clock brings the next one; 0: only people do.")
    oidc_wait_hours: int = argument("Hours from the announcement of such a key until it signs.")
    saml_every_days: int = argument("Days that SAML keys are used before the clock brings the next ones; 0: only people do.")
    saml_wait_days: int = argument("Days from the announcement of such a key until it signs.")
    saml_keep_days: int = argument("Days that such a key stays published after the next one took over.")


def owner_of(call: Call, named: str) -> Owner:
    """Raises UnknownObject."""
    kind, _, slug = named.partition(":")
    if named == OwnerKind.HUB.value:
        return THE_HUB
    if kind == OwnerKind.TENANT.value:
        return Owner(OwnerKind.TENANT, call.services.tenants.get(slug).id)
    if kind == OwnerKind.APPLICATION.value:
        return Owner(OwnerKind.APPLICATION, call.services.applications.get(slug).id)
    raise UnknownObject(translatable("Say whose keys: hub, tenant:NAME or application:NAME."), field="owner")


def owner_names(call: Call, owners: Iterable[Owner]) -> dict[Owner, str]:
    """As faces name them; whoever has been deleted meanwhile is missing."""
    owners = set(owners)
    slugs = call.services.tenants.slugs({owner.id for owner in owners if owner.kind is OwnerKind.TENANT})
    slugs |= call.services.applications.slugs({owner.id for owner in owners if owner.kind is OwnerKind.APPLICATION})
    named = {owner: f"{owner.kind.value}:{slugs[owner.id]}" for owner in owners if owner.id in slugs}
    return named | {owner: owner.kind.value for owner in owners if owner.kind is OwnerKind.HUB}


def key_views(call: Call, found: list[HeldKey]) -> list[KeyView]:
    names = owner_names(call, {key.owner for key in found})
    return [_view(call, key, names[key.owner]) for key in found if key.owner in names]


def _view(call: Call, key: HeldKey, owner: str) -> KeyView:
    return KeyView(
        key=key.id,
        owner=owner,
        use=key.use.value,
        algorithm=key.algorithm,
        state=key.state.value,
        name=key.name,
        certificate=key.certificate_pem,
        published_at=_published_at(call.services.bench.settings.public_url, key, owner.partition(":")[2]),
        created_at=key.created_at,
        promoted_at=key.promoted_at,
        may_promote_at=key.may_promote_at,
        not_after=key.not_after,
        retired_at=key.retired_at,
        ends_at=key.ends_at,
        imported=key.imported,
    )


def _published_at(public_url: str, key: HeldKey, slug: str) -> str:
    if key.use is KeyUse.SAML_ENCRYPTION:
        return f"{public_url}/upstream/…/metadata"
    if key.owner.kind is OwnerKind.APPLICATION:
        place = Place.of_application(public_url, key.owner.id, slug)
    elif key.owner.kind is OwnerKind.TENANT:
        place = Place.of_tenant(public_url, key.owner.id, slug)
    else:
        place = Place(public_url)
    return place.oidc_keys if key.use is KeyUse.OIDC_SIGNING else place.saml_issuer


def standing_view(owner: str, found: Standing) -> OwnKeysView:
    return OwnKeysView(owner, found.state.value, found.changes_at)
