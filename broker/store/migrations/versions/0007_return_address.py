"""set-up links: the product that their pages lead back to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    with op.batch_alter_table('setup_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('return_url', sa.String(length=500), nullable=False, server_default=''))
    with op.batch_alter_table('setup_links', schema=None) as batch_op:
        batch_op.alter_column('return_url', existing_type=sa.String(length=500), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('setup_links', schema=None) as batch_op:
        batch_op.drop_column('return_url')
