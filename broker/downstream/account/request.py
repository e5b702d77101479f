"""The request with which the account page asks the hub, as any application would, who is there."""

from __future__ import annotations

from dataclasses import dataclass

from broker.catalog.places import Places
from broker.domain.account import ACCOUNT_ID, ADDRESS
from broker.domain.http import Incoming, Reply
from broker.domain.request import AuthenticationRequest, Hints
from broker.login.pipeline import Pipeline
from broker.store.trace_log import TraceLog


@dataclass(frozen=True, slots=True)
class AccountSignIn:
    """Implements `broker.account.face.SignsIn`."""

    places: Places
    pipeline: Pipeline
    traces: TraceLog

    def begin(self, incoming: Incoming) -> Reply:
        """Answered at once from a session of this browser; otherwise with the home realm page."""
        trace = self.traces.begin(incoming, "opened the account page")
        hints = Hints(tenant_id=self.places.at(None, incoming.host).tenant_id)
        return self.pipeline.start(AuthenticationRequest(ACCOUNT_ID, "account", ADDRESS, hints), incoming, trace)
