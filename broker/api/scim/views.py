"""The routes. Every request of a directory goes through `_answer`: who is it, what does it want, what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from broker.api.scim import answers, discovery, groups, people, wanted
from broker.api.scim.face import BASE, Asked, Resources, ScimFace, asked, bearer
from broker.domain.errors import BrokerError
from broker.domain.messages import filled
from broker.protocols.scim.names import Refused, invalid_syntax

log = logging.getLogger("vestibule.scim")
DOCUMENTATION = "https://www.rfc-editor.org/info/rfc7644"
_NO_MISTAKE = frozenset({404, 412, 429})
"""A directory asks for what may be gone, and tries again: nothing that anybody should hear of."""
_EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE")
Work = Callable[[ScimFace, Asked], Response]


def blueprint(face: ScimFace) -> Blueprint:
    views = Blueprint("scim", __name__, url_prefix=f"{BASE}/<connector_id>")

    def route(rule: str, method: str, work: Callable[..., Response]) -> None:
        def view(connector_id: str, **path: str) -> Response:
            return _answer(face, connector_id, rule, lambda face, asked: work(face, asked, **path))

        name = f"{method.lower()} {rule}".replace(".", "_")
        views.add_url_rule(rule, endpoint=name, view_func=view, methods=[method], provide_automatic_options=False)

    route("/ServiceProviderConfig", "GET", lambda _, asked: _document(asked, discovery.configuration(asked.base, DOCUMENTATION)))
    _collection(route, "/ResourceTypes", discovery.resource_types)
    _collection(route, "/Schemas", discovery.schemas)
    for rule, kind in (("/Users", people.PEOPLE), ("/Groups", groups.GROUPS)):
        _resources(route, rule, kind)
    route("/.search", "POST", _search_both)

    def elsewhere(connector_id: str, rest: str = "") -> Response:
        return _answer(face, connector_id, "another address", _nothing_here)

    for rule in ("", "/", "/<path:rest>"):
        name = f"elsewhere {rule}"
        views.add_url_rule(rule, endpoint=name, view_func=elsewhere, methods=_EVERY, provide_automatic_options=False)
    return views


Route = Callable[[str, str, Callable[..., Response]], None]


def _collection(route: Route, rule: str, of: Callable[[str], list[dict[str, Any]]]) -> None:
    """`/ResourceTypes` and `/Schemas`. RFC 7644 4: a filter would hide what there is, so it is refused."""

    def listed(_: ScimFace, asked: Asked) -> Response:
        if asked.query.get("filter"):
            raise Refused("Here nothing is filtered.", status=403)
        found = of(asked.base)
        return answers.listed(found, len(found), 1)

    route(rule, "GET", listed)
    route(f"{rule}/<name>", "GET", lambda _, asked, name: _document(asked, discovery.one(of(asked.base), name)))


def _resources(route: Route, rule: str, kind: Resources) -> None:
    """The same seven for people and groups."""
    route(rule, "GET", lambda face, asked: kind.index(face, asked, wanted.listing(asked.query)))
    route(f"{rule}/.search", "POST", lambda face, asked: kind.index(face, asked, _search_request(asked)))
    route(rule, "POST", kind.create)
    for method, work in (("GET", kind.show), ("PUT", kind.replace), ("PATCH", kind.modify), ("DELETE", kind.remove)):
        route(f"{rule}/<resource_id>", method, work)


def _document(asked: Asked, found: dict[str, Any]) -> Response:
    return answers.shown(found, asked)


def _search_request(asked: Asked) -> wanted.Listing:
    """RFC 7644 3.4.3: the same parameters, in a body."""
    body = asked.body()
    if not isinstance(body, dict):
        raise invalid_syntax("Send one JSON object.")
    return wanted.listing({name.lower(): value for name, value in body.items()})


def _search_both(face: ScimFace, asked: Asked) -> Response:
    """People, then groups. A filter that only one of the two can have finds nothing among the other."""
    listing = _search_request(asked)
    total, found, refused = 0, list[dict[str, Any]](), list[Refused]()
    for kind in (people.PEOPLE, groups.GROUPS):
        start = max(1, listing.start - total)
        try:
            more, resources = kind.page(face, asked, replace(listing, start=start, count=listing.count - len(found)))
        except Refused as error:
            refused.append(error)
            continue
        total, found = total + more, found + resources
    if len(refused) == 2:
        raise refused[0]
    return answers.listed(found, total, listing.start)


def _nothing_here(_: ScimFace, asked: Asked) -> Response:
    first = request.path.removeprefix(f"{BASE}/{asked.caller.connector_id}/").partition("/")[0]
    if first in {"Bulk", "Me"}:
        raise Refused(filled("/%(first)s is not offered; ServiceProviderConfig says what is.", first=first), status=501)
    status = 405 if first in {"Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig"} else 404
    raise Refused("There is nothing at this address, or not by this method. Add /Users or /Groups to it.", status=status)


def _answer(face: ScimFace, connector_id: str, rule: str, work: Work) -> Response:
    try:
        caller = face.directories.authenticate(connector_id, bearer(request), request.remote_addr or "")
        return work(face, asked(request, caller, face.public_url))
    except (Refused, BrokerError) as error:
        failure: Exception = error
        cause = getattr(error, "cause", "") or str(error)
        log.info("request refused", extra={"connector": connector_id, "path": rule, "method": request.method, "cause": cause})
    except Exception as error:
        # Directories try again after a 500; a page would tell them nothing.
        failure = error
        log.exception("unexpected error", extra={"connector": connector_id, "path": rule, "method": request.method})
    refusal = answers.refusal_of(failure)
    if refusal.status not in _NO_MISTAKE:
        asked_for = f"{request.method} {rule.replace('<resource_id>', '…')}"
        face.directories.note_refusal(connector_id, asked_for, refusal.status, refusal.detail)
    return answers.refused(failure)
