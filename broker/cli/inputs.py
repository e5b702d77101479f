"""From the fields of an operation's input to arguments and options, and from what was typed back to the input.

What has to be named is an argument, in the order of the path; whatever has a default, a choice, a secret or several lines
is an option of the field's name. What is not given stays out, so that it keeps its default or what is stored.
"""

from __future__ import annotations

import os
import sys
import types
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import click
import msgspec
from msgspec import UnsetType

from broker import opening
from broker.cli.remote import in_path
from broker.domain.errors import InvalidSettings
from broker.services import declarative, yaml_text
from broker.services.operations.model import Operation
from broker.services.references import OnThisMachine
from connectors import registry

VERSION_FIELD = "expected_version"
_RENAMED = {VERSION_FIELD: "if-version"}
_LISTS = (tuple, list, frozenset, set)


@dataclass(frozen=True, slots=True)
class InputField:
    """One field of an input, as the command line takes it. `kind` without UNSET and null; `item` of a list."""

    name: str
    kind: Any
    item: Any
    nullable: bool
    required: bool
    default: Any
    help: str
    choices: tuple[str, ...]
    secret: bool
    multiline: bool
    named: bool

    @property
    def option(self) -> str:
        return _RENAMED.get(self.name, self.name.replace("_", "-"))

    @property
    def many(self) -> bool:
        return self.item is not None and _is_scalar(self.item)

    @property
    def structured(self) -> bool:
        """Typed as JSON, or read from a file."""
        return not self.many and not _is_scalar(self.kind)

    @property
    def is_argument(self) -> bool:
        plain = self.kind is str and not (self.choices or self.secret or self.multiline)
        return self.named or (self.required and plain)


def _is_scalar(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, str | int | float | bool | datetime)


@cache
def input_fields(operation: Operation) -> tuple[InputField, ...]:
    """Those that the path names first, in its order."""
    hints, named = get_type_hints(operation.input), in_path(operation)
    found = [_input_field(item, hints[item.name], item.name in named) for item in fields(operation.input)]
    return tuple(sorted(found, key=lambda field: named.index(field.name) if field.named else len(named)))


def _input_field(item: Any, hint: Any, named: bool) -> InputField:
    alternatives = get_args(hint) if get_origin(hint) in {types.UnionType, Union} else (hint,)
    (kind,) = (one for one in alternatives if one not in {UnsetType, types.NoneType})
    default = item.default_factory() if item.default_factory is not MISSING else item.default
    listed = get_origin(kind) in _LISTS
    choices = item.metadata.get("choices") or _values(get_args(kind)[0] if listed else kind)
    return InputField(
        name=item.name,
        kind=kind,
        item=get_args(kind)[0] if listed else None,
        nullable=types.NoneType in alternatives and default is not None,
        required=default is MISSING,
        default=default,
        help=item.metadata["help"],
        choices=choices,
        secret=item.metadata.get("secret", False),
        multiline=item.metadata.get("multiline", False),
        named=named,
    )


