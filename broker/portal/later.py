"""Later visits: where the set-up stands, how the connection is doing, and who could not sign in."""

from __future__ import annotations

from flask import Blueprint, Response, request

from broker.domain.errors import InvalidSettings
from broker.portal import pages
from broker.portal.face import PortalFace
from broker.web.http import incoming_of

LATEST, MOST_HOSTS = 5, 20


def routes(views: Blueprint, face: PortalFace) -> None:
    @views.get("")
    def overview(token: str) -> Response:
        here = pages.visit()
        latest, _ = face.health.sign_ins(here, limit=LATEST)
        directory = face.directories.show(here.connector) if here.connector is not None else None
        condition = face.health.condition(here)
        failing = [each.host for each in face.hosts.troubled(here.tenant.id, MOST_HOSTS) if each.host.problem is not None]
        return pages.show(
            face, "portal/overview.html", latest=latest, condition=condition, directory=directory, failing_hosts=failing
        )

    @views.get("/sign-ins")
    def sign_ins(token: str) -> Response:
        try:
            found, following = face.health.sign_ins(pages.visit(), after=incoming_of(request).one("begin") or "")
        except InvalidSettings:
            found, following = face.health.sign_ins(pages.visit())  # the address of a page that cannot be: the first one
        return pages.show(face, "portal/sign_ins.html", sign_ins=found, more=following)
