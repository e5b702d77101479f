"""The hub's own staff: accounts, passkeys, sessions of the console, one-time links. Secrets hashed or sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class StaffRow(db.Model):  # type: ignore[name-defined, misc]
    """`tenant_id` only for tenant administrators. `identity_id`: the hub's own person who may sign in as this account."""

    __tablename__ = "staff"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    enabled: Mapped[bool]
    password_hash: Mapped[str | None] = mapped_column(Text)
    sealed_totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_used_step: Mapped[int | None] = mapped_column(BigInteger)
    identity_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int]


class PasskeyRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "staff_passkeys"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    transports: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffSessionRow(db.Model):  # type: ignore[name-defined, misc]
    """Only the hash of the cookie's handle is stored. `authenticated_at`: when credentials were last shown in it."""

    __tablename__ = "staff_sessions"
    handle_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    method: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Instant)
    authenticated_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant, index=True)
    user_agent: Mapped[str] = mapped_column(String(200))
    remote_address: Mapped[str] = mapped_column(String(64))


class StaffLinkRow(db.Model):  # type: ignore[name-defined, misc]
    """One-time links: an invitation, a lost credential. Only the hash of the token is stored.

    `staff_id` NULL: for the first owner, who says who they are when they open it.
    """

    __tablename__ = "staff_links"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


staff = StaffRow.__table__
passkeys = PasskeyRow.__table__
staff_sessions = StaffSessionRow.__table__
staff_links = StaffLinkRow.__table__
