"""Every face on the WSGI application, in the order in which requests meet them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, request

from broker.account import views as account_views
from broker.account.face import AccountFace
from broker.api import views as api_views
from broker.api.face import ApiFace
from broker.api.scim import views as scim_views
from broker.api.scim.face import ScimFace
from broker.assembly.vestibule import Vestibule
from broker.catalog.catalog import Catalog
from broker.console import views as console_views
from broker.console.face import ConsoleFace
from broker.domain import random_ids
from broker.domain.http import Incoming, Reply
from broker.downstream.account.request import AccountSignIn
from broker.downstream.console.request import ConsoleSignIn
from broker.downstream.oidc import endpoints as oidc_endpoints
from broker.downstream.saml import endpoints as saml_endpoints
from broker.interaction import chooser, signout, test_login
from broker.login import sessions
from broker.login.context import SESSION_COOKIE, Hub
from broker.portal import views as portal_views
from broker.portal.face import PortalFace
from broker.services.operations import Services
from broker.services.setup_health import SetupHealth
from broker.store import upgrade
from broker.upstream import endpoints as upstream_endpoints
from broker.web import branding, errors, health, here, hosts, http, security


@dataclass(frozen=True, slots=True)
class _SignOut:
    """Local sign-out for the page that asks for it."""

    hub: Hub

    def end(self, incoming: Incoming) -> Reply:
        return Reply(signout.SIGNED_OUT, (sessions.end(self.hub, incoming),))


def _portal(services: Services) -> PortalFace:
    return PortalFace(
        services.setup_links,
        services.setup_renewal,
        services.domain_proof,
        services.login_tests,
        services.intakes,
        SetupHealth(services.bench, services.traces, services.health),
        services.directories,
        services.hosts,
    )


def _scim(built: Vestibule) -> ScimFace:
    services = built.services
    return ScimFace(built.settings.public_url, services.directories, services.directory_people, services.directory_groups)


def _follow_configuration(app: Flask, catalog: Catalog) -> None:
    @app.before_request
    def follow() -> None:
        # One version read per protocol request: what was switched off is off from the next request on.
        ours = request.endpoint is not None and not request.endpoint.startswith(("static", "health."))
        if ours:
            catalog.refresh()
        here.at_hub(catalog.hub_branding(ask=ours))


def mount(app: Flask, built: Vestibule) -> None:
    hub, settings, places = built.hub, built.settings, built.services.bench.places
    app.url_map.merge_slashes = False  # the router would redirect, to whatever host the request named
    http.refuse_unreadable_paths(app)
    _follow_configuration(app, built.catalog)
    own = built.services.hosts
    face = hosts.HostFace(built.catalog, places, own.prove, own.awaits_certificate, settings.certificate_ask_secret)
    hosts.install(app, face)
    security.install_headers(app, security.WebSettings(settings.public_url, settings.production, _csrf_key(built)))
    errors.register_error_handlers(app, hub.traces)
    app.register_blueprint(health.blueprint(lambda: upgrade.is_current(built.database)))
    app.register_blueprint(
        saml_endpoints.blueprint(
            saml_endpoints.SamlFace(places, built.pipeline, built.catalog, built.keyring, hub.traces, built.clock)
        )
    )
    app.register_blueprint(
        oidc_endpoints.blueprint(
            oidc_endpoints.OidcFace(
                places=places,
                pipeline=built.pipeline,
                catalog=built.catalog,
                keyring=built.keyring,
                transient=hub.transient,
                traces=hub.traces,
                clock=built.clock,
                database=built.database,
                throttle=built.services.throttle,
            )
        )
    )
    app.register_blueprint(
        upstream_endpoints.blueprint(upstream_endpoints.UpstreamFace(built.pipeline, built.connectors.metadata_of))
    )
    choosing = chooser.ChooserFace(built.pipeline, built.services.throttle, built.services.effort, built.clock)
    app.register_blueprint(chooser.blueprint(choosing))
    app.register_blueprint(test_login.blueprint(test_login.LoginTestFace(built.services.login_tests)))
    app.register_blueprint(
        account_views.blueprint(
            AccountFace(built.services.account, AccountSignIn(places, built.pipeline, hub.traces), SESSION_COOKIE)
        )
    )
    app.register_blueprint(branding.blueprint(built.services.brandings))
    app.register_blueprint(signout.blueprint(signout.SignOutFace(_SignOut(hub))))
    app.register_blueprint(portal_views.blueprint(_portal(built.services)))
    app.register_blueprint(
        console_views.blueprint(
            ConsoleFace(
                settings.public_url,
                built.operations,
                built.services.staff,
                ConsoleSignIn(built.pipeline, hub.traces),
                built.services.audit,
                built.services.post.ready,
            ),
            built.clock,
        )
    )
    app.register_blueprint(api_views.blueprint(ApiFace(settings, built.operations, built.services)))
    app.register_blueprint(scim_views.blueprint(_scim(built)))


def _csrf_key(built: Vestibule) -> bytes:
    """The hub's cookie key; before `vestibule init` a throw-away one, because no form can be served then anyway."""
    if not upgrade.is_current(built.database):
        return random_ids.secret().encode()
    try:
        return built.keyring.secret("cookie_key")
    except KeyError:
        return random_ids.secret().encode()
