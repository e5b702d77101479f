"""At a tenant's host exists what its people sign in with, and nothing else of the hub.

The Host header is believed for one thing: an exact look-up among the hosts that are configured. X-Forwarded-Host is not read.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.domain.host import Host
from broker.domain.http import Document
from broker.services.hosts import PROOF_PATH
from broker.web import here
from broker.web.http import incoming_of
from broker.web.outgoing import respond

_EVERYWHERE = frozenset({"static", "health.live", "health.is_ready", "health.version", "hosts.proof"})
"""Answered at every host, one that is switched off included; none of them says what differs from host to host."""

SERVED = _EVERYWHERE | {
    "saml.sso_common",
    "saml.metadata_common",
    "oidc.discovery",
    "oidc.authorize",
    "oidc.token",
    "oidc.token_preflight",
    "oidc.userinfo",
    "oidc.userinfo_preflight",
    "oidc.jwks",
    "upstream.acs",
    "upstream.callback",
    "chooser.show",
    "chooser.choose",
    "chooser.again",
    "chooser.give_up",
    "account.show",
    "account.end_session",
    "account.end_others",
    "account.end_all",
    "branding.css",
    "branding.image",
    "branding.style",
    "signout.ask",
    "signout.end",
}
"""The endpoints of a tenant's host. A new one is absent there until somebody has thought about it and adds it here."""


@dataclass(frozen=True, slots=True)
class HostFace:
    """`proof_for(token, host name)`: what proves that an address leads to this hub, once; None when nobody asked for it.

    `awaits_certificate(name)`: told to the proxy that knows `ask_secret`, for everybody who may ask could list our customers.
    """

    catalog: Catalog
    places: Places
    proof_for: Callable[[str, str], bytes | None]
    awaits_certificate: Callable[[str], bool]
    ask_secret: str = field(default="", repr=False)


def install(app: Flask, face: HostFace) -> None:
    """Called once by `broker.app`, after the catalog follows the configuration."""

    @app.before_request
    def recognise() -> None:
        if request.endpoint in _EVERYWHERE:
            return
        host = _asked(face)
        if host is None:
            return
        place = face.places.of_host(host.name)
        tenant = face.catalog.tenant(host.tenant_id)
        if place is None or tenant is None or not _served():
            raise NotFound
        here.arrive(host.name, place.base, tenant.tenant.branding)

    made = Blueprint("hosts", __name__)

    @made.get(f"{PROOF_PATH}/<token>")
    def proof(token: str) -> Response:
        """For our own check, at hosts that wait for it as well."""
        host = _asked(face)
        body = None if host is None else face.proof_for(token, host.name)
        if body is None:
            raise NotFound
        return respond(Document(body, "text/plain; charset=utf-8", headers=(("Cache-Control", "no-store"),)))

    @made.get("/hosts/ask/<secret>")
    def ask(secret: str) -> Response:
        """For proxies that get a certificate when somebody first asks for a name (Caddy: on_demand_tls)."""
        known = face.ask_secret and hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), face.ask_secret.encode())
        name = incoming_of(request).one("domain")
        if not known or name is None or not face.awaits_certificate(name):
            raise NotFound
        return respond(Document(b"yes\n", "text/plain; charset=utf-8", headers=(("Cache-Control", "no-store"),)))

    app.register_blueprint(made)


def _asked(face: HostFace) -> Host | None:
    return face.places.host(request.environ.get("HTTP_HOST", ""))


def _served() -> bool:
    """A path that is not served is not there for any method, or the answer to a wrong one would tell of it."""
    if request.endpoint is not None:
        return request.endpoint in SERVED
    refused = request.routing_exception
    if not isinstance(refused, MethodNotAllowed):
        return True  # it ends as an error anyway
    adapter = current_app.create_url_adapter(request)
    methods = sorted(refused.valid_methods or ())
    return adapter is not None and any(adapter.match(method=method)[0] in SERVED for method in methods if method != "OPTIONS")
