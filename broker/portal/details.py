"""The step in which the customer's system says what it is: metadata as file, text or address, or issuer, id and secret."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.portal import forms, pages
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.portal.guidance import guidance_for
from broker.portal.walk import choose_first


def routes(views: Blueprint, face: PortalFace) -> None:
    @views.get("/details")
    def details(token: str) -> Response:
        return _details(face, None)

    @views.post("/metadata")
    def metadata(token: str) -> Response:
        def take() -> str:
            return _taken(face.renewal.take(pages.visit(), forms.uploaded(pages.scope())))

        return pages.changed(take, lambda problem: _details(face, problem), "metadata", {})

    @views.post("/metadata-text")
    def metadata_text(token: str) -> Response:
        given = forms.form(pages.scope())

        def take() -> str:
            return _taken(face.renewal.take(pages.visit(), forms.pasted(given)))

        return pages.changed(take, lambda problem: _details(face, problem), "metadata_text", given)

    @views.post("/metadata-address")
    def metadata_address(token: str) -> Response:
        given = forms.form(pages.scope())

        def fetch() -> str:
            return _taken(face.renewal.fetch(pages.visit(), forms.address(given)))

        return pages.changed(fetch, lambda problem: _details(face, problem), "metadata_url", given)


def more_routes(views: Blueprint, face: PortalFace) -> None:
    @views.post("/oidc")
    def oidc(token: str) -> Response:
        given = forms.form(pages.scope())

        def enter() -> str:
            face.setup.enter_oidc(token, given)
            return "/details#understood"

        connector = pages.visit().connector
        fields = guidance_for(connector.type, "oidc").fields if connector else ()
        known = tuple(field.name for field in fields)
        return pages.changed(enter, lambda problem: _details(face, problem), "oidc", given, known)

    @views.post("/take-over")
    def take_over(token: str) -> Response:
        given = forms.form(pages.scope())

        def accept() -> str:
            if given.get("answer") == "no":
                face.renewal.decline(pages.visit())
            else:
                face.renewal.accept(pages.visit(), keep_dropped=given.get("keep") == "yes")
            return "/details#understood"

        return pages.changed(accept, lambda problem: _details(face, problem), "metadata", {})

    @views.post("/certificate")
    def certificate(token: str) -> Response:
        given = forms.form(pages.scope())

        def drop() -> str:
            face.renewal.drop_certificate(pages.visit(), given.get("certificate", ""))
            return "/details#understood"

        return pages.changed(drop, lambda problem: _details(face, problem), "certificate", {})


def _taken(at_once: bool) -> str:
    return "/details#understood" if at_once else "/details#proposal"


def _details(face: PortalFace, problem: Problem | None) -> Response:
    here = pages.visit()
    connector = face.setup.state(here).connector
    if connector is None:
        return choose_first(face, problem)
    guidance = guidance_for(connector.type, connector.protocol)
    proposal = face.renewal.proposal(here)
    certificates = face.renewal.certificates(here)
    return pages.show(
        face, "portal/details.html", "details", problem, guidance=guidance, proposal=proposal, certificates=certificates
    )
