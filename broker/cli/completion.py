"""`vestibule completion SHELL`: the script that completes commands, options, and names of tenants, connectors, applications."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from broker.cli.caller import call
from broker.cli.sentences import sentences
from broker.domain.errors import BrokerError
from broker.services.operations.table import BY_NAME

_MOST = 50
_LISTS: dict[str, str] = {
    "tenant": "tenant.list",
    "slug": "tenant.list",
    "connector": "connector.list",
    "application": "application.list",
    "domain": "domain.list",
}
"""Argument → the list in which its names stand."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@sentences
def completion(shell: str) -> None:
    """Print the script that completes commands in your shell. And names; docs/cli.md says where to put it."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(click.get_current_context().find_root().command, {}, "vestibule", "_VESTIBULE_COMPLETE").source())


@dataclass(frozen=True, slots=True)
class NamesFor:
    """Completes an argument: names that begin as what has been typed."""

    argument: str

    def __call__(self, context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        listing = BY_NAME.get(_LISTS.get(self.argument, ""))
        if listing is None:
            return []
        asked = {"search": typed, "limit": _MOST, "tenant": context.params.get("tenant")}
        known = {item.name for item in fields(listing.input)}
        with context.scope(cleanup=False):
            try:
                found = call(
                    listing.name, listing.input(**{name: value for name, value in asked.items() if name in known and value})
                )
            except (BrokerError, TypeError):
                return []  # the shell has no place for a sentence; the command itself will say it
        return [CompletionItem(name) for item in found.items if (name := _name(item)).startswith(typed)]


def _name(item: Any) -> str:
    return str(getattr(item, "slug", None) or getattr(item, "name", ""))
