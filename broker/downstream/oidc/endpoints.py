"""The addresses that OpenID Connect applications call: common, one set per tenant and per application (PRODUCT rule 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.domain.clock import Clock
from broker.domain.errors import Act
from broker.domain.http import Document, Incoming
from broker.domain.keys import KeyUse
from broker.domain.messages import filled
from broker.domain.place import Place
from broker.domain.trace import Trace
from broker.downstream.oidc import request as authorization
from broker.downstream.oidc import userinfo as userinfo_endpoint
from broker.downstream.oidc.token import TokenServer, presented_client
from broker.keys.keyring import Keyring
from broker.login.pipeline import Pipeline
from broker.protocols import jose
from broker.protocols.oidc.names import DISCOVERY_PATH
from broker.services.throttle import Limit, Lockout, Throttle
from broker.store.db import Database
from broker.store.trace_log import TraceLog
from broker.store.transient.contract import TransientStore
from broker.web import here
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from metadata.oidc_write import write_discovery

_CACHEABLE = (("Cache-Control", "public, max-age=300"),)
_BY_HOST = (("Vary", "Host"),)
"""A tenant's host has the common paths and says other things there: no cache may take one for the other."""
_ANY_ORIGIN = (("Access-Control-Allow-Origin", "*"),)
CLIENT_AUTHENTICATION = Limit("client authentication", 30, 60)
"""Wrong credentials of one client from one address: guessing ends, and the client's own servers elsewhere go on."""


@dataclass(frozen=True, slots=True)
class OidcFace:
    """What this face stands on; made once in `broker.app`."""

    places: Places
    pipeline: Pipeline
    catalog: Catalog
    keyring: Keyring
    transient: TransientStore
    database: Database
    traces: TraceLog
    clock: Clock
    throttle: Throttle


def blueprint(face: OidcFace) -> Blueprint:
    """Every route three times: common, under `/t/<tenant slug>`, and under `/a/<application slug>`."""
    views = _Views(face)
    routes: tuple[tuple[str, str, Callable[..., ResponseReturnValue], list[str]], ...] = (
        (DISCOVERY_PATH, "discovery", views.discovery, ["GET"]),
        ("/oauth2/authorize", "authorize", views.authorize, ["GET", "POST"]),
        ("/oauth2/token", "token", views.token, ["POST"]),
        ("/oauth2/token", "token_preflight", views.preflight, ["OPTIONS"]),
        ("/oauth2/userinfo", "userinfo", views.userinfo, ["GET", "POST"]),
        ("/oauth2/userinfo", "userinfo_preflight", views.preflight, ["OPTIONS"]),
        ("/oauth2/jwks", "jwks", views.jwks, ["GET"]),
    )
    made = Blueprint("oidc", __name__)
    for path, name, view, methods in routes:
        for prefix, of in (("", ""), ("/t/<slug>", "tenant_"), ("/a/<application>", "application_")):
            made.add_url_rule(f"{prefix}{path}", f"{of}{name}", view, methods=methods, provide_automatic_options=False)
    return made


class _Views:
    def __init__(self, face: OidcFace) -> None:
        self._face = face
        self._server = TokenServer(
            catalog=face.catalog,
            keyring=face.keyring,
            transient=face.transient,
            database=face.database,
            clock=face.clock,
        )
        self._lockout = Lockout(face.throttle, CLIENT_AUTHENTICATION, face.clock)

    def authorize(self, **path: str) -> Response:
        """No CORS here: a browser navigates to this address, a script has no business at it."""
        face, incoming = self._face, incoming_of(request)
        trace = g.trace = face.traces.begin(incoming, "OpenID Connect authorization request")
        place = self._place(path)
        read = authorization.read(incoming, place, face.catalog, trace)
        if read.error is not None:
            return respond(face.pipeline.refuse(read.request, read.error, incoming, trace))
        return respond(face.pipeline.start(read.request, incoming, trace))

    def token(self, **path: str) -> Response:
        incoming, trace, place = self._machine_request(path, "token request")
        if self._lockout.anybody:  # else the credentials need not be read twice
            self._lockout.check(_caller(incoming))
        document, client = self._server.answer(incoming, place.oidc_issuer, trace)
        self._save_failed(document, trace)
        if document.status == 401:
            self._lockout.failed(_caller(incoming))
        return _for_origin(document, incoming, client.origins if client is not None else frozenset())

    def userinfo(self, **path: str) -> Response:
        incoming, trace, place = self._machine_request(path, "userinfo request")
        document, grant = userinfo_endpoint.answer(incoming, place.oidc_issuer, self._server, trace)
        self._save_failed(document, trace)
        application = self._face.catalog.application(grant.application_id) if grant is not None else None
        return _for_origin(document, incoming, application.prepared.origins if application is not None else frozenset())

    def preflight(self, **_path: str) -> Response:
        """Scripts may ask from anywhere: no cookie is read here, and the answer itself is for registered origins only."""
        headers = (
            *_ANY_ORIGIN,
            ("Access-Control-Allow-Methods", "GET, POST"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
            ("Access-Control-Max-Age", "600"),
        )
        return respond(Document(b"", "text/plain", 204, headers))

    def discovery(self, **path: str) -> Response:
        body = write_discovery(self._place(path).oidc_issuer)
        return respond(Document(body, "application/json", 200, (*_CACHEABLE, *_BY_HOST, *_ANY_ORIGIN)))

    def jwks(self, **path: str) -> Response:
        owner = self._place(path).key_owner
        body = jose.public_key_set(self._face.keyring.published(KeyUse.OIDC_SIGNING, owner))
        return respond(Document(body, "application/jwk-set+json", 200, (*_CACHEABLE, *_BY_HOST, *_ANY_ORIGIN)))

    def _machine_request(self, path: dict[str, str], name: str) -> tuple[Incoming, Trace, Place]:
        incoming = incoming_of(request)
        trace = g.trace = self._face.traces.begin(incoming, f"OpenID Connect {name}")
        return incoming, trace, self._place(path)

    def _place(self, path: dict[str, str]) -> Place:
        """Raises NotFound."""
        places = self._face.places
        if "application" in path:
            return places.of_application(path["application"], "oidc")
        return places.at(path.get("slug"), here.host())

    def _save_failed(self, document: Document, trace: Trace) -> None:
        """A success adds nothing to the login's own trace, so only failures are kept."""
        if document.status < 400:
            return
        cause = _failed(trace) or document.body.decode()[:300]  # an OAuth error of ours: constant text
        trace.fail("token_request_refused", cause, Act.APPLICATION_OWNER, "Compare the application's request with this trace.")
        self._face.traces.save(trace)


def _failed(trace: Trace) -> str:
    """Every check that failed, and why; "" when none did."""
    failed = [
        filled("%(check)s: %(cause)s", check=event.name, cause=event.detail) for event in trace.events if event.passed is False
    ]
    return reduce(lambda before, after: filled("%(before)s; %(after)s", before=before, after=after), failed) if failed else ""


def _caller(incoming: Incoming) -> str:
    """Whose failures are counted together: one client at one address."""
    return f"{presented_client(incoming)} {incoming.remote_address}"


def _for_origin(document: Document, incoming: Incoming, origins: frozenset[str]) -> Response:
    response = respond(document)
    origin = incoming.headers.get("origin")
    response.headers["Vary"] = "Origin"
    if origin is not None and origin.lower() in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
    return response
