"""Which attributes this application may receive, whatever its rules produce."""

from __future__ import annotations

from broker.domain.claims import Claims
from broker.domain.messages import filled
from broker.domain.trace import Trace
from broker.domain.trust import Application


def release(application: Application, issued: Claims, trace: Trace) -> Claims:
    if application.release is None:
        return issued
    released = Claims(tuple(claim for claim in issued if claim.type in application.release))
    held_back = {claim.type for claim in issued} - {claim.type for claim in released}
    if held_back:
        trace.decide("attribute release", filled("held back: %(claims)s", claims=", ".join(sorted(held_back))))
    return released
