"""Counts that outlive traces, and the health of connectors. Written by upkeep, never while somebody signs in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class LoginHourRow(db.Model):  # type: ignore[name-defined, misc]
    """Logins of one full hour. "" stands for what was never found out, so that the key has no NULL."""

    __tablename__ = "login_hours"
    __table_args__ = (Index(None, "tenant_id", "hour"),)
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    application_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    connector_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    error_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class HubHourRow(db.Model):  # type: ignore[name-defined, misc]
    """The same hour for the whole hub, whoever the tenants and connectors are: what the first page shows of ten thousand."""

    __tablename__ = "hub_hours"
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    application_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    error_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class ConnectorDayRow(db.Model):  # type: ignore[name-defined, misc]
    """Logins through a connector in the hours of one day (UTC) that have been folded."""

    __tablename__ = "connector_days"
    day: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    connector_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class RecentConnectorRow(db.Model):  # type: ignore[name-defined, misc]
    """Logins through a connector within the hours of a window that moves with the clock, see `login_rollups`."""

    __tablename__ = "recent_connectors"
    connector_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class UsageHourRow(db.Model):  # type: ignore[name-defined, misc]
    """The busiest minute of a tenant's hour."""

    __tablename__ = "usage_hours"
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    peak_per_minute: Mapped[int] = mapped_column(Integer)


class ActivePersonRow(db.Model):  # type: ignore[name-defined, misc]
    """Signed in at least once in that month ("2026-11", UTC)."""

    __tablename__ = "active_people"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True)


class ConnectorHealthRow(db.Model):  # type: ignore[name-defined, misc]
    """What was last seen of a connector. `clock_offset_ms`: how far its identity provider's clock is ahead of ours."""

    __tablename__ = "connector_health"
    connector_id: Mapped[str] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    last_success_at: Mapped[datetime | None] = mapped_column(Instant)
    last_failure_at: Mapped[datetime | None] = mapped_column(Instant)
    last_failure_code: Mapped[str | None] = mapped_column(String(60))
    last_failure_trace: Mapped[str | None] = mapped_column(String(20))
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


login_hours = LoginHourRow.__table__
hub_hours = HubHourRow.__table__
connector_days = ConnectorDayRow.__table__
recent_connectors = RecentConnectorRow.__table__
usage_hours = UsageHourRow.__table__
active_people = ActivePersonRow.__table__
connector_health = ConnectorHealthRow.__table__
