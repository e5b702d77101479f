"""Migrations: an empty database reaches the shape that the code expects; populated tables survive going up again."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from broker.store import upgrade
from broker.store.db import db
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
