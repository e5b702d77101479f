"""Directories themselves, and the tokens with which they prove who they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy import delete as remove

from broker.store.tables.directories import directories, groups, people, tokens
from broker.store.tables.trusts import connectors

AnyRow = Row[Any]


def find(connection: Connection, tenant_id: str | None, connector_id: str) -> AnyRow | None:
    """`tenant_id` None only for the catalogue and for a directory that proves itself at its connector's own address."""
    query = select(directories).where(directories.c.connector_id == connector_id)
    return connection.execute(query if tenant_id is None else query.where(directories.c.tenant_id == tenant_id)).first()


def hold(connection: Connection, tenant_id: str, connector_id: str) -> None:
    """Until the unit of work ends nobody else changes this connector's directory or its tokens; there may be none yet."""
    own = (connectors.c.tenant_id == tenant_id, connectors.c.id == connector_id)
    connection.execute(select(connectors.c.id).where(*own).with_for_update(key_share=True))


def of_many(connection: Connection, tenant_ids: list[str]) -> list[AnyRow]:
    """Of many tenants at once; for the export of all configuration."""
    parts = [tenant_ids[start : start + 500] for start in range(0, len(tenant_ids), 500)]
    return [row for part in parts for row in connection.execute(select(directories).where(directories.c.tenant_id.in_(part)))]


def save(connection: Connection, tenant_id: str, connector_id: str, values: dict[str, Any], *, exists: bool) -> None:
    if exists:
        own = (directories.c.tenant_id == tenant_id, directories.c.connector_id == connector_id)
        connection.execute(update(directories).where(*own).values(**values))
    else:
        connection.execute(insert(directories).values(tenant_id=tenant_id, connector_id=connector_id, refusals=[], **values))


def delete(connection: Connection, tenant_id: str, connector_id: str) -> int:
    """With its people, groups and tokens."""
    own = (directories.c.tenant_id == tenant_id, directories.c.connector_id == connector_id)
    return connection.execute(remove(directories).where(*own)).rowcount


def set_refusals(connection: Connection, tenant_id: str, connector_id: str, refusals: list[Any]) -> None:
    own = (directories.c.tenant_id == tenant_id, directories.c.connector_id == connector_id)
    connection.execute(update(directories).where(*own).values(refusals=refusals))


def counts(connection: Connection, tenant_id: str, connector_id: str) -> tuple[int, int, int]:
    """(people, of them switched on, groups)."""
    own = (people.c.tenant_id == tenant_id, people.c.connector_id == connector_id)
    all_people = connection.execute(select(func.count()).select_from(people).where(*own)).scalar_one()
    active = connection.execute(select(func.count()).select_from(people).where(*own, people.c.active)).scalar_one()
    of_groups = (groups.c.tenant_id == tenant_id, groups.c.connector_id == connector_id)
    return all_people, active, connection.execute(select(func.count()).select_from(groups).where(*of_groups)).scalar_one()


# --- tokens -----------------------------------------------------------------------------------------------------------


def add_token(connection: Connection, tenant_id: str, values: dict[str, Any]) -> None:
    connection.execute(insert(tokens).values(tenant_id=tenant_id, **values))


def token_by_hash(connection: Connection, connector_id: str, token_hash: bytes) -> AnyRow | None:
    """By the token's own secret, at its own connector's address: which is why no tenant is named."""
    own = (tokens.c.token_hash == token_hash, tokens.c.connector_id == connector_id)
    return connection.execute(select(tokens).where(*own)).first()


def tokens_of(connection: Connection, tenant_id: str, connector_id: str) -> list[AnyRow]:
    """Newest first; revoked ones too."""
    own = (tokens.c.tenant_id == tenant_id, tokens.c.connector_id == connector_id)
    return list(connection.execute(select(tokens).where(*own).order_by(tokens.c.created_at.desc(), tokens.c.id).limit(100)))


def revoke_token(connection: Connection, tenant_id: str, connector_id: str, token_id: str, at: datetime) -> int:
    own = (tokens.c.tenant_id == tenant_id, tokens.c.connector_id == connector_id, tokens.c.id == token_id)
    return connection.execute(update(tokens).where(*own, tokens.c.revoked_at.is_(None)).values(revoked_at=at)).rowcount


def drop_token(connection: Connection, tenant_id: str, connector_id: str, token_id: str) -> None:
    """A token that has stopped working long since."""
    own = (tokens.c.tenant_id == tenant_id, tokens.c.connector_id == connector_id, tokens.c.id == token_id)
    connection.execute(remove(tokens).where(*own))


def token_used(connection: Connection, tenant_id: str, token_id: str, at: datetime) -> None:
    connection.execute(update(tokens).where(tokens.c.tenant_id == tenant_id, tokens.c.id == token_id).values(last_used_at=at))
