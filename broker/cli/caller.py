"""How commands reach operations: in this process, on the hub's own machine, or through the management API of a hub elsewhere.

Commands do not know which it is. `call` gives the output dataclass of the operation, or raises the error with which the
hub refuses, the same either way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import click

from broker import opening
from broker.assembly.vestibule import Vestibule
from broker.cli.progress import note
from broker.cli.sentences import me
from broker.services.operations.model import MAX_PAGE, Page

SERVER = "VESTIBULE_SERVER"
_META = "vestibule.caller"


class Caller(Protocol):
    def call(self, name: str, input: Any) -> Any:
        """Runs the operation of that name. Raises BrokerError."""
        ...


class LocalCaller:
    """The hub, opened here: whoever runs the command holds its settings, database and master key."""

    def __init__(self, built: Vestibule) -> None:
        self._built = built

    def call(self, name: str, input: Any) -> Any:
        return self._built.operations.run(me(), name, input)


def caller() -> Caller:
    """The one of this command line, opened when first asked for. Raises BrokerError."""
    root = click.get_current_context().find_root()
    found: Caller | None = root.meta.get(_META)
    if found is None:
        found = root.meta[_META] = _open(server())
    return found


def call(name: str, input: Any) -> Any:
    return caller().call(name, input)


def every_page(name: str, asked: Any) -> Page[Any]:
    """From where `asked` begins to the end, as one page. Says how far it is when somebody is looking."""
    items: list[Any] = []
    asked = replace(asked, limit=MAX_PAGE)
    while True:
        page = call(name, asked)
        items += page.items
        if not page.next:
            if len(items) > MAX_PAGE:
                note(f"{len(items)} in all.")
            return Page(tuple(items))
        note(f"{len(items)} …", ends=False)
        asked = replace(asked, after=page.next)


def server() -> str:
    """The address that `--server` or VESTIBULE_SERVER names; "" on the hub's own machine."""
    return str(click.get_current_context().find_root().params.get("server") or "")


def _open(address: str) -> Caller:
    if not address:
        return LocalCaller(opening.open_hub())
    # Imported here: most commands speak to no server.
    from broker.cli.remote import RemoteCaller, read_token

    return RemoteCaller(address, read_token())
