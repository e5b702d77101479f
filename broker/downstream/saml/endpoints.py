"""Addresses for SAML applications: single sign-on and metadata, common, per tenant and per application (PRODUCT rule 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, g, request

from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.domain.clock import Clock
from broker.domain.http import Document
from broker.domain.keys import KeyUse
from broker.domain.place import Place
from broker.downstream.saml import request as requests
from broker.keys.keyring import Keyring
from broker.login.pipeline import Pipeline
from broker.store.trace_log import TraceLog
from broker.web import here
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from metadata.saml_write import write_identity_provider

# A tenant's host has the common path and another entityID there: no cache may take one for the other.
_CACHEABLE = (("Cache-Control", "max-age=300"), ("Vary", "Host"))


@dataclass(frozen=True, slots=True)
class SamlFace:
    places: Places
    pipeline: Pipeline
    catalog: Catalog
    keyring: Keyring
    traces: TraceLog
    clock: Clock
    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)


def blueprint(face: SamlFace) -> Blueprint:
    views = Blueprint("saml", __name__)

    def place_of(path: dict[str, str]) -> Place:
        """Raises NotFound."""
        places = face.places
        if "application" in path:
            return places.of_application(path["application"], "saml")
        return places.at(path.get("slug"), here.host())

    def single_sign_on(**path: str) -> Response:
        incoming = incoming_of(request)
        g.trace = trace = face.traces.begin(incoming, "SAML single sign-on")
        asked, objection = requests.read(incoming, place_of(path), face.catalog, trace)
        if objection is not None:
            return respond(face.pipeline.refuse(asked, objection, incoming, trace))
        return respond(face.pipeline.start(asked, incoming, trace))

    def metadata(**path: str) -> Response:
        body = _document(face, place_of(path))
        return respond(Document(body, "application/samlmetadata+xml", headers=_CACHEABLE))

    for prefix, name in (("", "common"), ("/t/<slug>", "tenant"), ("/a/<application>", "application")):
        views.add_url_rule(f"{prefix}/saml/sso", f"sso_{name}", single_sign_on, methods=["GET", "POST"])
        views.add_url_rule(f"{prefix}/saml/metadata", f"metadata_{name}", metadata, methods=["GET"])
    return views


def _document(face: SamlFace, place: Place) -> bytes:
    keys = face.keyring.published(KeyUse.SAML_SIGNING, place.key_owner)
    cached = (place.saml_issuer, ",".join(key.id for key in keys))
    if cached not in face.documents:
        if len(face.documents) > 1000:
            face.documents.clear()
        face.documents[cached] = write_identity_provider(place.saml_issuer, place.saml_sign_on, signing_keys=keys)
    return face.documents[cached]
