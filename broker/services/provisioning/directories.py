"""A connector's directory: switched on or off, what it decides, the tokens it proves itself with, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from broker.catalog.catalog import DIRECTORY
from broker.domain import random_ids
from broker.domain.access_errors import InvalidToken, NotSignedIn
from broker.domain.directory import Matching, UnknownPeople
from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.domain.messages import Sentence, as_it_is, packed, translatable, unpacked
from broker.domain.trust import Connector
from broker.services.actor import Actor, Verb
from broker.services.api_tokens import USED_EVERY, hash_secret
from broker.services.context import Action, Change, Workbench, check_version, difference, record
from broker.services.provisioning.record import Caller
from broker.services.throttle import Limit, Lockout, Throttle
from broker.store.tables import directory_queries, trust_queries

PREFIX = "vsd_"
"""By which scanners of repositories and logs recognise a leaked token."""
MOST_TOKENS = 2
"""That work at once: the new one is entered over there while the old one still works."""
DEFAULT_DAYS, MAX_DAYS = 365, 730
MOST_REFUSALS = 10
_KEPT_TOKENS = 20
_MOST_REQUESTS = Limit("requests of one directory", 3000, 60)
"""Microsoft asks for 25 a second."""
_WRONG = Limit("wrong tokens of a directory", 30, 60)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Requests that were refused alike: the last of them, how many in a row. `detail` names attributes, never values."""

    at: datetime
    request: str
    status: int
    detail: str
    count: int = 1
    sentence: dict[str, Any] | None = None
    """What knows its translation, where `detail` was filled in."""

    @property
    def said(self) -> Sentence:
        return as_it_is(self.detail) if self.sentence is None else unpacked(self.detail, self.sentence)


@dataclass(frozen=True, slots=True)
class Directory:
    """`last_contact_at`: when a right token was last presented, to the minute."""

    connector: Connector
    base_url: str
    enabled: bool
    matching: Matching
    unknown_people: UnknownPeople
    version: int
    people: int = 0
    active: int = 0
    groups: int = 0
    last_contact_at: datetime | None = None
    refusals: tuple[Refusal, ...] = ()
    tokens: tuple[DirectoryToken, ...] = ()
    token_days: int | None = None
    """How many days the last of its tokens works for; None: none does."""


@dataclass(frozen=True, slots=True)
class DirectoryToken:
    """`secret` only when it has just been made."""

    id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    state: str
    last_used_at: datetime | None = None
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SaveDirectory:
    enabled: bool
    matching: Matching
    unknown_people: UnknownPeople
    expected_version: int | None = None


_refusals = msgspec.json.Decoder(list[Refusal])


