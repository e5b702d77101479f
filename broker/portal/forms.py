"""Reading the portal's forms: each field once, the CSRF token checked, what is wrong said at its field."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from broker.domain.errors import BrokerError, ConfigurationError, InvalidMetadata, InvalidSettings
from broker.domain.messages import translatable
from broker.web.http import incoming_of
from broker.web.security import CSRF_FIELD, check_csrf

MAX_UPLOAD_BYTES = 1 << 20
_FORM_OVERHEAD_BYTES = 16 * 1024

TOO_LARGE = translatable("The file is larger than 1 MiB. Metadata of one identity provider is much smaller: check the file.")
NO_FILE = translatable("Choose the metadata file first.")
NO_TEXT = translatable("Paste the metadata first.")
NO_ADDRESS = translatable("Enter the address of the metadata first.")


@dataclass(frozen=True, slots=True)
class Problem:
    """What a form was told: at which field, and the values to show again (secrets never)."""

    field: str
    sentence: str
    status: int = 400
    typed: dict[str, str] = dataclasses.field(default_factory=dict)


def problem_of(error: BrokerError, place: str, typed: dict[str, str], known: tuple[str, ...] = ()) -> Problem:
    """At the field that the error names, if the page has it; else at `place`."""
    named = error.field if isinstance(error, ConfigurationError) else ""
    return Problem(named if named in known else place, error.sentence, error.status, typed)


def form(scope: str) -> dict[str, str]:
    """The fields of a plain form, without its token."""
    incoming = incoming_of(request)
    given = {name: incoming.one(name) or "" for name, _ in incoming.form}
    check_csrf(scope, given.pop(CSRF_FIELD, None))
    return given


def address(given: dict[str, str]) -> str:
    """Raises InvalidSettings."""
    url = given.get("metadata_url", "").strip()
    if not url:
        raise InvalidSettings(NO_ADDRESS, field="metadata_url")
    return url


def pasted(given: dict[str, str]) -> bytes:
    """Raises InvalidMetadata."""
    text = given.get("metadata_text", "").strip()
    if not text:
        raise InvalidMetadata(NO_TEXT, problem="empty")
    document = text.encode("utf-8", "surrogatepass")
    if len(document) > MAX_UPLOAD_BYTES:
        raise InvalidMetadata(TOO_LARGE, problem="too_large")
    return document


def uploaded(scope: str) -> bytes:
    """The file of a multipart form. Raises InvalidMetadata."""
    request.max_content_length = MAX_UPLOAD_BYTES + _FORM_OVERHEAD_BYTES
    try:
        check_csrf(scope, request.form.get(CSRF_FIELD))
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
