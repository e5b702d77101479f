"""A command for every operation of the table: `tenant.show` is `vestibule tenant show TENANT`.

A hand-made command that does the work of an operation stands in `COVERED`, and then no second one is made. Owns no
operation; a new one in the table is a new command here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_origin

import click
import msgspec

from broker.cli import views
from broker.cli.caller import call, every_page
from broker.cli.inputs import input_of, parameters
from broker.cli.remote import in_path
from broker.cli.sentences import sentences
from broker.domain.messages import plain
from broker.services.operations.model import Operation, Page

COVERED: dict[str, str] = {
    "configuration.apply": "apply",
    "configuration.export": "export",
    "configuration.plan": "diff",
    "connector.disable": "connector enable --off",
    "connector.enable": "connector enable",
    "metadata.preview": "connector import-metadata",
    "setup_link.create": "setup-link",
    "setup_link.list": "setup-link --list",
    "setup_link.revoke": "setup-link --revoke",
    "staff.invite": "staff invite",
    "staff.link": "staff invite",
    "staff.reset": "staff invite --reset",
    "staff.sign_in_with": "staff sign-in-with",
}
"""Operation → the hand-made command that does its work."""

GROUPS: dict[str, str] = {
    "tenant": "Customer organisations.",
    "connector": "Upstream trusts: the identity providers of tenants.",
    "application": "Downstream trusts: the applications that people use.",
    "domain": "Email domains of tenants.",
    "staff": "The hub's own people and their roles.",
    "token": "Access tokens of the management API.",
    "person": "People who sign in: profiles, links, sessions.",
    "audit": "Who changed what.",
    "usage": "How much tenants use the hub.",
    "statistics": "Sign-ins over time, and failures by cause.",
    "health": "How connectors fare.",
    "key": "Our own keys: announce, let sign, retire, revoke.",
    "own-keys": "Keys of a tenant's or an application's own.",
    "federation": "The whole at a glance: who signs in to what.",
}
"""What stands beside a group in `vestibule --help`."""


def register(main: click.Group, operations: tuple[Operation, ...]) -> None:
    """Adds what is missing; a command that is there already stays."""
    for operation in operations:
        if operation.name in COVERED:
            continue
        *path, name = operation.name.replace("_", "-").split(".")
        group = main
        for part in path:
            group = _group(group, part)
        if name not in group.commands:
            group.add_command(command_for(operation, name))


def _group(parent: click.Group, name: str) -> click.Group:
    found = parent.commands.get(name)
    if found is None:
        found = click.Group(name, help=GROUPS.get(name, f"Operations on {name.replace('-', ' ')}."))
        parent.add_command(found)
    if not isinstance(found, click.Group):
        raise RuntimeError(f"{name} is a command and cannot hold others; say in COVERED what it does")
    return found


def command_for(operation: Operation, name: str) -> click.Command:
    def run(as_json: bool, everything: bool = False, yes: bool = True, **typed: Any) -> None:
        asked = input_of(operation, typed)
        if not yes:
            click.confirm(question(operation, asked), abort=True)
        answer = every_page(operation.name, asked) if everything else call(operation.name, asked)
        print_json(answer) if as_json else views.output(operation, answer)

    return click.Command(
        name,
        params=[*parameters(operation), *_common(operation)],
        callback=sentences(run),
        help=_help(operation),
        short_help=operation.summary,
    )


def is_paged(operation: Operation) -> bool:
    return get_origin(operation.output) is Page and {"after", "limit"} <= {item.name for item in fields(operation.input)}


def _common(operation: Operation) -> Iterator[click.Parameter]:
    yield click.Option(["--json", "as_json"], is_flag=True, help="Print the answer of the management API.")
    if is_paged(operation):
        yield click.Option(["--all", "everything"], is_flag=True, help="Every page, from here to the end.")
    if operation.method == "DELETE" or operation.sensitive:
        yield click.Option(["--yes"], is_flag=True, help="Do not ask first.")


def _help(operation: Operation) -> str:
    """The summary, and what the input says of itself (not the text that Python makes for a dataclass)."""
    said = operation.input.__doc__ or ""
    more = "" if said.startswith(f"{operation.input.__name__}(") else f"\n\n{said}"
    return f"{operation.summary}.{more}"


def question(operation: Operation, asked: Any) -> str:
    named = " ".join(str(getattr(asked, item)) for item in in_path(operation))
    return f"{operation.summary} ({named})?" if named else f"{operation.summary}?"


def print_json(answer: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(answer, enc_hook=plain), indent=2).decode())
