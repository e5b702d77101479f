"""Host names of tenants' own, and which applications signed people in there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, Row, String, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db
from broker.store.tables.trusts import applications, tenants


class TenantHostRow(db.Model):  # type: ignore[name-defined, misc]
    """`problem`: a stable word for what the last check found wrong. `failing_since`: since when checks have failed.
    `certificate_ends_at`: of the certificate that the last check saw."""

    __tablename__ = "tenant_hosts"
    __table_args__ = (Index("ix_tenant_hosts_tenant_name", "tenant_id", "name"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(253), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    problem: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    certificate_ends_at: Mapped[datetime | None] = mapped_column(Instant)


class HostUseRow(db.Model):  # type: ignore[name-defined, misc]
    """An application's people signed in at this host, most lately then (to the hour or so)."""

    __tablename__ = "host_uses"
    host_id: Mapped[str] = mapped_column(ForeignKey("tenant_hosts.id", ondelete="CASCADE"), primary_key=True)
    application_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(Instant)


hosts, uses = TenantHostRow.__table__, HostUseRow.__table__


def every(connection: Connection) -> list[Row[Any]]:
    """Of all tenants: for the catalog, which looks requests up in them."""
    return list(connection.execute(select(hosts.c.id, hosts.c.name, hosts.c.tenant_id, hosts.c.state)))


def of_tenant(connection: Connection, tenant_id: str, *, after: str = "", limit: int = 1000) -> list[Row[Any]]:
    """By name."""
    wanted = select(hosts).where(hosts.c.tenant_id == tenant_id, hosts.c.name > after)
    return list(connection.execute(wanted.order_by(hosts.c.name).limit(limit)))


def of_many(connection: Connection, tenant_ids: list[str]) -> list[Row[Any]]:
    """By tenant, then name."""
    wanted = select(hosts).where(hosts.c.tenant_id.in_(tenant_ids))
    return list(connection.execute(wanted.order_by(hosts.c.tenant_id, hosts.c.name)))


def find(connection: Connection, tenant_id: str, name: str) -> Row[Any] | None:
    return connection.execute(select(hosts).where(hosts.c.tenant_id == tenant_id, hosts.c.name == name)).first()


def add(connection: Connection, tenant_id: str, values: dict[str, Any]) -> bool:
    """False when some tenant has it already; of several that ask at the same moment one gets it."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(hosts).values(tenant_id=tenant_id, **values).on_conflict_do_nothing(index_elements=[hosts.c.name])
    return connection.execute(statement.returning(hosts.c.id)).first() is not None


def change(connection: Connection, tenant_id: str, host_id: str, values: dict[str, Any], **as_it_was: Any) -> int:
    """As long as these are still as they were: somebody may have switched or checked it while it was being checked."""
    same = (hosts.c.tenant_id == tenant_id, hosts.c.id == host_id)
    same += tuple(hosts.c[name].is_not_distinct_from(value) for name, value in as_it_was.items())
    return connection.execute(update(hosts).where(*same).values(**values)).rowcount


def remove(connection: Connection, tenant_id: str, host_id: str) -> int:
    return connection.execute(delete(hosts).where(hosts.c.tenant_id == tenant_id, hosts.c.id == host_id)).rowcount


def due(connection: Connection, before: datetime, limit: int, *, failing: tuple[datetime, datetime]) -> list[Row[Any]]:
    """Of every tenant: hosts that are not switched off and were last checked before this time; longest ago first.

    `failing`: when those must have been checked that have failed only since the second time.
    """
    checked_before, since = failing
    sooner = and_(hosts.c.failing_since >= since, hosts.c.checked_at <= checked_before)
    unseen = or_(hosts.c.checked_at.is_(None), hosts.c.checked_at <= before, sooner)
    wanted = select(hosts).where(hosts.c.state != "off", unseen)
    return list(connection.execute(wanted.order_by(hosts.c.checked_at, hosts.c.name).limit(limit)))


def troubled(connection: Connection, tenant_id: str | None, ends_before: datetime, limit: int) -> list[Row[Any]]:
    """Of this tenant, or of every one: hosts that are not off and whose check fails, or whose certificate ends before this
    time; by name, each with `tenant_slug` and `tenant_name`."""
    wanted = (
        select(hosts, tenants.c.slug.label("tenant_slug"), tenants.c.name.label("tenant_name"))
        .join(tenants, tenants.c.id == hosts.c.tenant_id)
        .where(hosts.c.state != "off", or_(hosts.c.failing_since.is_not(None), hosts.c.certificate_ends_at <= ends_before))
    )
    if tenant_id is not None:
        wanted = wanted.where(hosts.c.tenant_id == tenant_id)
    return list(connection.execute(wanted.order_by(hosts.c.name).limit(limit)))


# --- which applications are used there ----------------------------------------------------------------------------------


def note_use(connection: Connection, host_id: str, application_id: str, at: datetime) -> None:
    """Nothing when the host was removed meanwhile."""
    mine = (uses.c.host_id == host_id, uses.c.application_id == application_id)
    if connection.execute(update(uses).where(*mine).values(used_at=at)).rowcount:
        return
    if connection.execute(select(hosts.c.id).where(hosts.c.id == host_id)).first() is None:
        return
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"host_id": host_id, "application_id": application_id, "used_at": at}
    connection.execute(make(uses).values(values).on_conflict_do_nothing())


def used(connection: Connection, tenant_id: str, host_id: str, limit: int) -> list[Row[Any]]:
    """(slug, name, used_at) of the applications that signed people in there, most lately first."""
    wanted = (
        select(applications.c.slug, applications.c.name, uses.c.used_at)
        .join(applications, applications.c.id == uses.c.application_id)
        .join(hosts, hosts.c.id == uses.c.host_id)
        .where(hosts.c.tenant_id == tenant_id, hosts.c.id == host_id)
    )
    return list(connection.execute(wanted.order_by(uses.c.used_at.desc(), applications.c.slug).limit(limit)))
