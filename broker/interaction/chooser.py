"""`/login/<handle>`: where a person says which organisation they come from. The handle and the browser cookie bind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask import Blueprint, Response, request

from broker.domain.access_errors import CheckRequired
from broker.domain.clock import Clock
from broker.domain.http import Incoming, Page, Reply
from broker.services.effort import Effort
from broker.services.throttle import Limit, Lockout, Throttle
from broker.web.http import incoming_of
from broker.web.outgoing import respond

TYPED_IN_VAIN = Limit("addresses typed in vain", 60, 60, unchecked=10)
"""From one network address: a large company behind one address has typing mistakes, too; a list of guesses is longer."""
HOME_REALM = "interaction/home_realm.html"
PLACE = "home realm"


class ChoosingPipeline(Protocol):
    """The part of `broker.login.pipeline` that this page needs. Each raises BrokerError."""

    def show(self, handle: str, incoming: Incoming, *, other: bool = False) -> Reply:
        """Discovery anew, for a login that waits. `other`: without the organisation that this browser remembers."""
        ...

    def browse(self, handle: str, incoming: Incoming, *, search: str, after: str) -> Reply:
        """Another page of the list of organisations, or what a search finds in it."""
        ...

    def choose(
        self, handle: str, incoming: Incoming, *, email: str = "", connector_id: str = "", remember: bool = False
    ) -> Reply:
        """The person typed an address, or picked a connector: exactly one of the two."""
        ...

    def again(self, handle: str, incoming: Incoming) -> Reply:
        """Take up a login whose answer was already given (back button, reload), with the request that it began with."""
        ...

    def give_up(self, handle: str, incoming: Incoming) -> Reply:
        """Back to the application, which hears the error in its own protocol."""
        ...


@dataclass(frozen=True, slots=True)
class ChooserFace:
    pipeline: ChoosingPipeline
    throttle: Throttle
    effort: Effort
    clock: Clock


def blueprint(face: ChooserFace) -> Blueprint:
    views = Blueprint("chooser", __name__)
    lockout = Lockout(face.throttle, TYPED_IN_VAIN, face.clock)

    def asking(reply: Reply, incoming: Incoming, **said: Any) -> Reply:
        """The page with the calculation on it, for an address that has typed much in vain."""
        page = reply.outgoing
        if not isinstance(page, Page) or page.template != HOME_REALM or not lockout.check_due(incoming.remote_address):
            return reply
        effort = face.effort.challenge(PLACE, incoming.remote_address)
        status = CheckRequired.status if said else page.status
        return replace(reply, outgoing=replace(page, context={**page.context, "effort": effort, **said}, status=status))

    @views.get("/login/<handle>")
    def show(handle: str) -> Response:
        incoming = incoming_of(request)
        search, after = incoming.one("search"), incoming.one("after")
        if search is not None or after is not None:
            return respond(face.pipeline.browse(handle, incoming, search=search or "", after=after or ""))
        return respond(asking(face.pipeline.show(handle, incoming, other=incoming.one("other") == "yes"), incoming))

    @views.post("/login/<handle>")
    def choose(handle: str) -> Response:
        incoming = incoming_of(request)
        connector_id = incoming.one("connector")
        email = incoming.one("email")
        remember, given = incoming.one("remember") == "yes", incoming.one("effort") or ""
        if connector_id:
            return respond(face.pipeline.choose(handle, incoming, connector_id=connector_id, remember=remember))
        # Whoever types one domain after another looks for our customers (FEATURES G11, P12).
        lockout.check(incoming.remote_address)
        if lockout.check_due(incoming.remote_address) and not face.effort.spend(PLACE, incoming.remote_address, given):
            shown = face.pipeline.show(handle, incoming, other=True)
            return respond(asking(shown, incoming, problem=CheckRequired.sentence, login_hint=email or "", show_email=True))
        reply = face.pipeline.choose(handle, incoming, email=email or "", remember=remember)
        if isinstance(reply.outgoing, Page) and reply.outgoing.status == 400:
            lockout.failed(incoming.remote_address)
        return respond(asking(reply, incoming))

    @views.post("/login/<handle>/again")
    def again(handle: str) -> Response:
        return respond(face.pipeline.again(handle, incoming_of(request)))

    @views.post("/login/<handle>/return")
    def give_up(handle: str) -> Response:
        return respond(face.pipeline.give_up(handle, incoming_of(request)))

    return views
