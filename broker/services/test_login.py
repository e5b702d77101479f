"""Test logins: who may start one, the one browser that may begin it, and its report.

The login itself is `broker.login.pipeline`; what a report means in words is `broker.services.test_verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from broker.domain import random_ids
from broker.domain.errors import InvalidSettings, NotFound, UnknownObject
from broker.domain.home_realm import HomeRealm
from broker.domain.http import Incoming, Reply
from broker.domain.login_report import LoginReport, ReportState
from broker.domain.trace import TraceEvent
from broker.domain.trust import Connector
from broker.login import testing
from broker.login.context import BROWSER_COOKIE, Hub, hash_handle, same_browser
from broker.login.pipeline import Pipeline
from broker.services.actor import Actor, Verb
from broker.services.connectors import Connectors
from broker.services.throttle import Limit, Throttle
from broker.store import trace_log
from broker.store.tables import traces, trust_queries
from connectors import registry
from connectors.contract import Addresses

LIMIT = Limit("test login", 60, 3600)
"""Per connector: more than anybody who looks for a mistake needs."""

_TICKET = "login.test"


@dataclass(frozen=True, slots=True)
class FoundOut:
    """A report with the trace behind it."""

    report: LoginReport
    connector: Connector
    connector_label: str
    protocol: str
    ours: Addresses
    tenant_name: str
    application_name: str
    events: tuple[TraceEvent, ...]


class LoginTests:
    def __init__(self, hub: Hub, pipeline: Pipeline, connectors: Connectors, throttle: Throttle) -> None:
        self._hub = hub
        self._pipeline = pipeline
        self._connectors = connectors
        self._throttle = throttle

    def make(self, actor: Actor, tenant_id: str, connector_slug: str, *, application: str = "") -> LoginReport:
        """A test that one browser may begin at `/test/<id>`. `application`: whose rules are rehearsed, by slug.

        Raises UnknownObject, InvalidSettings for a connector that lacks its settings, TooManyAttempts.
        """
        _permit(actor, tenant_id)
        connector = self._connectors.get(tenant_id, connector_slug)
        if self._hub.catalog.testable(tenant_id, connector.id) is None:
            raise InvalidSettings("First tell us about the identity provider; then its sign-in can be tested.", field="connector")
        application_id = self._application_id(application, tenant_id)
        self._throttle.attempt(LIMIT, connector.id)
        now = self._hub.clock.now()
        report = LoginReport(random_ids.handle(), tenant_id, connector.id, connector.version, now, application_id=application_id)
        with self._hub.database.unit_of_work():
            testing.write(self._hub.transient, report)
            self._hub.transient.put(_TICKET, report.id, b"1", now + testing.KEPT)
        return report

    def _application_id(self, slug: str, tenant_id: str) -> str:
        if not slug:
            return ""
        with self._hub.database.reading() as connection:
            row = trust_queries.application_by_slug(connection, slug)
        found = None if row is None else self._hub.catalog.application(row.id)
        if found is None or not found.application.serves(tenant_id):
            raise UnknownObject(f"The tenant may use no application {slug!r}.", field="application")
        return found.application.id

    def begin(self, report_id: str, incoming: Incoming, *, return_to: str = "") -> Reply:
        """Sends this browser to the identity provider, once. Raises NotFound when there is no such test to begin."""
        report = testing.read(self._hub.transient, report_id)
        if report is None or self._hub.transient.take(_TICKET, report_id) is None:
            raise NotFound(cause="no such test, or a browser has begun it already")
        trace = self._hub.traces.begin(incoming, "began a test login")
        request = testing.request_for(report, self._hub.keyring, return_to or f"/test/{report.id}")
        home_realm = HomeRealm(report.tenant_id, report.connector_id, "test login")
        # Before the browser leaves: an answer may be refused before anything else is written.
        waiting = replace(report, state=ReportState.WAITING, trace_code=trace.code)
        testing.write(self._hub.transient, waiting)
        reply = self._pipeline.test(request, home_realm, incoming, trace)
        self._bind(report.id, reply, incoming)
        return reply

    def _bind(self, report_id: str, reply: Reply, incoming: Incoming) -> None:
        """The report is shown to the browser that makes the test: by the cookie that it had, or has just been given."""
        given = [cookie.value for cookie in reply.cookies if cookie.name == BROWSER_COOKIE and cookie.value]
        handle = given[-1] if given else incoming.cookies.get(BROWSER_COOKIE, "")
        report = testing.read(self._hub.transient, report_id)
        if report is not None:
            testing.write(self._hub.transient, replace(report, browser_hash=hash_handle(handle).hex()))

    # --- reading ------------------------------------------------------------------------------------------------------

    def find(self, actor: Actor, tenant_id: str, report_id: str) -> FoundOut:
        """Raises UnknownObject when this tenant has no such test (any more)."""
        report = testing.read(self._hub.transient, report_id)
        if report is None or report.tenant_id != tenant_id:
            raise UnknownObject("There is no such test; reports are kept for a day.", field="test")
        _permit(actor, tenant_id)
        return self._found_out(report)

    def find_here(self, report_id: str, incoming: Incoming) -> FoundOut:
        """For the browser that begins or has begun it. Raises NotFound for any other."""
        report = testing.read(self._hub.transient, report_id)
        if report is None:
            raise NotFound(cause="no such test, or it is older than a day")
        if report.state is not ReportState.READY and not same_browser(incoming, report.browser_hash):
            raise NotFound(cause="another browser made this test")
        return self._found_out(report)

    def tested_at(self, tenant_id: str, connector_id: str) -> datetime | None:
        """When a test last passed with the connector as it is now."""
        return self._connectors.tested_at(tenant_id, connector_id)

    def _found_out(self, report: LoginReport) -> FoundOut:
        connector = self._connectors.by_id(report.tenant_id, report.connector_id)
        tenant = self._hub.catalog.tenant(report.tenant_id)
        if connector is None or tenant is None:
            raise UnknownObject("The connector that was tested is gone.", field="test")
        with self._hub.database.reading() as connection:
            row = traces.find(connection, report.trace_code) if report.trace_code else None
        application = self._hub.catalog.application(report.application_id) if report.application_id else None
        kind = registry.connector_type(connector.type)
        return FoundOut(
            report,
            connector,
            kind.label,
            kind.protocol,
            self._hub.catalog.preparer.addresses(connector.id),
            tenant.tenant.name,
            application.application.name if application else "",
            () if row is None else tuple(trace_log.decode_events(row.events)),
        )


def _permit(actor: Actor, tenant_id: str) -> None:
    """Whoever sets a tenant up, or may see its logins. Raises Forbidden."""
    actor.require(Verb.READ_TRACES if actor.can(Verb.READ_TRACES) else Verb.SET_UP, tenant_id)
