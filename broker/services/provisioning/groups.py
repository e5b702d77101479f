"""The groups of a directory. Members are people of the same directory; groups in groups are not kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.domain import random_ids
from broker.domain.directory import name_key
from broker.domain.errors import InvalidSettings, UnknownObject
from broker.services.context import Action, Workbench, check_version, note
from broker.services.provisioning.record import Caller
from broker.store.tables import directory_groups, directory_people
from broker.store.tables.directory_groups import WantedGroups

KIND = "directory_group"


@dataclass(frozen=True, slots=True)
class Group:
    """`people`: the number of members, where staff look; `members`: their ids, where the directory asks for them."""

    id: str
    name: str
    external_id: str | None
    version: int
    created_at: datetime
    changed_at: datetime
    people: int = 0
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """None: stays as it is; "" as external id: none any more. `emptied`: whoever is not in `added` leaves."""

    name: str | None = None
    external_id: str | None = None
    emptied: bool = False
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


class DirectoryGroups:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    # --- the directory itself -----------------------------------------------------------------------------------------

    def create(self, caller: Caller, command: ChangeGroup) -> Group:
        """Raises InvalidSettings for members that are nobody here."""
        now, name = self._bench.clock.now(), command.name or ""
        group = Group(random_ids.object_id("dgr"), name, command.external_id or None, 1, now, now)
        values = {item: getattr(group, item) for item in ("id", "name", "external_id", "version", "created_at", "changed_at")}
        with self._bench.database.unit_of_work() as connection:
            self._check_members(caller, connection, command.added)
            stored = {**values, "name_key": name_key(name), "connector_id": caller.connector_id}
            directory_groups.create(connection, caller.tenant_id, stored)
            added = directory_groups.add(connection, caller.tenant_id, group.id, command.added)
            self._note(caller, group.id, Action.CREATED, {"name": name, "added": added})
        return group

    def get(self, caller: Caller, group_id: str, *, members: int) -> Group:
        """`members`: how many of them at most. Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            group = _group(directory_groups.find(connection, *caller.of, group_id))
        return self._with_members(caller, [group], members)[0]

    def change(self, caller: Caller, group_id: str, command: ChangeGroup, *, expected_version: int | None = None) -> None:
        """Raises UnknownObject, StaleVersion, and InvalidSettings for new members that are nobody here."""
        with self._bench.database.unit_of_work() as connection:
            before = _group(directory_groups.find(connection, *caller.of, group_id, lock=True))
            check_version(expected_version, before.version)
            self._check_members(caller, connection, command.added)
            changed = self._move(caller, connection, group_id, command)
            named: dict[str, Any] = {}
            if command.name is not None and command.name != before.name:
                named |= {"name": command.name, "name_key": name_key(command.name)}
            if command.external_id is not None and (command.external_id or None) != before.external_id:
                named["external_id"] = command.external_id or None
            if changed or named:
                stamped = {"version": before.version + 1, "changed_at": self._bench.clock.now()}
                directory_groups.save(connection, *caller.of, group_id, {**named, **stamped})
                self._note(caller, group_id, Action.UPDATED, {"changed": sorted(named.keys() - {"name_key"}), **changed})

    def _move(self, caller: Caller, connection: Any, group_id: str, command: ChangeGroup) -> dict[str, int]:
        of = (caller.tenant_id, group_id)
        if command.emptied:
            removed = directory_groups.keep_only(connection, *of, command.added)
        else:
            removed = directory_groups.take_out(connection, *of, command.removed)
        added = directory_groups.add(connection, *of, command.added)
        return {name: count for name, count in (("added", added), ("removed", removed)) if count}

    def _check_members(self, caller: Caller, connection: Any, ids: Collection[str]) -> None:
        if set(ids) - directory_people.existing(connection, *caller.of, ids):
            raise InvalidSettings("A member is nobody of this directory: add the people before their groups.", field="members")

    def delete(self, caller: Caller, group_id: str, *, expected_version: int | None = None) -> None:
        """Raises UnknownObject, StaleVersion."""
        with self._bench.database.unit_of_work() as connection:
            group = _group(directory_groups.find(connection, *caller.of, group_id, lock=True))
            check_version(expected_version, group.version)
            directory_groups.remove(connection, *caller.of, group_id)
            self._note(caller, group_id, Action.DELETED, {"name": group.name})

    def search(self, caller: Caller, wanted: WantedGroups, *, skip: int, limit: int, members: int) -> tuple[int, list[Group]]:
        """(how many there are, one page). `members`: how many members of the whole page at most; 0: without them."""
        with self._bench.database.reading() as connection:
            total, rows = directory_groups.search(connection, *caller.of, wanted, skip=skip, limit=limit)
        found = [_group(row) for row in rows]
        return total, self._with_members(caller, found, members) if members else found

    def _with_members(self, caller: Caller, groups: list[Group], most: int) -> list[Group]:
        held: dict[str, list[str]] = {}
        with self._bench.database.reading() as connection:
            ids = [group.id for group in groups]
            for row in directory_groups.members_of(connection, caller.tenant_id, ids, most):
                held.setdefault(row.group_id, []).append(row.person_id)
        return [_group(group, members=tuple(held.get(group.id, ()))) for group in groups]

    # --- staff --------------------------------------------------------------------------------------------------------

    def page(
        self, tenant_id: str, connector_id: str, *, search: str = "", after: str = "", limit: int = 50
    ) -> list[tuple[Group, str]]:
        """By name, each with the cursor of what follows it."""
        group_id, _, key = after.partition(" ")
        with self._bench.database.reading() as connection:
            rows = directory_groups.page(
                connection, tenant_id, connector_id, prefix=name_key(search.strip()), after=(key, group_id), limit=limit
            )
        return [(_group(row, people=row.people), f"{row.id} {row.name_key}") for row in rows]

    def _note(self, caller: Caller, group_id: str, action: Action, after: dict[str, Any]) -> None:
        after = {"connector": caller.connector_slug, **after}
        note(self._bench, caller.name, kind=KIND, object_id=group_id, tenant_id=caller.tenant_id, action=action, after=after)


def _group(row: Any, *, people: int = 0, members: tuple[str, ...] = ()) -> Group:
    """Raises UnknownObject."""
    if row is None:
        raise UnknownObject("The directory has no such group here.", field="id")
    return Group(row.id, row.name, row.external_id, row.version, row.created_at, row.changed_at, people, members)
