"""A fresh, initialised database per test, cheaply: made once per test process, then copied.

SQLite is a file copy; PostgreSQL (`VESTIBULE_TEST_DATABASE_URL`, a superuser on a server for tests) a template, see `postgresql.py`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine

from broker.keys.envelope import Envelope, create_master_key, read_master_key
from broker.keys.keyring import Keyring
from broker.store import upgrade
from broker.store.db import Database, engine_options
from tests.support.clock import NOW
from tests.support.postgresql import Server

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


@cache
def _server() -> Server:
    return Server(SERVER, _prepare)


def fresh(folder: Path) -> str:
    """The URL of a new database with keys and all tables."""
    if not SERVER:
        path = folder / "vestibule.sqlite"
        shutil.copyfile(_sqlite_template(), path)
        return f"sqlite:///{path}"
    return _server().fresh()


def drop(url: str) -> None:
    """Ends every connection to it. A file goes with its folder."""
    if not url.startswith("sqlite"):
        _server().give_back(url)


def close() -> None:
    """At the end of a test process: what it made for itself goes."""
    if _server.cache_info().currsize:
        _server().close()
    if master_key_file.cache_info().currsize:
        shutil.rmtree(master_key_file().parent)
