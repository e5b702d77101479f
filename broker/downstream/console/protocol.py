"""`DownstreamProtocol` of the console: its one application, narrowed to the connectors that an owner has chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from broker.domain.console import ANSWER, CONSOLE_ID, REFUSED
from broker.domain.errors import BrokerError, InvalidSettings
from broker.domain.http import Outgoing, Redirect
from broker.domain.messages import translatable
from broker.domain.response import AuthenticationResponse
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Application
from broker.services.staff.connectors import StaffConnectors, UpstreamPerson


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """There is nothing to set here: which connectors count is a setting of the hub."""


class ConsoleProtocol:
    """Implements `broker.login.downstream.DownstreamProtocol`, `BuiltIn` and `Adjustable`."""

    name = CONSOLE_ID
    Settings: type = ConsoleSettings
    built_in = Application(
        id=CONSOLE_ID,
        slug=CONSOLE_ID,
        name=translatable("the console"),
        protocol=CONSOLE_ID,
        settings=ConsoleSettings(),
        tenant_ids=None,
        connector_ids=frozenset(),  # nobody, until an owner says through which connectors
        subject_kind="public",
        authorization_rules=({"template": "permit_all"},),
        release=frozenset(),
    )

    def __init__(self, connectors: StaffConnectors) -> None:
        self._connectors = connectors

    def current(self) -> Application:
        return replace(self.built_in, connector_ids=self._connectors.ids())

    def prepare(self, application: Application) -> None:
        """Raises InvalidSettings for any application but the one that is built in."""
        if application.id != CONSOLE_ID:
            raise InvalidSettings("The console is part of the hub; it cannot be registered.", field="protocol")

    def lookup_keys(self, application: Application) -> tuple[str, ...]:
        return ()

    def answers_at(self, address: str, application: Application, prepared: Any) -> bool:
        return address == ANSWER

    def answer(
        self, transaction: LoginTransaction, application: Application, prepared: Any, response: AuthenticationResponse, trace: Trace
    ) -> Outgoing:
        """A code as OpenID Connect has it: good for a minute, once, in the browser that began (RFC 6749 4.1.2)."""
        said = UpstreamPerson(response.identity_id, response.context.authenticated_at, transaction.request.protocol_state)
        return Redirect(f"{ANSWER}?code={self._connectors.issue(said)}")

    def refuse(
        self, transaction: LoginTransaction, application: Application, prepared: Any, error: BrokerError, trace: Trace
    ) -> Outgoing:
        return Redirect(f"{REFUSED}?refused={error.code}")
