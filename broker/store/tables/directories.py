"""Directories: what a customer's system pushes about its people and groups, one directory for each connector."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db


class DirectoryRow(db.Model):  # type: ignore[name-defined, misc]
    """`refusals`: the last requests that were refused, newest first, a handful."""

    __tablename__ = "directories"
    connector_id: Mapped[str] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    enabled: Mapped[bool]
    matching: Mapped[str] = mapped_column(String(20))
    unknown_people: Mapped[str] = mapped_column(String(20))
    refusals: Mapped[list[Any]] = mapped_column(JSON)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)


class DirectoryTokenRow(db.Model):  # type: ignore[name-defined, misc]
    """What a directory proves itself with. Only the hash is stored."""

    __tablename__ = "directory_tokens"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    connector_id: Mapped[str] = mapped_column(ForeignKey("directories.connector_id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[str] = mapped_column(String(40))
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class DirectoryPersonRow(db.Model):  # type: ignore[name-defined, misc]
    """`user_name_key` is the name without capitals: unique in its directory. `email` is the main address, folded too.
    `attributes`: the person as the directory's protocol shows them; `claims`: what logins learn, prepared.
    """

    __tablename__ = "directory_people"
    __table_args__ = (
        UniqueConstraint("connector_id", "user_name_key"),
        Index(None, "connector_id", "external_id"),
        Index(None, "connector_id", "email"),
        Index(None, "connector_id", "display_key"),
        Index(None, "connector_id", "changed_at"),
        Index(None, "connector_id", "id"),
        Index(None, "connector_id", "active"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    connector_id: Mapped[str] = mapped_column(ForeignKey("directories.connector_id", ondelete="CASCADE"))
    tenant_id: Mapped[str] = mapped_column(String(40))
    user_name: Mapped[str] = mapped_column(String(255))
    user_name_key: Mapped[str] = mapped_column(String(800))
    external_id: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(320))
    display_name: Mapped[str | None] = mapped_column(String(200))
    display_key: Mapped[str | None] = mapped_column(String(800))
    active: Mapped[bool]
    attributes: Mapped[bytes] = mapped_column(LargeBinary)
    claims: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class DirectoryWordRow(db.Model):  # type: ignore[name-defined, misc]
    """What a directory's person is found by. `kind`: "" for a word of the name, else the type of an address ("work").
    Collation "C" on PostgreSQL: a prefix is a range only where bytes decide the order.
    """

    __tablename__ = "directory_words"
    __table_args__ = (Index(None, "connector_id", "word", "person_id"),)
    person_id: Mapped[str] = mapped_column(ForeignKey("directory_people.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60), primary_key=True)
    word: Mapped[str] = mapped_column(String(320).with_variant(String(320, collation="C"), "postgresql"), primary_key=True)
    connector_id: Mapped[str] = mapped_column(String(40))


class DirectoryLinkRow(db.Model):  # type: ignore[name-defined, misc]
    """Whom a directory's person became when they signed in. One identity is one person of a directory."""

    __tablename__ = "directory_links"
    connector_id: Mapped[str] = mapped_column(ForeignKey("directories.connector_id", ondelete="CASCADE"), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("directory_people.id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Instant)


class DirectoryLeaverRow(db.Model):  # type: ignore[name-defined, misc]
    """Somebody was deleted by the directory. All that is kept is a hash of each name they had, so that they stay out."""

    __tablename__ = "directory_leavers"
    connector_id: Mapped[str] = mapped_column(ForeignKey("directories.connector_id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(40))
    left_at: Mapped[datetime] = mapped_column(Instant)


class DirectoryGroupRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "directory_groups"
    __table_args__ = (
        Index(None, "connector_id", "name_key", "id"),
        Index(None, "connector_id", "external_id"),
        Index(None, "connector_id", "changed_at"),
        Index(None, "connector_id", "id"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    connector_id: Mapped[str] = mapped_column(ForeignKey("directories.connector_id", ondelete="CASCADE"))
    tenant_id: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(256))
    name_key: Mapped[str] = mapped_column(String(800).with_variant(String(800, collation="C"), "postgresql"))
    external_id: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class DirectoryMemberRow(db.Model):  # type: ignore[name-defined, misc]
    """Read in both directions: who is in a group, and which groups somebody is in."""

    __tablename__ = "directory_members"
    group_id: Mapped[str] = mapped_column(ForeignKey("directory_groups.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("directory_people.id", ondelete="CASCADE"), primary_key=True, index=True)
    tenant_id: Mapped[str] = mapped_column(String(40))


directories = DirectoryRow.__table__
tokens = DirectoryTokenRow.__table__
people = DirectoryPersonRow.__table__
words = DirectoryWordRow.__table__
links = DirectoryLinkRow.__table__
leavers = DirectoryLeaverRow.__table__
groups = DirectoryGroupRow.__table__
members = DirectoryMemberRow.__table__
