"""The port through which the pipeline answers in the application's protocol. Implementations register in `broker.app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

from broker.domain.errors import BrokerError
from broker.domain.http import Outgoing
from broker.domain.response import AuthenticationResponse
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Application


class DownstreamProtocol(Protocol):
    """One per folder of `broker/downstream`."""

    @property
    def name(self) -> str: ...
    @property
    def Settings(self) -> type: ...  # noqa: N802  a class, named like one

    def prepare(self, application: Application) -> Any:
        """What logins of this application need, made when configuration changes. Raises InvalidSettings."""
        ...

    def lookup_keys(self, application: Application) -> tuple[str, ...]:
        """The names by which requests find this application: client id, entityID. Unique per protocol."""
        ...

    def answers_at(self, address: str, application: Application, prepared: Any) -> bool:
        """Is this reply address registered? Asked again when a login goes on: registrations change meanwhile."""
        ...

    def answer(
        self, transaction: LoginTransaction, application: Application, prepared: Any, response: AuthenticationResponse, trace: Trace
    ) -> Outgoing: ...

    def refuse(
        self, transaction: LoginTransaction, application: Application, prepared: Any, error: BrokerError, trace: Trace
    ) -> Outgoing:
        """The protocol's own error at the proved reply address (SAML Status, OAuth error)."""
        ...


@runtime_checkable
class BuiltIn(Protocol):
    """A protocol of the hub's own pages (the account page, …). Its one application is part of the program, not of the
    configuration: no row, nothing to register, and nobody can register another one."""

    @property
    def built_in(self) -> Application: ...


@runtime_checkable
class Adjustable(Protocol):
    """A built-in application of which operators set something while the hub runs."""

    def current(self) -> Application:
        """As it is set now. Asked again after a change of kind "application" with its id."""
        ...


def built_in_applications(protocols: Mapping[str, DownstreamProtocol]) -> dict[str, Callable[[], Application]]:
    """How each is, by id."""
    found = {protocol.built_in.id: protocol for protocol in protocols.values() if isinstance(protocol, BuiltIn)}
    return {id_: partial(_current, protocol) for id_, protocol in found.items()}


def _current(protocol: BuiltIn) -> Application:
    return protocol.current() if isinstance(protocol, Adjustable) else protocol.built_in


def configurable(protocols: Mapping[str, DownstreamProtocol]) -> list[str]:
    """Names of the protocols that applications can be registered for."""
    return sorted(name for name, protocol in protocols.items() if not isinstance(protocol, BuiltIn))
