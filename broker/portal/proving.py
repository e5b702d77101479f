"""The step in which domains are proved: claim, the record or the file to make, a look for it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import NotFound
from broker.domain.http import Document
from broker.domain.messages import translatable
from broker.portal import forms, pages
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.services.domain_looks import FILE, Result
from broker.web.outgoing import respond

RESULTS: dict[Result, str] = {
    Result.NO_DOMAIN: translatable("There is no such domain in the DNS. Look for a typing mistake."),
    Result.NO_RECORD: translatable("The record is not there yet. New records can take minutes, rarely a day; then check again."),
    Result.WRONG_VALUE: translatable("There is a record, but it says something else. Copy the value once more."),
    Result.SERVER_FAILURE: translatable("The DNS servers of this domain did not answer properly. Try again in a few minutes."),
    Result.TIMEOUT: translatable("The DNS servers of this domain did not answer in time. Try again in a few minutes."),
    Result.CONFLICT: translatable("The proof is right, but another organisation holds this domain. Ask support."),
    Result.REVOKED: translatable(
        "The proof has been missing for a week, so people cannot sign in with it now. Put it back and check."
    ),
}

WEB_RESULTS: dict[Result, str] = {
    Result.NO_FILE: translatable("The file is not there yet, or not for everybody to read. Open the address in your browser."),
    Result.WRONG_VALUE: translatable("There is a file, but it says something else. Download the file once more."),
    Result.PAGE: translatable("A web page comes instead of the file. The file must be plain text, with the one line only."),
    Result.REDIRECT: translatable(
        "The website leads from this address to another one. The file must be at this very address, without www."
    ),
    Result.CERTIFICATE: translatable("The certificate of the website is not valid for this domain, so it proves nothing."),
    Result.UNREACHABLE: translatable("No website answers under this domain. If it has none, use the DNS record."),
    Result.NOT_PUBLIC: translatable("This website has no public address, so we do not visit it. Use the DNS record."),
    Result.SERVER_FAILURE: translatable("The website reports a fault of its own. Try again in a few minutes."),
    Result.TIMEOUT: translatable("The website did not answer in time. Try again in a few minutes."),
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
            name = face.proof.check(here.actor, here.tenant.id, given.get("domain", "")).name
            return f"/domains?way={'http' if given.get('way') == 'http' else 'dns'}#{name}"

        return pages.changed(look, lambda problem: _domains(face, problem), "check", {})

    @views.get("/domains/file")
    def file(token: str) -> Response:
        """The file to put on the web site; its content is on the page as well."""
        asked = request.args.get("domain", "")
        for claim in face.proof.claims(pages.visit().tenant.id):
            if claim.name == asked:
                saved = ("Content-Disposition", f'attachment; filename="{FILE}"')
                return respond(Document(f"{claim.value}\n".encode(), "text/plain; charset=utf-8", headers=(saved,)))
        raise NotFound

    @views.post("/domains/withdraw")
    def withdraw(token: str) -> Response:
        given = forms.form(pages.scope())

        def take_back() -> str:
            here = pages.visit()
            face.proof.withdraw(here.actor, here.tenant.id, given.get("domain", ""))
            return "/domains"

        return pages.changed(take_back, lambda problem: _domains(face, problem), "check", {})


def _domains(face: PortalFace, problem: Problem | None) -> Response:
    return pages.show(face, "portal/domains.html", "domains", problem, **_words())


def _words() -> dict[str, Any]:
    return {"results": RESULTS, "web_results": WEB_RESULTS, "file": FILE, "way": request.args.get("way", "")}
