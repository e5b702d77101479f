"""Domains that a tenant says are its own and has not proved yet. They route nobody until they are proved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class DomainClaimRow(db.Model):  # type: ignore[name-defined, misc]
    """`challenge`: what the TXT record must say. `result`: a stable word for what the last look at the DNS found."""

    __tablename__ = "domain_claims"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    challenge: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    result: Mapped[str | None] = mapped_column(String(40))


domain_claims = DomainClaimRow.__table__
