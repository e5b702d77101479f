"""Tokens and clients of the management API: who a program is, and what it may do.

A *token* is presented as it is. A *client* has an id and a secret and exchanges them for an access token that lives for a
quarter of an hour (RFC 6749 4.4). Both are scoped to verbs and, if wanted, to one tenant; only hashes are stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from broker.domain import random_ids
from broker.domain.access_errors import InvalidCredentials, InvalidToken
from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, record
from broker.services.tenants import check_name
from broker.store.tables import api_tokens
from broker.store.transient.contract import TransientStore

TOKEN, CLIENT = "token", "client"
MAX_DAYS = 365
DEFAULT_DAYS = 90
ACCESS_SECONDS = 900
MAX_NAME = 100
_PREFIXES = {TOKEN: "vst_", CLIENT: "vsc_"}
"""By which scanners of repositories and logs recognise a leaked secret."""
_ACCESS_PREFIX = "vsa_"
_ACCESS = "api_access"
USED_EVERY = timedelta(minutes=1)
"""How often the use of a token is noted at most."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """`secret` only when it has just been made; nobody can read it again. A client's id is its client id."""

    id: str
    kind: str
    name: str
    tenant_id: str | None
    verbs: frozenset[Verb]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked: bool = False
    last_used_at: datetime | None = None
    secret: str = field(default="", repr=False)

    @property
    def actor(self) -> Actor:
        return Actor(f"token:{self.name}", self.verbs, self.tenant_id)


@dataclass(frozen=True, slots=True)
class Access:
    """A short-lived access token of a client."""

    token: str = field(repr=False)
    seconds: int
    verbs: frozenset[Verb]


@dataclass(frozen=True, slots=True)
class _StoredAccess:
    token_id: str
    verbs: tuple[str, ...]


