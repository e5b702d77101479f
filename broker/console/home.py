"""The first page after sign-in: the federation as a picture, then how it fares, then what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response

from broker.console import door, pages, plots
from broker.console.face import ConsoleFace
from broker.console.hosts import WRONG
from broker.services.actor import Verb
from broker.services.operations.federation import FederationView, ListExpiringLinks, ShowFederation
from broker.services.operations.following import ListTrouble
from broker.services.operations.health import ListExpiring, ListUnreachable
from broker.services.operations.hosts import ListTroubledHosts, TroubledHost
from broker.services.operations.keys import ListExpiringKeys
from broker.services.operations.model import Page
from broker.services.operations.safeguards import ListSafeguards, SafeguardView
from broker.services.operations.tokens import ListTokens
from broker.services.operations.usage import LoginStatistics, ShowStatistics

HOURS = 24
SOON = timedelta(days=30)


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("")
    def home() -> Response:
        federation: FederationView = face.run("federation.show", ShowFederation(HOURS))
        if not federation.providers and not federation.parties and not federation.tenants:
            return pages.show("console/home/fresh.html", federation=federation)
        statistics: LoginStatistics = face.run("statistics.show", ShowStatistics())
        context: dict[str, Any] = {
            "federation": federation,
            "left": _edges(federation, providers=True),
            "right": _edges(federation, providers=False),
            "statistics": statistics,
            "plot": plots.stacked(
                plots.OUTCOMES, [(at.succeeded, at.failed, at.logins - at.succeeded - at.failed) for at in statistics.points]
            ),
            "silent": face.run("health.unreachable", ListUnreachable(limit=8)).items,
            "trouble": face.run("health.metadata", ListTrouble(limit=8)).items,
            "expiring": face.run("health.expiring", ListExpiring(limit=8)).items,
            "hosts": [(each, WRONG.get(each.host.problem, "")) for each in _troubled(face)],
            "links": face.run("federation.expiring_links", ListExpiringLinks(limit=5)).items,
            "tokens": _tokens(face),
            "safeguards": _safeguards(face),
            "keys": face.run("key.expiring", ListExpiringKeys(limit=5)).items,
            "now": door.now(),
        }
        return pages.show("console/home/home.html", **context)


def _troubled(face: ConsoleFace) -> tuple[TroubledHost, ...]:
    found: Page[TroubledHost] = face.run("host.troubled", ListTroubledHosts(limit=8))
    return found.items


def _edges(federation: FederationView, *, providers: bool) -> tuple[plots.Edge, ...]:
    """One for every row that the page shows, the others' last."""
    flows: tuple[Any, ...] = federation.providers if providers else federation.parties
    other = federation.other_providers if providers else federation.other_parties
    weights, states = [flow.logins for flow in flows], [flow.state for flow in flows]
    if other.count:
        weights, states = [*weights, other.logins], [*states, "good" if other.logins else "quiet"]
    return plots.fan(weights, states, to_the_right=providers)


def _safeguards(face: ConsoleFace) -> list[SafeguardView]:
    """Those that are not there, for whoever works for the hub."""
    if door.actor().tenant_id is not None:
        return []
    found: Page[SafeguardView] = face.run("safeguard.list", ListSafeguards())
    return [each for each in found.items if each.weakens]


def _tokens(face: ConsoleFace) -> list[Any]:
    """API tokens that end soon, for whoever administers them."""
    if not door.actor().can(Verb.ADMINISTER):
        return []
    soon = door.now() + SOON
    return [token for token in face.run("token.list", ListTokens()).items if token.state == "working" and token.expires_at < soon][
        :5
    ]
