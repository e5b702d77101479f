"""Tokens and clients of the management API: scoped to verbs and, if wanted, one tenant; only a hash is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, LargeBinary, Row, String, insert, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from broker.store.db import Instant, db

MAKER_LENGTH = 120


class ApiTokenRow(db.Model):  # type: ignore[name-defined, misc]
    """`kind` "token": a bearer token; "client": a client id and secret for the client credentials grant (RFC 6749 4.4)."""

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    verbs: Mapped[list[Any]] = mapped_column(JSON)
    created_by: Mapped[str] = mapped_column(String(MAKER_LENGTH))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


api_tokens = ApiTokenRow.__table__
_tokens = api_tokens


def create(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(_tokens).values(**values))


def by_hash(connection: Connection, token_hash: bytes) -> Row[Any] | None:
    """By the token's own secret, which is why no tenant is named."""
    return connection.execute(select(_tokens).where(_tokens.c.token_hash == token_hash)).first()


def by_id(connection: Connection, token_id: str) -> Row[Any] | None:
    return connection.execute(select(_tokens).where(_tokens.c.id == token_id)).first()


def is_named(connection: Connection, name: str, now: datetime) -> bool:
    """Whether a living token has this name."""
    living = select(_tokens.c.id).where(_tokens.c.name == name, _tokens.c.revoked_at.is_(None), _tokens.c.expires_at > now)
    return connection.execute(living).first() is not None


def page(connection: Connection, *, after: str, limit: int) -> list[Row[Any]]:
    """Newest first. `after`: the id of the one before."""
    query = select(_tokens).order_by(_tokens.c.created_at.desc(), _tokens.c.id.desc()).limit(limit)
    if after:
        last = select(_tokens.c.created_at, _tokens.c.id).where(_tokens.c.id == after)
        query = query.where(tuple_(_tokens.c.created_at, _tokens.c.id) < last.scalar_subquery())
    return list(connection.execute(query))


def descended(connection: Connection, maker: str, now: datetime) -> list[Row[Any]]:
    """Living tokens of this maker, and what was made with theirs, those that are over included."""
    return _with_theirs(connection, _made_by(connection, maker), now)


def made_with(connection: Connection, token: Row[Any], now: datetime) -> list[Row[Any]]:
    """Living tokens that were made with this one, and with those."""
    return _with_theirs(connection, _made_with(connection, token), now)


def _with_theirs(connection: Connection, fresh: list[Row[Any]], now: datetime) -> list[Row[Any]]:
    found: dict[str, Row[Any]] = {}
    while fresh:
        found |= {token.id: token for token in fresh}
        fresh = [made for token in fresh for made in _made_with(connection, token) if made.id not in found]
    return [token for token in found.values() if token.revoked_at is None and token.expires_at > now]


def _made_by(connection: Connection, maker: str) -> list[Row[Any]]:
    made = select(_tokens).where(_tokens.c.created_by == maker[:MAKER_LENGTH])
    return list(connection.execute(made.order_by(_tokens.c.created_at, _tokens.c.id)))


def _made_with(connection: Connection, token: Row[Any]) -> list[Row[Any]]:
    """While it lived: afterwards another one may have its name."""
    over = token.expires_at if token.revoked_at is None else min(token.revoked_at, token.expires_at)
    return [made for made in _made_by(connection, f"token:{token.name}") if token.created_at <= made.created_at <= over]


def revoke(connection: Connection, token_id: str, at: datetime) -> int:
    living = update(_tokens).where(_tokens.c.id == token_id, _tokens.c.revoked_at.is_(None))
    return connection.execute(living.values(revoked_at=at)).rowcount


def used(connection: Connection, token_id: str, at: datetime) -> None:
    connection.execute(update(_tokens).where(_tokens.c.id == token_id).values(last_used_at=at))
