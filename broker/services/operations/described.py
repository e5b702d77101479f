"""Settings dataclasses in words, for faces that cannot import them: forms, the API's users, the command line's help."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

import msgspec

from broker.services.operations.model import argument

_KINDS = {"str": "text", "bool": "yes or no", "int": "number", "int | None": "number", "tuple[str, ...]": "list"}


@dataclass(frozen=True, slots=True)
class SettingView:
    """One field of a settings dataclass."""

    name: str = argument("Name of the setting.")
    kind: str = argument("text, number, yes or no, list, or list of numbers.")
    help: str = argument("What it is for.")
    default: Any = argument("Its value when nothing is given.")
    required: bool = argument("There is no default.")
    secret: bool = argument("It is sealed when it is stored, and nobody can read it again.")
    multiline: bool = argument("Its text has several lines.")
    choices: tuple[str, ...] = argument("The values that it can have; empty: any.")
    risk: str = argument("What it weakens when it is changed from its default; empty: nothing.")


def described(settings: type, *, without: frozenset[str] = frozenset()) -> tuple[SettingView, ...]:
    return tuple(_setting(item) for item in fields(settings) if item.name not in without)


def _setting(item: Field[Any]) -> SettingView:
    default = item.default_factory() if item.default_factory is not MISSING else item.default
    return SettingView(
        name=item.name,
        kind=_KINDS.get(str(item.type), "list of numbers"),
        help=item.metadata["help"],
        default=None if default is MISSING else msgspec.to_builtins(default),
        required=default is MISSING,
        secret=item.metadata["secret"],
        multiline=item.metadata["multiline"],
        choices=item.metadata["choices"],
        risk=item.metadata["risk"],
    )


def shown_settings(settings: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Every setting that is no secret, as plain values."""
    hidden = {item.name for item in fields(settings) if item.metadata.get("secret")} | without
    return {name: value for name, value in _plain(settings).items() if name not in hidden}


def shown_secrets(settings: Any) -> dict[str, str]:
    """Of every secret setting only whether there is one."""
    secret = [item.name for item in fields(settings) if item.metadata.get("secret")]
    return {name: "set" if getattr(settings, name) else "not set" for name in secret}


def _plain(settings: Any) -> dict[str, Any]:
    return {item.name: msgspec.to_builtins(getattr(settings, item.name)) for item in fields(settings)}
