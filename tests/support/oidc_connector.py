"""A connector prepared against `oidc_op`, and one login through it without a hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from broker.domain.authentication import UpstreamAuthentication
from broker.domain.http import Incoming, Redirect
from broker.domain.trace import Trace
from broker.domain.trust import Connector
from broker.net.fetch import GuardedFetcher, Limits
from connectors.contract import Addresses, ConnectorType, Tools, UpstreamRequest
from connectors.oidc.connector import OidcConnectorType
from connectors.oidc.settings import OidcSettings
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, OpenIdProvider

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)


class FixedClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def forward(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


class OidcRig:
    """One connector toward one provider. `login()` is a whole sign-in; what `complete` raises comes through."""

    def __init__(self, op: OpenIdProvider, clock: FixedClock, kind: ConnectorType | None = None, **settings: Any) -> None:
        self.op, self.clock = op, clock
        self.trace = new_trace(clock)
        base = "https://hub.example/upstream/con_1"
        self.tools = Tools(
            clock=clock,
            fetcher=GuardedFetcher(allowed_networks=("127.0.0.0/8",), production=False, limits=Limits(total_seconds=30)),
            addresses=Addresses(f"{base}/metadata", f"{base}/acs", op.redirect_uri, f"{base}/metadata"),
        )
        self.kind: Any = kind or OidcConnectorType()
        entered = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **settings}
        if self.kind.Settings is OidcSettings:
            entered.setdefault("issuer", op.issuer)
        self.settings, self.understood, self.warnings = self.kind.discover(self.kind.Settings(**entered), self.tools)
        self.upstream = self.prepare()

    def prepare(self, **changes: Any) -> Any:
        connector = Connector("con_1", "ten_1", "op", "OP", self.kind.name, replace(self.settings, **changes), enabled=True)
        self.upstream = self.kind.prepare(connector, self.tools)
        return self.upstream

    def login(
        self, alter: Callable[[dict[str, str]], dict[str, str]] = dict, *, method: str = "GET", **request: Any
    ) -> UpstreamAuthentication:
        outgoing, expected = self.upstream.begin(UpstreamRequest(handle="handle-1", **request), self.trace)
        assert isinstance(outgoing, Redirect)
        answer = alter(self.op.visit(outgoing.url))
        self.trace = new_trace(self.clock)
        result = self.upstream.complete(incoming(answer, method=method), expected, self.trace)
        assert isinstance(result, UpstreamAuthentication)
        return result


def incoming(parameters: dict[str, str] | bytes, *, method: str = "GET") -> Incoming:
    pairs = tuple(parse_qsl(parameters.decode()) if isinstance(parameters, bytes) else parameters.items())
    query, form = (pairs, ()) if method == "GET" else ((), pairs)
    return Incoming(method, "/upstream/con_1/callback", query=query, form=form)


def new_trace(clock: FixedClock) -> Trace:
    return Trace("TEST-TEST-TE", clock, clock.now())


def failed_checks(trace: Trace) -> list[str]:
    return [event.name for event in trace.events if event.passed is False]
