"""Reading the audit log. Nothing here, or anywhere, changes an entry: the database itself refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.domain.errors import UnknownObject
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench, note
from broker.store.tables import audit as table
from broker.store.tables import trust_queries
from broker.store.tables.audit import Wanted as Wanted  # what callers say

PAGE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what, when, to what. `tenant` is a slug, or the id of a tenant that is gone. `fields`: name → (before, after)."""

    id: int
    at: datetime
    actor: str
    tenant: str
    action: str
    kind: str
    object_id: str
    fields: dict[str, tuple[Any, Any]]


class Audit:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def search(self, actor: Actor, tenant_id: str | None, wanted: Wanted, *, before_id: int | None, limit: int) -> list[Entry]:
        """The newest first. `tenant_id` None: of the whole hub; an actor of one tenant sees that tenant only."""
        actor.require(Verb.READ_AUDIT, tenant_id if actor.tenant_id is None else actor.tenant_id)
        of = actor.tenant_id or tenant_id
        with self._bench.database.reading() as connection:
            rows = table.search(connection, of, wanted, before_id=before_id, limit=limit)
            names = trust_queries.tenant_names(connection, {row.tenant_id for row in rows if row.tenant_id})
        slugs = {row.id: row.slug for row in names}
        return [_entry(row, slugs.get(row.tenant_id, row.tenant_id or "")) for row in rows]

    def export(self, actor: Actor, tenant_slug: str, wanted: Wanted) -> Iterator[Entry]:
        """All of them, page by page, so that memory stays small whatever is asked for. That it was exported is an entry too.

        Raises Forbidden, UnknownObject before the first entry. `tenant_slug` "": everything that the actor may see.
        """
        tenant_id = self._tenant_id(actor, tenant_slug)
        actor.require(Verb.READ_AUDIT, tenant_id)
        note(self._bench, actor.name, kind="audit", object_id="", tenant_id=tenant_id, action="exported")
        return self._pages(actor, tenant_id, wanted)

    def _tenant_id(self, actor: Actor, slug: str) -> str | None:
        if not slug:
            return actor.tenant_id
        with self._bench.database.reading() as connection:
            row = trust_queries.tenant_by_slug(connection, slug)
        if row is None or actor.tenant_id not in (None, row.id):
            raise UnknownObject(f"There is no tenant {slug!r}.", field="tenant_slug")
        return str(row.id)

    def _pages(self, actor: Actor, tenant_id: str | None, wanted: Wanted) -> Iterator[Entry]:
        before: int | None = None
        while page := self.search(actor, tenant_id, wanted, before_id=before, limit=PAGE):
            yield from page
            before = page[-1].id


def _entry(row: Any, tenant: str) -> Entry:
    before, after = row.before or {}, row.after or {}
    names = sorted(before.keys() | after.keys())
    fields = {name: (before.get(name), after.get(name)) for name in names}
    return Entry(row.id, row.at, row.actor, tenant, row.action, row.object_kind, row.object_id, fields)
