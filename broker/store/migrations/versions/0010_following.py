"""what was last read of the metadata that connectors follow"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'


def upgrade() -> None:
    op.create_table('connector_following',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('address', sa.String(length=2000), server_default='', nullable=False),
    sa.Column('version', sa.Integer(), server_default='0', nullable=False),
    sa.Column('etag', sa.String(length=200), server_default='', nullable=False),
    sa.Column('last_modified', sa.String(length=200), server_default='', nullable=False),
    sa.Column('read_at', sa.BigInteger(), nullable=True),
    sa.Column('good_at', sa.BigInteger(), nullable=True),
    sa.Column('changed_at', sa.BigInteger(), nullable=True),
    sa.Column('valid_until', sa.BigInteger(), nullable=True),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('problem', sa.String(length=500), server_default='', nullable=False),
    sa.Column('waits', sa.String(length=200), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['connectors.id'], name=op.f('fk_connector_following_connector_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_connector_following_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connector_id', name=op.f('pk_connector_following'))
    )
    with op.batch_alter_table('connector_following', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_connector_following_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_connector_following_failures'), ['failures'], unique=False)
        batch_op.create_index(batch_op.f('ix_connector_following_tenant_id'), ['tenant_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_connector_following_waits'), ['waits'], unique=False)


def downgrade() -> None:
    op.drop_table('connector_following')
