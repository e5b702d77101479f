"""Key pairs and the hub's own secrets; private parts only sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class SigningKeyRow(db.Model):  # type: ignore[name-defined, misc]
    """`owner_id`: a tenant's or an application's; "" for the hub. Of each kind of key an owner has one that signs and one that
    is announced, at most: two processes that change keys at once cannot make more.

    `thumbprint`: SHA-256 of the public key, so that a key comes in once and never after it was revoked. `sealed_private` is
    gone when a key is revoked. `ends_at`: when a retiring key goes, and when a revoked one is forgotten. `hub_beside_since`,
    `hub_beside_until`: the hub's keys are published beside this one; without an end its owner gives own keys up.
    """

    __tablename__ = "signing_keys"
    __table_args__ = tuple(
        Index(
            f"ux_signing_keys_{state}",
            "owner_id",
            "use",
            "algorithm",
            unique=True,
            sqlite_where=text(f"state = '{state}'"),
            postgresql_where=text(f"state = '{state}'"),
        )
        for state in ("next", "active")
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    use: Mapped[str] = mapped_column(String(20))
    algorithm: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    certificate_pem: Mapped[str] = mapped_column(Text)
    sealed_private: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    owner_kind: Mapped[str] = mapped_column(String(20), server_default="hub")
    owner_id: Mapped[str] = mapped_column(String(40), server_default="", index=True)
    thumbprint: Mapped[str] = mapped_column(String(64), unique=True)
    not_after: Mapped[datetime] = mapped_column(Instant, index=True)
    imported: Mapped[bool] = mapped_column(server_default=false())
    promoted_at: Mapped[datetime | None] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    ends_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    hub_beside_since: Mapped[datetime | None] = mapped_column(Instant)
    hub_beside_until: Mapped[datetime | None] = mapped_column(Instant)


class HubSecretRow(db.Model):  # type: ignore[name-defined, misc]
    """Pairwise salt, pepper of client secrets, key of email hashes, key of cookies: made at init, stable ever after."""

    __tablename__ = "hub_secrets"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


signing_keys = SigningKeyRow.__table__
hub_secrets = HubSecretRow.__table__
