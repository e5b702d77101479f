"""Logos and favicons that operators uploaded: checked, re-hosted, served from here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class BrandImageRow(db.Model):  # type: ignore[name-defined, misc]
    """`id` is made from the content, so an address never changes what it shows. `owner_id`: a tenant or an application."""

    __tablename__ = "brand_images"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    content_type: Mapped[str] = mapped_column(String(40))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)


brand_images = BrandImageRow.__table__
