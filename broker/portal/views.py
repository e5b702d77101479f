"""`/setup/<token>`: one page, one form per step. Every form answers with a redirect, or with the page and what is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from broker.domain.errors import (
    BrokerError,
    ConfigurationError,
    FetchError,
    Forbidden,
    InvalidMetadata,
    InvalidSettings,
    InvalidSetupLink,
)
from broker.domain.http import Page, Redirect
from broker.portal.face import PageState, PortalFace
from broker.portal.guidance import guidance_for
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD, check_csrf

MAX_UPLOAD_BYTES = 1 << 20
_FORM_OVERHEAD_BYTES = 16 * 1024

GENERAL_KINDS = ("saml", "oidc")
"""Listed last: whoever uses a known product should find it by its name."""

TOO_LARGE = "The file is larger than 1 MiB. Metadata of one identity provider is much smaller: check the file."
NO_FILE = "Choose the metadata file first."
NO_ADDRESS = "Enter the address of the metadata first."


@dataclass(frozen=True, slots=True)
class Problem:
    """What a form was told: at which field, and the values to show again (secrets never)."""

    field: str
    sentence: str
    status: int = 400
    typed: dict[str, str] = dataclasses.field(default_factory=dict)


def blueprint(face: PortalFace) -> Blueprint:
    views = Blueprint("portal", __name__, url_prefix="/setup/<token>")

    @views.get("")
    def show(token: str) -> Response:
        return _page(token, face.setup.open(token))

    @views.post("/kind")
    def kind(token: str) -> Response:
        given = _form(token)
        return _changed(face, token, "kind", given, lambda: face.setup.choose_kind(token, given.get("kind", "")))

    @views.post("/metadata")
    def metadata(token: str) -> Response:
        face.setup.open(token)  # a dead link says so before any file is read
        return _changed(face, token, "metadata", {}, lambda: face.setup.upload_metadata(token, _uploaded(token)))

    @views.post("/metadata-address")
    def metadata_address(token: str) -> Response:
        given = _form(token)
        return _changed(face, token, "metadata_url", given, lambda: face.setup.fetch_metadata(token, _address(given)))

    @views.post("/oidc")
    def oidc(token: str) -> Response:
        given = _form(token)
        return _changed(face, token, "oidc", given, lambda: face.setup.enter_oidc(token, given))

    @views.post("/enable")
    def enable(token: str) -> Response:
        _form(token)
        return _changed(face, token, "enable", {}, lambda: face.setup.enable(token))

    @views.post("/disable")
    def disable(token: str) -> Response:
        _form(token)
        return _changed(face, token, "enable", {}, lambda: face.setup.disable(token))

    return views


def _changed(face: PortalFace, token: str, place: str, given: dict[str, str], change: Callable[[], PageState]) -> Response:
    """Carry a change out. What is refused is said at the field, on the same page, with everything typed still there."""
    try:
        change()
    except (InvalidSetupLink, Forbidden):
        raise
    except (ConfigurationError, FetchError) as error:
        problem = Problem(_place_of(error, place), error.sentence, error.status, given)
        return _page(token, face.setup.open(token), problem)
    return respond(Redirect(f"/setup/{token}#next"))


def _place_of(error: BrokerError, form: str) -> str:
    """The field that the page shows the sentence at; a form whose error names no known field has a place of its own."""
    named = error.field if isinstance(error, ConfigurationError) else ""
    if form == "oidc" and named and not isinstance(error, InvalidMetadata):
        return named
    return form


def _page(token: str, state: PageState, problem: Problem | None = None) -> Response:
    connector = state.connector
    if problem is not None and connector is None:
        problem = dataclasses.replace(problem, field="kind")  # the only step that is shown yet
    context = {
        "state": state,
        "connector": connector,
        "kinds": sorted(state.kinds, key=lambda kind: kind[0] in GENERAL_KINDS),
        "general": GENERAL_KINDS,
        "guidance": guidance_for(connector.type, connector.protocol) if connector else None,
        "problem": problem,
        "scope": _scope(token),
    }
    return respond(Page("portal/setup.html", context, problem.status if problem else 200))


def _scope(token: str) -> str:
    return f"/setup/{token}"


def _form(token: str) -> dict[str, str]:
    """The fields of a plain form, each once, CSRF token checked and taken out."""
    incoming = incoming_of(request)
    given = {name: incoming.one(name) or "" for name, _ in incoming.form}
    check_csrf(_scope(token), given.pop(CSRF_FIELD, None))
    return given


def _address(given: dict[str, str]) -> str:
    url = given.get("metadata_url", "").strip()
    if not url:
        raise InvalidSettings(NO_ADDRESS, field="metadata_url")
    return url


def _uploaded(token: str) -> bytes:
    """The file of the multipart form."""
    request.max_content_length = MAX_UPLOAD_BYTES + _FORM_OVERHEAD_BYTES
    try:
        check_csrf(_scope(token), request.form.get(CSRF_FIELD))
        file = request.files.get("metadata")
        document = file.read(MAX_UPLOAD_BYTES + 1) if file is not None else b""
    except RequestEntityTooLarge as error:
        raise InvalidMetadata(TOO_LARGE, problem="too_large") from error
    except BadRequest as error:
        raise InvalidMetadata(NO_FILE, problem="empty", cause="the multipart form cannot be read") from error
    if len(document) > MAX_UPLOAD_BYTES:
        raise InvalidMetadata(TOO_LARGE, problem="too_large")
    if not document:
        raise InvalidMetadata(NO_FILE, problem="empty")
    return document
