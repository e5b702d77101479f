"""What a customer said about itself: asked in the set-up walk, shown on its page, noted by staff after a telephone call."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import door, forms, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.console.tenants import address
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.intake import AT_ONCE, PEOPLE
from broker.services.operations.intake import SaveIntake, ShowIntake
from broker.services.operations.tenants import OneTenant

NOT_SAID = ("", translatable("Not said"))
CONTROLS = (
    Control("people", translatable("How many people will sign in?"), "choice", choices=(NOT_SAID, *PEOPLE.items())),
    Control("at_once", translatable("How many at once, at most?"), "choice", choices=(NOT_SAID, *AT_ONCE.items())),
    Control("manager", translatable("Who looks after the identity provider there?")),
    Control("contact", translatable("How can they be reached?")),
    Control("remarks", translatable("Remarks"), "area"),
)


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/intake")
    def tenant_intake(tenant: str) -> Response:
        return _page(face, tenant)

    @views.post("/tenants/<tenant>/intake")
    def save_intake(tenant: str) -> Response:
        return pages.changed(lambda typed: _save(face, tenant, typed), lambda problem: _page(face, tenant, problem))


def _page(face: ConsoleFace, slug: str, problem: Problem | None = None) -> Response:
    tenant = face.run("tenant.show", OneTenant(slug))
    door.actor().require(Verb.SET_UP, tenant.id)
    said = face.run("intake.show", ShowIntake(slug))
    form = forms.filled(tuple(forms.storing(each, getattr(said, each.name)) for each in CONTROLS), problem)
    return pages.show("console/tenants/intake.html", status=problem.status if problem else 200, tenant=tenant, form=form)


def _save(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    face.run("intake.save", SaveIntake(slug, **{each.name: typed.get(each.name, "") for each in CONTROLS}))
    return address(slug), translatable("Noted.")
