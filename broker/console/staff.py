"""`/console/staff`: owners see who works here, let people in, change what they may do, and take it away again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import door, forms, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.console.staff_words import METHODS, NAMES, ROLE_WORDS
from broker.domain.access_errors import NotSignedIn, ReauthenticationRequired
from broker.domain.errors import ConfigurationError, Forbidden
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.staff import (
    AskSignIn,
    EndStaff,
    ListStaff,
    OneStaff,
    OneStaffSession,
    SaveStaff,
    SignInWith,
)
from broker.services.operations.staff_links import InviteStaff, LinkStaff, ResetStaff
from broker.web import words

HOME = "/console/staff"
CONNECTORS = Control(
    "connectors",
    translatable("Connectors, one a line"),
    "lines",
    help=translatable("Short name of the tenant, a slash, short name of the connector. Empty: nobody signs in this way."),
)


def address(staff_id: str) -> str:
    return f"{HOME}/{staff_id}"


def routes(views: Blueprint, face: ConsoleFace) -> None:
    _seeing(views, face)
    _letting_in(views, face)
    _taking_away(views, face)

    @views.get("/staff-sign-in")
    def staff_sign_in() -> Response:
        return _sign_in(face, None)

    @views.post("/staff-sign-in")
    def save_staff_sign_in() -> Response:
        def save(typed: dict[str, str]) -> tuple[str, str]:
            face.run("staff.sign_in_with", SignInWith(tuple(typed.get("connectors", "").split())))
            return "/console/staff-sign-in", translatable("Saved. It holds from the next sign-in on.")

        return pages.changed(save, lambda problem: _sign_in(face, problem), place="connectors")


def _sign_in(face: ConsoleFace, problem: Problem | None) -> Response:
    stored = face.run("staff.sign_in", AskSignIn())
    form = forms.filled((forms.storing(CONNECTORS, "\n".join(stored.connectors)),), problem)
    return pages.show("console/staff/sign_in.html", status=problem.status if problem else 200, form=form, stored=stored, here=HOME)


def _seeing(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/staff")
    def staff() -> Response:
        search, after = pages.asked("search").strip()[:200], pages.asked("after")
        found = face.run("staff.list", ListStaff(search, after))
        return pages.show("console/staff/list.html", found=found, search=search, first=not after, names=NAMES, address=address)

    @views.get("/staff/<staff>")
    def staff_member(staff: str) -> Response:
        return _page(face, staff)

    @views.post("/staff/<staff>/settings")
    def save_staff(staff: str) -> Response:
        def save(typed: dict[str, str]) -> tuple[str, str]:
            what = (typed.get("name", ""), typed.get("role", ""), typed.get("administers", "").strip())
            face.run("staff.save", SaveStaff(staff, *what, keep_tokens=typed.get("keep_tokens") == "yes"))
            return address(staff), translatable("Saved. It holds from their next request on.")

        return pages.changed(save, lambda problem: _page(face, staff, problem))


def _letting_in(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/new/staff")
    def new_staff() -> Response:
        return _new(face, None)

    @views.post("/new/staff")
    def invite_staff() -> Response:
        typed = pages.fields()
        try:
            who = (typed.get("email", ""), typed.get("name", ""), typed.get("role", ""))
            asked = InviteStaff(*who, typed.get("administers", "").strip(), *_mail(typed))
            made = face.run("staff.invite", asked)
        except (NotSignedIn, ReauthenticationRequired, Forbidden):
            raise
        except ConfigurationError as error:
            return _new(face, pages.problem_of(error, typed, "email"))
        return _link(made)

    @views.post("/staff/<staff>/link")
    def link_staff(staff: str) -> Response:
        return _given_link(face, staff, "staff.link")

    @views.post("/staff/<staff>/reset")
    def reset_staff(staff: str) -> Response:
        return _given_link(face, staff, "staff.reset")

    @views.post("/staff/<staff>/enable")
    def enable_staff(staff: str) -> Response:
        return _done(face, staff, "staff.enable", translatable("Switched on. They can sign in again."))


def _taking_away(views: Blueprint, face: ConsoleFace) -> None:
    @views.post("/staff/<staff>/disable")
    def disable_staff(staff: str) -> Response:
        return _ended(face, staff, "staff.disable", address(staff), translatable("Switched off. Their sessions have ended."))

    @views.post("/staff/<staff>/sessions/end")
    def end_staff_sessions(staff: str) -> Response:
        return _done(face, staff, "staff.end_sessions", translatable("Every session of this account has ended."))

    @views.post("/staff/<staff>/sessions/<session>/end")
    def end_staff_session(staff: str, session: str) -> Response:
        face.run("staff.end_session", OneStaffSession(staff, session))
        return pages.done(address(staff), translatable("The session has ended."))

    @views.post("/staff/<staff>/delete")
    def delete_staff(staff: str) -> Response:
        return _ended(face, staff, "staff.delete", HOME, translatable("The account has been deleted."))


def _ended(face: ConsoleFace, staff: str, operation: str, place: str, notice: str) -> Response:
    def end(typed: dict[str, str]) -> tuple[str, str]:
        face.run(operation, EndStaff(staff, typed.get("keep_tokens") == "yes"))
        return place, notice

    return pages.changed(end, lambda problem: _page(face, staff, problem), place="end")


def _done(face: ConsoleFace, staff: str, operation: str, notice: str) -> Response:
    def change(_typed: dict[str, str]) -> tuple[str, str]:
        face.run(operation, OneStaff(staff))
        return address(staff), notice

    return pages.changed(change, lambda problem: _page(face, staff, problem), place="end")


def _page(face: ConsoleFace, staff: str, problem: Problem | None = None) -> Response:
    detail = face.run("staff.show", OneStaff(staff))
    frame: dict[str, Any] = {"detail": detail, "roles": ROLE_WORDS, "names": NAMES, "methods": METHODS, "browser": words.browser}
    frame |= {"problem": problem, "home": address(staff), "myself": door.session(), "sends_mail": face.sends_mail}
    return pages.show("console/staff/member.html", status=problem.status if problem else 200, **frame)


def _new(face: ConsoleFace, problem: Problem | None) -> Response:
    door.actor().require(Verb.ADMINISTER, None)
    status = problem.status if problem else 200
    frame: dict[str, Any] = {"problem": problem, "roles": ROLE_WORDS, "here": HOME, "sends_mail": face.sends_mail}
    return pages.show("console/staff/new.html", status=status, **frame)


def _given_link(face: ConsoleFace, staff: str, operation: str) -> Response:
    try:
        typed = pages.fields()
        if operation == "staff.reset":
            return _link(face.run(operation, ResetStaff(staff, *_mail(typed), typed.get("keep_tokens") == "yes")))
        return _link(face.run(operation, LinkStaff(staff, *_mail(typed))))
    except (NotSignedIn, ReauthenticationRequired, Forbidden):
        raise
    except ConfigurationError as error:
        return _page(face, staff, pages.problem_of(error, {}, "end"))


def _mail(typed: dict[str, str]) -> tuple[bool, str]:
    return typed.get("mail") == "yes", typed.get("language") or "en"


def _link(made: Any) -> Response:
    """Shown once, in the answer itself: no address leads to it."""
    return pages.show("console/staff/link.html", made=made, home=address(made.staff.id))
