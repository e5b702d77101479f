"""What a declarative file refers to instead of containing it: `{env: NAME}` and `{file: PATH}`.

On the machine where the file lies, references are read there (`OnThisMachine`). A hub that is asked over the network reads
nothing of its own machine: the caller sends the values along (`Sent`). Owns where values come from, not what they mean.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from broker.domain.errors import InvalidSettings

KINDS = frozenset({"env", "file"})
KEEP: Any = object()
"""Instead of a value that was not given: what is stored stays."""


class References(Protocol):
    def read(self, kind: str, name: str, where: str) -> bytes | None:
        """None when there is no such environment variable or value. Raises InvalidSettings for an unreadable file."""
        ...

    def missing(self, kind: str, name: str) -> str:
        """A sentence for a value that is not there."""
        ...


@dataclass(frozen=True, slots=True)
class OnThisMachine:
    """Files relative to the folder of the declarative one."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False, default_factory=lambda: dict(os.environ))

    def read(self, kind: str, name: str, where: str) -> bytes | None:
        if kind == "env":
            found = self.environment.get(name)
            return None if found is None else found.encode()
        path = self.folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise InvalidSettings(f"The file {path} cannot be read.", field=where) from error

    def missing(self, kind: str, name: str) -> str:
        return f"The environment variable {name} is not set."


@dataclass(frozen=True, slots=True)
class Sent:
    """`values`: "env:NAME" or "file:PATH" → the text of it; "picture:PATH" → a picture in Base64."""

    values: Mapping[str, str] = field(repr=False)

    def read(self, kind: str, name: str, where: str) -> bytes | None:
        found = self.values.get(f"{kind}:{name}")
        if found is None or kind != "picture":
            return None if found is None else found.encode()
        return from_base64(found, where)

    def missing(self, kind: str, name: str) -> str:
        return f"Nothing was sent along for the reference {kind}:{name}."


def from_base64(text: str, where: str) -> bytes:
    """Raises InvalidSettings. Line ends may stand in it."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSettings("This is not Base64.", field=where) from error


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and bool(value.keys() & KINDS)


def in_values(value: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """(kind, name, where) of every reference in a value or a list of them."""
    if is_reference(value):
        ((kind, name),) = value.items()
        yield kind, str(name), where
    elif isinstance(value, list):
        for one in value:
            yield from in_values(one, where)
