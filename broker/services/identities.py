"""People: who they are as last seen, where they are signed in, and everything that may be done to that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from broker.domain.claims import Claim
from broker.domain.errors import UnknownObject
from broker.domain.folding import fold
from broker.domain.session import Session
from broker.login import sessions
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, record
from broker.store.tables import identities, people_queries
from broker.store.tables import sessions as session_rows

_profile = msgspec.json.Decoder(tuple[Claim, ...])
_IDS = ("idn_", "sub_")


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a list. `cursor`: where the page after this line begins."""

    id: str
    tenant_id: str
    tenant_slug: str
    tenant_name: str
    subject: str
    name: str
    email: str
    enabled: bool
    created_at: datetime
    last_seen_at: datetime
    signed_out_at: datetime | None
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """How an identity provider knows this person. `mutable`: the key may one day name somebody else (an address)."""

    id: str
    connector_id: str
    connector_slug: str
    connector_name: str
    connector_type: str
    issuer: str
    subject: str
    mutable: bool
    created_at: datetime
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class Reached:
    """An application that a session opened. `name` is its id when it has been deleted since."""

    application_id: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenSession:
    session: Session
    applications: tuple[Reached, ...]


class Identities:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    # --- looking ------------------------------------------------------------------------------------------------------

    def search(self, text: str, *, tenant_id: str | None, after: str = "", limit: int = 50) -> list[Person]:
        """Whose address or a word of whose name begins like this, or who has this id; without text, who was here last."""
        text = text.strip()[:320]
        with self._bench.database.reading() as connection:
            if text.startswith(_IDS):
                found = people_queries.named(connection, tenant_id, text)
            elif prefix := fold(text):
                found = people_queries.beginning(connection, tenant_id, prefix, after=after, limit=limit)
            else:
                found = people_queries.seen_last(connection, tenant_id, after=after, limit=limit)
        return [_person(row, cursor) for row, cursor in found]

    def get(self, tenant_id: str, person_id: str) -> tuple[Person, tuple[Claim, ...]]:
        """The person and their profile as last seen. Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = people_queries.person(connection, tenant_id, person_id)
        if row is None:
            raise UnknownObject("There is no such person.", field="person")
        return _person(row), _profile.decode(row.profile)

    def links(self, tenant_id: str, person_id: str) -> list[Link]:
        with self._bench.database.reading() as connection:
            return [_link(row) for row in people_queries.links_of(connection, tenant_id, person_id)]

    def sessions(self, tenant_id: str, person_id: str) -> list[SeenSession]:
        """Those that are alive, newest first, with the applications that they opened."""
        found = sessions.of_person(self._bench.database, tenant_id, person_id, self._bench.clock.now())
        names: dict[str, str] = {}
        for participant in (each for session in found for each in session.participants):
            if participant.application_id not in names:
                prepared = self._bench.catalog.application(participant.application_id)
                names[participant.application_id] = prepared.application.name if prepared else participant.application_id
        return [
            SeenSession(
                session,
                tuple(Reached(each.application_id, names[each.application_id], each.reached_at) for each in session.participants),
            )
            for session in found
        ]

    # --- doing --------------------------------------------------------------------------------------------------------

    def disable(self, actor: Actor, tenant_id: str, person_id: str) -> Person:
        """No sign-in any more; sessions end and tokens stop at once. Raises UnknownObject, Forbidden."""
        return self._set_enabled(actor, tenant_id, person_id, enabled=False)

    def enable(self, actor: Actor, tenant_id: str, person_id: str) -> Person:
        return self._set_enabled(actor, tenant_id, person_id, enabled=True)

    def _set_enabled(self, actor: Actor, tenant_id: str, person_id: str, *, enabled: bool) -> Person:
        actor.require(Verb.MANAGE_PEOPLE, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            person, _ = self.get(tenant_id, person_id)
            if person.enabled != enabled:
                identities.set_enabled(connection, tenant_id, person_id, enabled=enabled)
                ended = 0 if enabled else self._end_everything(connection, tenant_id, person_id)
                self._note(actor, tenant_id, person_id, enabled=(person.enabled, enabled), **_count(ended))
            return self.get(tenant_id, person_id)[0]

    def sign_out(self, actor: Actor, tenant_id: str, person_id: str) -> int:
        """Everywhere: every session ends, and what was issued until now is not honoured any more. The number of sessions."""
        actor.require(Verb.MANAGE_PEOPLE, tenant_id)
        return self.sign_out_as(actor, tenant_id, person_id)

    def sign_out_as(self, actor: Actor, tenant_id: str, person_id: str, *, keep: str = "") -> int:
        """As `sign_out`, for the person themselves, who needs no verb for it. `keep`: the session in which they ask."""
        with self._bench.database.unit_of_work() as connection:
            self.get(tenant_id, person_id)
            ended = self._end_everything(connection, tenant_id, person_id, keep=keep)
            self._note(actor, tenant_id, person_id, signed_out_everywhere=(None, True), **_count(ended))
        return ended

    def end_session(self, actor: Actor, tenant_id: str, person_id: str, session_id: str) -> None:
        """One browser is signed out. Raises UnknownObject when it is not a session of this person."""
        actor.require(Verb.MANAGE_PEOPLE, tenant_id)
        self.end_session_as(actor, tenant_id, person_id, session_id)

    def end_session_as(self, actor: Actor, tenant_id: str, person_id: str, session_id: str) -> None:
        """As `end_session`, for the person themselves."""
        with self._bench.database.unit_of_work() as connection:
            if not session_rows.end_one(connection, tenant_id, person_id, session_id):
                raise UnknownObject("This session has ended already.", field="session")
            self._note(actor, tenant_id, person_id, session=(session_id, None))

    def unlink(self, actor: Actor, tenant_id: str, person_id: str, link_id: str) -> Link:
        """The provider's key names nobody here any more: whoever signs in with it next is a new person to every application.
        Sessions that came by it end. Raises UnknownObject."""
        actor.require(Verb.MANAGE_PEOPLE, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            link = next((link for link in self.links(tenant_id, person_id) if link.id == link_id), None)
            if link is None:
                raise UnknownObject("This person has no such link.", field="link")
            people_queries.unlink(connection, tenant_id, person_id, link.connector_id, link.key_hash)
            for session in sessions.of_person(self._bench.database, tenant_id, person_id, self._bench.clock.now()):
                if session.connector_id == link.connector_id:
                    session_rows.end_one(connection, tenant_id, person_id, session.id)
            identities.sign_out(connection, tenant_id, person_id, self._bench.clock.now())
            self._note(actor, tenant_id, person_id, link=(f"{link.connector_slug}: {link.issuer} {link.subject}", None))
        return link

    def _end_everything(self, connection: Any, tenant_id: str, person_id: str, *, keep: str = "") -> int:
        identities.sign_out(connection, tenant_id, person_id, self._bench.clock.now())
        return session_rows.end_all_of(connection, tenant_id, person_id, keep=keep)

    def _note(self, actor: Actor, tenant_id: str, person_id: str, **changed: tuple[Any, Any]) -> None:
        record(
            self._bench,
            actor,
            kind="person",
            object_id=person_id,
            tenant_id=tenant_id,
            action=Action.UPDATED,
            fields_changed=changed,
        )


def _count(ended: int) -> dict[str, tuple[int, int]]:
    return {"sessions": (ended, 0)} if ended else {}


def _person(row: Any, cursor: str = "") -> Person:
    return Person(
        id=row.id,
        tenant_id=row.tenant_id,
        tenant_slug=row.tenant_slug,
        tenant_name=row.tenant_name,
        subject=row.subject,
        name=row.name or "",
        email=row.email or "",
        enabled=bool(row.enabled),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        signed_out_at=row.signed_out_at,
        cursor=cursor,
    )


def _link(row: Any) -> Link:
    return Link(
        id=f"{row.connector_id}-{bytes(row.key_hash).hex()[:16]}",
        connector_id=row.connector_id,
        connector_slug=row.connector_slug,
        connector_name=row.connector_name,
        connector_type=row.type,
        issuer=row.issuer,
        subject=row.subject,
        mutable=bool(row.mutable),
        created_at=row.created_at,
        key_hash=bytes(row.key_hash),
    )
