"""Showing a page inside the console's frame, reading its forms, and saying "done" on the next page."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from broker.console import door
from broker.domain.errors import BrokerError, ConfigurationError
from broker.domain.http import Cookie, Page, Redirect
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.web.http import COOKIE_PREFIX, incoming_of
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD, csrf_token, later_cookie

_NOTICE = "console-notice"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation, shown to whoever holds the verb. `hub`: not to tenant administrators."""

    name: str
    address: str
    verb: Verb
    hub: bool = False


NAVIGATION = (
    Entry(translatable("Home"), "/console", Verb.READ),
    Entry(translatable("Tenants"), "/console/tenants", Verb.READ),
    Entry(translatable("Applications"), "/console/applications", Verb.READ, hub=True),
    Entry(translatable("People"), "/console/people", Verb.READ_PEOPLE),
    Entry(translatable("Sign-ins"), "/console/sign-ins", Verb.READ_TRACES),
    Entry(translatable("Explain a message"), "/console/explain", Verb.READ_TRACES),
    Entry(translatable("Audit log"), "/console/audit", Verb.READ_AUDIT),
    Entry(translatable("Staff"), "/console/staff", Verb.ADMINISTER, hub=True),
    Entry(translatable("API access"), "/console/tokens", Verb.ADMINISTER, hub=True),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a form was told: at which field, and what had been typed (secrets never)."""

    field: str
    sentence: str
    status: int = 400
    typed: dict[str, str] = dataclasses.field(default_factory=dict)


def problem_of(error: BrokerError, typed: dict[str, str], place: str = "") -> Problem:
    """For a page that shows its form again with what is wrong."""
    named = error.field if isinstance(error, ConfigurationError) else ""
    return Problem(named or place, error.sentence, error.status, typed)


def show(template: str, *, status: int = 200, **context: Any) -> Response:
    """A page inside the frame (`layout/console.html`)."""
    session = door.session()
    actor = session.member.actor
    navigation = [item for item in NAVIGATION if actor.can(item.verb) and not (item.hub and actor.tenant_id is not None)]
    notice = request.cookies.get(f"{COOKIE_PREFIX}{_NOTICE}", "")[:300]
    if notice:
        later_cookie(Cookie(_NOTICE, None))
    here = max((item.address for item in navigation if _inside(item.address)), key=len, default="")
    frame = {"member": session.member, "navigation": navigation, "here": here, "notice": notice, "csrf": csrf_token(door.SCOPE)}
    return respond(Page(template, {**frame, "can": actor.can, "problem": None, **context}, status))


def _inside(address: str) -> bool:
    return request.path == address or request.path.startswith(f"{address}/")


def fields() -> dict[str, str]:
    """The fields of a plain form, each once; its token was checked at the door."""
    incoming = incoming_of(request)
    return {name: incoming.one(name) or "" for name, _ in incoming.form if name != CSRF_FIELD}


def done(address: str, notice: str) -> Response:
    """303 to the next page, which says the (marked) sentence once."""
    later_cookie(Cookie(_NOTICE, notice, max_age_seconds=60))
    return respond(Redirect(address))
