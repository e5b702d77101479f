"""The step in which domains are proved: claim, the record to make, a look at the DNS."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.domain.messages import translatable
from broker.portal import forms, pages
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.services.domain_proof import Result

RESULTS: dict[Result, str] = {
    Result.NO_DOMAIN: translatable("There is no such domain in the DNS. Look for a typing mistake."),
    Result.NO_RECORD: translatable("The record is not there yet. New records can take minutes, rarely a day; then check again."),
    Result.WRONG_VALUE: translatable("There is a record, but it says something else. Copy the value once more."),
    Result.SERVER_FAILURE: translatable("The DNS servers of this domain did not answer properly. Try again in a few minutes."),
    Result.TIMEOUT: translatable("The DNS servers of this domain did not answer in time. Try again in a few minutes."),
    Result.CONFLICT: translatable("The record is right, but another organisation holds this domain. Ask support."),
    Result.REVOKED: translatable(
        "The record has been missing for a week, so people cannot sign in with it now. Put it back and check."
    ),
}


def routes(views: Blueprint, face: PortalFace) -> None:
    @views.get("/domains")
    def domains(token: str) -> Response:
        return _domains(face, None)

    @views.post("/domains")
    def add(token: str) -> Response:
        given = forms.form(pages.scope())

        def claim() -> str:
            here = pages.visit()
            return f"/domains#{face.proof.claim(here.actor, here.tenant.id, given.get('domain', '')).name}"

        return pages.changed(claim, lambda problem: _domains(face, problem), "domain", given, ("domain",))

    @views.post("/domains/check")
    def check(token: str) -> Response:
        given = forms.form(pages.scope())

        def look() -> str:
            here = pages.visit()
            return f"/domains#{face.proof.check(here.actor, here.tenant.id, given.get('domain', '')).name}"

        return pages.changed(look, lambda problem: _domains(face, problem), "check", {})

    @views.post("/domains/withdraw")
    def withdraw(token: str) -> Response:
        given = forms.form(pages.scope())

        def take_back() -> str:
            here = pages.visit()
            face.proof.withdraw(here.actor, here.tenant.id, given.get("domain", ""))
            return "/domains"

        return pages.changed(take_back, lambda problem: _domains(face, problem), "check", {})


def _domains(face: PortalFace, problem: Problem | None) -> Response:
    return pages.show(face, "portal/domains.html", "domains", problem, results=RESULTS)
