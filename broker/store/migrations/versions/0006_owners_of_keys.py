"""keys of tenants and applications, and what their rollover needs to know"""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op
from cryptography import x509
from cryptography.hazmat.primitives import serialization

revision = '0006'
down_revision = '0005'

def _new() -> list["sa.Column[object]"]:
    return [
        sa.Column('owner_kind', sa.String(length=20), server_default='hub', nullable=False),
        sa.Column('owner_id', sa.String(length=40), server_default='', nullable=False),
        sa.Column('thumbprint', sa.String(length=64), nullable=True),
        sa.Column('not_after', sa.BigInteger(), nullable=True),
        sa.Column('imported', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column('promoted_at', sa.BigInteger(), nullable=True),
        sa.Column('retired_at', sa.BigInteger(), nullable=True),
        sa.Column('ends_at', sa.BigInteger(), nullable=True),
        sa.Column('hub_beside_since', sa.BigInteger(), nullable=True),
        sa.Column('hub_beside_until', sa.BigInteger(), nullable=True),
    ]


_INDEXES = ('owner_id', 'not_after', 'ends_at')


def upgrade() -> None:
    with op.batch_alter_table('signing_keys', schema=None) as batch_op:
        for column in _new():
            batch_op.add_column(column)
        batch_op.alter_column('sealed_private', existing_type=sa.LargeBinary(), nullable=True)
    _describe()
    with op.batch_alter_table('signing_keys', schema=None) as batch_op:
        batch_op.alter_column('thumbprint', existing_type=sa.String(length=64), nullable=False)
        batch_op.alter_column('not_after', existing_type=sa.BigInteger(), nullable=False)
        batch_op.create_unique_constraint(batch_op.f('uq_signing_keys_thumbprint'), ['thumbprint'])
        for name in _INDEXES:
            batch_op.create_index(batch_op.f(f'ix_signing_keys_{name}'), [name], unique=False)
        for state in ('next', 'active'):
            batch_op.create_index(
                f'ux_signing_keys_{state}',
                ['owner_id', 'use', 'algorithm'],
                unique=True,
                sqlite_where=sa.text(f"state = '{state}'"),
                postgresql_where=sa.text(f"state = '{state}'"),
            )


def _describe() -> None:
    """The keys that are there have signed since they were made; what their certificates say is kept beside them."""
    connection = op.get_bind()
    names = ('id', 'certificate_pem', 'created_at', 'state', 'thumbprint', 'not_after', 'promoted_at')
    keys = sa.table('signing_keys', *(sa.column(name) for name in names))
    for row in connection.execute(sa.select(keys.c.id, keys.c.certificate_pem, keys.c.created_at, keys.c.state)).all():
        certificate = x509.load_pem_x509_certificate(row.certificate_pem.encode())
        public = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        values = {
            'thumbprint': sha256(public).hexdigest(),
            'not_after': int(certificate.not_valid_after_utc.timestamp() * 1_000_000),
            'promoted_at': row.created_at if row.state == 'active' else None,
        }
        connection.execute(sa.update(keys).where(keys.c.id == row.id).values(**values))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM signing_keys WHERE owner_id <> '' OR sealed_private IS NULL"))
    with op.batch_alter_table('signing_keys', schema=None) as batch_op:
        for state in ('next', 'active'):
            batch_op.drop_index(f'ux_signing_keys_{state}')
        for name in _INDEXES:
            batch_op.drop_index(batch_op.f(f'ix_signing_keys_{name}'))
        batch_op.drop_constraint(batch_op.f('uq_signing_keys_thumbprint'), type_='unique')
        batch_op.alter_column('sealed_private', existing_type=sa.LargeBinary(), nullable=False)
        for column in reversed(_new()):
            batch_op.drop_column(column.name)
