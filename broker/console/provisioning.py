"""The directory of a connector: what it decides, its tokens, what arrived, and what it got wrong."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response

from broker.console import forms, pages
from broker.console.connectors import place
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.domain.messages import translatable
from broker.services.operations.connectors import OneConnector
from broker.services.operations.provisioning import (
    ChangeDirectory,
    DirectoryPersonDetail,
    DirectoryView,
    ListDirectoryGroups,
    ListDirectoryPeople,
    MakeDirectoryToken,
    OneDirectory,
    OneDirectoryPerson,
    OneDirectoryToken,
)
from broker.services.operations.tenants import OneTenant

ENABLED = Control(
    "enabled",
    translatable("The directory decides who may sign in"),
    "check",
    help=translatable("Whoever is switched off there cannot sign in here from that moment on, and is signed out everywhere."),
)
UNKNOWN = Control(
    "unknown_people",
    translatable("People whom the directory does not know"),
    "radio",
    choices=(
        ("admit", translatable("May sign in: for the time in which not everybody has been assigned")),
        ("refuse", translatable("Are refused: only people whom the directory has added may sign in")),
    ),
)
MATCHING = Control(
    "matching",
    translatable("How people are recognised the first time"),
    "radio",
    choices=(
        ("email", translatable("By their verified email address: it is the main address or the user name in the directory")),
        ("subject", translatable("By the identity provider’s own key: it is the external id or the user name in the directory")),
    ),
    help=translatable("Afterwards they are remembered, whatever their address becomes."),
)


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/connectors/<connector>/provisioning")
    def provisioning(tenant: str, connector: str) -> Response:
        return _overview(face, tenant, connector)

    @views.post("/tenants/<tenant>/connectors/<connector>/provisioning")
    def save_provisioning(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _save(face, tenant, connector, typed), lambda problem: _overview(face, tenant, connector, problem)
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/provisioning/tokens")
    def make_directory_token(tenant: str, connector: str) -> Response:
        # The token is in this one answer and nowhere else: neither in an address nor in a cookie.
        return pages.answered(
            lambda _: _token(face, tenant, connector), lambda problem: _overview(face, tenant, connector, problem), place="token"
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/provisioning/tokens/<token>/revoke")
    def revoke_directory_token(tenant: str, connector: str, token: str) -> Response:
        face.run("provisioning.revoke_token", OneDirectoryToken(tenant, connector, token))
        return pages.done(f"{own(tenant, connector)}#tokens", translatable("Revoked. It opens nothing any more."))

    @views.post("/tenants/<tenant>/connectors/<connector>/provisioning/remove")
    def remove_directory(tenant: str, connector: str) -> Response:
        face.run("provisioning.remove", OneDirectory(tenant, connector))
        return pages.done(own(tenant, connector), translatable("The directory has been removed."))

    @views.get("/tenants/<tenant>/connectors/<connector>/provisioning/people")
    def directory_people(tenant: str, connector: str) -> Response:
        asked = ListDirectoryPeople(
            tenant, connector, search=pages.asked("search"), state=_state(pages.asked("state")), after=pages.asked("after")
        )
        found = face.run("provisioning.people", asked)
        return pages.show("console/provisioning/people.html", found=found, asked=asked, **_frame(face, tenant, connector))

    @views.get("/tenants/<tenant>/connectors/<connector>/provisioning/people/<pushed>")
    def directory_person(tenant: str, connector: str, pushed: str) -> Response:
        detail = face.run("provisioning.person", OneDirectoryPerson(tenant, connector, pushed))
        return _person(face, tenant, connector, detail)

    @views.get("/tenants/<tenant>/connectors/<connector>/provisioning/groups")
    def directory_groups(tenant: str, connector: str) -> Response:
        asked = ListDirectoryGroups(tenant, connector, search=pages.asked("search"), after=pages.asked("after"))
        found = face.run("provisioning.groups", asked)
        return pages.show("console/provisioning/groups.html", found=found, asked=asked, **_frame(face, tenant, connector))


def own(tenant: str, connector: str) -> str:
    return place(tenant, connector, "provisioning")


def _state(asked: str) -> str:
    return asked if asked in {"on", "off"} else ""


def _frame(face: ConsoleFace, tenant: str, connector: str) -> dict[str, Any]:
    return {
        "tenant": face.run("tenant.show", OneTenant(tenant)),
        "connector": face.run("connector.show", OneConnector(tenant, connector)),
        "own": own(tenant, connector),
    }


def _overview(face: ConsoleFace, tenant: str, connector: str, problem: Problem | None = None) -> Response:
    found: DirectoryView = face.run("provisioning.show", OneDirectory(tenant, connector))
    controls = (
        forms.storing(ENABLED, "yes" if found.enabled else ""),
        forms.storing(UNKNOWN, found.unknown_people),
        forms.storing(MATCHING, found.matching),
    )
    context = {
        **_frame(face, tenant, connector),
        "directory": found,
        "tokens": face.run("provisioning.tokens", OneDirectory(tenant, connector)).items,
        "form": forms.filled(controls, problem),
    }
    return pages.show("console/provisioning/overview.html", status=problem.status if problem else 200, **context)


def _save(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> tuple[str, str]:
    command = ChangeDirectory(
        tenant,
        connector,
        enabled=typed.get("enabled") == "yes",
        matching=typed.get("matching", ""),
        unknown_people=typed.get("unknown_people", ""),
        expected_version=forms.read_version(typed),
    )
    face.run("provisioning.save", command)
    return own(tenant, connector), translatable("Saved.")


def _token(face: ConsoleFace, tenant: str, connector: str) -> Response:
    made = face.run("provisioning.make_token", MakeDirectoryToken(tenant, connector))
    return pages.show("console/provisioning/token.html", made=made, **_frame(face, tenant, connector))


def _person(face: ConsoleFace, tenant: str, connector: str, detail: DirectoryPersonDetail) -> Response:
    said = [(name.rpartition("/")[2].rpartition(":")[2], value) for name, value in (line.split(": ", 1) for line in detail.claims)]
    raw = json.dumps(detail.attributes, indent=2, ensure_ascii=False)
    frame = _frame(face, tenant, connector)
    return pages.show("console/provisioning/person.html", detail=detail, said=said, raw=raw, **frame)
