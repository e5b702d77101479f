"""Help and completion need no service: what was written down of the commands looks like the commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.shell_completion import ShellComplete

from broker.cli import prepared
from broker.cli.commands import main as real
from tests.faces.conftest import Cli
from tests.support.hub import Hub

LOADED = prepared.load()


def every(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from every(command.commands[name], *path, name)


def context(root: click.Command, path: tuple[str, ...], width: int) -> click.Context:
    made = click.Context(root, info_name="vestibule", terminal_width=width, **root.context_settings)
    for name in path:
        assert isinstance(made.command, click.Group)
        command = made.command.commands[name]
        made = click.Context(command, parent=made, info_name=name, **command.context_settings)
    return made


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from broker.__main__ import main; sys.argv[0] = 'vestibule'\ntry: main()\nfinally: print('sqlalchemy' in sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", code, *words], env={**os.environ, **environment}, capture_output=True, text=True, timeout=180
    )


@pytest.mark.parametrize("width", [60, 110])
def test_every_command_helps_in_the_same_words(width: int) -> None:
    paths = list(every(real))

    assert list(every(LOADED)) == paths
    for path in paths:
        theirs, ours = context(real, path, width), context(LOADED, path, width)
        assert ours.command.get_help(ours) == theirs.command.get_help(theirs), path


@pytest.mark.parametrize(
    ("words", "typed"), [("", ""), ("connector", "l"), ("connector list", "--"), ("trace", ""), ("completion", ""), ("run", "--")]
)
def test_the_same_words_are_completed(words: str, typed: str) -> None:
    theirs, ours = (
        [item.value for item in ShellComplete(root, {}, "vestibule", "_V").get_completions(words.split(), typed)]
        for root in (real, LOADED)
    )
    assert ours == theirs != []


def test_every_argument_is_completed_from_the_same_list() -> None:
    for path in every(real):
        theirs, ours = context(real, path, 80).command, context(LOADED, path, 80).command
        lists = [{each.name: _list_of(each) for each in command.params if each.name != "version"} for command in (theirs, ours)]
        assert lists[0] == lists[1], path


def _list_of(parameter: click.Parameter) -> str | None:
    found = parameter._custom_shell_complete
    assert found is None or found.argument
    return None if found is None else found.argument  # type: ignore[attr-defined]


def test_names_that_are_stored_are_completed(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme")

    assert [item.value for item in ShellComplete(LOADED, {}, "vestibule", "_V").get_completions(["tenant", "show"], "a")] == [
        "acme"
    ]


@pytest.mark.parametrize("words", [[], ["--help"], ["connector", "list", "-h"], ["connector"], ["--version"], ["connector", "lst"]])
def test_no_service_is_imported_for_words_about_commands(words: list[str]) -> None:
    done = run(*words)

    assert done.stdout.endswith("False\n")
    assert "vestibule" in done.stdout + done.stderr


def test_completing_a_command_imports_no_service() -> None:
    done = run(_VESTIBULE_COMPLETE="bash_complete", COMP_WORDS="vestibule conn", COMP_CWORD="1")

    assert done.stdout.splitlines()[0] == "plain,connector"
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize(
    "words", [["connector", "list"], ["connector", "list", "acme", "--limit", "many"], ["tenant", "save", "--name", "--help"]]
)
def test_what_is_to_be_done_goes_to_the_real_command_as_it_was_typed(words: list[str]) -> None:
    done = run(*words)

    assert done.returncode == 2
    assert done.stdout == "True\n"
    assert f"Usage: vestibule {' '.join(words[:2])} [OPTIONS]" in done.stderr
