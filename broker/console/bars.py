"""Plots drawn on the server: numbers become rectangles here, templates only place them. No script, no style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 150
_LEFT, _BOTTOM, _TOP = 34, 22, 8


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a bar. `kind` names its colour: good, bad, soft."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything in units of the view box. `empty`: there is nothing to see, and a sentence is better."""

    width: int
    height: int
    left: int
    base: float
    bars: tuple[Bar, ...]
    lines: tuple[Tick, ...]
    labels: tuple[Tick, ...]
    empty: bool


def bars(columns: Sequence[tuple[str, str, dict[str, int]]], *, width: int = WIDTH, height: int = HEIGHT) -> Plot:
    """Stacked bars from (text below, text when looked at, kind → number); at most eight texts stand below."""
    top = max((sum(numbers.values()) for _, _, numbers in columns), default=0)
    scale, steps = _scale(top)
    base, room = height - _BOTTOM, height - _BOTTOM - _TOP
    step = (width - _LEFT) / max(len(columns), 1)
    made = []
    for number, (_, said, numbers) in enumerate(columns):
        parts, y = [], float(base)
        for kind, value in numbers.items():
            tall = room * value / scale
            y -= tall
            if value:
                left = _LEFT + (number + 0.12) * step
                parts.append(Part(kind, round(left, 1), round(y, 1), round(step * 0.76, 1), round(tall, 1)))
        made.append(Bar(said, tuple(parts)))
    every = max(1, -(-len(columns) // 8))
    labels = [Tick(round(_LEFT + (at + 0.5) * step, 1), text) for at, (text, _, _) in enumerate(columns) if at % every == 0]
    lines = [Tick(round(base - room * value / scale, 1), str(value)) for value in steps]
    return Plot(width, height, _LEFT, base, tuple(made), tuple(lines), tuple(labels), top == 0)


def _scale(top: int) -> tuple[int, list[int]]:
    """A round number at least as high as the highest bar, and the lines below it."""
    size = 1
    while size * 10 < top:
        size *= 10
    ceiling = next((each * size for each in (1, 2, 4, 6, 10) if each * size >= top), 1)
    return ceiling, [0, ceiling // 2, ceiling] if ceiling > 1 else [0, 1]
