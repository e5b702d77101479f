"""Showing a page inside the console's frame, reading its forms, and saying "done" on the next page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from broker.console import door
from broker.domain.access_errors import NotSignedIn, ReauthenticationRequired
from broker.domain.errors import (
    BrokerError,
    ConfigurationError,
    FetchError,
    Forbidden,
    InvalidSettings,
    MalformedRequest,
    RepeatedParameter,
)
from broker.domain.http import Cookie, Page, Redirect
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.web.http import COOKIE_PREFIX, incoming_of
from broker.web.outgoing import respond
from broker.web.security import CALLING_FORM_POLICY, CSRF_FIELD, OPEN_CALLING_POLICY, csrf_token, later_cookie

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
    Entry(translatable("Usage"), "/console/usage", Verb.READ_PEOPLE),
    Entry(translatable("Audit log"), "/console/audit", Verb.READ_AUDIT),
    Entry(translatable("Keys"), "/console/keys", Verb.READ, hub=True),
    Entry(translatable("Branding"), "/console/branding", Verb.READ, hub=True),
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
    code: str = ""


def problem_of(error: BrokerError, typed: dict[str, str], place: str = "") -> Problem:
    """For a page that shows its form again with what is wrong."""
    named = error.field if isinstance(error, ConfigurationError) else ""
    return Problem(named or place, error.sentence, error.status, typed, error.code)


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


def bare(template: str, *, status: int = 200, scripted: bool = False, through: bool = False, **context: Any) -> Response:
    """A page of the door, outside the frame. `scripted`: its script asks us for a passkey's challenge; `through`: a form of it
    leads to an identity provider.
    """
    frame = {"csrf": csrf_token(door.SCOPE), "problem": None, "through": through}
    response = respond(Page(template, {**frame, **context}, status))
    return with_script(response, through=through) if scripted else response


def with_script(response: Response, *, through: bool = False) -> Response:
    response.headers["Content-Security-Policy"] = OPEN_CALLING_POLICY if through else CALLING_FORM_POLICY
    return response


def _inside(address: str) -> bool:
    return request.path == address or request.path.startswith(f"{address}/")


def fields(*lists: str) -> dict[str, str]:
    """The fields of a form, each once; its token was checked at the door. `lists`: those that may repeat, one value a line.

    Raises RepeatedParameter, MalformedRequest.
    """
    found: dict[str, str] = {}
    for name, value in _pairs():
        if name == CSRF_FIELD:
            continue
        if name in found and name not in lists:
            raise RepeatedParameter(cause=f"field {name!r} occurs more than once")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _pairs() -> Iterable[tuple[str, str]]:
    if request.mimetype != "multipart/form-data":
        return incoming_of(request).form
    pairs = tuple(request.form.items(multi=True))
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise MalformedRequest(cause="a field contains U+0000")
    return pairs


def uploaded(name: str) -> bytes:
    """The content of a file of the form; b"" when none was chosen."""
    file = request.files.get(name)
    return b"" if file is None else file.read()


def asked(name: str) -> str:
    """A parameter of the address; "" when it is missing."""
    return dict(incoming_of(request).query).get(name, "")


def changed(
    change: Callable[[dict[str, str]], tuple[str, str]], again: Callable[[Problem], Response], *lists: str, place: str = ""
) -> Response:
    """Carries out a change, which says where to go next and what to say there. See `answered`."""
    return answered(lambda typed: done(*change(typed)), again, *lists, place=place)


def answered(
    change: Callable[[dict[str, str]], Response], again: Callable[[Problem], Response], *lists: str, place: str = ""
) -> Response:
    """Carries out a change, whose answer is a page of its own (what is shown once must not pass through an address).

    What is refused is said at the field, on the same page, with everything typed still there. Who may not do it, or must
    confirm who they are first, is no matter of the form.
    """
    typed = fields(*lists)
    try:
        return change(typed)
    except (NotSignedIn, ReauthenticationRequired, Forbidden):
        raise
    except (ConfigurationError, FetchError) as error:
        return again(problem_of(error, typed, place))


def same_twice(given: dict[str, str]) -> None:
    """A new password is typed twice: nobody sees what they type. Raises InvalidSettings."""
    if given.get("password", "") != given.get("again", ""):
        raise InvalidSettings(translatable("The two passwords differ. Type the same one twice."), field="again")


def done(address: str, notice: str) -> Response:
    """303 to the next page, which says the (marked) sentence once."""
    later_cookie(Cookie(_NOTICE, notice, max_age_seconds=60))
    return respond(Redirect(address))
