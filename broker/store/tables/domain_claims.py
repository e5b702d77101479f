"""Domains that a tenant says are its own and has not proved yet. They route nobody until they are proved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, Row, String, delete, insert, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class DomainClaimRow(db.Model):  # type: ignore[name-defined, misc]
    """`challenge`: what the TXT record or the file must say. `result`, `web_result`: stable words for what the last look found in
    the DNS and at the web site.
    """

    __tablename__ = "domain_claims"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    challenge: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    result: Mapped[str | None] = mapped_column(String(40))
    web_result: Mapped[str | None] = mapped_column(String(40))


domain_claims = DomainClaimRow.__table__


def find(connection: Connection, tenant_id: str, name: str) -> Row[Any] | None:
    return connection.execute(
        select(domain_claims).where(domain_claims.c.tenant_id == tenant_id, domain_claims.c.name == name)
    ).first()


def of_tenant(connection: Connection, tenant_id: str, *, after: str = "", limit: int = 1000) -> list[Row[Any]]:
    """By name."""
    wanted = select(domain_claims).where(domain_claims.c.tenant_id == tenant_id, domain_claims.c.name > after)
    return list(connection.execute(wanted.order_by(domain_claims.c.name).limit(limit)))


def with_result(connection: Connection, result: str, *, after: tuple[str, str], limit: int) -> list[Row[Any]]:
    """Of every tenant, for operators: by name, then tenant."""
    key = tuple_(domain_claims.c.name, domain_claims.c.tenant_id)
    wanted = select(domain_claims).where(domain_claims.c.result == result, key > tuple_(*after))
    return list(connection.execute(wanted.order_by(domain_claims.c.name, domain_claims.c.tenant_id).limit(limit)))


def add(connection: Connection, tenant_id: str, name: str, challenge: str, at: datetime, *, result: str | None = None) -> None:
    connection.execute(
        insert(domain_claims).values(tenant_id=tenant_id, name=name, challenge=challenge, created_at=at, result=result)
    )


def note(connection: Connection, tenant_id: str, name: str, result: str | None, web_result: str | None, at: datetime) -> None:
    """What a look found."""
    connection.execute(
        update(domain_claims)
        .where(domain_claims.c.tenant_id == tenant_id, domain_claims.c.name == name)
        .values(result=result, web_result=web_result, checked_at=at)
    )


def remove(connection: Connection, tenant_id: str, name: str) -> int:
    its_own = (domain_claims.c.tenant_id == tenant_id, domain_claims.c.name == name)
    return connection.execute(delete(domain_claims).where(*its_own)).rowcount
