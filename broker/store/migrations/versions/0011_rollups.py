"""sums of logins for the first page"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'


def upgrade() -> None:
    op.create_table('hub_hours',
    sa.Column('hour', sa.BigInteger(), nullable=False),
    sa.Column('application_id', sa.String(length=40), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('error_code', sa.String(length=60), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('hour', 'application_id', 'outcome', 'error_code', name=op.f('pk_hub_hours'))
    )
    op.create_table('recent_connectors',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('connector_id', 'outcome', name=op.f('pk_recent_connectors'))
    )
    # The recent ones fill themselves at the first upkeep; until then an empty window is corrected by the hours themselves.
    op.execute(
        'INSERT INTO hub_hours (hour, application_id, outcome, error_code, "count") '
        'SELECT hour, application_id, outcome, error_code, SUM("count") FROM login_hours '
        'GROUP BY hour, application_id, outcome, error_code'
    )


def downgrade() -> None:
    op.drop_table('recent_connectors')
    op.drop_table('hub_hours')
    op.execute("DELETE FROM hub_settings WHERE name = 'statistics.recent_from'")
