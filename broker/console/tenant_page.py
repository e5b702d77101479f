"""The overview of one tenant: what it has, how it is doing, and what to do next; its domains."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import forms, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.console.tenants import address
from broker.domain.messages import translatable
from broker.services.operations.applications import ListServedApplications
from broker.services.operations.connectors import ListConnectors
from broker.services.operations.domains import ListDomains, OneDomain, VouchDomain
from broker.services.operations.setup_links import ListSetupLinks
from broker.services.operations.tenants import OneTenant

DOMAIN = Control(
    "domain",
    translatable("Add an email domain"),
    help=translatable("Like example.com. You vouch that it belongs to this tenant: people with such an address are sent to it."),
    required=True,
)
SHOWN = 50


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>")
    def tenant(tenant: str) -> Response:
        return overview(face, tenant)

    @views.post("/tenants/<tenant>/domains")
    def add_domain(tenant: str) -> Response:
        return pages.changed(lambda typed: _vouch(face, tenant, typed), lambda problem: overview(face, tenant, problem))

    @views.post("/tenants/<tenant>/domains/<domain>/remove")
    def remove_domain(tenant: str, domain: str) -> Response:
        face.run("domain.remove", OneDomain(tenant, domain))
        return pages.done(address(tenant), translatable("The domain has been removed. Its people cannot sign in any more."))


def overview(face: ConsoleFace, slug: str, problem: Problem | None = None) -> Response:
    found = face.run("tenant.show", OneTenant(slug))
    context: dict[str, Any] = {
        "tenant": found,
        "domains": face.run("domain.list", ListDomains(slug, after=pages.asked("domains"), limit=SHOWN)),
        "connectors": face.run("connector.list", ListConnectors(slug, after=pages.asked("connectors"), limit=SHOWN)),
        "links": face.run("setup_link.list", ListSetupLinks(slug, after=pages.asked("links"), limit=10)),
        "applications": face.run("tenant.applications", ListServedApplications(slug, after=pages.asked("apps"), limit=SHOWN)),
        "form": forms.filled((DOMAIN,), problem),
    }
    return pages.show("console/tenants/overview.html", status=problem.status if problem else 200, **context)


def _vouch(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    face.run("domain.vouch", VouchDomain(slug, typed.get(DOMAIN.name, "")))
    return f"{address(slug)}#domains", translatable("The domain has been added.")
