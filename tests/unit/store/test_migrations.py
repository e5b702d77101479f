"""Migrations: an empty database reaches the shape that the code expects; populated tables survive going up again."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from broker.store import upgrade
from broker.store.db import db
from broker.store.tables.trusts import connectors
from tests.support.hub import Hub


def test_the_migrated_database_is_exactly_what_the_tables_say(hub: Hub) -> None:
    with hub.built.database.unit_of_work() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), db.metadata)

    assert differences == []


def test_migrating_again_changes_nothing_on_populated_tables(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    app.sign_in(hub.browser(), idp)
    before = {table: hub.count(table) for table in ("tenants", "domains", "connectors", "identities", "identity_links", "sessions", "traces")}

    assert upgrade.migrate(hub.built.database) == (upgrade.head(), upgrade.head())

    assert {table: hub.count(table) for table in before} == before
    assert app.sign_in(hub.browser(), idp).status == "success"


def test_going_down_and_up_leaves_a_working_schema(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        command.downgrade(upgrade.config(hub.built.database), "base")
        assert upgrade.current(hub.built.database) is None
        upgrade.migrate(hub.built.database)

        assert upgrade.is_current(hub.built.database)
        assert hub.count("tenants") == 0


RELEASED = "0002"


def test_a_database_of_the_release_before_goes_on_working_with_all_that_is_in_it(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    saml, openid, app = hub.saml_idp("acme"), hub.oidc_op("globex"), hub.saml_app()
    openid.op.person["email"] = "bob@globex.example"
    before = app.sign_in(hub.browser(), saml)
    app.sign_in(hub.browser(), openid)
    kept = {table: hub.count(table) for table in ("tenants", "domains", "connectors", "identities", "identity_links", "sessions", "traces")}

    command.downgrade(upgrade.config(hub.built.database), RELEASED)
    upgrade.migrate(hub.built.database)
    hub.built.catalog.refresh()

    assert {table: hub.count(table) for table in kept} == kept
    with hub.built.database.reading() as connection:
        named = {row.id: row.provider_id for row in connection.execute(select(connectors))}
    assert named == {saml.connector_id: saml.idp.entity_id, openid.connector_id: openid.op.issuer}
    assert app.sign_in(hub.browser(), saml).subject == before.subject
