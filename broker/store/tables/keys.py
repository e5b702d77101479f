"""Key pairs and the hub's own secrets; private parts only sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class SigningKeyRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "signing_keys"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    use: Mapped[str] = mapped_column(String(20))
    algorithm: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    certificate_pem: Mapped[str] = mapped_column(Text)
    sealed_private: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)


class HubSecretRow(db.Model):  # type: ignore[name-defined, misc]
    """Pairwise salt, pepper of client secrets, key of email hashes, key of cookies: made at init, stable ever after."""

    __tablename__ = "hub_secrets"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


signing_keys = SigningKeyRow.__table__
hub_secrets = HubSecretRow.__table__
