"""One table, three faces: what a service can change has an operation, and every operation has a route, a command and a page.

A new operation appears in the API and on the command line by itself. The console is made by hand: an operation that no page
of it uses must stand in `NOT_IN_THE_CONSOLE`, with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from broker.cli.commands import main
from broker.cli.generated import COVERED
from broker.services.operations import Operation
from broker.services.operations.table import ALL, BY_NAME
from tests.support.hub import Hub

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "broker" / "services"

NOT_IN_THE_CONSOLE: dict[str, str] = {
    "configuration.apply": "a file is for scripts; the console changes the same things one by one",
    "configuration.export": "a file is for scripts; the console shows the same things one by one",
    "configuration.plan": "a file is for scripts; the console shows what a change means before it is saved",
    "metadata.preview": "the console previews a connector, which says the same and what would change",
    "domain.show": "the list of a tenant's domains shows everything that there is to one",
}
"""Operation → why people do not need it on a page."""

NOT_AN_OPERATION: dict[str, str] = {
    "connectors.discard_draft": "the set-up portal, when somebody chooses another system before the first one worked",
    "doctor.examine": "the command line on the hub's own machine: it looks at that machine",
    "identities.end_session_as": "the account page: a person, about themselves",
    "identities.sign_out_as": "the account page: a person, about themselves",
    "pruning.prune": "the second half of configuration.apply, in the same unit of work",
    "master_key.rewrap": "the command line on the hub's own machine: the key never travels",
}
"""`file.method` of a service → why it has no operation: who else calls it, and may."""


def every(operations: tuple[Operation, ...] = ALL) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.name)


# --- services → operations --------------------------------------------------------------------------------------------


def changes_of_services() -> Iterator[tuple[str, str]]:
    """(file, method) of every public method that somebody performs: its first parameter is the actor."""
    for path in sorted(SERVICES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                        names = [argument.arg for argument in method.args.args[:2]]
                        if names == ["self", "actor"]:
                            yield path.stem, method.name


def called_in(folder: Path) -> set[str]:
    trees = [ast.parse(path.read_text("utf-8")) for path in folder.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}


def test_whatever_a_service_lets_somebody_do_has_an_operation() -> None:
    called = called_in(SERVICES / "operations")
    lacking = {f"{file}.{method}" for file, method in changes_of_services() if method not in called}

    assert lacking - NOT_AN_OPERATION.keys() == set()
    assert NOT_AN_OPERATION.keys() <= lacking, "an exception that is none any more"


# --- operations → faces -----------------------------------------------------------------------------------------------


@every()
def test_every_operation_has_a_route_of_the_api(hub: Hub, operation: Operation) -> None:
    rules = {(rule.rule, method) for rule in hub.app.url_map.iter_rules() for method in rule.methods or ()}

    rule = "/api/v1" + operation.path.replace("{", "<").replace("}", ">")
    assert (rule, operation.method) in rules


@every()
def test_every_operation_has_a_command(operation: Operation) -> None:
    words = (COVERED.get(operation.name) or operation.name.replace(".", " ").replace("_", "-")).split(" --")[0].split()
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group), words
        assert word in command.commands, f"there is no command {' '.join(words)}"
        command = command.commands[word]


def used_by_the_console() -> set[str]:
    """Names of operations in its code."""
    found: set[str] = set()
    for path in (ROOT / "broker" / "console").rglob("*.py"):
        constants = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        found |= {value for value in constants if isinstance(value, str) and value in BY_NAME}
    return found


def test_every_operation_has_a_page_of_the_console() -> None:
    lacking = BY_NAME.keys() - used_by_the_console()

    assert sorted(lacking - NOT_IN_THE_CONSOLE.keys()) == [], "make a page, or say above why there is none"
    assert NOT_IN_THE_CONSOLE.keys() <= lacking, "an exception that is none any more"
    assert all(NOT_IN_THE_CONSOLE.values())


@every()
def test_an_operation_is_named_and_addressed_like_its_siblings(operation: Operation) -> None:
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", operation.name)
    assert operation.method in {"GET", "PUT", "POST", "DELETE"}
    assert re.fullmatch(r"(/[a-z-]+|/\{[a-z_]+\})+", operation.path)
    assert [other.name for other in ALL if _address(other) == _address(operation)] == [operation.name], "one address, one operation"


def _address(operation: Operation) -> tuple[str, str]:
    return operation.method, re.sub(r"\{\w+\}", "{}", operation.path)
