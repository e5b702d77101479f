"""staff, API tokens, domain claims, statistics, branding; what faces show of set-up links, domains and traces"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'


# The audit log refuses changes in the database itself. A later migration that makes the table anew on SQLite (a batch ALTER)
# loses its triggers and has to make them again.
APPEND_ONLY = {
    'sqlite': [
        f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        for verb in ('UPDATE', 'DELETE')
    ],
    'postgresql': [
        "CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()",
    ],
}
CHANGEABLE = {
    'sqlite': ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    'postgresql': ["DROP TRIGGER audit_no_change ON audit", "DROP FUNCTION refuse_change_of_audit()"],
}


def upgrade() -> None:
    op.create_table('brand_images',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('owner_id', sa.String(length=40), nullable=False),
    sa.Column('content_type', sa.String(length=40), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', 'owner_id', name=op.f('pk_brand_images'))
    )
    op.create_table('hub_settings',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_hub_settings'))
    )
    op.create_table('login_hours',
    sa.Column('hour', sa.BigInteger(), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('application_id', sa.String(length=40), nullable=False),
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('error_code', sa.String(length=60), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('hour', 'tenant_id', 'application_id', 'connector_id', 'outcome', 'error_code', name=op.f('pk_login_hours'))
    )
    op.create_table('api_tokens',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=True),
    sa.Column('verbs', sa.JSON(), nullable=False),
    sa.Column('created_by', sa.String(length=120), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.Column('last_used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_api_tokens_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_api_tokens_token_hash'))
    )
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_tokens_tenant_id'), ['tenant_id'], unique=False)

    op.create_table('domain_claims',
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('challenge', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('checked_at', sa.BigInteger(), nullable=True),
    sa.Column('result', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_domain_claims_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'name', name=op.f('pk_domain_claims'))
    )
    op.create_table('staff',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=True),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('sealed_totp', sa.LargeBinary(), nullable=True),
    sa.Column('totp_used_step', sa.BigInteger(), nullable=True),
    sa.Column('identity_id', sa.String(length=40), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('last_sign_in_at', sa.BigInteger(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_staff_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff')),
    sa.UniqueConstraint('email', name=op.f('uq_staff_email')),
    sa.UniqueConstraint('identity_id', name=op.f('uq_staff_identity_id'))
    )
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_tenant_id'), ['tenant_id'], unique=False)

    op.create_table('usage_hours',
    sa.Column('hour', sa.BigInteger(), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('peak_per_minute', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_usage_hours_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('hour', 'tenant_id', name=op.f('pk_usage_hours'))
    )
    op.create_table('active_people',
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('identity_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['identity_id'], ['identities.id'], name=op.f('fk_active_people_identity_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_active_people_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('month', 'tenant_id', 'identity_id', name=op.f('pk_active_people'))
    )
    op.create_table('connector_health',
    sa.Column('connector_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.Column('last_success_at', sa.BigInteger(), nullable=True),
    sa.Column('last_failure_at', sa.BigInteger(), nullable=True),
    sa.Column('last_failure_code', sa.String(length=60), nullable=True),
    sa.Column('last_failure_trace', sa.String(length=20), nullable=True),
    sa.Column('clock_offset_ms', sa.BigInteger(), nullable=True),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['connector_id'], ['connectors.id'], name=op.f('fk_connector_health_connector_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenants.id'], name=op.f('fk_connector_health_tenant_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connector_id', name=op.f('pk_connector_health'))
    )
    with op.batch_alter_table('connector_health', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_connector_health_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_connector_health_tenant_id'), ['tenant_id'], unique=False)

    op.create_table('staff_links',
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('staff_id', sa.String(length=40), nullable=True),
    sa.Column('created_by', sa.String(length=120), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_links_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_staff_links'))
    )
    with op.batch_alter_table('staff_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_links_staff_id'), ['staff_id'], unique=False)

    op.create_table('staff_passkeys',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('staff_id', sa.String(length=40), nullable=False),
    sa.Column('credential_id', sa.LargeBinary(length=1024), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('transports', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('last_used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_passkeys_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_passkeys')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_staff_passkeys_credential_id'))
    )
    with op.batch_alter_table('staff_passkeys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_passkeys_staff_id'), ['staff_id'], unique=False)

    op.create_table('staff_sessions',
    sa.Column('handle_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('staff_id', sa.String(length=40), nullable=False),
    sa.Column('method', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('authenticated_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=False),
    sa.Column('user_agent', sa.String(length=200), nullable=False),
    sa.Column('remote_address', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_sessions_staff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('handle_hash', name=op.f('pk_staff_sessions')),
    sa.UniqueConstraint('id', name=op.f('uq_staff_sessions_id'))
    )
    with op.batch_alter_table('staff_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_sessions_ends_at'), ['ends_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_staff_sessions_staff_id'), ['staff_id'], unique=False)

    with op.batch_alter_table('applications', schema=None) as batch_op:
        batch_op.add_column(sa.Column('branding', sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table('login_hours', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_hours_tenant_id_hour'), ['tenant_id', 'hour'], unique=False)

    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_object_id'), ['object_id'], unique=False)
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)

    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tested_at', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('domains', schema=None) as batch_op:
        batch_op.add_column(sa.Column('challenge', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('checked_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('missing_since', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('setup_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('label', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('created_by', sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column('last_used_at', sa.BigInteger(), nullable=True))

    op.create_table('identity_words',
    sa.Column('word', sa.String(length=320).with_variant(sa.String(length=320, collation='C'), 'postgresql'), nullable=False),
    sa.Column('identity_id', sa.String(length=40), nullable=False),
    sa.Column('tenant_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['identity_id'], ['identities.id'], name=op.f('fk_identity_words_identity_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('word', 'identity_id', name=op.f('pk_identity_words'))
    )
    with op.batch_alter_table('identity_words', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identity_words_identity_id'), ['identity_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_identity_words_tenant_id_word_identity_id'), ['tenant_id', 'word', 'identity_id'], unique=False)

    # Names follow when people are seen again; addresses can be searched at once.
    op.execute("INSERT INTO identity_words (word, identity_id, tenant_id) SELECT lower(email), id, tenant_id FROM identities WHERE email <> ''")

    with op.batch_alter_table('identities', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('signed_out_at', sa.BigInteger(), nullable=True))
        batch_op.create_index(batch_op.f('ix_identities_last_seen_at_id'), ['last_seen_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_identities_tenant_id_last_seen_at_id'), ['tenant_id', 'last_seen_at', 'id'], unique=False)

    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name_key', sa.String(length=400), nullable=False, server_default=''))

    op.execute("UPDATE connectors SET name_key = lower(name)")
    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.alter_column('name_key', server_default=None)
        batch_op.create_index(batch_op.f('ix_connectors_name_key'), ['name_key'], unique=False)

    with op.batch_alter_table('tenants', schema=None) as batch_op:
        batch_op.add_column(sa.Column('branding', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('intake', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('trace_days', sa.Integer(), nullable=False, server_default='0'))

    with op.batch_alter_table('traces', schema=None) as batch_op:
        batch_op.add_column(sa.Column('identity_id', sa.String(length=40), nullable=True))
        batch_op.create_index(batch_op.f('ix_traces_identity_id'), ['identity_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_traces_started_at'), ['started_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_traces_tenant_id_started_at'), ['tenant_id', 'started_at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('traces', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_traces_tenant_id_started_at'))
        batch_op.drop_index(batch_op.f('ix_traces_started_at'))
        batch_op.drop_index(batch_op.f('ix_traces_identity_id'))
        batch_op.drop_column('identity_id')

    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_connectors_name_key'))
        batch_op.drop_column('name_key')

    with op.batch_alter_table('identities', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identities_tenant_id_last_seen_at_id'))
        batch_op.drop_index(batch_op.f('ix_identities_last_seen_at_id'))
        batch_op.drop_column('signed_out_at')
        batch_op.drop_column('name')

    op.drop_table('identity_words')
    with op.batch_alter_table('tenants', schema=None) as batch_op:
        batch_op.drop_column('trace_days')
        batch_op.drop_column('intake')
        batch_op.drop_column('branding')

    with op.batch_alter_table('setup_links', schema=None) as batch_op:
        batch_op.drop_column('last_used_at')
        batch_op.drop_column('created_by')
        batch_op.drop_column('label')

    with op.batch_alter_table('domains', schema=None) as batch_op:
        batch_op.drop_column('missing_since')
        batch_op.drop_column('checked_at')
        batch_op.drop_column('challenge')

    with op.batch_alter_table('connectors', schema=None) as batch_op:
        batch_op.drop_column('tested_at')

    for statement in CHANGEABLE[op.get_bind().dialect.name]:
        op.execute(statement)
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_object_id'))

    with op.batch_alter_table('applications', schema=None) as batch_op:
        batch_op.drop_column('branding')

    with op.batch_alter_table('staff_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_sessions_staff_id'))
        batch_op.drop_index(batch_op.f('ix_staff_sessions_ends_at'))

    op.drop_table('staff_sessions')
    with op.batch_alter_table('staff_passkeys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_passkeys_staff_id'))

    op.drop_table('staff_passkeys')
    with op.batch_alter_table('staff_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_links_staff_id'))

    op.drop_table('staff_links')
    with op.batch_alter_table('connector_health', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_connector_health_tenant_id'))
        batch_op.drop_index(batch_op.f('ix_connector_health_expires_at'))

    op.drop_table('connector_health')
    op.drop_table('active_people')
    op.drop_table('usage_hours')
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_tenant_id'))

    op.drop_table('staff')
    op.drop_table('domain_claims')
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_tokens_tenant_id'))

    op.drop_table('api_tokens')
    with op.batch_alter_table('login_hours', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_hours_tenant_id_hour'))

    op.drop_table('login_hours')
    op.drop_table('hub_settings')
    op.drop_table('brand_images')
