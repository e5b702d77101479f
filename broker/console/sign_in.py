"""`/console/sign-in` and `/console/sign-out`: email and password, then a code; or a passkey and nothing to type."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.console import door, pages
from broker.console.door import public
from broker.console.face import ConsoleFace
from broker.console.pages import Problem, problem_of
from broker.domain import errors
from broker.domain.access_errors import InvalidCredentials, NotSignedIn, TooManyAttempts
from broker.domain.errors import BrokerError
from broker.domain.http import Cookie, Document, Redirect
from broker.domain.messages import translatable
from broker.web.http import COOKIE_PREFIX, lenient_query
from broker.web.outgoing import respond
from broker.web.security import later_cookie

ATTEMPT = "staff-attempt"
_TOO_LATE = translatable("That took too long. Please sign in again.")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    _password(views, face)
    _code(views, face)
    _passkey(views, face)

    @views.post("/sign-out")
    @public
    def sign_out() -> Response:
        if handle := request.cookies.get(COOKIE_PREFIX + door.COOKIE):
            face.staff.sessions.end(handle)
        later_cookie(Cookie(door.COOKIE, None))
        return pages.bare("console/signed_out.html")


def _password(views: Blueprint, face: ConsoleFace) -> None:
    staff = face.staff.sign_in

    @views.get("/sign-in")
    @public
    def sign_in() -> Response:
        asked = lenient_query(request)
        code = asked.get("refused", "")
        if code and door.is_open():  # from connecting their account in vain
            return pages.done("/console/me", errors.by_code(code).sentence)
        problem = Problem("connector", errors.by_code(code).sentence, 403) if code else None
        return show_sign_in(face, asked.get("next"), problem)

    @views.post("/sign-in")
    @public
    def sign_in_password() -> Response:
        given = pages.fields()
        following = given.get("next")
        try:
            handle = staff.with_password(given.get("email", ""), given.get("password", ""), door.visitor(given))
        except (InvalidCredentials, TooManyAttempts) as error:
            return show_sign_in(face, following, problem_of(error, {"email": given.get("email", "")[:320]}, "password"), error)
        later_cookie(Cookie(ATTEMPT, handle, max_age_seconds=300))
        return respond(Redirect(door.leading("/console/sign-in/code", following)))


def _code(views: Blueprint, face: ConsoleFace) -> None:
    staff = face.staff.sign_in

    @views.get("/sign-in/code")
    @public
    def sign_in_code() -> Response:
        following = lenient_query(request).get("next")
        if staff.attempt(_attempt()) is None:
            return respond(Redirect(door.leading(door.SIGN_IN, following)))
        return _code_page(face, following)

    @views.post("/sign-in/code")
    @public
    def sign_in_check_code() -> Response:
        given = pages.fields()
        following = given.get("next")
        try:
            handle = staff.with_code(_attempt(), given.get("code", ""), door.visitor(given))
        except NotSignedIn as error:
            return show_sign_in(face, following, Problem("password", _TOO_LATE, error.status), error)
        except (InvalidCredentials, TooManyAttempts) as error:
            return _code_page(face, following, problem_of(error, {}, "code"), error)
        return _inside(face, handle, following)


def _passkey(views: Blueprint, face: ConsoleFace) -> None:
    staff = face.staff.sign_in

    @views.post("/sign-in/passkey/options")
    @public
    def sign_in_passkey_options() -> Response:
        visitor = door.visitor({"effort": request.headers.get("X-Effort", "")})
        return respond(Document(staff.passkey_options(visitor).encode(), "application/json"))

    @views.post("/sign-in/passkey")
    @public
    def sign_in_passkey() -> Response:
        given = pages.fields()
        following = given.get("next")
        try:
            handle = staff.with_passkey(given.get("credential", ""), door.visitor())
        except (InvalidCredentials, TooManyAttempts) as error:
            return show_sign_in(face, following, problem_of(error, {}, "passkey"), error)
        return _inside(face, handle, following)


def _attempt() -> str:
    return request.cookies.get(COOKIE_PREFIX + ATTEMPT, "")


def _inside(face: ConsoleFace, handle: str, following: str | None) -> Response:
    door.let_in(face.staff, handle)
    later_cookie(Cookie(ATTEMPT, None))
    return respond(Redirect(door.inside(following)))


def show_sign_in(
    face: ConsoleFace, following: str | None, problem: Problem | None = None, error: BrokerError | None = None
) -> Response:
    status = 200 if problem is None else problem.status
    context: dict[str, Any] = {"problem": problem, "following": door.inside(following)}
    email = problem.typed.get("email", "") if problem else ""
    context |= {"through": bool(face.staff.connectors.ids()), "effort": face.staff.sign_in.check_for(door.visitor(), email=email)}
    return _wait(pages.bare("console/sign_in.html", status=status, scripted=True, **context), error)


def _code_page(
    face: ConsoleFace, following: str | None, problem: Problem | None = None, error: BrokerError | None = None
) -> Response:
    staff, status = face.staff.sign_in, 200 if problem is None else problem.status
    effort = staff.check_for(door.visitor(), staff_id=staff.attempt(_attempt()) or "")
    context: dict[str, Any] = {"problem": problem, "following": door.inside(following), "effort": effort}
    return _wait(pages.bare("console/sign_in_code.html", status=status, **context), error)


def _wait(response: Response, error: BrokerError | None) -> Response:
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response
