"""directories: the people and groups that a customer's own system pushes, one directory for each connector"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'


def upgrade() -> None:
    op.create_table('directories',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('matching', sa.String(length=20), nullable=False),
    sa.Column('unknown_people', sa.String(length=20), nullable=False),
    sa.Column('refusals', sa.JSON(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['connectors.id'], name=op.f('fk_directories_connector_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_directories_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connector_id', name=op.f('pk_directories'))
    )
    with op.batch_alter_table('directories', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directories_tenant_id'), ['tenant_id'], unique=False)

    op.create_table('directory_groups',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=256), nullable=False),
    sa.Column('name_key', sa.String(length=800).with_variant(sa.String(length=800, collation='C'), 'postgresql'), nullable=False),
    sa.Column('external_id', sa.String(length=255), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['directories.connector_id'], name=op.f('fk_directory_groups_connector_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_groups'))
    )
    with op.batch_alter_table('directory_groups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_groups_connector_id_changed_at'), ['connector_id', 'changed_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_groups_connector_id_external_id'), ['connector_id', 'external_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_groups_connector_id_id'), ['connector_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_groups_connector_id_name_key_id'), ['connector_id', 'name_key', 'id'], unique=False)

    op.create_table('directory_leavers',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('key_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('left_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['directories.connector_id'], name=op.f('fk_directory_leavers_connector_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connector_id', 'key_hash', name=op.f('pk_directory_leavers'))
    )
    op.create_table('directory_people',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('user_name', sa.String(length=255), nullable=False),
    sa.Column('user_name_key', sa.String(length=800), nullable=False),
    sa.Column('external_id', sa.String(length=255), nullable=True),
    sa.Column('email', sa.String(length=320), nullable=True),
    sa.Column('display_name', sa.String(length=200), nullable=True),
    sa.Column('display_key', sa.String(length=800), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('attributes', sa.LargeBinary(), nullable=False),
    sa.Column('claims', sa.LargeBinary(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['directories.connector_id'], name=op.f('fk_directory_people_connector_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_people')),
    sa.UniqueConstraint('connector_id', 'user_name_key', name=op.f('uq_directory_people_connector_id_user_name_key'))
    )
    with op.batch_alter_table('directory_people', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_people_connector_id_active'), ['connector_id', 'active'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_people_connector_id_changed_at'), ['connector_id', 'changed_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_people_connector_id_display_key'), ['connector_id', 'display_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_people_connector_id_email'), ['connector_id', 'email'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_people_connector_id_external_id'), ['connector_id', 'external_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_people_connector_id_id'), ['connector_id', 'id'], unique=False)

    op.create_table('directory_tokens',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('created_by', sa.String(length=120), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.Column('last_used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['connector_id'], ['directories.connector_id'], name=op.f('fk_directory_tokens_connector_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_directory_tokens_token_hash'))
    )
    with op.batch_alter_table('directory_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_tokens_connector_id'), ['connector_id'], unique=False)

    op.create_table('directory_links',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('identity_id', sa.String(length=40), nullable=False),
    sa.Column('person_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['connector_id'], ['directories.connector_id'], name=op.f('fk_directory_links_connector_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['identity_id'], ['identities.id'], name=op.f('fk_directory_links_identity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['directory_people.id'], name=op.f('fk_directory_links_person_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connector_id', 'identity_id', name=op.f('pk_directory_links'))
    )
    with op.batch_alter_table('directory_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_links_identity_id'), ['identity_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_links_person_id'), ['person_id'], unique=False)

    op.create_table('directory_members',
    sa.Column('group_id', sa.String(length=40), nullable=False),
    sa.Column('person_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['directory_groups.id'], name=op.f('fk_directory_members_group_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['directory_people.id'], name=op.f('fk_directory_members_person_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('group_id', 'person_id', name=op.f('pk_directory_members'))
    )
    with op.batch_alter_table('directory_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_members_person_id'), ['person_id'], unique=False)

    op.create_table('directory_words',
    sa.Column('person_id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('word', sa.String(length=320).with_variant(sa.String(length=320, collation='C'), 'postgresql'), nullable=False),
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['directory_people.id'], name=op.f('fk_directory_words_person_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('person_id', 'kind', 'word', name=op.f('pk_directory_words'))
    )
    with op.batch_alter_table('directory_words', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_words_connector_id_word_person_id'), ['connector_id', 'word', 'person_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('directory_words', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_words_connector_id_word_person_id'))

    op.drop_table('directory_words')
    with op.batch_alter_table('directory_members', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_members_person_id'))

    op.drop_table('directory_members')
    with op.batch_alter_table('directory_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_links_person_id'))
        batch_op.drop_index(batch_op.f('ix_directory_links_identity_id'))

    op.drop_table('directory_links')
    with op.batch_alter_table('directory_tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_tokens_connector_id'))

    op.drop_table('directory_tokens')
    with op.batch_alter_table('directory_people', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_people_connector_id_id'))
        batch_op.drop_index(batch_op.f('ix_directory_people_connector_id_external_id'))
        batch_op.drop_index(batch_op.f('ix_directory_people_connector_id_email'))
        batch_op.drop_index(batch_op.f('ix_directory_people_connector_id_display_key'))
        batch_op.drop_index(batch_op.f('ix_directory_people_connector_id_changed_at'))
        batch_op.drop_index(batch_op.f('ix_directory_people_connector_id_active'))

    op.drop_table('directory_people')
    op.drop_table('directory_leavers')
    with op.batch_alter_table('directory_groups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_groups_connector_id_name_key_id'))
        batch_op.drop_index(batch_op.f('ix_directory_groups_connector_id_id'))
        batch_op.drop_index(batch_op.f('ix_directory_groups_connector_id_external_id'))
        batch_op.drop_index(batch_op.f('ix_directory_groups_connector_id_changed_at'))

    op.drop_table('directory_groups')
    with op.batch_alter_table('directories', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directories_tenant_id'))

    op.drop_table('directories')
