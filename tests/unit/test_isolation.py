"""Tests do not meet: a database that is handed out again is as new, and what hubs share in one process tells none of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import NotFound

from broker.store.db import engine_options
from tests.support import databases
from tests.support.hub import Hub
from tests.support.shared import SharedMap


def content(url: str) -> dict[str, list[Any]]:
    """Every row of every table, in the order in which a table gives them, and what a table consists of."""
    engine = create_engine(url, **engine_options(url))
    try:
        with engine.connect() as connection:
            look = inspect(connection)
            rows = {name: connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in sorted(look.get_table_names())}
            columns = {f"columns of {name}": sorted(str(each) for each in look.get_columns(name)) for name in rows}
            if engine.dialect.name == "postgresql":
                rows["sequences"] = connection.exec_driver_sql("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1").all()
            return {**rows, **columns}
    finally:
        engine.dispose()


def folder(inside: Path, name: str) -> Path:
    (inside / name).mkdir()
    return inside / name


def use(hub: Hub) -> None:
    """A bit of everything: rows that belong to others, an audit log, keys, a login."""
    hub.tenant("acme", "acme.example")
    hub.saml_app().sign_in(hub.browser(), hub.saml_idp("acme"))


def test_given_a_database_that_a_test_filled_then_the_next_one_is_as_new(tmp_path: Path) -> None:
    with Hub(folder(tmp_path, "first")) as hub:
        new = content(hub.database_url)
        use(hub)
        assert content(hub.database_url) != new
        filled = make_url(hub.database_url).database

    with Hub(folder(tmp_path, "second")) as hub:
        assert content(hub.database_url) == new
        use(hub)
        assert hub.count("tenants") == 1
        if databases.SERVER:
            assert make_url(hub.database_url).database == filled, "it was emptied, and not made anew"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE tenant_hosts RENAME TO gone",
        "ALTER TABLE tenants ADD COLUMN more TEXT",
        "CREATE TABLE more (id TEXT)",
        "DROP INDEX ix_audit_at",
    ],
)
def test_given_a_test_that_changes_tables_then_nobody_gets_its_database(change: str, tmp_path: Path) -> None:
    with Hub(folder(tmp_path, "first")) as hub:
        new = content(hub.database_url)
        with hub.built.database.unit_of_work() as connection:
            connection.exec_driver_sql(change)
        changed = hub.database_url

    with Hub(folder(tmp_path, "second")) as hub:
        assert make_url(hub.database_url).database != make_url(changed).database
        assert content(hub.database_url) == new


def test_given_the_address_of_an_earlier_database_then_nothing_is_reached_there(tmp_path: Path) -> None:
    with Hub(folder(tmp_path, "first")) as hub:
        earlier = hub.database_url

    with Hub(folder(tmp_path, "second")) as hub:
        use(hub)
        if databases.SERVER:
            with pytest.raises(OperationalError, match="does not exist"):
                content(earlier)
        else:
            assert content(earlier)["tenants"] == []


def routes(*rules: tuple[str, str]) -> SharedMap:
    app = Flask("routes", static_folder=None)
    for rule, endpoint in rules:
        app.add_url_rule(rule, endpoint)
    assert isinstance(app.url_map, SharedMap)
    return app.url_map


def test_given_the_same_routes_then_their_table_is_made_once_and_given_others_it_is_another() -> None:
    one, same, other = routes(("/a/<b>", "x")), routes(("/a/<b>", "x")), routes(("/a/<b>", "y"), ("/c", "z"))

    assert one.bind("hub").match("/a/1") == same.bind("hub").match("/a/1") == ("x", {"b": "1"})
    assert next(one.iter_rules()) is next(same.iter_rules())
    assert other.bind("hub").match("/a/1") == ("y", {"b": "1"})
    assert other.bind("hub").match("/c") == ("z", {})
    with pytest.raises(NotFound):
        one.bind("hub").match("/c")
