"""Where a vendor differs from the standard. A vendor's connector type is one of these, and its own words for settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from broker.domain.trace import Trace

Claims = dict[str, Any]


def _nothing(_claims: Claims, _trace: Trace) -> None:
    """No further check."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """`issuer_of`: the one acceptable issuer for these claims, when it is no constant. `check`: raises
    InvalidUpstreamResponse. `subject_of`: the person's key, when no single claim holds it. `email_verified`: what the
    vendor says of the address, when it does not say `email_verified`."""

    issuer_of: Callable[[Claims], str] | None = None
    check: Callable[[Claims, Trace], None] = _nothing
    subject_of: Callable[[Claims], str] | None = None
    email_verified: Callable[[Claims], bool | None] | None = None
    authorization_parameters: dict[str, str] = field(default_factory=dict)


STANDARD = Deviations()
