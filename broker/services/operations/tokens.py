"""Operations on tokens and clients of the management API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.errors import InvalidSettings
from broker.services.actor import Verb
from broker.services.api_tokens import DEFAULT_DAYS, MAX_DAYS, ApiToken
from broker.services.operations.model import AFTER, LIMIT, Call, Deleted, Operation, Page, argument, check_limit, page_of

_KINDS = ("token", "client")
_VERBS = tuple(verb.value for verb in Verb)
_TENANT = "Short name of the one tenant that it is confined to; empty: every tenant."


@dataclass(frozen=True, slots=True)
class TokenView:
    id: str = argument("Stable id; the client id of a client.")
    kind: str = argument("token: presented as it is; client: exchanges id and secret for short-lived tokens.", choices=_KINDS)
    name: str = argument("Name in the audit log.")
    only_tenant: str = argument(_TENANT)
    verbs: tuple[str, ...] = argument("What it may do.")
    state: str = argument("working, expired or revoked.", choices=("working", "expired", "revoked"))
    created_by: str = argument("Who made it.")
    created_at: datetime = argument("When it was made.")
    expires_at: datetime = argument("Until when it works.")
    last_used_at: datetime | None = argument("When it was last used, to the minute; null: never.")


@dataclass(frozen=True, slots=True)
class NewToken:
    id: str = argument("Stable id, to revoke it; the client id of a client.")
    secret: str = argument("The token, or the client's secret. It is shown this once; only a hash is stored.", secret=True)
    expires_at: datetime = argument("Until when it works.")


@dataclass(frozen=True, slots=True)
class ListTokens:
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class CreateToken:
    name: str = argument("Name in the audit log.")
    verbs: tuple[str, ...] = argument(f"What it may do: of {', '.join(_VERBS)}.", choices=_VERBS)
    kind: str = argument(
        "token: presented as it is; client: exchanges id and secret for short-lived tokens.", default="token", choices=_KINDS
    )
    only_tenant: str = argument(_TENANT, default="")
    days: int = argument(f"How long it works, 1 to {MAX_DAYS} days.", default=DEFAULT_DAYS)


@dataclass(frozen=True, slots=True)
class OneToken:
    token: str = argument("Id of the token or client.")


def _view(found: ApiToken, slugs: dict[str, str], now: datetime) -> TokenView:
    return TokenView(
        id=found.id,
        kind=found.kind,
        name=found.name,
        only_tenant=slugs.get(found.tenant_id or "", ""),
        verbs=tuple(sorted(found.verbs)),
        state="revoked" if found.revoked else "expired" if found.expires_at <= now else "working",
        created_by=found.created_by,
        created_at=found.created_at,
        expires_at=found.expires_at,
        last_used_at=found.last_used_at,
    )


def _list(call: Call, asked: ListTokens) -> Page[TokenView]:
    limit = check_limit(asked.limit)
    found = call.services.api_tokens.all(after_id=asked.after, limit=limit + 1)
    slugs = call.services.tenants.slugs({item.tenant_id for item in found if item.tenant_id is not None})
    now = call.services.bench.clock.now()
    return page_of([_view(item, slugs, now) for item in found], limit, lambda item: item.id)


def _create(call: Call, asked: CreateToken) -> NewToken:
    if unknown := sorted(set(asked.verbs) - set(_VERBS)):
        raise InvalidSettings(f"There is no verb {unknown[0]!r}. Known: {', '.join(_VERBS)}.", field="verbs")
    verbs = frozenset(Verb(verb) for verb in asked.verbs)
    tenant_id = call.services.tenants.get(asked.only_tenant).id if asked.only_tenant else None
    made = call.services.api_tokens.create(call.actor, asked.name, verbs, kind=asked.kind, tenant_id=tenant_id, days=asked.days)
    return NewToken(made.id, made.secret, made.expires_at)


def _revoke(call: Call, asked: OneToken) -> Deleted:
    call.services.api_tokens.revoke(call.actor, asked.token)
    return Deleted("token", asked.token)


OPERATIONS: tuple[Operation, ...] = (
    Operation("token.list", "Tokens and clients of the API", Verb.ADMINISTER, "GET", "/tokens", ListTokens, Page[TokenView], _list),
    Operation(
        "token.create",
        "Make a token or a client; its secret is shown once",
        Verb.ADMINISTER,
        "POST",
        "/tokens",
        CreateToken,
        NewToken,
        _create,
        sensitive=True,
    ),
    Operation(
        "token.revoke", "Revoke one", Verb.ADMINISTER, "DELETE", "/tokens/{token}", OneToken, Deleted, _revoke, sensitive=True
    ),
)
