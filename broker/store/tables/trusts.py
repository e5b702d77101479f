"""Tenants, domains, connectors and applications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class TenantRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "tenants"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    enabled: Mapped[bool]
    session_idle_seconds: Mapped[int]
    session_absolute_seconds: Mapped[int]
    acceptance_rules: Mapped[list[Any]] = mapped_column(JSON)
    branding: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    intake: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    trace_days: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)


class DomainRow(db.Model):  # type: ignore[name-defined, misc]
    """The name is the primary key: two tenants cannot hold one domain (SECURITY 4, domain takeover).

    `challenge` is what record or file say of a domain with proof "dns" or "http"; `missing_since`: when a look
    first missed it.
    """

    __tablename__ = "domains"
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    proof: Mapped[str] = mapped_column(String(20))
    connector_ids: Mapped[list[Any]] = mapped_column(JSON)
    proved_at: Mapped[datetime] = mapped_column(Instant)
    challenge: Mapped[str | None] = mapped_column(String(80))
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    missing_since: Mapped[datetime | None] = mapped_column(Instant)


class ConnectorRow(db.Model):  # type: ignore[name-defined, misc]
    """`name_key` is the name as people search for it, and the order of the chooser. `tested_at`: when a test login last
    passed with these settings. `provider_id`: the identity provider's own name (entityID, issuer). `held`: an operator
    switched it off.
    """

    __tablename__ = "connectors"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), index=True)
    type: Mapped[str] = mapped_column(String(40))
    enabled: Mapped[bool]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed_secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    acceptance_rules: Mapped[list[Any] | None] = mapped_column(JSON)
    admits_guests: Mapped[bool]
    understood: Mapped[list[Any]] = mapped_column(JSON)
    warnings: Mapped[list[Any]] = mapped_column(JSON)
    tested_at: Mapped[datetime | None] = mapped_column(Instant)
    provider_id: Mapped[str] = mapped_column(String(1024), index=True)
    held: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)


class ApplicationRow(db.Model):  # type: ignore[name-defined, misc]
    """`tenant_ids` NULL means every tenant; `connector_ids` NULL every connector of those."""

    __tablename__ = "applications"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    protocol: Mapped[str] = mapped_column(String(20))
    enabled: Mapped[bool]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    tenant_ids: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    connector_ids: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    default_connector_id: Mapped[str | None] = mapped_column(String(40))
    subject_kind: Mapped[str] = mapped_column(String(20))
    authorization_rules: Mapped[list[Any]] = mapped_column(JSON)
    transform_rules: Mapped[list[Any]] = mapped_column(JSON)
    release: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    branding: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)


class ApplicationKeyRow(db.Model):  # type: ignore[name-defined, misc]
    """The name by which a protocol's requests find an application: client id, entityID."""

    __tablename__ = "application_keys"
    protocol: Mapped[str] = mapped_column(String(20), primary_key=True)
    lookup_key: Mapped[str] = mapped_column(Text, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"), index=True)


tenants = TenantRow.__table__
domains = DomainRow.__table__
connectors = ConnectorRow.__table__
applications = ApplicationRow.__table__
application_keys = ApplicationKeyRow.__table__
