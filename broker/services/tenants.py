"""Tenants and their domains."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from broker.domain import email, random_ids
from broker.domain.branding import BrandImage, Branding
from broker.domain.errors import Conflict, Forbidden, InvalidSettings, UnknownObject
from broker.domain.messages import translatable
from broker.domain.trust import Domain, Tenant
from broker.rules.templates import TRANSFORM_TEMPLATES, compile_rules
from broker.services import branding_rules
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Change, Workbench, check_version, difference, record, stored_branding
from broker.store import mapping
from broker.store.tables import key_queries, traces, trust_queries

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def check_slug(slug: str) -> str:
    """Slugs stand in addresses. Raises InvalidSettings."""
    if not SLUG.fullmatch(slug):
        raise InvalidSettings("Use lower-case letters, digits and hyphens, at most 63, not at the ends.", field="slug")
    return slug


def check_name(name: str) -> str:
    if not name.strip() or len(name) > 200:
        raise InvalidSettings("Give a name of at most 200 characters.", field="name")
    return name.strip()


def check_transform_rules(rules: tuple[dict[str, Any], ...], where: str) -> None:
    """Raises InvalidSettings for rules that do not compile or belong to authorization."""
    compile_rules(rules, field=where)
    for number, rule in enumerate(rules, 1):
        if rule["template"] not in TRANSFORM_TEMPLATES:
            raise InvalidSettings(f"{rule['template']} belongs to authorization rules.", field=f"{where}[{number}]")


@dataclass(frozen=True, slots=True)
class SaveTenant:
    """Creates or changes the tenant with this slug."""

    slug: str
    name: str
    enabled: bool = True
    session_idle_seconds: int = 8 * 3600
    session_absolute_seconds: int = 24 * 3600
    acceptance_rules: tuple[dict[str, Any], ...] = ()
    branding: Branding = Branding()
    brand_images: tuple[BrandImage, ...] = field(default=(), repr=False)
    """Pictures that come along; `branding` names those that it shows."""
    expected_version: int | None = None
    trace_days: int = 0


@dataclass(frozen=True, slots=True)
class SaveDomain:
    """Vouches for a domain. `connector_ids`: who serves it; empty means every enabled connector of the tenant."""

    tenant_id: str
    name: str
    connector_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """As much of a connector as a list of tenants says."""

    slug: str
    type: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Belongings:
    domains: tuple[str, ...] = ()
    connectors: tuple[ConnectorKind, ...] = ()


class Tenants:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def get(self, slug: str) -> Tenant:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = trust_queries.tenant_by_slug(connection, slug)
        if row is None:
            raise UnknownObject(f"There is no tenant {slug!r}.", field="tenant")
        return mapping.tenant(row)

    def by_id(self, tenant_id: str) -> Tenant:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = trust_queries.tenant(connection, tenant_id)
        if row is None:
            raise UnknownObject("There is no such tenant.", field="tenant")
        return mapping.tenant(row)

    def visible(self, actor: Actor, slug: str, verb: Verb) -> Tenant:
        """The tenant, for an actor that holds this verb there. Raises UnknownObject for a stranger: it shall not learn of it."""
        tenant = self.get(slug)
        if actor.tenant_id not in (None, tenant.id):
            hidden = UnknownObject(f"There is no tenant {slug!r}.", field="tenant", cause=f"{actor.name} belongs to another tenant")
            hidden.hides_another_tenant = True
            raise hidden
        actor.require(verb, tenant.id)
        return tenant

    def search(self, text: str, *, only: str | None = None, after_slug: str = "", limit: int = 50) -> list[Tenant]:
        """By slug; those whose name, slug or a domain contains `text`. `only`: the id of the one tenant that may be seen."""
        with self._bench.database.reading() as connection:
            rows = trust_queries.search_tenants(connection, text.strip(), only=only, after_slug=after_slug, limit=limit)
        return [mapping.tenant(row) for row in rows]

    def all(self, *, after_slug: str = "", limit: int = 1000) -> list[Tenant]:
        with self._bench.database.reading() as connection:
            return [mapping.tenant(row) for row in trust_queries.list_tenants(connection, after_slug=after_slug, limit=limit)]

    def save(self, actor: Actor, command: SaveTenant) -> Change:
        bench = self._bench
        check_slug(command.slug)
        if not 300 <= command.session_idle_seconds <= command.session_absolute_seconds <= 30 * 24 * 3600:
            raise InvalidSettings(
                "Sessions last from 5 minutes to 30 days, and the idle limit is the shorter one.", field="session"
            )
        if not 0 <= command.trace_days <= bench.settings.trace_days:
            raise InvalidSettings(
                "Traces of a tenant are kept at most as long as those of the hub; 0 means as long.", field="trace_days"
            )
        check_transform_rules(command.acceptance_rules, "acceptance")
        branding = branding_rules.check(command.branding)
        after = {
            "name": check_name(command.name),
            "enabled": command.enabled,
            "session_idle_seconds": command.session_idle_seconds,
            "session_absolute_seconds": command.session_absolute_seconds,
            "acceptance_rules": list(command.acceptance_rules),
            "branding": stored_branding(branding),
            "trace_days": command.trace_days,
        }
        with bench.database.unit_of_work() as connection:
            row = trust_queries.tenant_by_slug(connection, command.slug)
            actor.require(Verb.CONFIGURE, None if row is None else row.id)
            check_version(command.expected_version, None if row is None else row.version)
            before = None if row is None else {name: getattr(row, name) for name in after}
            changed = difference(before, after)
            if "enabled" in changed and not actor.speaks_for_the_hub:
                raise Forbidden(
                    translatable("Only an operator of the hub may switch a tenant on or off."),
                    field="enabled",
                    cause=f"{actor.name} belongs to one tenant",
                )
            tenant_id = random_ids.object_id("ten") if row is None else row.id
            branding_rules.store_images(connection, tenant_id, branding, command.brand_images, bench.clock)
            if row is not None and not changed:
                return Change("tenant", command.slug, row.id, Action.UNCHANGED)
            version = 1 if row is None else row.version + 1
            values = {**after, "id": tenant_id, "slug": command.slug, "version": version}
            if row is None:
                values["created_at"] = bench.clock.now()
            trust_queries.save_tenant(connection, values, exists=row is not None)
            if row is not None and "trace_days" in changed:
                keep = timedelta(days=command.trace_days or bench.settings.trace_days)
                traces.keep_for(connection, tenant_id, keep)
            action = Action.CREATED if row is None else Action.UPDATED
            record(bench, actor, kind="tenant", object_id=tenant_id, tenant_id=tenant_id, action=action, fields_changed=changed)
        return Change("tenant", command.slug, tenant_id, action, changed)

    def delete(self, actor: Actor, slug: str) -> Change:
        """With everything that belongs to it: connectors, domains, people, sessions."""
        with self._bench.database.unit_of_work() as connection:
            tenant = self.get(slug)
            actor.require(Verb.CONFIGURE, tenant.id)
            trust_queries.delete_tenant(connection, tenant.id)
            key_queries.remove_keys_of(connection, tenant.id)
            record(
                self._bench,
                actor,
                kind="tenant",
                object_id=tenant.id,
                tenant_id=tenant.id,
                action=Action.DELETED,
                fields_changed={},
            )
        return Change("tenant", slug, tenant.id, Action.DELETED)

    def slugs(self, tenant_ids: Collection[str]) -> dict[str, str]:
        """Id → slug of many at once."""
        with self._bench.database.reading() as connection:
            return {row.id: row.slug for row in trust_queries.tenant_names(connection, tenant_ids)}

    def belongings(self, tenant_ids: Collection[str]) -> dict[str, Belongings]:
        """By tenant id: domains and connectors of many tenants at once."""
        with self._bench.database.reading() as connection:
            domains = trust_queries.domain_names_of(connection, tenant_ids)
            connectors = trust_queries.connector_kinds_of(connection, tenant_ids)
        found: dict[str, tuple[list[str], list[ConnectorKind]]] = {tenant_id: ([], []) for tenant_id in tenant_ids}
        for row in domains:
            found[row.tenant_id][0].append(row.name)
        for row in connectors:
            found[row.tenant_id][1].append(ConnectorKind(row.slug, row.type, row.enabled))
        return {tenant_id: Belongings(tuple(names), tuple(kinds)) for tenant_id, (names, kinds) in found.items()}

    def ids(self, slugs: Collection[str]) -> dict[str, str]:
        """Slug → id of many at once. Raises UnknownObject when there is none of a name."""
        with self._bench.database.reading() as connection:
            found = {row.slug: row.id for row in trust_queries.tenants_named(connection, slugs)}
        if missing := sorted(set(slugs) - found.keys()):
            raise UnknownObject(f"There is no tenant {missing[0]!r}.", field="tenants")
        return found

    # --- domains ------------------------------------------------------------------------------------------------------

    def domains(self, tenant_id: str) -> list[Domain]:
        with self._bench.database.reading() as connection:
            return [mapping.domain(row) for row in trust_queries.domains_of(connection, tenant_id)]

    def domain_page(self, tenant_id: str, *, search: str = "", after: str = "", limit: int = 50) -> list[Domain]:
        """By name."""
        with self._bench.database.reading() as connection:
            rows = trust_queries.domains_page(connection, tenant_id, search=search.strip(), after=after, limit=limit)
        return [mapping.domain(row) for row in rows]

    def domain(self, tenant_id: str, name: str) -> Domain:
        """Raises UnknownObject when it is not one of this tenant's."""
        with self._bench.database.reading() as connection:
            row = trust_queries.domain(connection, name.strip().lower())
        if row is None or row.tenant_id != tenant_id:
            raise UnknownObject(f"The tenant has no domain {name!r}.", field="domain")
        return mapping.domain(row)

    def save_domain(self, actor: Actor, command: SaveDomain) -> Change:
        """An operator vouches for the domain. Raises Conflict when it belongs to another tenant."""
        actor.require(Verb.CONFIGURE, command.tenant_id)
        name = command.name.strip().lower()
        if not email.is_domain(name) and not email.is_netbios_name(name):
            raise InvalidSettings("Give a domain like example.com (or a Windows domain name, without dots).", field="domain")
        bench, after = self._bench, {"connector_ids": list(command.connector_ids)}
        with bench.database.unit_of_work() as connection:
            row = trust_queries.domain(connection, name)
            if not actor.speaks_for_the_hub and (row is None or row.tenant_id != command.tenant_id):
                # The same answer whether somebody holds it or not.
                sentence = translatable("Only an operator of the hub may vouch for a domain. Prove it instead.")
                raise Forbidden(sentence, field="domain", cause=f"{actor.name} belongs to one tenant")
            if row is not None and row.tenant_id != command.tenant_id:
                raise Conflict(f"The domain {name} belongs to another tenant.", field="domain")
            for connector_id in command.connector_ids:
                if trust_queries.connector(connection, command.tenant_id, connector_id) is None:
                    raise UnknownObject("A domain can be served by connectors of its own tenant only.", field="domain")
            changed = difference(None if row is None else {"connector_ids": row.connector_ids}, after)
            if row is not None and not changed:
                return Change("domain", name, name, Action.UNCHANGED)
            values: dict[str, Any] = {"name": name, "connector_ids": after["connector_ids"]}
            if row is None:
                values |= {"proof": "operator", "proved_at": bench.clock.now()}
            trust_queries.save_domain(connection, command.tenant_id, values, exists=row is not None)
            action = Action.CREATED if row is None else Action.UPDATED
            record(bench, actor, kind="domain", object_id=name, tenant_id=command.tenant_id, action=action, fields_changed=changed)
        return Change("domain", name, name, action, changed)

    def delete_domain(self, actor: Actor, tenant_id: str, name: str) -> Change:
        """Raises UnknownObject when it is not one of this tenant's."""
        actor.require(Verb.CONFIGURE, tenant_id)
        name = name.strip().lower()
        with self._bench.database.unit_of_work() as connection:
            if not trust_queries.delete_domain(connection, tenant_id, name):
                raise UnknownObject(f"The tenant has no domain {name!r}.", field="domain")
            record(self._bench, actor, kind="domain", object_id=name, tenant_id=tenant_id, action=Action.DELETED, fields_changed={})
        return Change("domain", name, name, Action.DELETED)
