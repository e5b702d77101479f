"""The composition root: the only file that knows every face, protocol and connector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from broker.account import views as account_views
from broker.account.face import AccountFace
from broker.api import views as api_views
from broker.api.face import ApiFace
from broker.api.scim import views as scim_views
from broker.api.scim.face import ScimFace
from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.catalog.prepare import Preparer
from broker.console import views as console_views
from broker.console.face import ConsoleFace
from broker.domain import random_ids
from broker.domain.clock import Clock, SystemClock
from broker.domain.console import CONSOLE_ID
from broker.domain.http import Incoming, Reply
from broker.downstream.account.protocol import AccountProtocol
from broker.downstream.account.request import AccountSignIn
from broker.downstream.console.protocol import ConsoleProtocol
from broker.downstream.console.request import ConsoleSignIn
from broker.downstream.oidc import endpoints as oidc_endpoints
from broker.downstream.oidc.protocol import OidcProtocol
from broker.downstream.saml import endpoints as saml_endpoints
from broker.downstream.saml.protocol import SamlProtocol
from broker.interaction import chooser, signout, test_login
from broker.keys.envelope import Envelope, read_master_key
from broker.keys.keyring import Keyring
from broker.login import sessions, testing
from broker.login.context import SESSION_COOKIE, Hub
from broker.login.downstream import DownstreamProtocol, built_in_applications
from broker.login.pipeline import Pipeline
from broker.net.fetch import GuardedFetcher, Limits
from broker.portal import views as portal_views
from broker.portal.face import PortalFace
from broker.services import domain_looks
from broker.services.account import Account
from broker.services.api_tokens import ApiTokens
from broker.services.applications import Applications
from broker.services.audit import Audit
from broker.services.branding import Brandings
from broker.services.configuration import Configuration
from broker.services.connectors import Connectors
from broker.services.context import Workbench
from broker.services.doctor import Doctor
from broker.services.domain_proof import DomainProof
from broker.services.effort import Effort
from broker.services.explain import Explain
from broker.services.export import Export
from broker.services.federation import FederationMap
from broker.services.following import Following
from broker.services.health import ConnectorHealth
from broker.services.hosts import Hosts
from broker.services.idempotency import Idempotency
from broker.services.identities import Identities
from broker.services.intake import Intakes
from broker.services.key_policy import KeyPolicies
from broker.services.key_rollover import KeyRollover
from broker.services.master_key import MasterKey
from broker.services.operations import Operations, Services
from broker.services.own_keys import OwnKeys
from broker.services.post import Post
from broker.services.provisioning import Directories, DirectoryGroups, DirectoryPeople
from broker.services.reach import Reach
from broker.services.setup_health import SetupHealth
from broker.services.setup_links import SetupLinks
from broker.services.setup_renewal import SetupRenewal
from broker.services.signing_keys import SigningKeys
from broker.services.staff import Staff
from broker.services.staff.connectors import StaffConnectors
from broker.services.statistics import Statistics
from broker.services.tenants import Tenants
from broker.services.test_login import LoginTests
from broker.services.throttle import Throttle
from broker.services.traces import Traces
from broker.services.upkeep import Upkeep
from broker.services.watch import Watch
from broker.settings import Settings, load
from broker.store import tables as _tables  # noqa: F401  registers every table
from broker.store import upgrade
from broker.store.db import Database, db, engine_options
from broker.store.trace_log import TraceLog
from broker.store.transient.sql import SqlTransientStore
from broker.upstream import endpoints as upstream_endpoints
from broker.web import branding, errors, health, here, hosts, http, letters, logs, security
from broker.web.rules import LazyRule
from connectors import registry


@dataclass(frozen=True, slots=True)
class Vestibule:
    """Everything that faces, CLI and tests may want to reach, built once."""

    settings: Settings
    clock: Clock
    database: Database
    keyring: Keyring
    catalog: Catalog
    pipeline: Pipeline
    hub: Hub
    services: Services
    operations: Operations

    @property
    def tenants(self) -> Tenants:
        return self.services.tenants

    @property
    def connectors(self) -> Connectors:
        return self.services.connectors

    @property
    def applications(self) -> Applications:
        return self.services.applications

    @property
    def configuration(self) -> Configuration:
        return self.services.configuration

    @property
    def setup_links(self) -> SetupLinks:
        return self.services.setup_links

    @property
    def traces(self) -> Traces:
        return self.services.traces

    @property
    def upkeep(self) -> Upkeep:
        return self.services.upkeep


@dataclass(frozen=True, slots=True)
class _SignOut:
    """Local sign-out for the page that asks for it."""

    hub: Hub

    def end(self, incoming: Incoming) -> Reply:
        return Reply(signout.SIGNED_OUT, (sessions.end(self.hub, incoming),))


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The WSGI application. Raises InvalidSettings when it cannot start safely."""
    settings = settings or load()
    clock = clock or SystemClock()
    Path(settings.state_dir).mkdir(parents=True, exist_ok=True)
    logs.configure_logs(settings.log_level)
    app = Flask("vestibule", static_folder=str(Path(__file__).parent / "static"), template_folder=None)
    app.url_rule_class = LazyRule
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    db.init_app(app)
    if settings.trusted_proxies:
        # Only the client's address is taken from proxies; our own addresses come from configuration, never from Host.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    with app.app_context():
        built = _build(settings, clock, Database(db.engine))
    app.extensions["vestibule"] = built
    _mount(app, built)
    return app


def vestibule(app: Flask) -> Vestibule:
    """What `create_app` built."""
    found = app.extensions["vestibule"]
    assert isinstance(found, Vestibule)
    return found


