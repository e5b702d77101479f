"""`/logout`: end the session here. GET only asks, so that a link or image elsewhere cannot sign anybody out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flask import Blueprint, Response, request

from broker.domain.http import Incoming, Page, Reply
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD, check_csrf

SIGNED_OUT = Page("interaction/signed_out.html")


class EndsSessions(Protocol):
    """The part of the session service that this page needs."""

    def end(self, incoming: Incoming) -> Reply:
        """End this browser's session, if there is one: SIGNED_OUT with the cookies to delete."""
        ...


@dataclass(frozen=True, slots=True)
class SignOutFace:
    sessions: EndsSessions


def blueprint(face: SignOutFace) -> Blueprint:
    views = Blueprint("signout", __name__)

    @views.get("/logout")
    def ask() -> Response:
        return respond(Page("interaction/sign_out.html"))

    @views.post("/logout")
    def end() -> Response:
        incoming = incoming_of(request)
        check_csrf("/logout", incoming.one(CSRF_FIELD))
        return respond(face.sessions.end(incoming))

    return views
