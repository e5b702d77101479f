"""The composition root: with `broker.assembly`, the only place that knows every face, protocol and connector."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from broker.assembly import faces
from broker.assembly.services import services_on
from broker.assembly.vestibule import Vestibule
from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.catalog.prepare import Preparer
from broker.domain.clock import Clock, SystemClock
from broker.domain.console import CONSOLE_ID
from broker.downstream.account.protocol import AccountProtocol
from broker.downstream.console.protocol import ConsoleProtocol
from broker.downstream.oidc.protocol import OidcProtocol
from broker.downstream.saml.protocol import SamlProtocol
from broker.keys.envelope import Envelope, read_master_key
from broker.keys.keyring import Keyring
from broker.login import testing
from broker.login.context import Hub
from broker.login.downstream import DownstreamProtocol, built_in_applications
from broker.login.pipeline import Pipeline
from broker.net.fetch import GuardedFetcher
from broker.services.context import Workbench
from broker.services.operations import Operations
from broker.services.staff.connectors import StaffConnectors
from broker.settings import Settings, load
from broker.store import tables as _tables  # noqa: F401  registers every table
from broker.store.db import Database, db, engine_options
from broker.store.trace_log import TraceLog
from broker.store.transient.sql import SqlTransientStore
from broker.web import logs
from broker.web.rules import LazyRule
from connectors import registry


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
    faces.mount(app, built)
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
    services = services_on(bench, hub, pipeline)
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