def _build(settings: Settings, clock: Clock, database: Database) -> Vestibule:
    keyring = Keyring(database, _envelope(settings))
    fetcher = GuardedFetcher(allowed_networks=settings.allow_private_addresses, production=settings.production)
    transient = SqlTransientStore(database, clock)
    downstream: dict[str, DownstreamProtocol] = {
        "saml": SamlProtocol(keyring=keyring, clock=clock, production=settings.production),
        "oidc": OidcProtocol(
            transient=transient, clock=clock, verify_secret=keyring.verify_client_secret, production=settings.production
        ),
        "account": AccountProtocol(),
        CONSOLE_ID: ConsoleProtocol(StaffConnectors(database, transient, clock)),
        testing.PROTOCOL: testing.TestProtocol(transient, keyring, clock),
    }
    preparer = Preparer(
        keyring=keyring,
        clock=clock,
        fetcher=fetcher,
        public_url=settings.public_url,
        skew_seconds=settings.skew_seconds,
        production=settings.production,
        connector_type=registry.connector_type,
        downstream=downstream,
    )
    catalog = Catalog(database, keyring, preparer, built_in_applications(downstream))
    traces = TraceLog(
        database,
        clock,
        keep_days=lambda tenant_id: _trace_days(catalog, settings, tenant_id),
        max_per_minute=settings.max_traces_per_minute,
    )
    places = Places(catalog, settings.public_url)
    hub = Hub(database, catalog, places, keyring, transient, traces, clock, downstream, settings.transaction_seconds)
    pipeline = Pipeline(hub)
    bench = Workbench(database, catalog, places, keyring, clock, fetcher, settings)
    services = _services(bench, hub, pipeline)
    return Vestibule(
        settings=settings,
        clock=clock,
        database=database,
        keyring=keyring,
        catalog=catalog,
        pipeline=pipeline,
        hub=hub,
        services=services,
        operations=Operations(services),
    )


def _trace_days(catalog: Catalog, settings: Settings, tenant_id: str | None) -> int:
    """A tenant may want its traces to go sooner than the hub's own."""
    tenant = None if tenant_id is None else catalog.tenant(tenant_id)
    return min(settings.trace_days, tenant.tenant.trace_days or settings.trace_days) if tenant else settings.trace_days


def _envelope(settings: Settings) -> Envelope:
    current = read_master_key(settings.master_key, Path(settings.master_key_file))
    previous = settings.previous_master_key_file
    return Envelope(current, read_master_key("", Path(previous)) if previous else None)


def _impatient(settings: Settings) -> GuardedFetcher:
    """For looks that nobody waits for: there are thousands of them, and the slow ones must not keep the others waiting."""
    limits = Limits(connect_seconds=3, total_seconds=5)
    return GuardedFetcher(allowed_networks=settings.allow_private_addresses, production=settings.production, limits=limits)


def _services(bench: Workbench, hub: Hub, pipeline: Pipeline) -> Services:
    tenants, connectors, applications = Tenants(bench), Connectors(bench), Applications(bench)
    throttle = Throttle(hub.transient, bench.clock, checks=not bench.settings.no_check_against_guessing)
    effort = Effort(bench.keyring, hub.transient, bench.clock, bench.settings.check_difficulty)
    identities, post = Identities(bench), Post(bench, throttle, letters.written)
    hosts_service = Hosts(bench, hub.transient, throttle)
    domain_proof = DomainProof(bench, domain_looks.of(bench.settings), throttle)
    reach = Reach(bench, _impatient(bench.settings), throttle)
    following = Following(bench, connectors, throttle)
    signing_keys = SigningKeys(bench)
    own_keys = OwnKeys(bench, signing_keys)
    rollover = KeyRollover(bench, signing_keys, own_keys)
    directories = Directories(bench, throttle)
    return Services(
        bench=bench,
        tenants=tenants,
        connectors=connectors,
        applications=applications,
        configuration=Configuration(bench, tenants, connectors, applications, hosts_service, directories),
        export=Export(bench, tenants, connectors, applications),
        setup_links=SetupLinks(bench, tenants, connectors, throttle),
        traces=Traces(bench),
        explain=Explain(bench),
        upkeep=Upkeep(bench, hub.transient, domain_proof=domain_proof, key_rollover=rollover, hosts=hosts_service),
        staff=Staff(bench, hub.transient, throttle, effort),
        throttle=throttle,
        effort=effort,
        identities=identities,
        brandings=Brandings(bench),
        account=Account(bench, identities),
        audit=Audit(bench),
        statistics=Statistics(bench),
        federation=FederationMap(bench),
        health=ConnectorHealth(bench),
        reach=reach,
        following=following,
        watch=Watch(bench, reach, following),
        master_key=MasterKey(bench),
        doctor=Doctor(bench, post),
        login_tests=LoginTests(hub, pipeline, connectors, throttle),
        api_tokens=ApiTokens(bench, hub.transient),
        idempotency=Idempotency(bench, hub.transient),
        domain_proof=domain_proof,
        intakes=Intakes(bench),
        setup_renewal=SetupRenewal(bench, connectors, hub.transient),
        signing_keys=signing_keys,
        own_keys=own_keys,
        key_policies=KeyPolicies(bench),
        post=post,
        directories=directories,
        directory_people=DirectoryPeople(bench),
        directory_groups=DirectoryGroups(bench),
        hosts=hosts_service,
    )


def _portal(services: Services) -> PortalFace:
    return PortalFace(
        services.setup_links,
        services.setup_renewal,
        services.domain_proof,
        services.login_tests,
        services.intakes,
        SetupHealth(services.bench, services.traces, services.health),
        services.directories,
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


def _mount(app: Flask, built: Vestibule) -> None:
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
