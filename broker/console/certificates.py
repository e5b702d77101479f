"""Certificates of a partner as a small time-line: since when, until when, how many days are left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.protocols.certificates import WeakKeyError, load_certificate

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """`start`, `end` in hundredths of the time-line's width; `days` is negative when it has expired."""

    subject: str
    not_before: datetime
    not_after: datetime
    sha256: str
    days: int
    start: float
    end: float

    @property
    def state(self) -> str:
        """ "good", "soon" or "expired"."""
        return "expired" if self.days < 0 else "soon" if self.days < SOON.days else "good"


@dataclass(frozen=True, slots=True)
class Timeline:
    lines: tuple[CertificateLine, ...]
    today: float


def timeline(pems: Iterable[str], now: datetime) -> Timeline:
    """What can be read; a certificate that cannot is no longer in use (it could not have been saved)."""
    loaded = []
    for pem in pems:
        try:
            loaded.append(load_certificate(pem))
        except (WeakKeyError, ValueError):  # saved by an earlier version with other limits
            continue
    if not loaded:
        return Timeline((), 0)
    # Ten-year certificates would make today and next month the same point: four years are shown at most.
    first = max(min(now, *(each.not_before for each in loaded)), now - timedelta(days=365))
    last = min(max(now, *(each.not_after for each in loaded)), now + timedelta(days=3 * 365))
    width = max((last - first).total_seconds(), 1.0)

    def place(moment: datetime) -> float:
        return round(100 * min(max((moment - first).total_seconds() / width, 0.0), 1.0), 2)

    lines = (
        CertificateLine(
            each.subject,
            each.not_before,
            each.not_after,
            each.sha256,
            (each.not_after - now).days,
            place(each.not_before),
            place(each.not_after),
        )
        for each in sorted(loaded, key=lambda found: found.not_after)
    )
    return Timeline(tuple(lines), place(now))
