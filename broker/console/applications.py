"""Applications: the list, and a new one by OpenID Connect or SAML."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import door, forms, metadata_form, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.labels import label_of
from broker.console.pages import Problem
from broker.console.tenants import slug_of
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.applications import ChangeApplication, ListApplications, ShowSheet

NAME = Control("name", translatable("Name"), help=translatable("People see it while they sign in."), required=True)
SLUG = Control("slug", translatable("Short name"), help=translatable("Stays for ever. Empty: made from the name."))
EVERYBODY = Control(
    "everybody",
    translatable("Every tenant may use it"),
    "check",
    "yes",
    help=translatable("Otherwise you choose the tenants on the next pages; until then nobody gets in."),
)
REDIRECT_URIS = Control(
    "redirect_uris",
    label_of("redirect_uris"),
    "lines",
    help=translatable("Where we send people back to, one address a line, exactly as the application uses it."),
    required=True,
)
CLIENT = Control(
    "client",
    translatable("Where does its code run?"),
    "radio",
    "confidential",
    choices=(
        ("confidential", translatable("On a server: it can keep a secret")),
        ("public", translatable("In a browser or on a phone: it cannot keep a secret, and uses PKCE alone")),
    ),
)
ENTITY_ID = Control("entity_id", label_of("entity_id"), help=translatable("Only without metadata."))
ACS = Control("acs_urls", label_of("acs_urls"), "lines", help=translatable("Only without metadata: one address a line."))

CONTROLS = {
    "oidc": (NAME, SLUG, REDIRECT_URIS, CLIENT, EVERYBODY),
    "saml": (NAME, SLUG, metadata_form.TEXT, metadata_form.URL, ENTITY_ID, ACS, EVERYBODY),
}
UNKNOWN_PROTOCOL = translatable("Choose OpenID Connect or SAML.")
APPLICATIONS = "/console/applications"


def place(application: str, *more: str) -> str:
    return "/".join((APPLICATIONS, application, *more))


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/applications")
    def applications() -> Response:
        search = pages.asked("search").strip()
        found = face.run("application.list", ListApplications(search, pages.asked("after"), 50))
        first = not pages.asked("after")
        return pages.show("console/applications/list.html", applications=found, search=search, first=first)

    @views.get("/new/application")
    def choose_protocol() -> Response:
        door.actor().require(Verb.CONFIGURE, None)
        return pages.show("console/applications/choose.html", here=APPLICATIONS)

    @views.get("/new/application/<protocol>")
    def new_application(protocol: str) -> Response:
        return _new(protocol)

    @views.post("/new/application/<protocol>")
    def create_application(protocol: str) -> Response:
        # The client secret is in this one answer and nowhere else.
        return pages.answered(
            lambda typed: _create(face, protocol, typed), lambda problem: _new(protocol, problem), place=metadata_form.URL.name
        )


def _new(protocol: str, problem: Problem | None = None) -> Response:
    door.actor().require(Verb.CONFIGURE, None)
    if protocol not in CONTROLS:
        raise InvalidSettings(UNKNOWN_PROTOCOL, field="protocol")
    form = forms.filled(CONTROLS[protocol], problem)
    status = problem.status if problem else 200
    return pages.show(f"console/applications/new_{protocol}.html", status=status, form=form, here=APPLICATIONS)


def _create(face: ConsoleFace, protocol: str, typed: dict[str, str]) -> Response:
    slug = typed.get("slug", "").strip().lower() or slug_of(typed.get("name", ""))
    given = _oidc(typed) if protocol == "oidc" else _saml(typed)
    change = ChangeApplication(
        slug,
        protocol,
        typed.get("name", ""),
        tenants=None if EVERYBODY.name in typed else (),
        expected_version=0,
        **given,
    )
    made = forms.as_new(lambda: face.run("application.save", change))
    sheet = face.run("application.sheet", ShowSheet(made.slug))
    return pages.show("console/applications/made.html", application=made, sheet=sheet, here=APPLICATIONS)


def _oidc(typed: dict[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {"redirect_uris": list(forms.lines(typed.get(REDIRECT_URIS.name, "")))}
    if typed.get(CLIENT.name) == "public":
        settings["token_endpoint_auth_method"] = "none"
    return {"settings": settings}


def _saml(typed: dict[str, str]) -> dict[str, Any]:
    """Its metadata, or the two values that it would have contained."""
    entity_id, acs_urls = typed.get(ENTITY_ID.name, "").strip(), forms.lines(typed.get(ACS.name, ""))
    if entity_id or acs_urls:
        return {"settings": {"entity_id": entity_id, "acs_urls": list(acs_urls)}}
    return metadata_form.given(typed)
