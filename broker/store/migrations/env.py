"""Alembic's environment. On SQLite foreign keys are off while tables are rebuilt (a batch ALTER with them on would empty
cascading children) and checked before the commit."""

from __future__ import annotations

from alembic import context

from broker.store import tables  # noqa: F401  registers every table
from broker.store.db import db


def run() -> None:
    engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            connection.commit()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                context.configure(connection=connection, target_metadata=db.metadata, render_as_batch=True, compare_type=True)
                context.run_migrations()
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                    raise RuntimeError(f"the migration would leave {len(broken)} dangling references")
        finally:
            if sqlite:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


run()
