"""Short-lived state in SQL; the contract is `broker.store.transient`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class TransientRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "transients"
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


transients = TransientRow.__table__


def expired(connection: Connection, kind: str, now: datetime, limit: int) -> list[bytes]:
    """Values of one kind whose time is over and that have not been purged yet."""
    query = select(transients.c.value).where(transients.c.kind == kind, transients.c.expires_at <= now).limit(limit)
    return [bytes(row.value) for row in connection.execute(query)]
