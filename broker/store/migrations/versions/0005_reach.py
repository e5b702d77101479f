"""whether identity providers answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    op.create_table('connector_reach',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('probed_at', sa.BigInteger(), nullable=True),
    sa.Column('reachable', sa.Boolean(), nullable=True),
    sa.Column('since', sa.BigInteger(), nullable=True),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('problem', sa.String(length=40), server_default='', nullable=False),
    sa.Column('detail', sa.String(length=80), server_default='', nullable=False),
    sa.Column('address', sa.String(length=300), server_default='', nullable=False),
    sa.Column('response_ms', sa.Integer(), nullable=True),
    sa.Column('tls_expires_at', sa.BigInteger(), nullable=True),
    sa.Column('clock_offset_ms', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['connector_id'], ['connectors.id'], name=op.f('fk_connector_reach_connector_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_connector_reach_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connector_id', name=op.f('pk_connector_reach'))
    )
    with op.batch_alter_table('connector_reach', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_connector_reach_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_connector_reach_reachable_since'), ['reachable', 'since'], unique=False)
        batch_op.create_index(batch_op.f('ix_connector_reach_tenant_id'), ['tenant_id'], unique=False)


def downgrade() -> None:
    op.drop_table('connector_reach')
