"""The request with which the console asks the hub who is there."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.console import ANSWER, CONSOLE_ID
from broker.domain.http import Incoming, Reply
from broker.domain.request import AuthenticationRequest
from broker.login.pipeline import Pipeline
from broker.store.trace_log import TraceLog


@dataclass(frozen=True, slots=True)
class ConsoleSignIn:
    """Implements `broker.console.face.SignsIn`."""

    pipeline: Pipeline
    traces: TraceLog

    def begin(self, incoming: Incoming, state: dict[str, str], *, fresh: bool) -> Reply:
        """`state` comes back with the answer. `fresh`: the identity provider has to see the person now."""
        trace = self.traces.begin(incoming, "signing in to the console through a connector")
        request = AuthenticationRequest(CONSOLE_ID, CONSOLE_ID, ANSWER, force_authentication=fresh, protocol_state=state)
        return self.pipeline.start(request, incoming, trace)
