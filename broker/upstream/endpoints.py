"""`/upstream/<connector>/…`: one set of addresses per connector, so an answer can only arrive at its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request

from broker.domain.errors import NotFound
from broker.domain.http import Document
from broker.login.pipeline import Pipeline
from broker.web.http import incoming_of
from broker.web.outgoing import respond


@dataclass(frozen=True, slots=True)
class UpstreamFace:
    """`metadata_of` gives our own description toward a connector's identity provider, if its protocol has one."""

    pipeline: Pipeline
    metadata_of: Callable[[str], bytes | None]


def blueprint(face: UpstreamFace) -> Blueprint:
    views = Blueprint("upstream", __name__)

    def answer(connector_id: str) -> Response:
        return respond(face.pipeline.complete(connector_id, incoming_of(request)))

    def metadata(connector_id: str) -> Response:
        document = face.metadata_of(connector_id)
        if document is None:
            raise NotFound(cause="no connector with metadata has this address")
        return respond(Document(document, "application/samlmetadata+xml", headers=(("Cache-Control", "max-age=300"),)))

    views.add_url_rule("/upstream/<connector_id>/acs", "acs", answer, methods=["POST"])
    views.add_url_rule("/upstream/<connector_id>/callback", "callback", answer, methods=["GET", "POST"])
    views.add_url_rule("/upstream/<connector_id>/metadata", "metadata", metadata, methods=["GET"])
    return views


