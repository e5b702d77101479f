"""Search from every page: a tenant by name or domain, an application, a person, a reference code. One hit is opened at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response

from broker.console import door, pages
from broker.console.applications import place
from broker.console.face import ConsoleFace
from broker.console.tenants import address
from broker.domain.http import Redirect
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.applications import ListApplications
from broker.services.operations.people import ListPeople
from broker.services.operations.tenants import ListTenants
from broker.services.operations.traces import ListTraces
from broker.web.outgoing import respond

SHOWN = 8
_CODE = re.compile(r"[A-Za-z0-9]{4}-[A-Za-z0-9]{4}-[A-Za-z0-9]{2}")
_PERHAPS = re.compile(r"[A-Za-z0-9]{10}")


@dataclass(frozen=True, slots=True)
class Hit:
    name: str
    detail: str
    address: str


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind. `nothing`: what is said when there are none; `more`: where all of them are."""

    title: str
    nothing: str
    hits: tuple[Hit, ...]
    more: str = ""


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/search")
    def search() -> Response:
        words = pages.asked("q").strip()[:200]
        if not words:
            return pages.show("console/search/search.html", searched="", groups=(), code="")
        if _CODE.fullmatch(words) and door.actor().can(Verb.READ_TRACES):
            return respond(Redirect(_trace(words)))
        groups = tuple(_groups(face, words))
        hits = [hit for group in groups for hit in group.hits]
        code = _trace(words) if _PERHAPS.fullmatch(words) and door.actor().can(Verb.READ_TRACES) else ""
        if not hits and code:
            return respond(Redirect(code))
        if len(hits) == 1 and not code:
            return respond(Redirect(hits[0].address))
        return pages.show("console/search/search.html", searched=words, groups=groups, code=code)


def _trace(code: str) -> str:
    return f"/console/sign-ins/{code.upper()}"


def _groups(face: ConsoleFace, words: str) -> Iterator[Group]:
    """What this person may see at all, in the order in which it is usually looked for."""
    actor = door.actor()
    if actor.can(Verb.READ):
        yield _tenants(face, words)
    if actor.can(Verb.READ_PEOPLE):
        yield _people(face, words)
    if actor.can(Verb.READ_TRACES) and "@" in words:
        yield _sign_ins(face, words)
    if actor.can(Verb.READ) and actor.tenant_id is None:
        yield _applications(face, words)


def _more(page: Any, base: str, **query: str) -> str:
    return f"{base}?{urlencode(query)}" if page.next else ""


def _tenants(face: ConsoleFace, words: str) -> Group:
    """Of an email address its domain counts."""
    text = words.rpartition("@")[2]
    found = face.run("tenant.list", ListTenants(text, limit=SHOWN))
    hits = tuple(Hit(each.name, each.slug, address(each.slug)) for each in found.items)
    nothing = translatable("No tenant has such a name or domain.")
    return Group(translatable("Tenants"), nothing, hits, _more(found, "/console/tenants", search=text))


def _people(face: ConsoleFace, words: str) -> Group:
    found = face.run("person.list", ListPeople(words, limit=SHOWN))
    hits = tuple(
        Hit(each.name or each.email or each.id, f"{each.email} · {each.tenant_name}", f"/console/people/{each.tenant}/{each.id}")
        for each in found.items
    )
    nothing = translatable("Nobody has such a name or email address, or they have never signed in.")
    return Group(translatable("People"), nothing, hits, _more(found, "/console/people", search=words))


def _sign_ins(face: ConsoleFace, words: str) -> Group:
    """Also of people who never got in: a failed sign-in leaves nothing else."""
    found = face.run("trace.list", ListTraces(email=words, limit=SHOWN))
    hits = tuple(Hit(each.code, each.cause or each.outcome, f"/console/sign-ins/{quote(each.code)}") for each in found.items)
    nothing = translatable("No sign-in with this address is kept.")
    return Group(translatable("Sign-ins"), nothing, hits, _more(found, "/console/sign-ins", email=words))


def _applications(face: ConsoleFace, words: str) -> Group:
    found = face.run("application.list", ListApplications(words, limit=SHOWN))
    hits = tuple(Hit(each.name, each.slug, place(each.slug)) for each in found.items)
    nothing = translatable("No application has such a name.")
    return Group(translatable("Applications"), nothing, hits, _more(found, "/console/applications", search=words))
