"""A test login: the same stages toward the same connector, ending in a report instead of a session and an answer.

Owns the report, and the downstream half of a test: a protocol that no application speaks. A test never holds an
`AuthenticationResponse`, so no protocol of an application could answer with one; and a login that an application began
never ends here, because the pipeline binds this protocol and `Purpose.TEST` to each other.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from broker.domain.claims import Claim
from broker.domain.clock import Clock
from broker.domain.errors import BrokerError, Disabled, InvalidSettings
from broker.domain.http import Outgoing, Redirect
from broker.domain.login_report import TEST_APPLICATION_ID, LoginReport, ReportState, Said
from broker.domain.messages import translatable
from broker.domain.request import AuthenticationRequest
from broker.domain.response import AuthenticationResponse
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Application
from broker.keys.keyring import Keyring
from broker.login.context import Hub, Login
from broker.login.upstream import connector_of
from broker.store.tables import trust_queries
from broker.store.transient.contract import TransientStore

PROTOCOL = "test"
KEPT = timedelta(days=1)
_KIND = "login.report"
_CONTEXT = "where a test login returns to"
_ADDRESS = re.compile(r"/test/[A-Za-z0-9_-]{1,64}")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LoginReport)


@dataclass(frozen=True, slots=True)
class NoSettings:
    """There is nothing to set."""


class TestProtocol:
    """Implements `broker.login.downstream.DownstreamProtocol` and `BuiltIn`: no application can be registered for it."""

    __test__ = False  # not a class of tests
    name = PROTOCOL
    Settings: type = NoSettings
    built_in = Application(
        id=TEST_APPLICATION_ID,
        slug=TEST_APPLICATION_ID,
        name=translatable("a test"),
        protocol=PROTOCOL,
        settings=NoSettings(),
        tenant_ids=None,
        authorization_rules=({"template": "permit_all"},),
    )
    """Stands in when the tester has chosen no application."""

    def __init__(self, transient: TransientStore, keyring: Keyring, clock: Clock) -> None:
        self._transient = transient
        self._keyring = keyring
        self._clock = clock

    def prepare(self, application: Application) -> None:
        """Raises InvalidSettings for any application but the one that is built in."""
        if application.id != TEST_APPLICATION_ID:
            raise InvalidSettings("Test logins are part of the hub; they cannot be registered.", field="protocol")

    def lookup_keys(self, application: Application) -> tuple[str, ...]:
        return ()

    def answers_at(self, address: str, application: Application, prepared: Any) -> bool:
        return _ADDRESS.fullmatch(address) is not None

    def answer(
        self, transaction: LoginTransaction, application: Application, prepared: Any, response: AuthenticationResponse, trace: Trace
    ) -> Outgoing:
        raise RuntimeError("a test has no response to answer with")

    def refuse(
        self, transaction: LoginTransaction, application: Application, prepared: Any, error: BrokerError, trace: Trace
    ) -> Outgoing:
        """The report of a test that failed."""
        found = read(self._transient, _report_id(transaction.request))
        if found is not None:
            self._close(found, transaction, state=ReportState.FAILED, error_code=error.code, check=error.check or "")
        return back(self._keyring, transaction.request)

    def _close(self, report: LoginReport, transaction: LoginTransaction, **found: Any) -> None:
        authentication = transaction.authentication
        write(
            self._transient,
            replace(
                report,
                finished_at=self._clock.now(),
                received=_said(authentication.claims if authentication else ()),
                accepted=_said(transaction.claims or ()),
                released=_said(transaction.rehearsed or ()) if report.application_id else (),
                **found,
            ),
        )

    def passed(self, login: Login) -> Outgoing:
        """The report of a test that every stage passed; the connector remembers that it has been tested as it is."""
        transaction, connector = login.transaction, connector_of(login).connector
        report = read(self._transient, _report_id(transaction.request))
        if report is None or report.connector_id != connector.id:
            raise Disabled(cause="the report of this test is gone, or is another connector's")
        self._close(report, transaction, state=ReportState.PASSED)
        with login.hub.database.unit_of_work() as connection:
            trust_queries.set_tested(connection, connector.tenant_id, connector.id, report.connector_version, self._clock.now())
        login.trace.succeed()
        return back(self._keyring, transaction.request)


def finish(login: Login) -> Outgoing:
    protocol = login.hub.downstream[PROTOCOL]
    if not isinstance(protocol, TestProtocol):
        raise TypeError("the hub was built without its test protocol")
    return protocol.passed(login)


def repeat(hub: Hub, request: AuthenticationRequest) -> Outgoing:
    """Back or reload after a test: its report once more, never a second test."""
    return back(hub.keyring, request)


def request_for(report: LoginReport, keyring: Keyring, return_to: str) -> AuthenticationRequest:
    """`return_to`: the page that shows the report. It may carry a set-up link's token, so it travels sealed."""
    sealed = base64.b64encode(keyring.seal(return_to.encode(), _CONTEXT)).decode()
    return AuthenticationRequest(
        report.application_id or TEST_APPLICATION_ID,
        PROTOCOL,
        f"/test/{report.id}",
        protocol_state={"report": report.id, "return_to": sealed},
    )


def back(keyring: Keyring, request: AuthenticationRequest) -> Redirect:
    return Redirect(keyring.open(base64.b64decode(request.protocol_state["return_to"]), _CONTEXT).decode())


def read(transient: TransientStore, report_id: str) -> LoginReport | None:
    value = transient.get(_KIND, report_id)
    return None if value is None else _decoder.decode(value)


def write(transient: TransientStore, report: LoginReport) -> None:
    transient.put(_KIND, report.id, _encoder.encode(report), report.made_at + KEPT)


def _report_id(request: AuthenticationRequest) -> str:
    return request.protocol_state["report"]


def _said(claims: Iterable[Claim]) -> tuple[Said, ...]:
    return tuple(Said(claim.type, claim.value) for claim in claims)
