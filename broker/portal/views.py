"""`/setup/<token>`: the blueprint of the portal. Every page stands behind the same door: a link that works."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.portal import details, pages, proving, trying, walk
from broker.portal.face import PortalFace

PARTS = (walk.routes, details.routes, details.more_routes, proving.routes, trying.routes)


def blueprint(face: PortalFace) -> Blueprint:
    views = Blueprint("portal", __name__, url_prefix="/setup/<token>")

    @views.before_request
    def enter() -> None:
        pages.enter(face)

    @views.get("")
    def overview(token: str) -> Response:
        return pages.show(face, "portal/overview.html")

    for routes in PARTS:
        routes(views, face)
    return views
