"""An application's own address is for that application: the check that every protocol makes as soon as it knows who asks."""

from __future__ import annotations

from broker.domain.errors import UnknownApplication
from broker.domain.messages import filled
from broker.domain.place import Place
from broker.domain.trace import Trace


def require_own_place(place: Place, application_id: str, trace: Trace) -> None:
    """Raises UnknownApplication: nobody is told there whether another application exists."""
    if place.application_id is None:
        return
    own = place.admits(application_id)
    trace.check(
        "application.address", own, "" if own else filled("%(address)s is another application's own address", address=place.base)
    )
    if not own:
        raise UnknownApplication(
            cause="the request came to another application's own address",
            check="application.address",
            fix="Take the addresses from this application's own page.",
        )
