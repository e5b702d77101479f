"""Set-up links: one tenant, a hash of the token, an expiry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, LargeBinary, Row, String, insert, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class SetupLinkRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "setup_links"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    connector_id: Mapped[str | None] = mapped_column(String(40))
    label: Mapped[str | None] = mapped_column(String(200))
    created_by: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    return_url: Mapped[str] = mapped_column(String(500))


_links = SetupLinkRow.__table__


def create(connection: Connection, tenant_id: str, values: dict[str, Any]) -> None:
    connection.execute(insert(_links).values(tenant_id=tenant_id, **values))


def find(connection: Connection, token_hash: bytes) -> Row[Any] | None:
    """By the link's own secret, which is why no tenant is named."""
    return connection.execute(select(_links).where(_links.c.token_hash == token_hash)).first()


def of_tenant(connection: Connection, tenant_id: str, *, after: str = "", limit: int = 1000) -> list[Row[Any]]:
    """Newest first. `after`: the id of the link before."""
    query = select(_links).where(_links.c.tenant_id == tenant_id).order_by(_links.c.created_at.desc(), _links.c.id.desc())
    if after:
        last = select(_links.c.created_at, _links.c.id).where(_links.c.tenant_id == tenant_id, _links.c.id == after)
        query = query.where(tuple_(_links.c.created_at, _links.c.id) < last.scalar_subquery())
    return list(connection.execute(query.limit(limit)))


def set_connector(connection: Connection, tenant_id: str, link_id: str, connector_id: str) -> None:
    connection.execute(
        update(_links).where(_links.c.tenant_id == tenant_id, _links.c.id == link_id).values(connector_id=connector_id)
    )


def used(connection: Connection, tenant_id: str, link_id: str, at: datetime) -> None:
    its_own = (_links.c.tenant_id == tenant_id, _links.c.id == link_id)
    connection.execute(update(_links).where(*its_own).values(last_used_at=at))


def revoke(connection: Connection, tenant_id: str, link_id: str, at: datetime) -> int:
    return connection.execute(
        update(_links)
        .where(_links.c.tenant_id == tenant_id, _links.c.id == link_id, _links.c.revoked_at.is_(None))
        .values(revoked_at=at)
    ).rowcount
