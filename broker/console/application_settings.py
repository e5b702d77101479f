"""An application's protocol settings, who may use it by which ways of signing in, and what it is told."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import door, forms, metadata_form, pages, settings_form
from broker.console.application_choices import ALL, connector_controls, tenant_controls
from broker.console.applications import place
from broker.console.connector_settings import SAVED
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.domain.messages import translatable
from broker.rules.aliases import SHORT_NAMES
from broker.services.actor import Verb
from broker.services.operations.application_views import ApplicationTypeView, ApplicationView
from broker.services.operations.applications import ChangeApplication, OneApplication
from broker.services.operations.connectors import NoChoice

NAME = Control("name", translatable("Name"), help=translatable("People see it while they sign in."), required=True)
ENABLED = Control(
    "enabled",
    translatable("People can sign in to it"),
    "check",
    help=translatable("Off: it is refused from the next request on. Nothing is deleted."),
)
MAY = Control("authorization_rules", translatable("Who may use it (JSON)"), "code")
TOLD = Control("transform_rules", translatable("What it is told (JSON)"), "code")
LIMITED = Control(
    "limited",
    translatable("Limit what it may receive"),
    "check",
    help=translatable("Whatever the rules make, only these claims leave."),
)
RELEASE = Control("release", translatable("Claims that it may receive"), "lines", help=translatable("One a line, like email."))
SUBJECT = Control(
    "subject_kind",
    translatable("How it knows people"),
    "radio",
    choices=(
        ("pairwise", translatable("By an identifier of its own: two applications cannot compare notes")),
        ("public", translatable("By the same identifier as other applications")),
    ),
)
_SHORT = {uri: name for name, uri in reversed(SHORT_NAMES.items())}


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/applications/<application>/settings")
    def application_settings(application: str) -> Response:
        return _settings(face, application)

    @views.post("/applications/<application>/settings")
    def save_application_settings(application: str) -> Response:
        return pages.changed(
            lambda typed: _save_settings(face, application, typed), lambda problem: _settings(face, application, problem)
        )

    @views.post("/applications/<application>/metadata")
    def save_application_metadata(application: str) -> Response:
        return pages.changed(
            lambda typed: _save(face, application, typed, "settings", **metadata_form.given(typed)),
            lambda problem: _settings(face, application, metadata=problem),
            place=metadata_form.URL.name,
        )

    @views.get("/applications/<application>/access")
    def application_access(application: str) -> Response:
        return _access(face, application)

    @views.post("/applications/<application>/access")
    def save_application_access(application: str) -> Response:
        return pages.changed(
            lambda typed: _save_access(face, application, typed),
            lambda problem: _access(face, application, problem),
            "tenants",
            "connectors",
        )

    @views.get("/applications/<application>/rules")
    def application_rules(application: str) -> Response:
        return _rules(face, application)

    @views.post("/applications/<application>/rules")
    def save_application_rules(application: str) -> Response:
        return pages.changed(
            lambda typed: _save_rules(face, application, typed), lambda problem: _rules(face, application, problem)
        )


def _found(face: ConsoleFace, application: str) -> ApplicationView:
    found: ApplicationView = face.run("application.show", OneApplication(application))
    door.actor().require(Verb.CONFIGURE, None)
    return found


def _save(face: ConsoleFace, application: str, typed: dict[str, str], page: str, **changes: Any) -> tuple[str, str]:
    face.run("application.save", ChangeApplication(application, expected_version=forms.read_version(typed), **changes))
    return place(application, page), SAVED


# --- protocol -----------------------------------------------------------------------------------------------------------


def _type(face: ConsoleFace, found: ApplicationView) -> ApplicationTypeView:
    kinds: tuple[ApplicationTypeView, ...] = face.run("application.types", NoChoice()).items
    return next(kind for kind in kinds if kind.protocol == found.protocol)


def _settings(face: ConsoleFace, application: str, problem: Problem | None = None, metadata: Problem | None = None) -> Response:
    found = _found(face, application)
    wrong = problem or metadata
    return pages.show(
        "console/applications/settings.html",
        status=wrong.status if wrong else 200,
        application=found,
        settings=settings_form.made(_type(face, found).settings, found.settings, {}, problem),
        metadata=forms.filled((metadata_form.TEXT, metadata_form.URL), metadata),
    )


def _save_settings(face: ConsoleFace, application: str, typed: dict[str, str]) -> tuple[str, str]:
    given = settings_form.read(_type(face, _found(face, application)).settings, typed)
    return _save(face, application, typed, "settings", settings=given)


# --- who may use it, and how ----------------------------------------------------------------------------------------------


def _access(face: ConsoleFace, application: str, problem: Problem | None = None) -> Response:
    found = _found(face, application)
    controls = (
        forms.storing(NAME, found.name),
        forms.storing(ENABLED, "yes" if found.enabled else ""),
        *tenant_controls(face, found),
        *connector_controls(face, found),
    )
    form, status = forms.filled(controls, problem), problem.status if problem else 200
    return pages.show("console/applications/access.html", status=status, application=found, form=form)


def _save_access(face: ConsoleFace, application: str, typed: dict[str, str]) -> tuple[str, str]:
    return _save(
        face,
        application,
        typed,
        "access",
        name=typed.get("name", ""),
        enabled=ENABLED.name in typed,
        tenants=None if typed.get("serve") == ALL else forms.lines(typed.get("tenants", "")),
        connectors=None if typed.get("through") == ALL else forms.lines(typed.get("connectors", "")),
        default_connector=typed.get("default_connector", "").strip() or None,
    )


# --- what it is told ------------------------------------------------------------------------------------------------------


def _rules(face: ConsoleFace, application: str, problem: Problem | None = None) -> Response:
    found = _found(face, application)
    controls = (
        forms.storing(MAY, forms.shown_rules(found.authorization_rules)),
        forms.storing(TOLD, forms.shown_rules(found.transform_rules)),
        forms.storing(SUBJECT, found.subject_kind),
        forms.storing(LIMITED, "" if found.release is None else "yes"),
        forms.storing(RELEASE, "\n".join(short(claim) for claim in found.release or ())),
    )
    form, status = forms.filled(controls, problem), problem.status if problem else 200
    return pages.show("console/applications/rules.html", status=status, application=found, form=form, claims=sorted(SHORT_NAMES))


def short(claim: str) -> str:
    """A claim type as people write it."""
    return _SHORT.get(claim, claim)


def _save_rules(face: ConsoleFace, application: str, typed: dict[str, str]) -> tuple[str, str]:
    return _save(
        face,
        application,
        typed,
        "rules",
        authorization_rules=forms.read_rules(typed.get(MAY.name, ""), MAY.name),
        transform_rules=forms.read_rules(typed.get(TOLD.name, ""), TOLD.name),
        subject_kind=typed.get(SUBJECT.name, ""),
        release=forms.lines(typed.get(RELEASE.name, "")) if LIMITED.name in typed else None,
    )
