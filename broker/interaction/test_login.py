"""`/test/<id>`: where a browser begins a test login that somebody has made, and sees its report. It belongs to that browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flask import Blueprint, Response, request

from broker.domain.http import Incoming, Page, Reply
from broker.services.test_login import FoundOut
from broker.services.test_verdict import judge
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD, check_csrf


class BegunHere(Protocol):
    """The part of `broker.services.test_login` that this page needs. Each raises NotFound."""

    def find_here(self, report_id: str, incoming: Incoming) -> FoundOut: ...

    def begin(self, report_id: str, incoming: Incoming, *, return_to: str = "") -> Reply: ...


@dataclass(frozen=True, slots=True)
class LoginTestFace:
    tests: BegunHere


def blueprint(face: LoginTestFace) -> Blueprint:
    views = Blueprint("test_login", __name__)

    @views.get("/test/<report_id>")
    def show(report_id: str) -> Response:
        verdict = judge(face.tests.find_here(report_id, incoming_of(request)))
        return respond(Page("interaction/test_login.html", {"verdict": verdict, "scope": f"/test/{report_id}"}))

    @views.post("/test/<report_id>")
    def begin(report_id: str) -> Response:
        incoming = incoming_of(request)
        check_csrf(f"/test/{report_id}", incoming.one(CSRF_FIELD))
        return respond(face.tests.begin(report_id, incoming))

    return views
