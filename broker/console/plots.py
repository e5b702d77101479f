"""Pictures of numbers, as geometry for SVG made on the server. Pure: no page, no request, no colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

GAP = 0.2
"""Between two bars, as a part of a bar's place."""

OUTCOMES = ("good", "failed", "unfinished")
"""Kinds of the parts of a bar of sign-ins, the lowest first."""

THICK = 7.0
THIN = 1.25


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a bar, in hundredths of the plot's width and height."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Stacked:
    """Bars of several kinds, one on top of another. `top`: the number at the upper edge."""

    blocks: tuple[Block, ...]
    top: int


def stacked(kinds: Sequence[str], values: Sequence[Sequence[int]]) -> Stacked:
    """`values`: for every bar, its number of each kind, the lowest part first."""
    top = _round_up(max((sum(bar) for bar in values), default=0))
    place = 100 / max(len(values), 1)
    blocks = []
    for number, bar in enumerate(values):
        base = 100.0
        for kind, value in zip(kinds, bar, strict=True):
            height = 100 * value / top
            base -= height
            if value:
                x = number * place + place * GAP / 2
                blocks.append(Block(kind, round(x, 3), round(base, 3), round(place * (1 - GAP), 3), round(height, 3)))
    return Stacked(tuple(blocks), top)


def _round_up(number: int) -> int:
    """The next number that reads well on an axis: 1, 2, 5, 10, 20, 50 …"""
    if number <= 1:
        return 1
    power = 10 ** math.floor(math.log10(number))
    return next(int(step * power) for step in (1, 2, 5, 10) if step * power >= number)


@dataclass(frozen=True, slots=True)
class Edge:
    """From a row of a list to the middle of the other side: a path in a box of 100 by 100, which is stretched to fit."""

    path: str
    width: float
    state: str


def fan(weights: Sequence[int], states: Sequence[str], *, to_the_right: bool) -> tuple[Edge, ...]:
    """Edges between evenly spaced rows and one point in the middle of the opposite side; the busier, the thicker."""
    most, rows = max([1, *weights]), len(weights)
    edges = []
    for number, (weight, state) in enumerate(zip(weights, states, strict=True)):
        y = round((number + 0.5) / rows * 100, 2)
        path = f"M0 {y} C50 {y} 50 50 100 50" if to_the_right else f"M0 50 C50 50 50 {y} 100 {y}"
        # By the square root: a hundred times as many logins are ten times as thick.
        edges.append(Edge(path, round(THIN + (THICK - THIN) * math.sqrt(weight / most), 2), state))
    return tuple(edges)
