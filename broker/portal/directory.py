"""On later visits: let the company's own directory add and remove people. Address and token, the vendor's steps, what arrived."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.domain.directory import UnknownPeople
from broker.domain.errors import ConfigurationError, Forbidden, InvalidSettings, InvalidSetupLink
from broker.domain.messages import translatable
from broker.portal import forms, pages
from broker.portal.directory_guides import GUIDES, note_of, vendor_of
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.services.provisioning import DirectoryToken, SaveDirectory

FIRST = translatable("First connect your system: then its directory can follow.")
CHOOSE = translatable("Choose one of the two.")


def routes(views: Blueprint, face: PortalFace) -> None:
    @views.get("/directory")
    def directory(token: str) -> Response:
        return _page(face, None)

    @views.post("/directory")
    def save_directory(token: str) -> Response:
        given = forms.form(pages.scope())

        def save() -> str:
            _save(face, given)
            return "/directory"

        return pages.changed(save, lambda problem: _page(face, problem), "directory", given, ("unknown_people",))

    @views.post("/directory/token")
    def make_token(token: str) -> Response:
        """Switches the directory on, if it is not yet. The token is on this one page and nowhere else."""
        forms.form(pages.scope())
        try:
            made = _made(face)
        except (InvalidSetupLink, Forbidden):
            raise
        except ConfigurationError as error:
            return _page(face, forms.problem_of(error, "token", {}))
        return _page(face, None, made)

    @views.post("/directory/revoke")
    def revoke_token(token: str) -> Response:
        given = forms.form(pages.scope())

        def revoke() -> str:
            here = pages.visit()
            face.directories.revoke_token(here.actor, here.chosen(), given.get("token", ""))
            return "/directory#token"

        return pages.changed(revoke, lambda problem: _page(face, problem), "token", {})


def _save(face: PortalFace, given: dict[str, str]) -> None:
    """Raises InvalidSettings."""
    here = pages.visit()
    connector = here.chosen()
    now = face.directories.show(connector)
    unknown = given.get("unknown_people") or now.unknown_people.value
    if unknown not in {each.value for each in UnknownPeople}:
        raise InvalidSettings(CHOOSE, field="unknown_people")
    enabled = given.get("enabled", "yes") == "yes"
    face.directories.save(here.actor, connector, SaveDirectory(enabled, now.matching, UnknownPeople(unknown)))


def _made(face: PortalFace) -> DirectoryToken:
    """Raises InvalidSettings, Conflict."""
    here = pages.visit()
    connector = here.chosen()
    shown = face.setup.state(here).connector
    if shown is None or not shown.ready:
        raise InvalidSettings(FIRST, field="token")
    now = face.directories.show(connector)
    if not now.enabled:
        face.directories.save(here.actor, connector, SaveDirectory(True, now.matching, now.unknown_people))
    return face.directories.make_token(here.actor, connector)


def _page(face: PortalFace, problem: Problem | None, made: DirectoryToken | None = None) -> Response:
    here = pages.visit()
    if here.connector is None:
        return pages.show(face, "portal/directory.html", problem=problem, directory=None)
    asked = request.args.get("vendor", "")
    vendor = asked if asked in GUIDES else vendor_of(here.connector.type)
    context: dict[str, Any] = {
        "directory": face.directories.show(here.connector),
        "guides": GUIDES,
        "vendor": vendor,
        "guide": GUIDES[vendor],
        "note": "" if asked in GUIDES else note_of(here.connector.type),
        "made": made,
    }
    return pages.show(face, "portal/directory.html", problem=problem, **context)
