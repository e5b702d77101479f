"""People and their links to identity providers. Every query names the tenant first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, LargeBinary, String, Text, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from broker.domain.identity import Identity
from broker.store.db import Instant, db
from broker.store.statements import Statement


class IdentityRow(db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "identities"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    subject: Mapped[str] = mapped_column(String(80), unique=True)
    enabled: Mapped[bool]
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    profile: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)


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
_columns = (_identities.c.id, _identities.c.tenant_id, _identities.c.subject, _identities.c.enabled, _identities.c.created_at)


def link_key(issuer: str, subject: str) -> bytes:
    """Length-prefixed, so that no issuer/subject pair can imitate another."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Seen:
    """An identity and what was last seen of it."""

    identity: Identity
    email: str | None
    profile: bytes
    last_seen_at: datetime


_LINKED = Statement(
    select(*_columns, _identities.c.email, _identities.c.profile, _identities.c.last_seen_at)
    .join(_links, _links.c.identity_id == _identities.c.id)
    .where(
        _identities.c.tenant_id == bindparam("tenant_id"),
        _links.c.connector_id == bindparam("connector_id"),
        _links.c.key_hash == bindparam("key_hash"),
    )
)
_FIND = Statement(select(*_columns).where(_identities.c.tenant_id == bindparam("tenant_id"), _identities.c.id == bindparam("id")))


def find_linked(connection: Connection, tenant_id: str, connector_id: str, issuer: str, subject: str) -> Seen | None:
    row = _LINKED.first(connection, tenant_id=tenant_id, connector_id=connector_id, key_hash=link_key(issuer, subject))
    return None if row is None else Seen(_identity(row), row[5], bytes(row[6]), row[7])


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
    except IntegrityError:
        return False
    return True


def saw(connection: Connection, tenant_id: str, identity_id: str, *, email: str | None, profile: bytes, at: datetime) -> None:
    """The profile as last seen."""
    connection.execute(
        update(_identities)
        .where(_identities.c.tenant_id == tenant_id, _identities.c.id == identity_id)
        .values(email=email, profile=profile, last_seen_at=at)
    )


def set_enabled(connection: Connection, tenant_id: str, identity_id: str, *, enabled: bool) -> int:
    return connection.execute(
        update(_identities).where(_identities.c.tenant_id == tenant_id, _identities.c.id == identity_id).values(enabled=enabled)
    ).rowcount
