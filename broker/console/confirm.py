"""`/console/confirm`: before something sensitive is changed, somebody shows again who they are, and goes on where they were.

A form that was refused for this is kept, sealed, and sent again from a page of ours once they have; an upload is not kept,
and the page says that nothing was changed.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from broker.console import door, pages
from broker.console.face import ConsoleFace
from broker.console.pages import Problem, problem_of
from broker.domain.access_errors import InvalidCredentials, ReauthenticationRequired, TooManyAttempts
from broker.domain.http import Document, Redirect
from broker.services.staff.held import HeldForm
from broker.web.http import incoming_of, lenient_query
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD

_FORM = "application/x-www-form-urlencoded"


def routes(views: Blueprint, face: ConsoleFace) -> None:
    staff = face.staff

    @views.errorhandler(ReauthenticationRequired)
    def first(error: ReauthenticationRequired) -> Response:
        address, more = _stopped(face)
        return respond(Redirect(door.leading(door.CONFIRM, address, **more)))

    @views.get("/confirm")
    def confirm() -> Response:
        return _page(face, lenient_query(request))

    @views.post("/confirm")
    def confirm_password() -> Response:
        given = pages.fields()
        try:
            staff.sign_in.confirm_password(door.session(), given.get("password", ""), given.get("code", ""), door.visitor())
        except (InvalidCredentials, TooManyAttempts) as error:
            return _page(face, given, problem_of(error, {}, "password"))
        return go_back(face, given)

    @views.post("/confirm/passkey/options")
    def confirm_passkey_options() -> Response:
        return respond(Document(staff.sign_in.confirm_options(door.session()).encode(), "application/json"))

    @views.post("/confirm/passkey")
    def confirm_passkey() -> Response:
        given = pages.fields()
        try:
            staff.sign_in.confirm_passkey(door.session(), given.get("credential", ""), door.visitor())
        except (InvalidCredentials, TooManyAttempts) as error:
            return _page(face, given, problem_of(error, {}, "passkey"))
        return go_back(face, given)


def _stopped(face: ConsoleFace) -> tuple[str, dict[str, str]]:
    """Where to go on afterwards; the handle of the kept form, or a word when nothing could be kept."""
    if request.method in {"GET", "HEAD"}:
        return request.full_path.rstrip("?"), {}
    held = ""
    if request.mimetype == _FORM:
        fields = tuple(pair for pair in incoming_of(request).form if pair[0] != CSRF_FIELD)
        held = face.staff.held.keep(door.session(), request.full_path.rstrip("?"), fields)
    return _nearest_page(), {"held": held} if held else {"lost": "1"}


def _nearest_page() -> str:
    """The page that the form stood on: its own address, or the nearest one above it that can be opened."""
    adapter, path = current_app.url_map.bind(""), request.path
    while path.startswith(f"{door.SCOPE}/"):
        try:
            adapter.match(path, method="GET")
        except HTTPException:
            path = path.rpartition("/")[0]
        else:
            return path
    return door.SCOPE


def _page(face: ConsoleFace, given: dict[str, str], problem: Problem | None = None) -> Response:
    member = door.session().member
    context: dict[str, Any] = {"member": member, "following": door.inside(given.get("next")), "held": given.get("held", "")[:60]}
    context |= {"lost": bool(given.get("lost")), "problem": problem}
    status, through = 200 if problem is None else problem.status, bool(face.staff.connectors.ids())
    return pages.bare("console/confirm.html", status=status, scripted=True, through=through, **context)


def go_back(face: ConsoleFace, given: dict[str, str]) -> Response:
    held = face.staff.held.take(door.session(), given.get("held", ""))
    if isinstance(held, HeldForm):
        return pages.bare("console/confirmed.html", held=held)
    return respond(Redirect(door.inside(given.get("next"))))
