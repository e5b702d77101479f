"""The first steps: which system, about the company, our values."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.portal import forms, pages
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.portal.guidance import guidance_for
from broker.portal.sketches import sketch_for
from broker.services.intake import AT_ONCE, PEOPLE, Intake

GENERAL_KINDS = ("saml", "oidc")
"""Listed last: whoever uses a known product should find it by its name."""

COMING = (("LDAP", "Active Directory, OpenLDAP"), ("WS-Federation", ""))


def routes(views: Blueprint, face: PortalFace) -> None:
    @views.get("/system")
    def system(token: str) -> Response:
        return choose_first(face, None)

    @views.post("/kind")
    def kind(token: str) -> Response:
        given = forms.form(pages.scope())

        def choose() -> str:
            face.setup.choose_kind(token, given.get("kind", ""))
            return "/about" if face.intakes.of(pages.visit().tenant.id) is None else "/values"

        return pages.changed(choose, lambda problem: choose_first(face, problem), "kind", given)

    @views.get("/about")
    def about(token: str) -> Response:
        return _about(face, None)

    @views.post("/about")
    def save_about(token: str) -> Response:
        given = forms.form(pages.scope())

        def save() -> str:
            here, said = pages.visit(), {name: given.get(name, "") for name in Intake.__dataclass_fields__}
            face.intakes.save(here.actor, here.tenant.id, Intake(**said))
            return "/values" if here.connector else "/system"

        return pages.changed(save, lambda problem: _about(face, problem), "people", given, tuple(Intake.__dataclass_fields__))

    @views.get("/values")
    def values(token: str) -> Response:
        connector = face.setup.state(pages.visit()).connector
        if connector is None:
            return choose_first(face, None)
        guidance = guidance_for(connector.type, connector.protocol)
        sketch = sketch_for(connector.type, connector.protocol, connector.sheet)
        return pages.show(face, "portal/values.html", "values", guidance=guidance, sketch=sketch)


def choose_first(face: PortalFace, problem: Problem | None) -> Response:
    """The first step; also instead of a later one while no system is chosen."""
    kinds = sorted(face.setup.state(pages.visit()).kinds, key=lambda kind: kind[0] in GENERAL_KINDS)
    return pages.show(face, "portal/system.html", "system", problem, kinds=kinds, general=GENERAL_KINDS, coming=COMING)


def _about(face: PortalFace, problem: Problem | None) -> Response:
    said = face.intakes.of(pages.visit().tenant.id) or Intake()
    return pages.show(face, "portal/about.html", "about", problem, said=said, people=PEOPLE, at_once=AT_ONCE)