class ApiTokens:
    def __init__(self, bench: Workbench, transient: TransientStore) -> None:
        self._bench = bench
        self._transient = transient

    # --- administration -----------------------------------------------------------------------------------------------

    def create(
        self, actor: Actor, name: str, verbs: frozenset[Verb], *, kind: str = TOKEN, tenant_id: str | None = None, days: int
    ) -> ApiToken:
        """`secret` is in the result and nowhere else. Raises Forbidden for more than the maker may do itself."""
        actor.require(Verb.ADMINISTER, None)
        self._check(actor, verbs, kind, tenant_id, days)
        bench, now = self._bench, self._bench.clock.now()
        secret = f"{_PREFIXES[kind]}{random_ids.secret()}"
        made = ApiToken(
            id=random_ids.object_id("tok" if kind == TOKEN else "cli"),
            kind=kind,
            name=_check_name(name),
            tenant_id=tenant_id,
            verbs=verbs,
            created_by=actor.name[: api_tokens.MAKER_LENGTH],
            created_at=now,
            expires_at=now + timedelta(days=days),
            secret=secret,
        )
        plain = {"kind": kind, "name": made.name, "verbs": sorted(verbs), "expires_at": made.expires_at.isoformat()}
        with bench.database.unit_of_work() as connection:
            if api_tokens.is_named(connection, made.name, now):
                raise Conflict("There is a token or client of this name already.", field="name")
            values = {name: getattr(made, name) for name in ("id", "tenant_id", "created_by", "created_at", "expires_at")}
            stored = {**values, "kind": kind, "name": made.name, "verbs": sorted(verbs), "token_hash": hash_secret(secret)}
            api_tokens.create(connection, stored)
            self._record(actor, made.id, tenant_id, Action.CREATED, {name: (None, value) for name, value in plain.items()})
        return made

    @staticmethod
    def _check(actor: Actor, verbs: frozenset[Verb], kind: str, tenant_id: str | None, days: int) -> None:
        if kind not in _PREFIXES:
            raise InvalidSettings("kind is token or client.", field="kind")
        if not verbs:
            raise InvalidSettings("Name at least one verb.", field="verbs")
        if not 1 <= days <= MAX_DAYS:
            raise InvalidSettings(f"A token lives from 1 to {MAX_DAYS} days.", field="days")
        if tenant_id is not None and Verb.ADMINISTER in verbs:
            raise InvalidSettings("What belongs to one tenant cannot administer the hub.", field="verbs")
        actor.require_to_grant(verbs)

    def all(self, *, after_id: str = "", limit: int = 50) -> list[ApiToken]:
        """Newest first."""
        with self._bench.database.reading() as connection:
            return [_read(row) for row in api_tokens.page(connection, after=after_id, limit=limit)]

    def revoke(self, actor: Actor, token_id: str) -> None:
        """Works from the next request on, for access tokens of a client too, and for every token that was made with it: whoever
        had it may have made them. Raises UnknownObject."""
        actor.require(Verb.ADMINISTER, None)
        now = self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            row = api_tokens.by_id(connection, token_id)
            if row is None or row.revoked_at is not None:
                raise UnknownObject("There is no such token, or it has been revoked already.", field="token")
            for token in (row, *api_tokens.made_with(connection, row, now)):
                if api_tokens.revoke(connection, token.id, now):
                    self._record(actor, token.id, token.tenant_id, Action.DELETED, {"name": (token.name, None)})

    def _record(self, actor: Actor, token_id: str, tenant_id: str | None, action: Action, changed: dict[str, Any]) -> None:
        record(self._bench, actor, kind="token", object_id=token_id, tenant_id=tenant_id, action=action, fields_changed=changed)

    # --- use ----------------------------------------------------------------------------------------------------------

    def authenticate(self, presented: str) -> ApiToken:
        """The token or client behind what a request presents, with the verbs that it has now. Raises InvalidToken."""
        if presented.startswith(_ACCESS_PREFIX):
            return self._of_access(presented)
        if not presented.startswith(_PREFIXES[TOKEN]):
            raise InvalidToken(cause="not a token of ours")
        return self._living(self._by_secret(presented, TOKEN))

    def _of_access(self, presented: str) -> ApiToken:
        stored = self._transient.get(_ACCESS, presented)
        if stored is None:
            raise InvalidToken(cause="unknown or expired access token")
        access = msgspec.json.decode(stored, type=_StoredAccess)
        with self._bench.database.reading() as connection:
            row = api_tokens.by_id(connection, access.token_id)
        client = self._living(row)
        return _narrowed(client, access.verbs)

    def exchange(self, client_id: str, secret: str, scope: frozenset[Verb] | None = None) -> Access:
        """The client credentials grant. `scope` None: everything that the client may do. Raises InvalidCredentials for a
        client that is not known by this secret, and InvalidSettings for a scope that it does not have."""
        row = self._by_secret(secret, CLIENT)
        if row is None or row.id != client_id:
            raise InvalidCredentials(cause="unknown client, or wrong secret")
        client = self._living(row)
        verbs = client.verbs if scope is None else scope
        if not verbs or any(not client.actor.can(verb) for verb in verbs):
            raise InvalidSettings("The client does not have this scope.", field="scope")
        token = f"{_ACCESS_PREFIX}{random_ids.secret()}"
        expires_at = min(self._bench.clock.now() + timedelta(seconds=ACCESS_SECONDS), client.expires_at)
        stored = msgspec.json.encode(_StoredAccess(client.id, tuple(sorted(verbs))))
        self._transient.put(_ACCESS, token, stored, expires_at)
        return Access(token, int((expires_at - self._bench.clock.now()).total_seconds()), verbs)

    def _by_secret(self, secret: str, kind: str) -> Any:
        with self._bench.database.reading() as connection:
            row = api_tokens.by_hash(connection, hash_secret(secret))
        return row if row is not None and row.kind == kind else None

    def _living(self, row: Any) -> ApiToken:
        """Notes its use, at most once a minute."""
        now = self._bench.clock.now()
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise InvalidToken(cause="unknown, expired or revoked")
        if row.last_used_at is None or now - row.last_used_at >= USED_EVERY:
            with self._bench.database.unit_of_work() as connection:
                api_tokens.used(connection, row.id, now)
        return _read(row)


def _narrowed(client: ApiToken, verbs: tuple[str, ...]) -> ApiToken:
    """With the verbs of an access token that the client may still have."""
    return replace(client, verbs=frozenset(Verb(verb) for verb in verbs if client.actor.can(Verb(verb))))


def _read(row: Any) -> ApiToken:
    known = {verb.value for verb in Verb}
    return ApiToken(
        id=row.id,
        kind=row.kind,
        name=row.name,
        tenant_id=row.tenant_id,
        verbs=frozenset(Verb(verb) for verb in row.verbs if verb in known),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked=row.revoked_at is not None,
        last_used_at=row.last_used_at,
    )


def _check_name(name: str) -> str:
    name = check_name(name)
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidSettings(f"Give a name of at most {MAX_NAME} characters, on one line.", field="name")
    return name


def hash_secret(secret: str) -> bytes:
    """SHA-256 is enough: what is hashed has 256 random bits."""
    return hashlib.sha256(b"api token " + secret.encode("utf-8", "surrogatepass")).digest()
