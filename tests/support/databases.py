"""A fresh, initialised database per test, cheaply: made once per test process, then copied.

SQLite is a file copy; PostgreSQL (`VESTIBULE_TEST_DATABASE_URL`, a server on which databases may be created) a template.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from broker.keys.envelope import Envelope, create_master_key, read_master_key
from broker.keys.keyring import Keyring
from broker.store import upgrade
from broker.store.db import Database, engine_options
from tests.support.clock import NOW

SERVER = os.environ.get("VESTIBULE_TEST_DATABASE_URL", "")


@cache
def master_key_file() -> Path:
    path = Path(tempfile.mkdtemp(prefix="vestibule-test-")) / "master.key"
    create_master_key(path)
    return path


def _prepare(url: str) -> None:
    database = Database(create_engine(url, **engine_options(url)))
    upgrade.migrate(database)
    Keyring(database, Envelope(read_master_key("", master_key_file()))).initialise("localhost", NOW)
    if url.startswith("sqlite"):
        with database.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()


@cache
def _sqlite_template() -> Path:
    path = master_key_file().parent / "template.sqlite"
    _prepare(f"sqlite:///{path}")
    return path


def _administer(statement: str) -> None:
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@cache
def _postgresql_template() -> str:
    name = f"vestibule_template_{secrets.token_hex(6)}"
    _administer(f"CREATE DATABASE {name}")
    _prepare(_on_server(name))
    return name


def _on_server(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def fresh(folder: Path) -> str:
    """The URL of a new database with keys and all tables."""
    if not SERVER:
        path = folder / "vestibule.sqlite"
        shutil.copyfile(_sqlite_template(), path)
        return f"sqlite:///{path}"
    name = f"vestibule_test_{secrets.token_hex(8)}"
    _administer(f"CREATE DATABASE {name} TEMPLATE {_postgresql_template()}")
    return _on_server(name)


def drop(url: str) -> None:
    if SERVER:
        _administer(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")