def _values(kind: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else ()


# --- to click ---------------------------------------------------------------------------------------------------------


def parameters(operation: Operation) -> list[click.Parameter]:
    found = [_parameter(field) for field in input_fields(operation)]
    for flag, words, matching in (
        ("null", "Set this field to null; may be repeated.", [f.option for f in input_fields(operation) if f.nullable]),
        (
            "empty",
            "Set this list to an empty one; may be repeated.",
            [f.option for f in input_fields(operation) if f.many and not f.required],
        ),
    ):
        if matching and operation.changes:
            found.append(click.Option([f"--{flag}"], multiple=True, type=click.Choice(matching), metavar="FIELD", help=words))
    return found


def _parameter(field: InputField) -> click.Parameter:
    if field.is_argument:
        from broker.cli.completion import NamesFor

        return click.Argument([field.name], metavar=field.option.upper(), shell_complete=NamesFor(field.name))
    if field.kind is bool:
        return click.Option([f"--{field.option}/--no-{field.option}", field.name], default=None, help=_help(field))
    return click.Option(
        [f"--{field.option}", field.name],
        required=field.required and not field.secret,
        multiple=field.many,
        type=_type(field),
        metavar=_metavar(field),
        help=_help(field),
    )


def _type(field: InputField) -> Any:
    if field.choices:
        return click.Choice(field.choices)
    base = field.item if field.many else field.kind
    return base if base in {int, float} else str


def _metavar(field: InputField) -> str | None:
    if field.secret:
        return "@FILE|env:NAME|prompt"
    if field.structured:
        return "JSON|@FILE"
    return "TEXT|@FILE" if field.multiline else None


def _help(field: InputField) -> str:
    more = " May be repeated." if field.many else ""
    shown = field.default not in (MISSING, None, "", ()) and isinstance(field.default, str | int | tuple)
    if field.kind is not bool and shown:
        default = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
        more += f" [default: {default}]"
    return field.help + more


# --- and back ---------------------------------------------------------------------------------------------------------


def input_of(operation: Operation, typed: dict[str, Any]) -> Any:
    """The input dataclass. Raises click.UsageError for what cannot be one, InvalidSettings for a file that is not there."""
    values: dict[str, Any] = {}
    for field in input_fields(operation):
        value = typed.get(field.name)
        if field.secret:
            value = secret_text(value, field)
        elif value is not None and field.structured:
            value = structured(value, field)
        elif value is not None and field.multiline:
            value = document_text(value)
        if value is not None and not (field.many and not value):
            values[field.name] = list(value) if field.many else value
        values |= {field.name: None} if field.option in typed.get("null", ()) else {}
        values |= {field.name: []} if field.option in typed.get("empty", ()) else {}
    try:
        return msgspec.convert(values, operation.input, strict=False)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from error


def document_text(value: str) -> str:
    """The text itself, `@FILE`, or `-` for what comes in."""
    if value == "-":
        return sys.stdin.read()
    return opening.read_text(Path(value[1:])) if value.startswith("@") else value


def structured(value: str, field: InputField) -> Any:
    """JSON, or YAML. Values of settings may refer to `{env: …}` and `{file: …}`."""
    found = _parsed(document_text(value), field)
    if isinstance(found, dict):
        if not value.startswith("@") and value != "-" and (inline := sorted(_secret_names() & found.keys())):
            _refuse_inline(inline, found, field)
        source = declarative.Source(declarative.Federation(), OnThisMachine(Path.cwd()))
        found = source.settings(found, field.name)
    return found


def _parsed(text: str, field: InputField) -> Any:
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text)  # first: YAML reads some escapes of JSON differently
    try:
        return yaml_text.read(text)
    except yaml_text.YamlError as error:
        raise click.BadParameter(f"This is neither JSON nor YAML: {error}", param_hint=f"--{field.option}") from error


def _refuse_inline(names: list[str], found: dict[str, Any], field: InputField) -> None:
    for name in names:
        if isinstance(found[name], str):
            raise click.BadParameter(
                f'{name} is a secret, and every user of this machine can read arguments: write {{"{name}": {{"env": "NAME"}}}}, '
                '{"file": "PATH"}, or give everything as @FILE.',
                param_hint=f"--{field.option}",
            )


@cache
def _secret_names() -> frozenset[str]:
    """Names of the settings that are secret in any type of connector."""
    kinds = [registry.connector_type(name).Settings for name in registry.names()]
    return frozenset(item.name for kind in kinds for item in fields(kind) if item.metadata.get("secret"))


def secret_text(value: str | None, field: InputField) -> str | None:
    """Never taken from the command line itself, which every user of the machine can read."""
    if value is None and not field.required:
        return None
    if value in {None, "prompt"}:
        if not sys.stdin.isatty():
            raise click.UsageError(f"Give --{field.option} as @FILE or env:NAME; there is no terminal to ask at.")
        return str(click.prompt(field.help.rstrip("."), hide_input=True))
    assert value is not None
    if value.startswith("env:"):
        if (found := os.environ.get(value[4:])) is None:
            raise InvalidSettings(f"The environment variable {value[4:]} is not set.", field=field.option)
        return found
    if value == "-" or value.startswith("@"):
        return document_text(value).strip()
    raise click.BadParameter(
        "A secret is not typed here, where every user of this machine can read it: give @FILE, env:NAME, - or prompt.",
        param_hint=f"--{field.option}",
    )
