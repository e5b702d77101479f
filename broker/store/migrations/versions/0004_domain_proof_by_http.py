"""what a look at a domain's web site found"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    op.add_column('domain_claims', sa.Column('web_result', sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.execute("UPDATE domains SET proof = 'operator', challenge = NULL, missing_since = NULL WHERE proof = 'http'")
    op.drop_column('domain_claims', 'web_result')
