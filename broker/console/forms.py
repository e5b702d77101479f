"""Forms of the console as data: what is asked, what is stored, what was typed, and what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from broker.console.pages import Problem
from broker.domain.access_errors import StaleVersion
from broker.domain.errors import Conflict, InvalidSettings
from broker.domain.messages import translatable

T = TypeVar("T")

TAKEN = translatable("This short name is taken already. Choose another one.")
NOT_JSON = translatable("This is not valid JSON: line %(line)s, column %(column)s.")
NOT_A_LIST = translatable("Rules are a list: begin with [ and end with ].")
NOT_A_NUMBER = translatable("Enter a number.")
_PLACES = {
    "acceptance": "acceptance_rules",
    "transform": "transform_rules",
    "authorization": "authorization_rules",
    "session": "session_idle_minutes",
}
"""How services name a field, and how forms do."""

_NUMBERED = re.compile(r"(\w+)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Control:
    """One field of a form. `label`, `help` and `risk` are message ids; `value` is shown, `stored` is what holds now.

    `kind`: text, email, url, number, check, choice, radio, several (boxes), lines (one value a line), area, code, secret, date.
    """

    name: str
    label: str
    kind: str = "text"
    stored: str = ""
    help: str = ""
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    risk: str = ""
    required: bool = False
    is_set: bool = False
    """Of a secret: there is one."""
    technical: str = ""
    """Its name in the API and in declarative files."""
    accepted: bool = False
    """Of a risk: it has been accepted."""


@dataclass(frozen=True, slots=True)
class Form:
    """Controls, filled in with what was typed when the form comes back with a problem."""

    controls: tuple[Control, ...]
    problem: Problem | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(control.name for control in self.controls)

    @property
    def stale(self) -> bool:
        """Somebody else changed the object while this form was open."""
        return self.problem is not None and self.problem.code == "stale_version"

    def __getitem__(self, name: str) -> Control:
        return next(control for control in self.controls if control.name == name)

    def wrong(self, name: str) -> str:
        """The sentence that belongs at this control."""
        return self.problem.sentence if self.problem is not None and _place(self.problem.field) == name else ""

    @property
    def rule(self) -> str:
        """The number of the rule that is wrong, when it is one."""
        found = _NUMBERED.fullmatch(self.problem.field) if self.problem is not None else None
        return found[2] if found else ""

    @property
    def general(self) -> str:
        """The sentence that belongs to no control of this form."""
        return self.problem.sentence if self.problem is not None and _place(self.problem.field) not in self.names else ""


def _place(field: str) -> str:
    base = field.partition("[")[0]
    return _PLACES.get(base, base)


def storing(control: Control, value: str, *, accepted: bool = False) -> Control:
    """The control of an object that exists. `accepted`: its risk has been taken already."""
    return replace(control, stored=value, accepted=accepted)


def filled(controls: tuple[Control, ...], problem: Problem | None) -> Form:
    """What was typed wins over what is stored, except where nothing was typed yet. Secrets are never shown again."""
    typed = problem.typed if problem is not None else {}
    return Form(tuple(_filled(control, typed) for control in controls), problem)


def _filled(control: Control, typed: Mapping[str, str]) -> Control:
    if control.kind == "secret" or not typed:
        return replace(control, value="" if control.kind == "secret" else control.stored)
    missing = "" if control.kind in {"check", "several"} else control.stored  # a box that is not ticked is not sent
    accepted = f"risk-{control.name}" in typed or (control.accepted and control.name not in typed and control.kind != "check")
    return replace(control, value=typed.get(control.name, missing), accepted=accepted)


def read_rules(text: str, name: str) -> tuple[dict[str, Any], ...]:
    """Claim rules as they are typed. Raises InvalidSettings at the field; what a rule says is the service's to judge."""
    if not text.strip():
        return ()
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidSettings(NOT_JSON % {"line": error.lineno, "column": error.colno}, field=name) from error
    except RecursionError as error:
        raise InvalidSettings(NOT_A_LIST, field=name) from error
    if not isinstance(found, list):
        raise InvalidSettings(NOT_A_LIST, field=name)
    return tuple(found)


def shown_rules(rules: tuple[dict[str, Any], ...]) -> str:
    """One rule a line, as `read_rules` reads them."""
    if not rules:
        return "[]"
    return "[\n" + ",\n".join(f"  {json.dumps(rule, ensure_ascii=False)}" for rule in rules) + "\n]"


def read_number(text: str, name: str) -> float:
    """Raises InvalidSettings. French people type a comma."""
    try:
        found = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise InvalidSettings(NOT_A_NUMBER, field=name) from error
    if not math.isfinite(found):
        raise InvalidSettings(NOT_A_NUMBER, field=name)
    return found


def as_new(make: Callable[[], T], field: str = "slug") -> T:
    """What is made as new and exists already: nothing is stale, its name is taken. Raises Conflict."""
    try:
        return make()
    except StaleVersion as error:
        raise Conflict(TAKEN, field=field, cause=error.cause) from error


def read_version(typed: Mapping[str, str]) -> int:
    """The version that the form was made from; a form of ours always carries it."""
    return int(read_number(typed.get("version", ""), "version"))


def lines(text: str) -> tuple[str, ...]:
    """One value a line."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
