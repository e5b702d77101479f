"""`/console/me`: one's own name, passkeys, password with codes, and sessions. Whoever changes them shows first who they are."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.console import door, pages
from broker.console.codes import in_groups, qr_code
from broker.console.face import ConsoleFace
from broker.console.pages import Problem
from broker.console.staff_words import METHODS, NAMES
from broker.domain.http import Document, Redirect
from broker.domain.messages import translatable
from broker.web import words
from broker.web.outgoing import respond

HOME = "/console/me"


def routes(views: Blueprint, face: ConsoleFace) -> None:
    _profile(views, face)
    _passkeys(views, face)
    _password(views, face)
    _sessions(views, face)


def _profile(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/me")
    def me() -> Response:
        return show_me(face)

    @views.post("/me/name")
    def my_name() -> Response:
        def save(typed: dict[str, str]) -> tuple[str, str]:
            face.staff.accounts.rename(door.session().member, typed.get("name", ""))
            return HOME, translatable("Your name is saved.")

        return pages.changed(save, lambda problem: show_me(face, problem))


def _passkeys(views: Blueprint, face: ConsoleFace) -> None:
    keys = face.staff.passkeys

    @views.get("/me/passkey")
    def new_passkey() -> Response:
        door.confirmed()
        return _new_passkey(None)

    @views.post("/me/passkey/options")
    def my_passkey_options() -> Response:
        door.confirmed()
        return respond(Document(keys.offer(_place(), door.session().member).encode(), "application/json"))

    @views.post("/me/passkey")
    def add_passkey() -> Response:
        door.confirmed()

        def add(typed: dict[str, str]) -> tuple[str, str]:
            made = keys.prove(_place(), typed.get("credential", ""))
            keys.add(door.session().member, made, typed.get("name", "") or words.browser(request.headers.get("user-agent", "")))
            return HOME, translatable("The passkey is ready.")

        return pages.changed(add, _new_passkey, place="passkey")

    @views.post("/me/passkeys/<passkey>/remove")
    def remove_passkey(passkey: str) -> Response:
        door.confirmed()

        def remove(_typed: dict[str, str]) -> tuple[str, str]:
            keys.remove(door.session().member, passkey)
            return HOME, translatable("The passkey does not open anything any more. Delete it on your device too.")

        return pages.changed(remove, lambda problem: show_me(face, problem), place="passkey")


def _password(views: Blueprint, face: ConsoleFace) -> None:
    credentials = face.staff.credentials

    @views.get("/me/password")
    def my_password() -> Response:
        door.confirmed()
        return _password_page(None)

    @views.post("/me/password")
    def change_password() -> Response:
        """With an app already there, the password alone is changed; else the app comes next."""
        door.confirmed()

        def change(typed: dict[str, str]) -> tuple[str, str]:
            pages.same_twice(typed)
            member = door.session().member
            if member.has_password:
                credentials.change_password(member, typed.get("password", ""))
                return HOME, translatable("Your new password holds from now on.")
            credentials.begin(_place(), member, typed.get("password", ""))
            return f"{HOME}/authenticator", ""

        return pages.changed(change, _password_page, place="password")

    @views.post("/me/password/remove")
    def remove_password() -> Response:
        door.confirmed()

        def remove(_typed: dict[str, str]) -> tuple[str, str]:
            credentials.remove_password(door.session().member)
            return HOME, translatable("Password and codes are removed. You sign in with a passkey.")

        return pages.changed(remove, lambda problem: show_me(face, problem), place="password")

    @views.post("/me/authenticator/new")
    def new_authenticator() -> Response:
        door.confirmed()
        credentials.begin(_place(), door.session().member, None)
        return respond(Redirect(f"{HOME}/authenticator"))

    @views.get("/me/authenticator")
    def my_authenticator() -> Response:
        return _authenticator_page(face, None)

    @views.post("/me/authenticator")
    def finish_authenticator() -> Response:
        door.confirmed()

        def finish(typed: dict[str, str]) -> tuple[str, str]:
            member = door.session().member
            credentials.finish(_place(), member, credentials.prove(_place(), member, typed.get("code", "")))
            return HOME, translatable("Your authenticator app is set up.")

        return pages.changed(finish, lambda problem: _authenticator_page(face, problem), place="code")


def _sessions(views: Blueprint, face: ConsoleFace) -> None:
    sessions = face.staff.sessions

    @views.post("/me/sessions/<session>/end")
    def end_my_session(session: str) -> Response:
        sessions.end_one(door.session().member.id, session)
        return pages.done(HOME, translatable("The session has ended."))

    @views.post("/me/sessions/end-others")
    def end_my_other_sessions() -> Response:
        mine = door.session()
        sessions.end_all(mine.member.id, but=mine.id)
        return pages.done(HOME, translatable("Every other session has ended. Only this browser is signed in."))


def _place() -> str:
    return f"session {door.session().id}"


def show_me(face: ConsoleFace, problem: Problem | None = None) -> Response:
    mine, through = door.session(), bool(face.staff.connectors.ids())
    context: dict[str, Any] = {"mine": mine, "problem": problem, "names": NAMES, "methods": METHODS, "here": HOME}
    context |= {"passkeys": face.staff.passkeys.of(mine.member.id), "sessions": face.staff.sessions.of(mine.member.id)}
    context |= {"browser": words.browser, "through": through}
    response = pages.show("console/staff/me.html", status=problem.status if problem else 200, **context)
    return pages.with_script(response, through=through)


def _new_passkey(problem: Problem | None) -> Response:
    name = words.browser(request.headers.get("user-agent", ""))
    response = pages.show(
        "console/staff/passkey.html", status=problem.status if problem else 200, problem=problem, suggestion=name, here=HOME
    )
    return pages.with_script(response)


def _password_page(problem: Problem | None) -> Response:
    return pages.show("console/staff/password.html", status=problem.status if problem else 200, problem=problem, here=HOME)


def _authenticator_page(face: ConsoleFace, problem: Problem | None) -> Response:
    waiting = face.staff.credentials.waiting(_place(), door.session().member)
    if waiting is None:
        return respond(Redirect(f"{HOME}/password"))
    context: dict[str, Any] = {"key": in_groups(waiting.key), "picture": qr_code(waiting.address), "problem": problem, "here": HOME}
    return pages.show("console/staff/authenticator.html", status=problem.status if problem else 200, **context)
