"""The overview of one tenant: what it has, how it is doing, and what to do next."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import pages
from broker.console.face import ConsoleFace
from broker.services.operations.tenants import OneTenant


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>")
    def tenant(tenant: str) -> Response:
        return pages.show("console/tenants/overview.html", tenant=face.run("tenant.show", OneTenant(tenant)))
