"""The steps at the end: the test login and its report, and the switch."""

from __future__ import annotations

from flask import Blueprint, Response, request

from broker.domain.errors import ConfigurationError, NotFound, UnknownObject
from broker.portal import forms, pages
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.services.test_verdict import judge
from broker.web.http import incoming_of
from broker.web.outgoing import respond


def routes(views: Blueprint, face: PortalFace) -> None:
    @views.get("/test")
    def test(token: str) -> Response:
        return _test(face, None)

    @views.post("/test")
    def begin(token: str) -> Response:
        forms.form(pages.scope())
        here = pages.visit()
        try:
            report = face.tests.make(here.actor, here.tenant.id, here.chosen().slug)
        except ConfigurationError as error:
            return _test(face, forms.problem_of(error, "test", {}))
        # The report comes back to this link, so that the walk goes on where it stopped.
        return respond(face.tests.begin(report.id, incoming_of(request), return_to=f"{pages.scope()}/test/{report.id}"))

    @views.get("/test/<report_id>")
    def report(token: str, report_id: str) -> Response:
        here = pages.visit()
        try:
            found = face.tests.find(here.actor, here.tenant.id, report_id)
        except UnknownObject as error:
            raise NotFound(cause="no such test of this tenant") from error
        if here.connector is None or found.connector.id != here.connector.id:
            raise NotFound(cause="the test of another connector than this link's")
        return pages.show(face, "portal/report.html", "test", verdict=judge(found))

    @views.get("/switch")
    def switch(token: str) -> Response:
        return _switch(face, None)

    @views.post("/enable")
    def enable(token: str) -> Response:
        given = forms.form(pages.scope())

        def on() -> str:
            face.setup.enable(token, untested=given.get("untested") == "yes")
            return ""

        return pages.changed(on, lambda problem: _switch(face, problem), "enable", given)

    @views.post("/disable")
    def disable(token: str) -> Response:
        forms.form(pages.scope())

        def off() -> str:
            face.setup.disable(token)
            return "/switch"

        return pages.changed(off, lambda problem: _switch(face, problem), "enable", {})


def _test(face: PortalFace, problem: Problem | None) -> Response:
    return pages.show(face, "portal/test.html", "test", problem)


def _switch(face: PortalFace, problem: Problem | None) -> Response:
    return pages.show(face, "portal/switch.html", "switch", problem)
