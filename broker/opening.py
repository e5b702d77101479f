"""Opening the hub for a program, making what it needs, and serving it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from broker.app import create_app, vestibule
from broker.assembly.vestibule import Vestibule
from broker.domain.errors import InvalidSettings
from broker.keys.envelope import create_master_key
from broker.services.actor import operator
from broker.services.staff.invitations import Invitation
from broker.settings import Settings, load
from broker.store import upgrade


def _app(settings: Settings) -> Flask:
    return create_app(settings)


def open_hub(settings: Settings | None = None) -> Vestibule:
    """The hub, ready for use. Raises InvalidSettings when `vestibule init` or `vestibule migrate` has to run first."""
    built = vestibule(_app(settings or load()))
    if not upgrade.is_current(built.database):
        raise InvalidSettings(
            "The database is not at this version: run `vestibule init` (new) or `vestibule migrate`.", field="database_url"
        )
    built.catalog.refresh()
    return built


def open_for_examination(settings: Settings | None = None) -> Vestibule:
    """The hub as it is, even when its tables are of another version."""
    return vestibule(_app(settings or load()))


def make_master_key(path: Path) -> None:
    """Raises InvalidSettings: a key is never overwritten."""
    try:
        create_master_key(path)
    except OSError as error:
        raise InvalidSettings(f"{path} cannot be made: {error.strerror}.", field="file") from error


@dataclass(frozen=True, slots=True)
class Initialised:
    """`made`: in words. `first_owner`: the link for whoever will own the hub, until somebody does."""

    made: list[str]
    first_owner: Invitation | None


def initialise(settings: Settings | None = None) -> Initialised:
    """Makes what is missing. Never overwrites a key."""
    settings = settings or load()
    made: list[str] = []
    key_file = Path(settings.master_key_file)
    if not settings.master_key and not key_file.exists():
        create_master_key(key_file)
        made.append(f"Master key: {key_file} (back it up apart from the database: without it no sealed value opens)")
    built = vestibule(_app(settings))
    before, after = upgrade.migrate(built.database)
    if before != after:
        made.append(f"Database: at {after}")
    made += [f"Made: {name}" for name in built.keyring.initialise(settings.public_url.partition("://")[2], built.clock.now())]
    first_owner = built.services.staff.invitations.first_owner(operator("init"))
    built.database.dispose()
    return Initialised(made or ["Everything was there already."], first_owner)


def migrate() -> tuple[str | None, str | None]:
    return upgrade.migrate(vestibule(_app(load())).database)


def check_ready() -> None:
    """Raises InvalidSettings before gunicorn starts workers that would only fail."""
    built = open_hub()
    built.keyring.secret("cookie_key")
    # An open SQLite connection must not be carried over gunicorn's fork (sqlite.org/howtocorrupt.html 2.6).
    built.database.dispose()


def read_file(path: Path) -> bytes:
    """Raises InvalidSettings."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"The file {path} cannot be read.", field="file") from error


def read_text(path: Path) -> str:
    """A text file, also as Windows PowerShell writes one (UTF-16 with a mark). Raises InvalidSettings."""
    data = read_file(path)
    try:
        return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"The file {path} is not text in UTF-8.", field="file") from error


def serve(bind: str, *, workers: int, threads: int, when_ready: Callable[[], None] | None = None) -> None:
    """gunicorn with threads; returns when it is stopped."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.util import import_app

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings: dict[str, Any] = {
                "bind": bind,
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "proc_name": "vestibule",
                "accesslog": None,
                "limit_request_line": 8190,
                "forwarded_allow_ips": "",
                "control_socket_disable": True,
                "graceful_timeout": 15,
            }
            for name, value in settings.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)
            if when_ready is not None:
                self.cfg.set("when_ready", lambda _server: when_ready())

        def load(self) -> Flask:
            found: Flask = import_app("broker.wsgi:app")
            return found

    Server().run()
