"""People and their links to identity providers. Every query names the tenant first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, LargeBinary, String, Text, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from broker.domain.folding import search_words
from broker.domain.identity import Identity
from broker.store.db import Instant, db
from broker.store.statements import Statement


class IdentityRow(db.Model):  # type: ignore[name-defined, misc]
    """`signed_out_at`: what was issued until then is not honoured any more."""

    __tablename__ = "identities"
    __table_args__ = (Index(None, "last_seen_at", "id"), Index(None, "tenant_id", "last_seen_at", "id"))
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    subject: Mapped[str] = mapped_column(String(80), unique=True)
    enabled: Mapped[bool]
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    name: Mapped[str | None] = mapped_column(String(200))
    profile: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    signed_out_at: Mapped[datetime | None] = mapped_column(Instant)


class IdentityWordRow(db.Model):  # type: ignore[name-defined, misc]
    """What a person is found by. Collation "C" on PostgreSQL: a prefix is a range only where bytes decide the order."""

    __tablename__ = "identity_words"
    __table_args__ = (Index(None, "tenant_id", "word", "identity_id"),)
    word: Mapped[str] = mapped_column(String(320).with_variant(String(320, collation="C"), "postgresql"), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, index=True)
    tenant_id: Mapped[str] = mapped_column(String(40))


class IdentityLinkRow(db.Model):  # type: ignore[name-defined, misc]
    """`key_hash` is SHA-256 of issuer and subject: both may be long, and an index entry should not be."""

    __tablename__ = "identity_links"
    connector_id: Mapped[str] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    mutable: Mapped[bool]
    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


_identities = IdentityRow.__table__
_links = IdentityLinkRow.__table__
_words = IdentityWordRow.__table__
_columns = (_identities.c.id, _identities.c.tenant_id, _identities.c.subject, _identities.c.enabled, _identities.c.created_at)


def link_key(issuer: str, subject: str) -> bytes:
    """Length-prefixed, so that no issuer/subject pair can imitate another."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Seen:
    """An identity and what was last seen of it."""

    identity: Identity
    email: str | None
    name: str | None
    profile: bytes
    last_seen_at: datetime


_LINKED = Statement(
    select(*_columns, _identities.c.email, _identities.c.name, _identities.c.profile, _identities.c.last_seen_at)
    .join(_links, _links.c.identity_id == _identities.c.id)
    .where(
        _identities.c.tenant_id == bindparam("tenant_id"),
        _links.c.connector_id == bindparam("connector_id"),
        _links.c.key_hash == bindparam("key_hash"),
    )
)
_STANDING = Statement(
    select(_identities.c.enabled, _identities.c.signed_out_at).where(
        _identities.c.tenant_id == bindparam("tenant_id"), _identities.c.id == bindparam("id")
    )
)
_FIND = Statement(select(*_columns).where(_identities.c.tenant_id == bindparam("tenant_id"), _identities.c.id == bindparam("id")))


def find_linked(connection: Connection, tenant_id: str, connector_id: str, issuer: str, subject: str) -> Seen | None:
    row = _LINKED.first(connection, tenant_id=tenant_id, connector_id=connector_id, key_hash=link_key(issuer, subject))
    return None if row is None else Seen(_identity(row), row[5], row[6], bytes(row[7]), row[8])


def find(connection: Connection, tenant_id: str, identity_id: str) -> Identity | None:
    row = _FIND.first(connection, tenant_id=tenant_id, id=identity_id)
    return None if row is None else _identity(row)


def _identity(row: tuple[Any, ...]) -> Identity:
    return Identity(row[0], row[1], row[2], bool(row[3]), row[4])


def create_linked(
    connection: Connection,
    identity: Identity,
    connector_id: str,
    issuer: str,
    subject: str,
    *,
    mutable: bool,
    email: str | None,
    name: str | None,
    profile: bytes,
) -> bool:
    """Identity and link together, or neither: False when somebody else created this link in the same moment."""
    try:
        with connection.begin_nested():
            connection.execute(
                insert(_identities).values(
                    id=identity.id,
                    tenant_id=identity.tenant_id,
                    subject=identity.subject,
                    enabled=identity.enabled,
                    email=email,
                    name=name,
                    profile=profile,
                    created_at=identity.created_at,
                    last_seen_at=identity.created_at,
                )
            )
            connection.execute(
                insert(_links).values(
                    connector_id=connector_id,
                    key_hash=link_key(issuer, subject),
                    issuer=issuer,
                    subject=subject,
                    mutable=mutable,
                    identity_id=identity.id,
                    created_at=identity.created_at,
                )
            )
            _add_words(connection, identity.tenant_id, identity.id, email, name)
    except IntegrityError:
        return False
    return True


def saw(
    connection: Connection, tenant_id: str, seen: Seen, *, email: str | None, name: str | None, profile: bytes, at: datetime
) -> None:
    """The profile as last seen, in place of what `seen` says."""
    connection.execute(
        update(_identities)
        .where(_identities.c.tenant_id == tenant_id, _identities.c.id == seen.identity.id)
        .values(email=email, name=name, profile=profile, last_seen_at=at)
    )
    if (email, name) != (seen.email, seen.name):
        connection.execute(delete(_words).where(_words.c.tenant_id == tenant_id, _words.c.identity_id == seen.identity.id))
        _add_words(connection, tenant_id, seen.identity.id, email, name)


def _add_words(connection: Connection, tenant_id: str, identity_id: str, email: str | None, name: str | None) -> None:
    if words := search_words(email, name):
        rows = [{"word": word, "identity_id": identity_id, "tenant_id": tenant_id} for word in words]
        connection.execute(insert(_words), rows)


def standing(connection: Connection, tenant_id: str, identity_id: str) -> tuple[bool, datetime | None] | None:
    """(switched on, signed out everywhere at); None when there is no such person."""
    row = _STANDING.first(connection, tenant_id=tenant_id, id=identity_id)
    return None if row is None else (bool(row[0]), row[1])


def set_enabled(connection: Connection, tenant_id: str, identity_id: str, *, enabled: bool) -> int:
    return connection.execute(
        update(_identities).where(_identities.c.tenant_id == tenant_id, _identities.c.id == identity_id).values(enabled=enabled)
    ).rowcount


def sign_out(connection: Connection, tenant_id: str, identity_id: str, at: datetime) -> int:
    """What was issued until `at` is not honoured any more."""
    return connection.execute(
        update(_identities).where(_identities.c.tenant_id == tenant_id, _identities.c.id == identity_id).values(signed_out_at=at)
    ).rowcount
