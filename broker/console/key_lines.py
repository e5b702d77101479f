"""The life of each key as a line: announced, signs, retires, gone. What has happened, and what is to come in a lighter tone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.services.operations.key_views import KeyView

PAST, FUTURE = timedelta(days=180), timedelta(days=120)
"""How much is shown at most. Ten-year certificates would make a rollover a single point."""

ROOM = timedelta(days=7)
"""Behind the last that is to come, so that it is seen what follows."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`kind`: announced, signs, retires or revoked. `start` and `width` in hundredths of the line."""

    kind: str
    start: float
    width: float
    planned: bool = False


@dataclass(frozen=True, slots=True)
class KeyLine:
    key: KeyView
    segments: tuple[Segment, ...]
    today: float
    early: bool
    """It is announced, and partners have not had their time."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Keys of one use. `algorithms`: of all of them; `announced`, `signing`: those that have a key in that state."""

    use: str
    lines: tuple[KeyLine, ...]
    algorithms: tuple[str, ...]
    announced: tuple[str, ...]
    signing: tuple[str, ...]

    @property
    def lacking(self) -> tuple[str, ...]:
        """Algorithms whose next key may be announced."""
        return tuple(name for name in self.algorithms if name not in self.announced)


def kinds(keys: Iterable[KeyView], now: datetime) -> tuple[Kind, ...]:
    """On one scale, in the order in which they come."""
    keys = tuple(keys)
    moments = [at for key in keys for at in (key.created_at, key.ends_at, key.may_promote_at) if at is not None]
    first = max(min([now - timedelta(days=7), *moments]), now - PAST)
    last = min(max([now + timedelta(days=7), *moments]) + ROOM, now + FUTURE)
    scale = _Scale(first, last, now)
    return tuple(_kind(use, [key for key in keys if key.use == use], scale) for use in dict.fromkeys(key.use for key in keys))


def _kind(use: str, keys: list[KeyView], scale: _Scale) -> Kind:
    living = [key for key in keys if key.state != "revoked"]
    return Kind(
        use,
        tuple(_line(key, scale) for key in keys),
        tuple(dict.fromkeys(key.algorithm for key in living)),
        tuple(key.algorithm for key in living if key.state == "next"),
        tuple(key.algorithm for key in living if key.state == "active"),
    )


def _line(key: KeyView, scale: _Scale) -> KeyLine:
    early = key.may_promote_at is not None and scale.now < key.may_promote_at
    return KeyLine(key, tuple(scale.segments(key)), scale.place(scale.now), early)


@dataclass(frozen=True, slots=True)
class _Scale:
    first: datetime
    last: datetime
    now: datetime

    def place(self, moment: datetime) -> float:
        part = (moment - self.first) / (self.last - self.first)
        return round(100 * min(max(part, 0.0), 1.0), 2)

    def segments(self, key: KeyView) -> Iterable[Segment]:
        signs_from = key.promoted_at or (None if key.state == "next" else key.created_at)
        yield from self._between("announced", key.created_at, signs_from or key.may_promote_at or self.now)
        if key.state == "next":
            yield from self._between("signs", max(key.may_promote_at or self.now, self.now), self.last)
        elif signs_from is not None and key.promoted_at is not None:
            yield from self._between("signs", signs_from, key.retired_at or self.last)
        if key.retired_at is not None:
            kind = "revoked" if key.state == "revoked" else "retires"
            yield from self._between(kind, key.retired_at, key.ends_at or self.last)

    def _between(self, kind: str, start: datetime, end: datetime) -> Iterable[Segment]:
        """What lies behind us, and what is to come."""
        for first, last, planned in ((start, min(end, self.now), False), (max(start, self.now), end, True)):
            left, right = self.place(first), self.place(last)
            if right > left:
                yield Segment(kind, left, round(right - left, 2), planned)