class Directories:
    def __init__(self, bench: Workbench, throttle: Throttle) -> None:
        self._bench = bench
        self._throttle = throttle
        self._lockout = Lockout(throttle, _WRONG, bench.clock)

    # --- looking ------------------------------------------------------------------------------------------------------

    def show(self, connector: Connector) -> Directory:
        """As it is, or as it would begin."""
        of, now = (connector.tenant_id, connector.id), self._bench.clock.now()
        base_url = f"{self._bench.settings.public_url}/scim/v2/{connector.id}"
        with self._bench.database.reading() as connection:
            row = directory_queries.find(connection, *of)
            if row is None:
                return Directory(connector, base_url, False, Matching.EMAIL, UnknownPeople.ADMIT, 0)
            people, active, groups = directory_queries.counts(connection, *of)
            tokens = [_token(each, now) for each in directory_queries.tokens_of(connection, *of)]
        return Directory(
            connector=connector,
            base_url=base_url,
            enabled=row.enabled,
            matching=Matching(row.matching),
            unknown_people=UnknownPeople(row.unknown_people),
            version=row.version,
            people=people,
            active=active,
            groups=groups,
            last_contact_at=max((each.last_used_at for each in tokens if each.last_used_at is not None), default=None),
            refusals=tuple(_refusals.decode(msgspec.json.encode(row.refusals))),
            tokens=tuple(tokens),
            token_days=max(((each.expires_at - now).days for each in tokens if each.state == "working"), default=None),
        )

    # --- changing -----------------------------------------------------------------------------------------------------

    def save(self, actor: Actor, connector: Connector, command: SaveDirectory) -> Change:
        """Works from the next sign-in on. Raises Forbidden, StaleVersion."""
        actor.require(Verb.SET_UP, connector.tenant_id)
        with self._bench.database.unit_of_work() as connection:
            directory_queries.hold(connection, connector.tenant_id, connector.id)
            row = directory_queries.find(connection, connector.tenant_id, connector.id)
            check_version(command.expected_version, None if row is None else row.version)
            wanted: dict[str, Any] = {
                "enabled": command.enabled,
                "matching": command.matching.value,
                "unknown_people": command.unknown_people.value,
            }
            before = None if row is None else {name: getattr(row, name) for name in wanted}
            changed = difference(before, wanted)
            if row is not None and not changed:
                return Change(DIRECTORY, connector.slug, connector.id, Action.UNCHANGED)
            values = {**wanted, "version": 1 if row is None else row.version + 1}
            if row is None:
                values["created_at"] = self._bench.clock.now()
            directory_queries.save(connection, connector.tenant_id, connector.id, values, exists=row is not None)
            action = Action.CREATED if row is None else Action.UPDATED
            self._record(actor, connector, action, changed)
        return Change(DIRECTORY, connector.slug, connector.id, action, changed)

    def remove(self, actor: Actor, connector: Connector) -> None:
        """With everybody that it has pushed, and its tokens. Nobody is signed out, and nobody is kept out by it any more.
        Raises UnknownObject, Forbidden."""
        actor.require(Verb.CONFIGURE, connector.tenant_id)
        with self._bench.database.unit_of_work() as connection:
            people, _, groups = directory_queries.counts(connection, connector.tenant_id, connector.id)
            if not directory_queries.delete(connection, connector.tenant_id, connector.id):
                raise UnknownObject("This connector has no directory.", field="connector")
            self._record(actor, connector, Action.DELETED, {"people": (people, None), "groups": (groups, None)})

    def make_token(self, actor: Actor, connector: Connector, *, days: int = DEFAULT_DAYS) -> DirectoryToken:
        """`secret` is in the result and nowhere else. Raises Conflict when two work already."""
        actor.require(Verb.SET_UP, connector.tenant_id)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidSettings(f"A token lives from 1 to {MAX_DAYS} days.", field="days")
        now, secret = self._bench.clock.now(), f"{PREFIX}{random_ids.secret()}"
        of = (connector.tenant_id, connector.id)
        with self._bench.database.unit_of_work() as connection:
            directory_queries.hold(connection, *of)
            if directory_queries.find(connection, *of) is None:
                raise UnknownObject("This connector has no directory.", field="connector")
            held = directory_queries.tokens_of(connection, *of)
            if sum(_token(each, now).state == "working" for each in held) >= MOST_TOKENS:
                raise Conflict(translatable("Two tokens work already. Revoke the one that is not used any more."), field="token")
            for old in held[_KEPT_TOKENS:]:
                directory_queries.drop_token(connection, *of, old.id)
            made = DirectoryToken(
                random_ids.object_id("dtk"), actor.name[:120], now, now + timedelta(days=days), "working", None, secret
            )
            values = {name: getattr(made, name) for name in ("id", "created_by", "created_at", "expires_at")}
            stored = {**values, "connector_id": connector.id, "token_hash": hash_secret(secret)}
            directory_queries.add_token(connection, connector.tenant_id, stored)
            self._record(
                actor, connector, Action.UPDATED, {"token": (None, made.id), "expires_at": (None, made.expires_at.isoformat())}
            )
        return made

    def revoke_token(self, actor: Actor, connector: Connector, token_id: str) -> None:
        """Works from the next request on. Raises UnknownObject."""
        actor.require(Verb.SET_UP, connector.tenant_id)
        of = (connector.tenant_id, connector.id)
        with self._bench.database.unit_of_work() as connection:
            if not directory_queries.revoke_token(connection, *of, token_id, self._bench.clock.now()):
                raise UnknownObject("There is no such token, or it has been revoked already.", field="token")
            self._record(actor, connector, Action.UPDATED, {"token": (token_id, None)})

    def _record(self, actor: Actor, connector: Connector, action: Action, changed: dict[str, Any]) -> None:
        record(
            self._bench,
            actor,
            kind=DIRECTORY,
            object_id=connector.id,
            tenant_id=connector.tenant_id,
            action=action,
            fields_changed=changed,
        )

    # --- the directory itself -----------------------------------------------------------------------------------------

    def authenticate(self, connector_id: str, presented: str | None, address: str) -> Caller:
        """Who holds a token of this connector. Raises NotSignedIn, InvalidToken, TooManyAttempts.

        Wrong tokens count by address and connector: the cloud that one customer's directory runs in serves others too.
        """
        key = f"{address} {connector_id[:40]}"
        self._lockout.check(key)
        now, token = self._bench.clock.now(), self._token(connector_id, presented)
        if _state(token, now) != "working":
            self._lockout.failed(key if self._known(connector_id) else f"{address} unknown")
            if presented is None:
                raise NotSignedIn(translatable("Send the token: Authorization: Bearer vsd_…"), cause="no bearer token")
            raise InvalidToken(_WHY[_state(token, now)], cause=f"{_state(token, now)} token")
        caller = self._caller(token)
        if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
            with self._bench.database.unit_of_work() as connection:
                directory_queries.token_used(connection, token.tenant_id, token.id, now)
        self._throttle.attempt(_MOST_REQUESTS, connector_id)
        return caller

    def _token(self, connector_id: str, presented: str | None) -> Any:
        if presented is None:
            return None
        with self._bench.database.reading() as connection:
            return directory_queries.token_by_hash(connection, connector_id, hash_secret(presented))

    def _known(self, connector_id: str) -> bool:
        with self._bench.database.reading() as connection:
            return directory_queries.find(connection, None, connector_id) is not None

    def _caller(self, token: Any) -> Caller:
        of = (token.tenant_id, token.connector_id)
        with self._bench.database.reading() as connection:
            directory, connector = directory_queries.find(connection, *of), trust_queries.connector(connection, *of)
        tenant = self._bench.catalog.tenant(token.tenant_id)
        if directory is None or connector is None or not directory.enabled or tenant is None or not tenant.tenant.enabled:
            raise InvalidToken(translatable("This directory is switched off here."), cause="the directory or its tenant is off")
        return Caller(*of, connector.slug, connector.name, token.id, Matching(directory.matching))

    def note_refusal(self, connector_id: str, request: str, status: int, detail: str) -> None:
        """For support, and for whoever set it up: what the directory got wrong. Nothing for a connector without a directory."""
        now = self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            row = directory_queries.find(connection, None, connector_id)
            if row is None:
                return
            held = _refusals.decode(msgspec.json.encode(row.refusals))
            sentence = packed(detail) if isinstance(detail, Sentence) and detail.values else None
            fresh = Refusal(now, request, status, str(detail)[:300], sentence=sentence)
            if held and (held[0].request, held[0].status, held[0].detail) == (fresh.request, fresh.status, fresh.detail):
                fresh = replace(fresh, count=held.pop(0).count + 1)
            kept = msgspec.to_builtins([fresh, *held][:MOST_REFUSALS])
            directory_queries.set_refusals(connection, row.tenant_id, connector_id, kept)


_WHY = {
    "unknown": translatable("This token is not one of this connector's. Make a new one and enter it in your directory."),
    "expired": translatable("This token has expired. Make a new one and enter it in your directory."),
    "revoked": translatable("This token has been revoked. Make a new one and enter it in your directory."),
}


def _state(row: Any, now: datetime) -> str:
    if row is None:
        return "unknown"
    return "revoked" if row.revoked_at is not None else "expired" if row.expires_at <= now else "working"


def _token(row: Any, now: datetime) -> DirectoryToken:
    return DirectoryToken(row.id, row.created_by, row.created_at, row.expires_at, _state(row, now), row.last_used_at)
