"""The first page after sign-in."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import pages
from broker.console.face import ConsoleFace
from broker.services.operations.tenants import ListTenants


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("")
    def home() -> Response:
        return pages.show("console/home.html", tenants=face.run("tenant.list", ListTenants(limit=50)))
