"""sums of logins by connector and day"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'


def upgrade() -> None:
    op.create_table('connector_days',
    sa.Column('day', sa.BigInteger(), nullable=False),
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'connector_id', 'outcome', name=op.f('pk_connector_days'))
    )
    # Instants are microseconds since 1970 in UTC, which began at midnight: whole days by division of integers.
    op.execute(
        'INSERT INTO connector_days (day, connector_id, outcome, "count") '
        'SELECT hour / 86400000000 * 86400000000, connector_id, outcome, SUM("count") FROM login_hours '
        'GROUP BY hour / 86400000000 * 86400000000, connector_id, outcome'
    )


def downgrade() -> None:
    op.drop_table('connector_days')
