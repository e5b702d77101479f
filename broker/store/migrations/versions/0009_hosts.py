"""host names of tenants' own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    op.create_table('tenant_hosts',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=253), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('problem', sa.String(length=40), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('checked_at', sa.BigInteger(), nullable=True),
    sa.Column('failing_since', sa.BigInteger(), nullable=True),
    sa.Column('certificate_ends_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_tenant_hosts_tenant_id_tenants'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tenant_hosts')),
    sa.UniqueConstraint('name', name=op.f('uq_tenant_hosts_name'))
    )
    op.create_index('ix_tenant_hosts_tenant_name', 'tenant_hosts', ['tenant_id', 'name'], unique=False)
    op.create_table('host_uses',
    sa.Column('host_id', sa.String(length=40), nullable=False),
    sa.Column('application_id', sa.String(length=40), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['host_id'], ['tenant_hosts.id'], name=op.f('fk_host_uses_host_id_tenant_hosts'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('host_id', 'application_id', name=op.f('pk_host_uses'))
    )


def downgrade() -> None:
    op.drop_table('host_uses')
    op.drop_index('ix_tenant_hosts_tenant_name', table_name='tenant_hosts')
    op.drop_table('tenant_hosts')
