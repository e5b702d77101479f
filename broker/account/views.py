"""`/account`: one page; each form answers with a redirect to it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from broker.account.face import AccountFace
from broker.domain.account import ADDRESS
from broker.domain.http import Cookie, Incoming, Page, Redirect, Reply
from broker.domain.messages import translatable
from broker.domain.session import Session
from broker.services.operations.people import session_view
from broker.web import words
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD, check_csrf

DONE = {
    "session": translatable("That session has ended."),
    "others": translatable("Every other browser is signed out."),
}


def blueprint(face: AccountFace) -> Blueprint:
    views = Blueprint("account", __name__, url_prefix=ADDRESS)

    @views.get("")
    def show() -> Response:
        incoming = incoming_of(request)
        session = _session(face, incoming)
        if session is None:
            return respond(face.sign_in.begin(incoming))
        return _page(face, session, DONE.get(incoming.one("done") or "", ""))

    @views.post("/sessions/<session_id>/end")
    def end_session(session_id: str) -> Response:
        session = _own(face)
        if session is not None:
            face.account.end_session(session, session_id)
        return respond(Redirect(f"{ADDRESS}?done=session"))

    @views.post("/others")
    def end_others() -> Response:
        session = _own(face)
        if session is not None:
            face.account.end_others(session)
        return respond(Redirect(f"{ADDRESS}?done=others"))

    @views.post("/everywhere")
    def end_all() -> Response:
        session = _own(face)
        if session is not None:
            face.account.end_all(session)
        return respond(Reply(Page("interaction/signed_out.html"), (Cookie(face.session_cookie, None),)))

    return views


def _session(face: AccountFace, incoming: Incoming) -> Session | None:
    return face.account.session(incoming.cookies.get(face.session_cookie), incoming.host)


def _own(face: AccountFace) -> Session | None:
    """Whose form this is. Raises Forbidden without the form's token. None: the session has ended meanwhile, sign in again."""
    incoming = incoming_of(request)
    check_csrf(ADDRESS, incoming.one(CSRF_FIELD))
    return _session(face, incoming)


def _page(face: AccountFace, session: Session, notice: str) -> Response:
    mine = face.account.show(session)
    sessions = [(session_view(seen), seen.session.id == session.id) for seen in mine.sessions]
    context = {
        "mine": mine,
        "person": mine.person,
        "said": words.said(mine.profile),
        "sessions": sorted(sessions, key=lambda each: not each[1]),
        "browser": words.browser,
        "notice": notice,
        "branding": mine.branding,
    }
    return respond(Page("account/home.html", context))
