"""The overview of one tenant: what it has, how it is doing, and what to do next."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import door, forms, pages, plots
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.intake import AT_ONCE, PEOPLE
from broker.services.operations.applications import ListServedApplications
from broker.services.operations.connectors import ListConnectors
from broker.services.operations.domain_claims import ListDomainClaims
from broker.services.operations.domains import ListDomains
from broker.services.operations.health import ListHealth
from broker.services.operations.intake import ShowIntake
from broker.services.operations.setup_links import ListSetupLinks
from broker.services.operations.tenants import OneTenant
from broker.services.operations.usage import ShowUsage, UsageView

DOMAIN = Control(
    "domain",
    translatable("Add an email domain"),
    help=translatable("Like example.com. You vouch that it belongs to this tenant: people with such an address are sent to it."),
    required=True,
)
CLAIM = Control(
    "claim",
    translatable("Or let the tenant prove a domain"),
    help=translatable(
        "You get a TXT record. When it is in the DNS of that domain, or a file with its value on its website, the domain belongs "
        "to this tenant."
    ),
    required=True,
)
SHOWN = 50


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>")
    def tenant(tenant: str) -> Response:
        return overview(face, tenant)


def overview(face: ConsoleFace, slug: str, problem: Problem | None = None) -> Response:
    found = face.run("tenant.show", OneTenant(slug))
    claiming = problem is not None and problem.field in {CLAIM.name, "claims"}
    context: dict[str, Any] = {
        "tenant": found,
        "domains": face.run("domain.list", ListDomains(slug, after=pages.asked("domains"), limit=SHOWN)),
        "connectors": face.run("connector.list", ListConnectors(slug, after=pages.asked("connectors"), limit=SHOWN)),
        "links": face.run("setup_link.list", ListSetupLinks(slug, after=pages.asked("links"), limit=10)),
        "applications": face.run("tenant.applications", ListServedApplications(slug, after=pages.asked("apps"), limit=SHOWN)),
        "claims": face.run("domain.claims", ListDomainClaims(slug, after=pages.asked("claims"), limit=SHOWN)),
        "health": {each.connector: each for each in face.run("health.list", ListHealth(slug)).items},
        "usage": _usage(face, slug),
        "said": face.run("intake.show", ShowIntake(slug)),
        "answers": {"people": PEOPLE, "at_once": AT_ONCE},
        "form": forms.filled((DOMAIN,), None if claiming else problem),
        "claim_form": forms.filled((CLAIM,), problem if claiming else None),
    }
    return pages.show("console/tenants/overview.html", status=problem.status if problem else 200, **context)


def _usage(face: ConsoleFace, slug: str) -> dict[str, Any] | None:
    """The last thirty days as a plot, for whoever may see people."""
    if not door.actor().can(Verb.READ_PEOPLE):
        return None
    found: UsageView = face.run("usage.show", ShowUsage(slug))
    points = [(at.succeeded, at.failed, at.logins - at.succeeded - at.failed) for at in found.statistics.points]
    return {"found": found, "plot": plots.stacked(plots.OUTCOMES, points)}
