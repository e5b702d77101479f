"""`/console/welcome/<token>`: whoever holds a one-time link says who they are, and sets up what they will sign in with."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.console import door, pages
from broker.console.codes import in_groups, qr_code
from broker.console.door import public
from broker.console.face import ConsoleFace
from broker.console.pages import Problem, problem_of
from broker.domain.access_errors import InvalidCredentials, InvalidInvitation, TooManyAttempts
from broker.domain.errors import ConfigurationError
from broker.domain.http import Document, Redirect
from broker.domain.messages import translatable
from broker.web import words
from broker.web.outgoing import respond

_BASE = "/console/welcome"


def routes(views: Blueprint, face: ConsoleFace) -> None:
    _person(views, face)
    _password(views, face)
    _passkey(views, face)


def _person(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/welcome/<token>")
    @public
    def welcome(token: str) -> Response:
        return _page(face, token)

    @views.post("/welcome/<token>/person")
    @public
    def welcome_person(token: str) -> Response:
        given = pages.fields()
        try:
            face.staff.invitations.claim(token, given.get("email", ""), given.get("name", ""))
        except InvalidInvitation:
            raise
        except ConfigurationError as error:
            return _page(face, token, problem_of(error, given))
        return respond(Redirect(f"{_BASE}/{token}"))


def _password(views: Blueprint, face: ConsoleFace) -> None:
    enrolment = face.staff.enrolment

    @views.post("/welcome/<token>/password")
    @public
    def welcome_password(token: str) -> Response:
        given = pages.fields()
        try:
            pages.same_twice(given)
            enrolment.choose_password(token, given.get("password", ""))
        except InvalidInvitation:
            raise
        except ConfigurationError as error:
            return _page(face, token, problem_of(error, {}, "password"))
        return respond(Redirect(f"{_BASE}/{token}/authenticator"))

    @views.get("/welcome/<token>/authenticator")
    @public
    def welcome_authenticator(token: str) -> Response:
        return _authenticator_page(face, token)

    @views.post("/welcome/<token>/authenticator")
    @public
    def welcome_finish(token: str) -> Response:
        try:
            handle = enrolment.finish_password(token, pages.fields().get("code", ""), door.visitor())
        except InvalidInvitation:
            raise
        except ConfigurationError as error:
            return _authenticator_page(face, token, problem_of(error, {}, "code"))
        return _inside(face, handle)


def _passkey(views: Blueprint, face: ConsoleFace) -> None:
    enrolment = face.staff.enrolment

    @views.post("/welcome/<token>/passkey/options")
    @public
    def welcome_passkey_options(token: str) -> Response:
        return respond(Document(enrolment.passkey_options(token).encode(), "application/json"))

    @views.post("/welcome/<token>/passkey")
    @public
    def welcome_passkey(token: str) -> Response:
        name = words.browser(request.headers.get("user-agent", ""))
        try:
            handle = enrolment.finish_passkey(token, pages.fields().get("credential", ""), name, door.visitor())
        except (InvalidCredentials, TooManyAttempts) as error:
            return _page(face, token, problem_of(error, {}, "passkey"))
        return _inside(face, handle)


def _inside(face: ConsoleFace, handle: str) -> Response:
    door.let_in(face.staff, handle)
    return pages.done(door.SCOPE, translatable("You are signed in. Next time, sign in here with what you have just set up."))


def _page(face: ConsoleFace, token: str, problem: Problem | None = None) -> Response:
    member = face.staff.invitations.open(token)
    status = 200 if problem is None else problem.status
    template = "console/welcome_person.html" if member is None else "console/welcome.html"
    context: dict[str, Any] = {"member": member, "base": f"{_BASE}/{token}", "problem": problem, "host": face.host}
    return pages.bare(template, status=status, scripted=member is not None, **context)


def _authenticator_page(face: ConsoleFace, token: str, problem: Problem | None = None) -> Response:
    waiting = face.staff.enrolment.authenticator(token)
    if waiting is None:
        return respond(Redirect(f"{_BASE}/{token}"))
    status = 200 if problem is None else problem.status
    context: dict[str, Any] = {"key": in_groups(waiting.key), "picture": qr_code(waiting.address), "problem": problem}
    context |= {"action": f"{_BASE}/{token}/authenticator", "back": f"{_BASE}/{token}"}
    return pages.bare("console/welcome_authenticator.html", status=status, **context)
