"""What a connector follows, read again now: first what would change, then taken over."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from broker.console import pages
from broker.console.connectors import one, place, shown
from broker.console.face import ConsoleFace
from broker.console.labels import label_of
from broker.console.pages import Problem
from broker.domain.messages import translatable
from broker.services.operations.connectors import OneConnector
from broker.services.operations.following import RefreshConnector, RefreshView
from broker.services.operations.tenants import OneTenant

UNCHANGED = translatable("Read again. Nothing in it has changed.")
CHANGED = translatable("Taken over. It holds from the next request on.")
WAITS = translatable("It waits for a person to look at it.")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.post("/tenants/<tenant>/connectors/<connector>/refresh")
    def refresh_connector(tenant: str, connector: str) -> Response:
        return pages.answered(lambda _: _plan(face, tenant, connector), lambda problem: _again(face, tenant, connector, problem))

    @views.post("/tenants/<tenant>/connectors/<connector>/refresh/accept")
    def accept_refreshed(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _accept(face, tenant, connector, typed.get("digest", "")),
            lambda problem: _again(face, tenant, connector, problem),
        )


def _again(face: ConsoleFace, tenant: str, connector: str, problem: Problem) -> Response:
    """At the top of the page: nobody typed anything into the form for newer metadata."""
    return one(face, tenant, connector, replace(problem, field="follows"))


def _plan(face: ConsoleFace, tenant: str, connector: str) -> Response:
    found: RefreshView = face.run("connector.refresh", RefreshConnector(tenant, connector, plan=True))
    if found.outcome == "unchanged":
        # Noted as read, which a mere plan is not.
        face.run("connector.refresh", RefreshConnector(tenant, connector))
        return pages.done(f"{place(tenant, connector)}#health", UNCHANGED)
    context = {
        "tenant": face.run("tenant.show", OneTenant(tenant)),
        "connector": face.run("connector.show", OneConnector(tenant, connector)),
        "plan": found,
        "changes": [(label_of(change.name), shown(change.before), shown(change.after)) for change in found.changes],
    }
    return pages.show("console/connectors/refresh.html", **context)


def _accept(face: ConsoleFace, tenant: str, connector: str, digest: str) -> tuple[str, str]:
    found: RefreshView = face.run("connector.refresh", RefreshConnector(tenant, connector, accept=digest))
    said = {"changed": CHANGED, "unchanged": UNCHANGED}.get(found.outcome, WAITS)
    return f"{place(tenant, connector)}#health", said
