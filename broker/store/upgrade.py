"""Migrations: bring the database to this version's shape, and say whether it is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from broker.store.db import Database

FOLDER = Path(__file__).parent / "migrations"


def config(database: Database) -> Config:
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.attributes["engine"] = database.engine
    return made


def migrate(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """(revision before, revision after)."""
    before = current(database)
    command.upgrade(config(database), revision)
    return before, current(database)


def current(database: Database) -> str | None:
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str | None:
    """The newest revision of this code: read from its files once, because every readiness check asks for it."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def is_current(database: Database) -> bool:
    return current(database) == head()
