"""The door of the console. Default deny: no page without a session, no change without a token of our own form.

A view that people may see before they have signed in says so with `@public`; it still cannot change anything without the
form's token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from broker.domain.access_errors import NotSignedIn, ReauthenticationRequired
from broker.domain.clock import Clock
from broker.domain.errors import MessageTooLarge
from broker.domain.http import Cookie, Redirect
from broker.services.actor import Actor, Verb
from broker.services.staff import Staff, StaffSession, Visitor
from broker.web.http import COOKIE_PREFIX, MAX_BODY_BYTES, incoming_of
from broker.web.outgoing import respond
from broker.web.security import CSRF_FIELD, check_csrf, later_cookie

COOKIE = "vestibule-staff"
SCOPE = "/console"
SIGN_IN = "/console/sign-in"
CONFIRM = "/console/confirm"
FRESH = timedelta(minutes=10)
"""How long ago somebody may have shown their credentials when they change what is sensitive."""

_INSIDE = re.compile(r"/console(?!/(?:sign-in|sign-out|welcome|confirm)\b)(?:[/?][\x21-\x5b\x5d-\x7e]{0,1000})?")
"""A path of ours in printable ASCII; no backslash, which browsers take for a slash."""

View = TypeVar("View", bound=Callable[..., object])


def public(view: View) -> View:
    """Marks a view that needs no session."""
    view.public = True  # type: ignore[attr-defined]
    return view


def install(views: Blueprint, staff: Staff, clock: Clock) -> None:
    """Stands before every view of this blueprint."""

    @views.before_request
    def enter() -> Response | None:
        handle = request.cookies.get(COOKIE_PREFIX + COOKIE)
        g.staff_session = staff.sessions.find(handle) if handle else None
        g.staff_clock = clock
        view = current_app.view_functions[request.endpoint or ""]
        if g.staff_session is None and not getattr(view, "public", False):
            if request.method in {"GET", "HEAD"}:
                return respond(Redirect(leading(SIGN_IN, request.full_path.rstrip("?"))))
            raise NotSignedIn(cause="no session, or it has ended")
        if request.method not in {"GET", "HEAD"}:
            check_csrf(SCOPE, _token())
        return None


def _token() -> str | None:
    """From a form of ours, plain or with a file; from a header where a script of ours sends JSON."""
    if request.mimetype == "application/json":
        return request.headers.get("X-CSRF-Token")
    if request.mimetype == "multipart/form-data":
        request.max_content_length = request.max_form_memory_size = MAX_BODY_BYTES  # pasted metadata is a field, not a file
        try:
            return request.form.get(CSRF_FIELD)
        except RequestEntityTooLarge as error:
            raise MessageTooLarge(cause=f"the body is larger than {MAX_BODY_BYTES} bytes") from error
    return incoming_of(request).one(CSRF_FIELD)


def session() -> StaffSession:
    """Raises NotSignedIn."""
    found = g.get("staff_session")
    if not isinstance(found, StaffSession):
        raise NotSignedIn(cause="no session")
    return found


def is_open() -> bool:
    """Whether somebody is signed in at this browser."""
    return isinstance(g.get("staff_session"), StaffSession)


def actor() -> Actor:
    return session().member.actor


def only(verb: Verb) -> None:
    """First thing in a view that does something else before it runs an operation. Raises Forbidden."""
    who = actor()
    who.require(verb, who.tenant_id)


def visitor(given: Mapping[str, str] | None = None) -> Visitor:
    """`given`: the fields of a form, of which one may hold what the browser calculated."""
    return Visitor(request.remote_addr or "", request.headers.get("user-agent", ""), (given or {}).get("effort", ""))


def let_in(staff: Staff, handle: str) -> None:
    """The browser keeps the handle of a new session; the one that it had before is over (session fixation)."""
    if older := request.cookies.get(COOKIE_PREFIX + COOKIE):
        staff.sessions.end(older)
    later_cookie(Cookie(COOKIE, handle))


def leading(address: str, following: str | None, **more: str) -> str:
    """An address of the door that remembers where somebody wants to go afterwards."""
    query = {**({"next": inside(following)} if following else {}), **more}
    return f"{address}?{urlencode(query)}" if query else address


def inside(address: str | None) -> str:
    """Where somebody wanted to go, if that is a page of ours; else the first page. Nobody else's address is ever followed."""
    return address if address and _INSIDE.fullmatch(address) else SCOPE


def now() -> datetime:
    """The one clock, as this request sees it."""
    moment = g.staff_clock.now()
    assert isinstance(moment, datetime)
    return moment


def confirmed() -> None:
    """Raises ReauthenticationRequired when the credentials were shown too long ago."""
    if session().authenticated_at + FRESH <= now():
        raise ReauthenticationRequired(cause="credentials were shown too long ago")
