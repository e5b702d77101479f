"""The people of a directory: added, changed, switched off, deleted by the directory itself; looked at by staff.

Whoever is switched off or deleted is signed out everywhere in the same unit of work, as far as the hub knows them by this
connector. Every change is one entry of the audit log; it names attributes, never what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from broker.domain import random_ids
from broker.domain.claims import Claim
from broker.domain.directory import Matching, name_key
from broker.domain.email import domain_of, normalise
from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.domain.folding import fold
from broker.services.context import Action, Workbench, check_version, note
from broker.services.provisioning.record import Caller, PersonRecord
from broker.store.tables import directory_people, identities, sessions
from broker.store.tables.directory_logins import leaver_key
from broker.store.tables.directory_people import WantedPeople

KIND = "directory_person"
MAX_ATTRIBUTES = 65_536
"""Bytes of what is kept of one person."""
_encoder = msgspec.json.Encoder()
_attributes = msgspec.json.Decoder(dict[str, Any])
_claims = msgspec.json.Decoder(tuple[Claim, ...])


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """`groups`: (id, name), when they were asked for."""

    id: str
    record: PersonRecord
    version: int
    created_at: datetime
    changed_at: datetime
    groups: tuple[tuple[str, str], ...] = ()


Rewrite = Callable[[PersonRecord], PersonRecord]


class DirectoryPeople:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    # --- the directory itself -----------------------------------------------------------------------------------------

    def create(self, caller: Caller, record: PersonRecord) -> DirectoryPerson:
        """Somebody who was deleted and comes back is somebody new here, and let in again. Raises Conflict."""
        now = self._bench.clock.now()
        person = DirectoryPerson(random_ids.object_id("dpe"), record, 1, now, now)
        stamped = {"id": person.id, "connector_id": caller.connector_id, "version": 1, "created_at": now, "changed_at": now}
        with self._bench.database.unit_of_work() as connection:
            values = {**_stored(record), **stamped}
            if not directory_people.create(connection, caller.tenant_id, values, record.found_by()):
                raise Conflict("The directory has somebody of this userName already.", field="userName")
            directory_people.come_back(connection, *caller.of, record.leaver_keys())
            ended = 0 if record.active else self._sign_out(caller, connection, person)
            self._note(caller, person.id, Action.CREATED, {"active": record.active, **_count(ended)})
        return person

    def get(self, caller: Caller, person_id: str) -> DirectoryPerson:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            person = _person(directory_people.find(connection, *caller.of, person_id))
        return self._with_groups(caller.of, [person])[0]

    def change(self, caller: Caller, person_id: str, rewrite: Rewrite, *, expected_version: int | None = None) -> DirectoryPerson:
        """`rewrite` says how they are afterwards. Raises UnknownObject, Conflict, StaleVersion, and whatever `rewrite` raises."""
        with self._bench.database.unit_of_work() as connection:
            before = _person(directory_people.find(connection, *caller.of, person_id, lock=True))
            check_version(expected_version, before.version)
            record = rewrite(before.record)
            changed = _differing(before.record, record)
            if changed:
                self._save(caller, connection, before, record, changed)
        return self.get(caller, person_id)

    def _save(self, caller: Caller, connection: Any, before: DirectoryPerson, record: PersonRecord, changed: list[str]) -> None:
        values = {**_stored(record), "version": before.version + 1, "changed_at": self._bench.clock.now()}
        if not directory_people.save(connection, *caller.of, before.id, values, record.found_by()):
            raise Conflict("The directory has somebody else of this userName.", field="userName")
        directory_people.come_back(connection, *caller.of, record.leaver_keys())
        ended = 0
        if before.record.active and not record.active:
            ended = self._sign_out(caller, connection, before)
        self._note(caller, before.id, Action.UPDATED, {"changed": changed, "active": record.active, **_count(ended)})

    def delete(self, caller: Caller, person_id: str, *, expected_version: int | None = None) -> None:
        """Only hashes stay, so that they stay out. Raises UnknownObject, StaleVersion."""
        now = self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            person = _person(directory_people.find(connection, *caller.of, person_id, lock=True))
            check_version(expected_version, person.version)
            known = directory_people.identities_of(connection, *caller.of, person_id)
            ended = self._sign_out(caller, connection, person)
            keys = person.record.leaver_keys() | {leaver_key("identity", each) for each in known}
            directory_people.leave(connection, *caller.of, keys, now)
            directory_people.remove(connection, *caller.of, person_id)
            self._note(caller, person_id, Action.DELETED, _count(ended))

    def search(
        self, caller: Caller, wanted: WantedPeople, *, skip: int, limit: int, groups: bool
    ) -> tuple[int, list[DirectoryPerson]]:
        """(how many there are, one page). `groups`: with the groups of each."""
        with self._bench.database.reading() as connection:
            total, rows = directory_people.search(connection, *caller.of, wanted, skip=skip, limit=limit)
        found = [_person(row) for row in rows]
        return total, self._with_groups(caller.of, found) if groups else found

    # --- staff --------------------------------------------------------------------------------------------------------

    def page(
        self, tenant_id: str, connector_id: str, *, search: str = "", active: bool | None = None, after: str = "", limit: int = 50
    ) -> list[DirectoryPerson]:
        """By user name, behind the name `after`. `search`: the beginning of a name or address."""
        of = (tenant_id, connector_id)
        with self._bench.database.reading() as connection:
            rows = directory_people.page(connection, *of, prefix=fold(search), active=active, after=name_key(after), limit=limit)
        return self._with_groups(of, [_person(row) for row in rows])

    def one(self, tenant_id: str, connector_id: str, person_id: str) -> tuple[DirectoryPerson, list[str]]:
        """With the ids of the people of the hub whom they became. Raises UnknownObject."""
        of = (tenant_id, connector_id)
        with self._bench.database.reading() as connection:
            person = _person(directory_people.find(connection, *of, person_id))
            became = directory_people.identities_of(connection, *of, person_id)
        return self._with_groups(of, [person])[0], became

    # --- inside -------------------------------------------------------------------------------------------------------

    def _with_groups(self, of: tuple[str, str], people: list[DirectoryPerson]) -> list[DirectoryPerson]:
        held: dict[str, list[tuple[str, str]]] = {}
        with self._bench.database.reading() as connection:
            for row in directory_people.groups_of(connection, *of, [person.id for person in people]):
                held.setdefault(row.person_id, []).append((row.id, row.name))
        return [replace(each, groups=tuple(held.get(each.id, ()))) for each in people]

    def _sign_out(self, caller: Caller, connection: Any, person: DirectoryPerson) -> int:
        """Everywhere: sessions end, and what was issued until now is not honoured any more. The number of sessions."""
        now, ended = self._bench.clock.now(), 0
        for identity_id in self._became(caller, connection, person):
            identities.sign_out(connection, caller.tenant_id, identity_id, now)
            ended += sessions.end_all_of(connection, caller.tenant_id, identity_id)
        return ended

    def _became(self, caller: Caller, connection: Any, person: DirectoryPerson) -> list[str]:
        """Whom they became, and whoever would be recognised as them at the next sign-in."""
        record = person.record
        keys, addresses = set(), set()
        if caller.matching is Matching.SUBJECT:
            prepared = self._bench.catalog.connector(caller.connector_id) or self._bench.catalog.draft(caller.connector_id)
            issuer = "" if prepared is None else prepared.provider_id
            subjects = {record.user_name} | ({record.external_id} if record.external_id else set())
            keys = {identities.link_key(issuer, subject) for subject in subjects}
        else:
            possible = {normalise(record.user_name), normalise(record.addresses[0][0]) if record.addresses else None} - {None}
            owned = (each for each in possible if each and self._bench.catalog.owns_domain(caller.tenant_id, domain_of(each)))
            addresses = {fold(each) for each in owned}
        remembered = directory_people.identities_of(connection, *caller.of, person.id)
        alike = directory_people.not_yet_matched(connection, *caller.of, link_keys=keys, addresses=addresses)
        return list(dict.fromkeys((*remembered, *alike)))

    def _note(self, caller: Caller, person_id: str, action: Action, after: dict[str, Any]) -> None:
        after = {"connector": caller.connector_slug, **after}
        note(self._bench, caller.name, kind=KIND, object_id=person_id, tenant_id=caller.tenant_id, action=action, after=after)


def _stored(record: PersonRecord) -> dict[str, Any]:
    attributes = _encoder.encode(record.attributes)
    if len(attributes) > MAX_ATTRIBUTES:
        raise InvalidSettings(f"Of one person at most {MAX_ATTRIBUTES} bytes are kept.", field="attributes")
    return {
        "user_name": record.user_name,
        "user_name_key": name_key(record.user_name),
        "external_id": record.external_id,
        "email": record.email,
        "display_name": None if record.display_name is None else record.display_name[:200],
        "display_key": None if record.display_name is None else name_key(record.display_name),
        "active": record.active,
        "attributes": attributes,
        "claims": _encoder.encode(record.claims),
    }


def _person(row: Any) -> DirectoryPerson:
    """Raises UnknownObject."""
    if row is None:
        raise UnknownObject("The directory has no such person here.", field="id")
    attributes = _attributes.decode(row.attributes)
    record = PersonRecord(
        user_name=row.user_name,
        active=bool(row.active),
        external_id=row.external_id,
        display_name=row.display_name,
        addresses=addresses_of(attributes),
        claims=_claims.decode(row.claims),
        attributes=attributes,
    )
    return DirectoryPerson(row.id, record, row.version, row.created_at, row.changed_at)


def addresses_of(attributes: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(address, what it is for) of what is kept of a person, the main one first."""
    listed = [each for each in attributes.get("emails", ()) if each.get("value")]
    ordered = sorted(listed, key=lambda each: each.get("primary") is not True)
    return tuple((each["value"].strip(), each.get("type", "")) for each in ordered)


def _differing(before: PersonRecord, after: PersonRecord) -> list[str]:
    names = sorted(before.attributes.keys() | after.attributes.keys())
    return [name for name in names if before.attributes.get(name) != after.attributes.get(name)]


def _count(ended: int) -> dict[str, int]:
    return {"sessions_ended": ended} if ended else {}
