"""Signing in, confirming and linking through a connector of the hub: the login itself is the pipeline's, as any other.

The code that comes back counts only in the browser that began (a cookie of its own), and for what it was asked for.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from broker.console import door, pages
from broker.console.confirm import go_back
from broker.console.door import public
from broker.console.face import ConsoleFace
from broker.console.me import show_me
from broker.console.pages import Problem
from broker.console.sign_in import show_sign_in
from broker.domain import random_ids
from broker.domain.access_errors import InvalidCredentials, NotSignedIn
from broker.domain.http import Cookie, Redirect
from broker.domain.messages import translatable
from broker.services.staff.connectors import UpstreamPerson
from broker.web.http import COOKIE_PREFIX, incoming_of, lenient_query
from broker.web.outgoing import respond
from broker.web.security import later_cookie

BEGUN = "staff-connector"
NOT_STAFF = translatable(
    "Your organisation knows you, but this is not connected to an account of the console. "
    "Sign in another way first, and connect it under “Your account”."
)
_TOO_LATE = translatable("That took too long, or it began in another browser. Please try again.")
_OTHER_ACCOUNT = translatable("Somebody else’s account is connected to this person already.")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.post("/sign-in/connector")
    @public
    def connector_sign_in() -> Response:
        return _begin(face, "sign-in", fresh=False)

    @views.post("/confirm/connector")
    def connector_confirm() -> Response:
        return _begin(face, "confirm", fresh=True)

    @views.post("/me/connector")
    def connector_link() -> Response:
        door.confirmed()
        return _begin(face, "link", fresh=True)

    @views.get("/sign-in/answer")
    @public
    def connector_answer() -> Response:
        said = face.staff.connectors.redeem(lenient_query(request).get("code", ""))
        later_cookie(Cookie(BEGUN, None))
        if said is None or not _same_browser(face, said):
            return show_sign_in(face, None, Problem("connector", _TOO_LATE, 400))
        return _ANSWERS[said.state["purpose"]](face, said)

    @views.post("/me/connector/remove")
    def connector_unlink() -> Response:
        door.confirmed()

        def remove(_typed: dict[str, str]) -> tuple[str, str]:
            face.staff.sign_in.unlink(door.session().member)
            return "/console/me", translatable("Not connected any more.")

        return pages.changed(remove, lambda problem: show_me(face, problem), place="connector")


def _begin(face: ConsoleFace, purpose: str, *, fresh: bool) -> Response:
    given, begun = pages.fields(), random_ids.handle()
    later_cookie(Cookie(BEGUN, begun, max_age_seconds=3600))
    state = {"purpose": purpose, "begun": face.staff.connectors.mark(begun), "next": door.inside(given.get("next"))}
    state |= {"held": given.get("held", "")[:60], "session": door.session().id if purpose != "sign-in" else ""}
    return respond(face.upstream.begin(incoming_of(request), state, fresh=fresh))


def _same_browser(face: ConsoleFace, said: UpstreamPerson) -> bool:
    begun = request.cookies.get(COOKIE_PREFIX + BEGUN, "")
    return bool(begun) and face.staff.connectors.mark(begun) == said.state["begun"]


# --- what the answer was wanted for -----------------------------------------------------------------------------------


def _sign_in(face: ConsoleFace, said: UpstreamPerson) -> Response:
    try:
        handle = face.staff.sign_in.with_connector(said, door.visitor())
    except InvalidCredentials:
        return show_sign_in(face, said.state["next"], Problem("connector", NOT_STAFF, 403))
    door.let_in(face.staff, handle)
    return respond(Redirect(door.inside(said.state["next"])))


def _confirm(face: ConsoleFace, said: UpstreamPerson) -> Response:
    _check_session(said)
    face.staff.sign_in.confirm_connector(door.session(), said, door.visitor())
    return go_back(face, {"next": said.state["next"], "held": said.state["held"]})


def _link(face: ConsoleFace, said: UpstreamPerson) -> Response:
    _check_session(said)
    door.confirmed()
    linked = face.staff.sign_in.link(door.session().member, said)
    return pages.done("/console/me", translatable("Connected. You can sign in this way from now on.") if linked else _OTHER_ACCOUNT)


def _check_session(said: UpstreamPerson) -> None:
    """Raises NotSignedIn when the session that asked is not the one that is here."""
    if door.session().id != said.state["session"]:
        raise NotSignedIn(cause="the login was begun in another session")


_ANSWERS = {"sign-in": _sign_in, "confirm": _confirm, "link": _link}
