"""Host names of a tenant's own: where its people sign in, what must be done for it outside the hub, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response

from broker.console import forms, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.console.tenants import address
from broker.domain.messages import translatable
from broker.services.operations.hosts import HostView, ListHosts, OneHost, RemoveHost, SwitchHost
from broker.services.operations.tenants import OneTenant

HOST = Control(
    "host",
    translatable("Add a host name"),
    help=translatable("Like login.example.com. It must be one that the tenant can make a DNS record for."),
    required=True,
)
SHOWN = 20
LEADS_HERE = translatable("It leads to this hub: people can sign in there now.")
NOT_HERE = translatable("Looked. It does not lead to this hub yet; what was found stands beside it.")


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the way from a browser to the hub. `tone`: good, failing or quiet; `word`: how it is."""

    name: str
    tone: str
    word: str


_GOOD, _UNSEEN = translatable("In order"), translatable("Not looked at yet")
_BEHIND = translatable("Cannot be seen from here")
_DNS, _TLS, _HUB = translatable("DNS"), translatable("Proxy and certificate"), translatable("This hub")
_ENDS: dict[str, tuple[int, str]] = {
    "no_name": (0, translatable("No record found")),
    "private": (0, translatable("Leads to an address that this hub may not ask")),
    "certificate": (1, translatable("No valid certificate")),
    "no_answer": (1, translatable("Does not answer")),
    "elsewhere": (2, translatable("Somebody else answers")),
}
"""Problem → the station where the way ends, and what is wrong with it."""

WRONG = {problem: word for problem, (_, word) in _ENDS.items()}

ADVICE: dict[str, str] = {
    "no_name": translatable("Make the DNS record below. Most servers know it within minutes, some after an hour."),
    "private": translatable("If the network is your own, add the name to VESTIBULE_ALLOW_PRIVATE_ADDRESSES."),
    "certificate": translatable("Look at the log of the proxy. A certificate can be had once the DNS record is there."),
    "no_answer": translatable("Is the proxy running, with this hub behind it? May the hub reach its own public address?"),
    "elsewhere": translatable("The record leads to another machine, or the proxy passes on another Host than was asked for."),
}


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/hosts")
    def hosts(tenant: str) -> Response:
        return _page(face, tenant)

    @views.post("/tenants/<tenant>/hosts")
    def add_host(tenant: str) -> Response:
        return pages.changed(lambda typed: _add(face, tenant, typed), lambda problem: _page(face, tenant, problem))

    @views.post("/tenants/<tenant>/hosts/<host>/check")
    def check_host(tenant: str, host: str) -> Response:
        return pages.changed(lambda _: _check(face, tenant, host), lambda problem: _page(face, tenant, problem))

    @views.post("/tenants/<tenant>/hosts/<host>/switch")
    def switch_host(tenant: str, host: str) -> Response:
        return pages.changed(lambda typed: _switch(face, tenant, host, typed), lambda problem: _page(face, tenant, problem))

    @views.post("/tenants/<tenant>/hosts/<host>/remove")
    def remove_host(tenant: str, host: str) -> Response:
        return pages.changed(lambda typed: _remove(face, tenant, host, typed), lambda problem: _page(face, tenant, problem))


def _page(face: ConsoleFace, slug: str, problem: Problem | None = None) -> Response:
    found = face.run("host.list", ListHosts(slug, after=pages.asked("after"), limit=SHOWN))
    shown = [face.run("host.show", OneHost(slug, each.name)) for each in found.items]
    context: dict[str, Any] = {
        "tenant": face.run("tenant.show", OneTenant(slug)),
        "hosts": [(each.host, each.uses, stations(each.host), ADVICE.get(each.host.problem, "")) for each in shown],
        "next": found.next,
        "first": not pages.asked("after"),
        "hub": face.host,
        "form": forms.filled((HOST,), problem),
    }
    return pages.show("console/tenants/hosts.html", status=problem.status if problem else 200, **context)


def stations(host: HostView) -> list[Station]:
    """How far the way from a browser to the hub is known to work."""
    names = (_DNS, _TLS, _HUB)
    if host.checked_at is None or host.problem not in {"", *_ENDS}:
        return [Station(name, "quiet", _UNSEEN) for name in names]
    end, wrong = _ENDS.get(host.problem, (len(names), ""))
    tones = [("good", _GOOD)] * end + [("failing", wrong)] + [("quiet", _BEHIND)] * len(names)
    return [Station(name, tone, word) for name, (tone, word) in zip(names, tones, strict=False)]


def _here(slug: str) -> str:
    return f"{address(slug)}/hosts"


def _add(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    face.run("host.add", OneHost(slug, typed.get(HOST.name, "")))
    return _here(slug), translatable("The host has been added. Now its DNS record and its certificate have to be made.")


def _check(face: ConsoleFace, slug: str, host: str) -> tuple[str, str]:
    return _here(slug), LEADS_HERE if face.run("host.check", OneHost(slug, host)).state == "on" else NOT_HERE


def _switch(face: ConsoleFace, slug: str, host: str, typed: dict[str, str]) -> tuple[str, str]:
    on = typed.get("on") == "yes"
    found = face.run("host.switch", SwitchHost(slug, host, on, despite_use="despite_use" in typed))
    if on:
        return _here(slug), LEADS_HERE if found.state == "on" else NOT_HERE
    return _here(slug), translatable("The host has been switched off. Nobody can sign in there.")


def _remove(face: ConsoleFace, slug: str, host: str, typed: dict[str, str]) -> tuple[str, str]:
    face.run("host.remove", RemoveHost(slug, host, despite_use="despite_use" in typed))
    return _here(slug), translatable("The host has been removed. Its addresses are not there any more.")
