"""Where somebody stands in the walk: which steps are done is read from what is there, so the walk can be left and taken up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.domain.messages import translatable


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is of the set-up."""

    chosen: bool
    described: bool
    ready: bool
    proved: bool
    tested: bool
    on: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    key: str
    title: str
    done: Callable[[Facts], bool]
    open: Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """`open`: it can be done now; `number` from 1."""

    key: str
    title: str
    number: int
    done: bool
    open: bool


_KINDS = (
    _Kind("system", translatable("Your system"), lambda facts: facts.chosen, lambda facts: True),
    _Kind("about", translatable("About you"), lambda facts: facts.described, lambda facts: True),
    _Kind("values", translatable("Our values"), lambda facts: facts.ready, lambda facts: facts.chosen),
    _Kind("details", translatable("Its details"), lambda facts: facts.ready, lambda facts: facts.chosen),
    _Kind("domains", translatable("Domains"), lambda facts: facts.proved, lambda facts: True),
    _Kind("test", translatable("Test"), lambda facts: facts.tested, lambda facts: facts.ready),
    _Kind("switch", translatable("Switch it on"), lambda facts: facts.on, lambda facts: facts.ready),
)
KEYS = tuple(kind.key for kind in _KINDS)


def steps(facts: Facts) -> tuple[Step, ...]:
    return tuple(Step(kind.key, kind.title, number, kind.done(facts), kind.open(facts)) for number, kind in enumerate(_KINDS, 1))


def current(walk: tuple[Step, ...]) -> Step | None:
    """The first that is left to do; None when everything is done."""
    return next((step for step in walk if not step.done), None)


def after(walk: tuple[Step, ...], key: str) -> str:
    """The step that follows in the walk, or "" at its end."""
    following = KEYS[KEYS.index(key) + 1 :]
    return next((step.key for step in walk if step.key in following and step.open), "")
