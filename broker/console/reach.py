"""Looking now whether a connector's identity provider answers."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import pages
from broker.console.connectors import one, place
from broker.console.face import ConsoleFace
from broker.domain.messages import translatable
from broker.services.operations.connectors import OneConnector
from broker.services.operations.health import HealthView

_WITH_ERROR = translatable("It answers, with an error. Below stands what that means.")
_SAID = {
    True: translatable("It answers."),
    False: translatable("It does not answer. Below stands what went wrong."),
    None: translatable("We could not ask it. Below stands why."),
}


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.post("/tenants/<tenant>/connectors/<connector>/probe")
    def probe_connector(tenant: str, connector: str) -> Response:
        return pages.changed(lambda _: _probe(face, tenant, connector), lambda problem: one(face, tenant, connector, problem))


def _probe(face: ConsoleFace, tenant: str, connector: str) -> tuple[str, str]:
    found: HealthView = face.run("health.probe", OneConnector(tenant, connector))
    said = _WITH_ERROR if found.reachable and found.reach_problem else _SAID[found.reachable]
    return f"{place(tenant, connector)}#health", said
