"""The federation at a glance: identity providers with their tenants and health, applications, and how many there are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from broker.store.tables.reach import connector_reach
from broker.store.tables.setup_links import SetupLinkRow
from broker.store.tables.statistics import connector_health
from broker.store.tables.trusts import applications, connectors, tenants

_links = SetupLinkRow.__table__


def _providers() -> Select[Any]:
    seen = connector_health.c
    columns = (connectors.c.id, connectors.c.slug, connectors.c.name, connectors.c.type, connectors.c.enabled)
    health = (seen.last_success_at, seen.last_failure_at, seen.expires_at)
    looked = (connector_reach.c.reachable, connector_reach.c.since, connector_reach.c.failures)
    return (
        select(*columns, *health, *looked, tenants.c.slug.label("tenant"), tenants.c.name.label("tenant_name"))
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .outerjoin(connector_health, seen.connector_id == connectors.c.id)
        .outerjoin(connector_reach, connector_reach.c.connector_id == connectors.c.id)
    )


def providers(connection: Connection, connector_ids: Collection[str]) -> list[Row[Any]]:
    """Those with these ids; whoever asks got the ids from counts of what they may see."""
    return list(connection.execute(_providers().where(connectors.c.id.in_(list(connector_ids)))))


def some_providers(connection: Connection, tenant_id: str | None, without: Collection[str], limit: int) -> list[Row[Any]]:
    """Switched on, the oldest first. `tenant_id` None: of every tenant."""
    query = _providers().where(connectors.c.enabled, tenants.c.enabled, connectors.c.id.not_in(list(without)))
    query = query if tenant_id is None else query.where(connectors.c.tenant_id == tenant_id)
    return list(connection.execute(query.order_by(connectors.c.created_at, connectors.c.id).limit(limit)))


def parties(connection: Connection, application_ids: Collection[str]) -> list[Row[Any]]:
    columns = (applications.c.id, applications.c.slug, applications.c.name, applications.c.enabled)
    return list(connection.execute(select(*columns).where(applications.c.id.in_(list(application_ids)))))


def counts(connection: Connection, tenant_id: str | None) -> tuple[int, int, int]:
    """(tenants, connectors that are on, applications)."""
    of_connectors = select(func.count()).select_from(connectors).where(connectors.c.enabled)
    if tenant_id is not None:
        of_connectors = of_connectors.where(connectors.c.tenant_id == tenant_id)
    of_tenants, of_applications = (select(func.count()).select_from(table) for table in (tenants, applications))
    found = [int(connection.execute(query).scalar_one()) for query in (of_tenants, of_connectors, of_applications)]
    return (1 if tenant_id is not None else found[0], found[1], found[2])


def expiring_links(connection: Connection, tenant_id: str | None, now: datetime, before: datetime, limit: int) -> list[Row[Any]]:
    """Set-up links that still work, the first to end first."""
    columns = (_links.c.label, _links.c.expires_at, tenants.c.slug.label("tenant"), tenants.c.name.label("tenant_name"))
    query = (
        select(*columns)
        .join(tenants, tenants.c.id == _links.c.tenant_id)
        .where(_links.c.revoked_at.is_(None), _links.c.expires_at > now, _links.c.expires_at < before)
        .order_by(_links.c.expires_at)
        .limit(limit)
    )
    return list(connection.execute(query if tenant_id is None else query.where(_links.c.tenant_id == tenant_id)))
