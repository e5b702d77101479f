"""`/setup/<token>`: the blueprint of the portal. Every page stands behind the same door: a link that works."""

from __future__ import annotations

from flask import Blueprint

from broker.portal import details, directory, later, pages, proving, trying, walk
from broker.portal.face import PortalFace

PARTS = (later.routes, directory.routes, walk.routes, details.routes, details.more_routes, proving.routes, trying.routes)


def blueprint(face: PortalFace) -> Blueprint:
    views = Blueprint("portal", __name__, url_prefix="/setup/<token>")

    @views.before_request
    def enter() -> None:
        pages.enter(face)

    for routes in PARTS:
        routes(views, face)
    return views
