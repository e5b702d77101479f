"""audit log and followed changes: room for the longest domain name"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0013'
down_revision = '0012'

TABLES = ('audit', 'configuration_changes')


def upgrade() -> None:
    _resize(80, 255)


def downgrade() -> None:
    _resize(255, 80)


def _resize(before: int, after: int) -> None:
    # SQLite holds texts of any length in any column, and making the audit log anew there would lose its triggers.
    if op.get_bind().dialect.name != 'postgresql':
        return
    for table in TABLES:
        using = f'left(object_id, {after})' if after < before else None
        op.alter_column(
            table,
            'object_id',
            existing_type=sa.String(length=before),
            type_=sa.String(length=after),
            existing_nullable=False,
            postgresql_using=using,
        )
