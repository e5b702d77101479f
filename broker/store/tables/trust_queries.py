"""Every query on tenants, domains, connectors and applications. Rows come back as SQLAlchemy rows for `mapping`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, Table, cast, delete, insert, or_, select, tuple_, update

from broker.domain.folding import fold
from broker.store.tables import brand_images
from broker.store.tables.trusts import application_keys, applications, connectors, domains, tenants

AnyRow = Row[Any]
_PART = 500


def _one(connection: Connection, table: Table, **where: Any) -> AnyRow | None:
    return connection.execute(select(table).filter_by(**where)).first()


def _save(connection: Connection, table: Table, key: str, values: dict[str, Any], *, exists: bool) -> None:
    if exists:
        connection.execute(update(table).where(table.c[key] == values[key]).values(**values))
    else:
        connection.execute(insert(table).values(**values))


def _named(table: Table, text: str) -> ColumnElement[bool]:
    return table.c.name.icontains(text, autoescape=True) | table.c.slug.contains(text.lower(), autoescape=True)


# --- tenants ----------------------------------------------------------------------------------------------------------


def tenant(connection: Connection, tenant_id: str) -> AnyRow | None:
    return _one(connection, tenants, id=tenant_id)


def tenant_by_slug(connection: Connection, slug: str) -> AnyRow | None:
    return _one(connection, tenants, slug=slug)


def list_tenants(connection: Connection, *, after_slug: str = "", limit: int = 1000) -> list[AnyRow]:
    return list(connection.execute(select(tenants).where(tenants.c.slug > after_slug).order_by(tenants.c.slug).limit(limit)))


def search_tenants(connection: Connection, text: str, *, only: str | None, after_slug: str, limit: int) -> list[AnyRow]:
    """`only`: the one tenant that the asker may see."""
    query = select(tenants).where(tenants.c.slug > after_slug).order_by(tenants.c.slug).limit(limit)
    if only is not None:
        query = query.where(tenants.c.id == only)
    if text:
        owners = select(domains.c.tenant_id).where(domains.c.name.contains(text.lower(), autoescape=True))
        query = query.where(_named(tenants, text) | tenants.c.id.in_(owners))
    return list(connection.execute(query))


def save_tenant(connection: Connection, values: dict[str, Any], *, exists: bool) -> None:
    _save(connection, tenants, "id", values, exists=exists)


def set_intake(connection: Connection, tenant_id: str, intake: dict[str, Any]) -> None:
    connection.execute(update(tenants).where(tenants.c.id == tenant_id).values(intake=intake))


def delete_tenant(connection: Connection, tenant_id: str) -> None:
    brand_images.keep_only(connection, tenant_id, set())
    connection.execute(delete(tenants).where(tenants.c.id == tenant_id))


# --- domains ----------------------------------------------------------------------------------------------------------


def domain(connection: Connection, name: str) -> AnyRow | None:
    """By name, which is unique over all tenants: this is the query that decides which tenant an address belongs to."""
    return _one(connection, domains, name=name)


def domains_of(connection: Connection, tenant_id: str) -> list[AnyRow]:
    return list(connection.execute(select(domains).where(domains.c.tenant_id == tenant_id).order_by(domains.c.name)))


def domains_page(connection: Connection, tenant_id: str, *, search: str = "", after: str = "", limit: int) -> list[AnyRow]:
    query = select(domains).where(domains.c.tenant_id == tenant_id, domains.c.name > after).order_by(domains.c.name).limit(limit)
    return list(connection.execute(query.where(domains.c.name.contains(search.lower(), autoescape=True)) if search else query))


def owns_domain(connection: Connection, tenant_id: str, name: str) -> bool:
    return (
        connection.execute(select(domains.c.name).where(domains.c.tenant_id == tenant_id, domains.c.name == name)).first()
        is not None
    )


def save_domain(connection: Connection, tenant_id: str, values: dict[str, Any], *, exists: bool) -> None:
    _save(connection, domains, "name", {**values, "tenant_id": tenant_id}, exists=exists)


def delete_domain(connection: Connection, tenant_id: str, name: str) -> int:
    return connection.execute(delete(domains).where(domains.c.tenant_id == tenant_id, domains.c.name == name)).rowcount


# --- connectors -------------------------------------------------------------------------------------------------------


def connector(connection: Connection, tenant_id: str | None, connector_id: str) -> AnyRow | None:
    """`tenant_id` None only for the catalogue, which finds a connector by the unguessable id in its own address."""
    if tenant_id is None:
        return _one(connection, connectors, id=connector_id)
    return _one(connection, connectors, tenant_id=tenant_id, id=connector_id)


def connector_by_slug(connection: Connection, tenant_id: str, slug: str) -> AnyRow | None:
    return _one(connection, connectors, tenant_id=tenant_id, slug=slug)


def connector_to_change(connection: Connection, tenant_id: str, slug: str) -> AnyRow | None:
    """The same, inside a unit of work: whoever else wants to change it waits, and then reads what was made of it."""
    wanted = select(connectors).where(connectors.c.tenant_id == tenant_id, connectors.c.slug == slug)
    return connection.execute(wanted.with_for_update(key_share=True)).first()


def connectors_of(connection: Connection, tenant_id: str) -> list[AnyRow]:
    return list(connection.execute(select(connectors).where(connectors.c.tenant_id == tenant_id).order_by(connectors.c.slug)))


def connectors_page(connection: Connection, tenant_id: str, *, search: str = "", after: str = "", limit: int) -> list[AnyRow]:
    query = select(connectors).where(connectors.c.tenant_id == tenant_id, connectors.c.slug > after)
    if search:
        query = query.where(
            connectors.c.name.icontains(search, autoescape=True) | connectors.c.slug.contains(search.lower(), autoescape=True)
        )
    return list(connection.execute(query.order_by(connectors.c.slug).limit(limit)))


def connector_names(connection: Connection, connector_ids: Collection[str]) -> list[AnyRow]:
    """(id, slug, tenant slug) of many at once, whoever owns them: for operators, who name them tenant/connector."""
    columns = select(connectors.c.id, connectors.c.slug, tenants.c.slug.label("tenant_slug"))
    return _in_parts(connection, columns.join(tenants, tenants.c.id == connectors.c.tenant_id), connectors.c.id, connector_ids)


def application_names(connection: Connection, application_ids: Collection[str]) -> list[AnyRow]:
    """Id and slug; for whoever sees every application."""
    return _in_parts(connection, select(applications.c.id, applications.c.slug), applications.c.id, application_ids)


def tenant_names(connection: Connection, tenant_ids: Collection[str]) -> list[AnyRow]:
    """(id, slug) of many at once."""
    return _in_parts(connection, select(tenants.c.id, tenants.c.slug), tenants.c.id, tenant_ids)


def intakes_of_many(connection: Connection, tenant_ids: Collection[str]) -> list[AnyRow]:
    """(id, intake) of those that were asked; for the export of all configuration."""
    query = select(tenants.c.id, tenants.c.intake).where(tenants.c.intake.is_not(None))
    return _in_parts(connection, query, tenants.c.id, tenant_ids)


def domains_of_many(connection: Connection, tenant_ids: Collection[str]) -> list[AnyRow]:
    """Whole rows, by name; for the export of all configuration."""
    return _in_parts(connection, select(domains).order_by(domains.c.name), domains.c.tenant_id, tenant_ids)


def connectors_of_many(connection: Connection, tenant_ids: Collection[str]) -> list[AnyRow]:
    """Whole rows, by slug; for the export of all configuration."""
    return _in_parts(connection, select(connectors).order_by(connectors.c.slug), connectors.c.tenant_id, tenant_ids)


def domain_names_of(connection: Connection, tenant_ids: Collection[str]) -> list[AnyRow]:
    """(tenant_id, name) of many tenants at once, by name."""
    query = select(domains.c.tenant_id, domains.c.name).order_by(domains.c.name)
    return _in_parts(connection, query, domains.c.tenant_id, tenant_ids)


def connector_kinds_of(connection: Connection, tenant_ids: Collection[str]) -> list[AnyRow]:
    """(tenant_id, slug, type, enabled) of many tenants at once, by slug."""
    columns = (connectors.c.tenant_id, connectors.c.slug, connectors.c.type, connectors.c.enabled)
    return _in_parts(connection, select(*columns).order_by(connectors.c.slug), connectors.c.tenant_id, tenant_ids)


def tenants_named(connection: Connection, slugs: Collection[str]) -> list[AnyRow]:
    """(id, slug) of many at once."""
    return _in_parts(connection, select(tenants.c.id, tenants.c.slug), tenants.c.slug, slugs)


def _in_parts(connection: Connection, query: Select[Any], column: ColumnElement[Any], values: Collection[str]) -> list[AnyRow]:
    """`column IN values`, a few hundred at a time: databases limit the number of parameters."""
    wanted = sorted(set(values))
    found: list[AnyRow] = []
    for start in range(0, len(wanted), _PART):
        found += connection.execute(query.where(column.in_(wanted[start : start + _PART]))).all()
    return found


def _ways_in(tenant_ids: list[str] | None, connector_ids: list[str] | None) -> Select[Any]:
    """Enabled connectors of enabled tenants; None means all of them."""
    query = (
        select(
            connectors.c.id,
            connectors.c.tenant_id,
            connectors.c.type,
            connectors.c.name,
            connectors.c.name_key,
            tenants.c.name.label("tenant_name"),
        )
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(connectors.c.enabled, tenants.c.enabled)
    )
    if tenant_ids is not None:
        query = query.where(connectors.c.tenant_id.in_(tenant_ids))
    return query if connector_ids is None else query.where(connectors.c.id.in_(connector_ids))


def enabled_connectors(
    connection: Connection, tenant_ids: list[str] | None, limit: int, connector_ids: list[str] | None = None
) -> list[AnyRow]:
    """At most `limit`, in no order that a login would have to wait for."""
    return list(connection.execute(_ways_in(tenant_ids, connector_ids).limit(limit)))


def connectors_named(
    connection: Connection,
    tenant_ids: list[str] | None,
    limit: int,
    connector_ids: list[str] | None,
    *,
    provider_ids: list[str],
    ids: list[str],
) -> list[AnyRow]:
    """Those whose identity provider calls itself one of these, and those with these ids."""
    named = or_(connectors.c.provider_id.in_(provider_ids), connectors.c.id.in_(ids))
    return list(connection.execute(_ways_in(tenant_ids, connector_ids).where(named).limit(limit)))


def chooser(
    connection: Connection,
    tenant_ids: list[str] | None,
    connector_ids: list[str] | None,
    *,
    search: str,
    after: tuple[str, str],
    limit: int,
) -> list[AnyRow]:
    """Lines of the chooser by name, behind `after` (name_key, id); `search` is folded text that the name contains."""
    query = _ways_in(tenant_ids, connector_ids)
    if search:
        query = query.where(connectors.c.name_key.contains(search, autoescape=True))
    if any(after):
        query = query.where(tuple_(connectors.c.name_key, connectors.c.id) > tuple_(*after))
    return list(connection.execute(query.order_by(connectors.c.name_key, connectors.c.id).limit(limit)))


def save_connector(connection: Connection, tenant_id: str, values: dict[str, Any], *, exists: bool) -> None:
    if "name" in values:
        values = {**values, "name_key": fold(values["name"])[:400]}
    _save(connection, connectors, "id", {**values, "tenant_id": tenant_id}, exists=exists)


def set_tested(connection: Connection, tenant_id: str, connector_id: str, version: int, at: datetime) -> None:
    """A test passed: noted only if the connector is still as it was when the test began."""
    as_tested = (connectors.c.tenant_id == tenant_id, connectors.c.id == connector_id, connectors.c.version == version)
    connection.execute(update(connectors).where(*as_tested).values(tested_at=at))


def delete_connector(connection: Connection, tenant_id: str, connector_id: str) -> None:
    connection.execute(delete(connectors).where(connectors.c.tenant_id == tenant_id, connectors.c.id == connector_id))


# --- applications -----------------------------------------------------------------------------------------------------


def application(connection: Connection, application_id: str) -> AnyRow | None:
    return _one(connection, applications, id=application_id)


def application_by_slug(connection: Connection, slug: str) -> AnyRow | None:
    return _one(connection, applications, slug=slug)


def application_to_change(connection: Connection, slug: str) -> AnyRow | None:
    """See `connector_to_change`."""
    return connection.execute(select(applications).where(applications.c.slug == slug).with_for_update(key_share=True)).first()


def application_id_by_key(connection: Connection, protocol: str, lookup_key: str) -> str | None:
    return connection.execute(
        select(application_keys.c.application_id).where(
            application_keys.c.protocol == protocol, application_keys.c.lookup_key == lookup_key
        )
    ).scalar()


def list_applications(connection: Connection, *, after_slug: str = "", limit: int = 1000) -> list[AnyRow]:
    return list(
        connection.execute(select(applications).where(applications.c.slug > after_slug).order_by(applications.c.slug).limit(limit))
    )


def applications_page(
    connection: Connection, *, search: str = "", serving: str | None = None, after: str = "", limit: int
) -> list[AnyRow]:
    """`serving`: only those that this tenant may use (its id is unguessable, so it is in the list's text or not)."""
    query = select(applications).where(applications.c.slug > after)
    if search:
        query = query.where(
            applications.c.name.icontains(search, autoescape=True) | applications.c.slug.contains(search.lower(), autoescape=True)
        )
    if serving is not None:
        named = cast(applications.c.tenant_ids, String).contains(serving, autoescape=True)
        query = query.where(applications.c.tenant_ids.is_(None) | named)
    return list(connection.execute(query.order_by(applications.c.slug).limit(limit)))


def save_application(connection: Connection, values: dict[str, Any], *, exists: bool) -> None:
    _save(connection, applications, "id", values, exists=exists)


def set_application_keys(connection: Connection, protocol: str, application_id: str, keys: tuple[str, ...]) -> None:
    connection.execute(delete(application_keys).where(application_keys.c.application_id == application_id))
    for key in keys:
        connection.execute(insert(application_keys).values(protocol=protocol, lookup_key=key, application_id=application_id))


def delete_application(connection: Connection, application_id: str) -> None:
    brand_images.keep_only(connection, application_id, set())
    connection.execute(delete(applications).where(applications.c.id == application_id))
