"""How the pages of tenants and applications look: saving it, and the pictures that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.domain.branding import BrandImage, Branding
from broker.domain.errors import NotFound, UnknownObject
from broker.services import brand_style, branding_rules
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Change, Workbench, check_version, difference, record, stored_branding
from broker.store import mapping
from broker.store.tables import brand_images, hub_settings, trust_queries


@dataclass(frozen=True, slots=True)
class _HubRow:
    """The hub, as the rows of tenants and applications are."""

    id: str
    slug: str
    version: int
    branding: dict[str, Any] | None


class Brandings:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def of_application(self, slug: str) -> tuple[Branding, int]:
        """The branding of the application, and its version. Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = trust_queries.application_by_slug(connection, slug)
        if row is None:
            raise UnknownObject(f"There is no application {slug!r}.", field="application")
        return mapping.branding(row.branding), row.version

    def of_hub(self) -> tuple[Branding, int]:
        """That of the hub itself, and its version."""
        with self._bench.database.reading() as connection:
            stored, version = hub_settings.branding(connection)
        return mapping.branding(stored), version

    def save_hub(
        self, actor: Actor, branding: Branding, images: tuple[BrandImage, ...] = (), *, version: int | None = None
    ) -> Change:
        """As `save_tenant`, for every page that neither a tenant nor an application has made its own."""
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            stored, known = hub_settings.branding(connection)
            row = _HubRow(hub_settings.HUB, hub_settings.HUB, known, stored)
            return self._save(connection, actor, "hub_branding", row, branding, images, version)

    def save_tenant(
        self, actor: Actor, tenant_id: str, branding: Branding, images: tuple[BrandImage, ...] = (), *, version: int | None = None
    ) -> Change:
        """Raises UnknownObject, Forbidden, InvalidSettings, StaleVersion."""
        actor.require(Verb.CONFIGURE, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            row = trust_queries.tenant(connection, tenant_id)
            if row is None:
                raise UnknownObject("There is no such tenant.", field="tenant")
            return self._save(connection, actor, "tenant", row, branding, images, version)

    def save_application(
        self, actor: Actor, slug: str, branding: Branding, images: tuple[BrandImage, ...] = (), *, version: int | None = None
    ) -> Change:
        """As `save_tenant`."""
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            row = trust_queries.application_by_slug(connection, slug)
            if row is None:
                raise UnknownObject(f"There is no application {slug!r}.", field="application")
            return self._save(connection, actor, "application", row, branding, images, version)

    def image(self, image_id: str) -> BrandImage:
        """Raises NotFound."""
        with self._bench.database.reading() as connection:
            found = brand_images.find(connection, image_id)
        if found is None:
            raise NotFound(cause="no picture has this id")
        return found

    def style_text(self, style_id: str) -> str:
        """As its author wrote it; empty without one."""
        with self._bench.database.reading() as connection:
            found = brand_images.find(connection, style_id) if style_id else None
        return "" if found is None else brand_style.decode(found.body)

    def _save(
        self,
        connection: Any,
        actor: Actor,
        kind: str,
        row: Any,
        branding: Branding,
        images: tuple[BrandImage, ...],
        version: int | None,
    ) -> Change:
        check_version(version, row.version)
        tidy = branding_rules.check(branding)
        branding_rules.store_images(connection, row.id, tidy, images, self._bench.clock)
        after = {"branding": stored_branding(tidy)}
        changed = difference({"branding": row.branding}, after)
        if not changed:
            return Change(kind, row.slug, row.id, Action.UNCHANGED)
        if kind == "hub_branding":
            hub_settings.save_branding(connection, after["branding"], row.version + 1)
        else:
            save = trust_queries.save_tenant if kind == "tenant" else trust_queries.save_application
            save(connection, {"id": row.id, "version": row.version + 1, **after}, exists=True)
        tenant_id = row.id if kind == "tenant" else None
        record(
            self._bench,
            actor,
            kind=kind,
            object_id=row.id,
            tenant_id=tenant_id,
            action=Action.UPDATED,
            fields_changed=changed,
        )
        return Change(kind, row.slug, row.id, Action.UPDATED, changed)
