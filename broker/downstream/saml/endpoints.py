"""Addresses for SAML applications: single sign-on and metadata, common and per tenant (PRODUCT rule 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, g, request

from broker.catalog.catalog import Catalog
from broker.domain.clock import Clock
from broker.domain.errors import NotFound
from broker.domain.http import Document
from broker.domain.keys import KeyUse
from broker.downstream.saml import request as requests
from broker.downstream.saml.request import Endpoint
from broker.keys.keyring import Keyring
from broker.login.pipeline import Pipeline
from broker.store.trace_log import TraceLog
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from metadata.saml_write import write_identity_provider


@dataclass(frozen=True, slots=True)
class SamlFace:
    public_url: str
    pipeline: Pipeline
    catalog: Catalog
    keyring: Keyring
    traces: TraceLog
    clock: Clock
    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)


def endpoint_of(public_url: str, slug: str | None, tenant_id: str | None = None) -> Endpoint:
    """The entityID is the metadata address: one constant in common, one per tenant."""
    base = public_url if slug is None else f"{public_url}/t/{slug}"
    return Endpoint(f"{base}/saml/metadata", f"{base}/saml/sso", tenant_id)


def blueprint(face: SamlFace) -> Blueprint:
    views = Blueprint("saml", __name__)

    def endpoint(slug: str | None) -> Endpoint:
        if slug is None:
            return endpoint_of(face.public_url, None)
        tenant = face.catalog.tenant_by_slug(slug)
        if tenant is None or not tenant.tenant.enabled:
            raise NotFound(cause="no such tenant")
        return endpoint_of(face.public_url, slug, tenant.tenant.id)

    def single_sign_on(slug: str | None = None) -> Response:
        incoming = incoming_of(request)
        g.trace = trace = face.traces.begin(incoming, "SAML single sign-on")
        asked, objection = requests.read(incoming, endpoint(slug), face.catalog, trace)
        if objection is not None:
            return respond(face.pipeline.refuse(asked, objection, incoming, trace))
        return respond(face.pipeline.start(asked, incoming, trace))

    def metadata(slug: str | None = None) -> Response:
        return respond(
            Document(_document(face, endpoint(slug)), "application/samlmetadata+xml", headers=(("Cache-Control", "max-age=300"),))
        )

    for prefix, name in (("", "common"), ("/t/<slug>", "tenant")):
        views.add_url_rule(f"{prefix}/saml/sso", f"sso_{name}", single_sign_on, methods=["GET", "POST"])
        views.add_url_rule(f"{prefix}/saml/metadata", f"metadata_{name}", metadata, methods=["GET"])
    return views


def _document(face: SamlFace, endpoint: Endpoint) -> bytes:
    keys = face.keyring.published(KeyUse.SAML_SIGNING)
    cached = (endpoint.issuer, ",".join(key.id for key in keys))
    if cached not in face.documents:
        if len(face.documents) > 1000:
            face.documents.clear()
        face.documents[cached] = write_identity_provider(endpoint.issuer, endpoint.address, signing_keys=keys)
    return face.documents[cached]
