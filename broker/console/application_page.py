"""The page of one application: what its developer needs, its client secrets, and its end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import forms, pages
from broker.console.applications import APPLICATIONS, place
from broker.console.face import ConsoleFace
from broker.console.pages import Problem
from broker.console.tenants import CONFIRM, DOES_NOT_MATCH
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.operations.applications import OneApplication, OneSecret, ShowSheet


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/applications/<application>")
    def application(application: str) -> Response:
        return overview(face, application)

    @views.post("/applications/<application>/secrets/add")
    def add_secret(application: str) -> Response:
        return _new_secret(face, application, "application.add_secret")

    @views.post("/applications/<application>/secrets/rotate")
    def rotate_secret(application: str) -> Response:
        return _new_secret(face, application, "application.rotate_secret")

    @views.post("/applications/<application>/secrets/<secret>/remove")
    def remove_secret(application: str, secret: str) -> Response:
        return pages.changed(
            lambda _: _remove_secret(face, application, secret), lambda problem: overview(face, application, problem)
        )

    @views.post("/applications/<application>/delete")
    def delete_application(application: str) -> Response:
        return pages.changed(lambda typed: _delete(face, application, typed), lambda problem: overview(face, application, problem))


def overview(face: ConsoleFace, application: str, problem: Problem | None = None) -> Response:
    at, own = pages.asked("at").strip(), bool(pages.asked("own"))
    context: dict[str, Any] = {
        "application": face.run("application.show", OneApplication(application)),
        "sheet": face.run("application.sheet", ShowSheet(application, "" if own else at, own)),
        "at": at,
        "own": own,
        "problem": problem,
        "danger": forms.filled((CONFIRM,), problem if problem is not None and problem.field == CONFIRM.name else None),
    }
    return pages.show("console/applications/overview.html", status=problem.status if problem else 200, **context)


def _new_secret(face: ConsoleFace, application: str, operation: str) -> Response:
    """The secret is in this one answer and nowhere else."""

    def made(_: dict[str, str]) -> Response:
        secret = face.run(operation, OneApplication(application))
        found = face.run("application.show", OneApplication(application))
        return pages.show("console/applications/secret.html", application=found, secret=secret)

    return pages.answered(made, lambda problem: overview(face, application, problem))


def _remove_secret(face: ConsoleFace, application: str, secret: str) -> tuple[str, str]:
    face.run("application.remove_secret", OneSecret(application, secret))
    return f"{place(application)}#secrets", translatable("The secret has been removed. It does not work any more.")


def _delete(face: ConsoleFace, application: str, typed: dict[str, str]) -> tuple[str, str]:
    if typed.get(CONFIRM.name, "").strip() != application:
        raise InvalidSettings(DOES_NOT_MATCH, field=CONFIRM.name)
    face.run("application.delete", OneApplication(application))
    return APPLICATIONS, translatable("The application has been deleted.")
