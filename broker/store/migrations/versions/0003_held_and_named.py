"""connectors: the provider's own name, to be found by it; whether an operator switched it off"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'

BATCH = 1000


def upgrade() -> None:
    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.add_column(sa.Column('provider_id', sa.String(length=1024), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('held', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(batch_op.f('ix_connectors_provider_id'), ['provider_id'], unique=False)
    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.alter_column('provider_id', existing_type=sa.String(length=1024), server_default=None)
        batch_op.alter_column('held', existing_type=sa.Boolean(), server_default=None)
    _name_those_that_exist()


def _name_those_that_exist() -> None:
    connectors = sa.table('connectors', sa.column('id', sa.String), sa.column('settings', sa.JSON), sa.column('provider_id', sa.String))
    connection, last = op.get_bind(), ''
    while True:
        after = sa.select(connectors.c.id, connectors.c.settings).where(connectors.c.id > last).order_by(connectors.c.id)
        rows = connection.execute(after.limit(BATCH)).all()
        for row in rows:
            name = row.settings.get('entity_id') or row.settings.get('issuer') or ''
            # PostgreSQL indexes 2704 bytes at most.
            if name and len(name[:1024].encode()) <= 2600:
                connection.execute(sa.update(connectors).where(connectors.c.id == row.id).values(provider_id=name[:1024]))
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def downgrade() -> None:
    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_connectors_provider_id'))
        batch_op.drop_column('held')
        batch_op.drop_column('provider_id')
