"""The commands as they look, for whoever asks for help or presses Tab: read from `prepared.json`, made from the real ones.

The real commands know every operation and so every service: importing those takes a second or more. What is shown of them
takes a few milliseconds. A command that is to do something hands over to the real one, which reads the same arguments.
`python -m tests.architecture.generate_docs` writes the file; a test (`test_docs.py`) fails when it is out of step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from broker import __version__
from broker.cli.layout import Sections, Shorthand

FILE = Path(__file__).parent / "prepared.json"


def load() -> click.Group:
    """`vestibule`, with everything below it."""
    root = _command(json.loads(FILE.read_text("utf-8")))
    assert isinstance(root, click.Group)
    click.version_option(__version__, prog_name="vestibule")(root)
    return root


# --- from the real commands to the file -------------------------------------------------------------------------------


def written(root: click.Command) -> str:
    """The file: a line for every command and parameter, so that a change of one is a change of a line."""
    return json.dumps(_described(root), ensure_ascii=False).replace('{"name": ', '\n{"name": ') + "\n"


def _described(command: click.Command) -> dict[str, Any]:
    """Whatever help and completion read of a command. One that shows more than this fails the test."""
    context = click.Context(command, max_content_width=120, help_option_names=["-h", "--help"])
    found: dict[str, Any] = {
        "name": command.name,
        "help": command.help,
        "short_help": command.short_help,
        "params": [_described_parameter(each, context) for each in command.params if each.name != "version"],
    }
    if isinstance(command, click.Group):
        found["kind"] = type(command).__name__
        found["default"] = getattr(command, "default", None)
        found["commands"] = [_described(command.commands[name]) for name in sorted(command.commands)]
    else:
        found["settings"] = command.context_settings
    return {name: value for name, value in found.items() if value}


def _described_parameter(parameter: click.Parameter, context: click.Context) -> dict[str, Any]:
    kind = parameter.type
    found = {
        "name": parameter.name,
        "opts": parameter.opts,
        "secondary": parameter.secondary_opts,
        "flag": getattr(parameter, "is_flag", False),
        "multiple": parameter.multiple,
        "nargs": parameter.nargs,
        "envvar": parameter.envvar,
        "shown": parameter.get_help_record(context) if isinstance(parameter, click.Option) else None,
        "usage": parameter.get_usage_pieces(context),
        "choices": list(kind.choices) if isinstance(kind, click.Choice) else [],
        "path": isinstance(kind, click.Path | click.File),
        "names": getattr(parameter._custom_shell_complete, "argument", None),  # noqa: SLF001  click tells it nowhere else
    }
    return {name: value for name, value in found.items() if value and (name, value) != ("nargs", 1)}


# --- and back ---------------------------------------------------------------------------------------------------------


class _Option(click.Option):
    shown: tuple[str, str] | None = None

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        return self.shown


class _Argument(click.Argument):
    usage: list[str]

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        return self.usage


def _command(said: dict[str, Any]) -> click.Command:
    params = [_parameter(each) for each in said.get("params", ())]
    common: dict[str, Any] = {"help": said.get("help"), "short_help": said.get("short_help"), "params": params}
    if "kind" not in said:
        return click.Command(said["name"], callback=_really, context_settings=said.get("settings"), **common)
    group: click.Group
    if said["kind"] == Shorthand.__name__:
        group = Shorthand(said["name"], default=said["default"], **common)
    elif said["kind"] == Sections.__name__:
        group = Sections(said["name"], context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}, **common)
    else:
        group = click.Group(said["name"], **common)
    for each in said["commands"]:
        group.add_command(_command(each))
    return group


def _parameter(said: dict[str, Any]) -> click.Parameter:
    """It takes any value and needs none: the real one says what is wrong or missing."""
    common: dict[str, Any] = {"nargs": said.get("nargs", 1), "envvar": said.get("envvar"), "type": _type(said)}
    if "names" in said:
        common["shell_complete"] = _StoredNames(said["names"])
    if "usage" in said:
        argument = _Argument([said["name"]], required=False, **common)
        argument.usage = said["usage"]
        return argument
    off = said.get("secondary", ())
    named = [f"{on}/{off[number]}" if number < len(off) else on for number, on in enumerate(said["opts"])]
    if "flag" in said:
        common = {"is_flag": True, "default": None if off else False}
    option = _Option([*named, said["name"]], multiple=said.get("multiple", False), help=said["shown"][1], **common)
    option.shown = (said["shown"][0], said["shown"][1])
    return option


def _type(said: dict[str, Any]) -> Any:
    # A choice completes, but does not refuse: the prepared command must take whatever the real one takes.
    return click.Path() if "path" in said else _Suggested(said["choices"]) if "choices" in said else click.UNPROCESSED


class _Suggested(click.types.UnprocessedParamType):
    def __init__(self, choices: list[str]) -> None:
        self._choices = choices

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(each) for each in self._choices if each.startswith(incomplete)]


@dataclass(frozen=True, slots=True)
class _StoredNames:
    """Names of tenants and the like: these the services must be asked for."""

    argument: str

    def __call__(self, context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        from broker.cli.completion import NamesFor

        return NamesFor(self.argument)(context, parameter, typed)


def _really(**_given: Any) -> None:
    from broker.cli.commands import main

    main()
