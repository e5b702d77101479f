"""Logos and favicons that operators uploaded: checked, re-hosted, served from here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, LargeBinary, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from broker.domain.branding import BrandImage
from broker.store.db import Instant, db


class BrandImageRow(db.Model):  # type: ignore[name-defined, misc]
    """`id` is made from the content, so an address never changes what it shows. `owner_id`: a tenant or an application."""

    __tablename__ = "brand_images"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    content_type: Mapped[str] = mapped_column(String(40))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)


_images = BrandImageRow.__table__


def put(connection: Connection, owner_id: str, image: BrandImage, at: datetime) -> None:
    if not owns(connection, owner_id, image.id):
        values = {"id": image.id, "content_type": image.content_type, "body": image.body, "created_at": at}
        connection.execute(insert(_images).values(owner_id=owner_id, **values))


def owns(connection: Connection, owner_id: str, image_id: str) -> bool:
    query = select(_images.c.id).where(_images.c.id == image_id, _images.c.owner_id == owner_id)
    return connection.execute(query).first() is not None


def keep_only(connection: Connection, owner_id: str, image_ids: set[str]) -> None:
    """What the owner shows no more is deleted."""
    connection.execute(delete(_images).where(_images.c.owner_id == owner_id, _images.c.id.not_in(sorted(image_ids))))


def find(connection: Connection, image_id: str) -> BrandImage | None:
    """Whoever uploaded it: everybody who knows the content's hash has seen the picture, and pages show it to anybody."""
    query = select(_images.c.content_type, _images.c.body).where(_images.c.id == image_id).limit(1)
    row = connection.execute(query).first()
    return None if row is None else BrandImage(image_id, row.content_type, bytes(row.body))
