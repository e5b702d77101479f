"""People: find somebody, see what the hub knows of them, sign them out, switch them off, unlink them."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from broker.console import pages
from broker.console.face import ConsoleFace
from broker.domain.errors import NotFound
from broker.domain.http import Redirect
from broker.domain.messages import translatable
from broker.services.operations.people import LinkView, ListPeople, OneLink, OnePerson, OneSession, PersonDetail
from broker.web import words
from broker.web.http import incoming_of
from broker.web.outgoing import respond

PAGE = 50


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/people")
    def people() -> Response:
        return _people(face)

    @views.get("/people/<tenant>/<person>")
    def person(tenant: str, person: str) -> Response:
        return _person(face.run("person.show", OnePerson(tenant, person)))

    @views.post("/people/<tenant>/<person>/sign-out")
    def sign_out_person(tenant: str, person: str) -> Response:
        face.run("person.sign_out", OnePerson(tenant, person))
        return pages.done(address(tenant, person), translatable("Signed out everywhere."))

    @views.post("/people/<tenant>/<person>/disable")
    def disable_person(tenant: str, person: str) -> Response:
        face.run("person.disable", OnePerson(tenant, person))
        return pages.done(address(tenant, person), translatable("Switched off. Every session has ended."))

    @views.post("/people/<tenant>/<person>/enable")
    def enable_person(tenant: str, person: str) -> Response:
        face.run("person.enable", OnePerson(tenant, person))
        return pages.done(address(tenant, person), translatable("Switched on. This person can sign in again."))

    @views.post("/people/<tenant>/<person>/sessions/<session>/end")
    def end_session(tenant: str, person: str, session: str) -> Response:
        face.run("person.end_session", OneSession(tenant, person, session))
        return pages.done(address(tenant, person), translatable("The session has ended."))

    @views.get("/people/<tenant>/<person>/links/<link>/unlink")
    def ask_unlink(tenant: str, person: str, link: str) -> Response:
        detail: PersonDetail = face.run("person.show", OnePerson(tenant, person))
        return pages.show("console/people/unlink.html", detail=detail, link=_link(detail, link), home=address(tenant, person))

    @views.post("/people/<tenant>/<person>/links/<link>/unlink")
    def unlink(tenant: str, person: str, link: str) -> Response:
        face.run("person.unlink", OneLink(tenant, person, link))
        return pages.done(address(tenant, person), translatable("Unlinked. The next sign-in there makes a new person."))


def address(tenant: str, person: str) -> str:
    return f"/console/people/{quote(tenant, safe='')}/{quote(person, safe='')}"


def _people(face: ConsoleFace) -> Response:
    incoming = incoming_of(request)
    asked = ListPeople(
        search=incoming.one("search") or "",
        of_tenant=incoming.one("tenant") or "",
        after=incoming.one("after") or "",
        limit=PAGE,
    )
    found = face.run("person.list", asked)
    if asked.search.strip().startswith(("idn_", "sub_")) and len(found.items) == 1:
        return respond(Redirect(address(found.items[0].tenant, found.items[0].id)))
    return pages.show("console/people/list.html", found=found, asked=asked, address=address)


def _person(detail: PersonDetail) -> Response:
    return pages.show(
        "console/people/person.html",
        detail=detail,
        person=detail.person,
        said=words.said(detail.profile),
        browser=words.browser,
        home=address(detail.person.tenant, detail.person.id),
        connectors={link.connector: link.connector_name for link in detail.links},
    )


def _link(detail: PersonDetail, link_id: str) -> LinkView:
    found = next((link for link in detail.links if link.id == link_id), None)
    if found is None:
        raise NotFound(cause="the person has no such link")
    return found
