"""Who is told what when a login ends badly: the person a sentence, the application its protocol's error, support the trace.

A page first, because the application's own error page rarely helps: it says what happened and who can act, and offers to
try again or to return to the application, which then hears the protocol's error. A passive request, and a request that is
itself wrong, go straight back: nobody is looking, or only the application's owner can act.
"""

from __future__ import annotations

import logging

from broker.domain.errors import (
    BrokerError,
    CompletedTransaction,
    InteractionRequired,
    InvalidAuthenticationRequest,
    SubjectFormatUnavailable,
    TransactionError,
    by_code,
)
from broker.domain.http import Failure, Outgoing
from broker.domain.messages import filled
from broker.domain.trace import Trace
from broker.domain.transaction import Purpose
from broker.login import transactions
from broker.login.context import SESSION_COOKIE, Hub, Login

log = logging.getLogger("vestibule.login")
_ANSWERED_AT_ONCE = frozenset({Purpose.TEST})
"""Purposes whose failure needs no page first: the answer itself explains it."""


def ended(login: Login, error: BrokerError) -> Outgoing:
    """A login error of a known application. Raises TransactionError when the login has been answered meanwhile."""
    if isinstance(error, TransactionError):
        raise _overtaken(login, error) from error
    straight_back = isinstance(error, InteractionRequired | InvalidAuthenticationRequest | SubjectFormatUnavailable)
    transaction = login.transaction
    if straight_back or transaction.request.passive or transaction.purpose in _ANSWERED_AT_ONCE:
        return tell_application(login, error)
    login.forget_person()
    login.leave(last_error=error.code)
    try:
        _record(login, error, keep_waiting=True)
    except TransactionError as late:
        raise _overtaken(login, late) from error
    handle = login.transaction.handle
    return Failure(
        error,
        login.trace.code,
        login.application.application.name,
        restart_url=f"/login/{handle}",
        return_url=f"/login/{handle}/return",
        branding=login.branding,
    )


def tell_application(login: Login, error: BrokerError) -> Outgoing:
    """The protocol's own error at the proved reply address; the transaction is over."""
    request = login.transaction.request
    _record(login, error, keep_waiting=False)
    protocol = login.hub.downstream[request.protocol]
    return protocol.refuse(login.transaction, login.application.application, login.application.prepared, error, login.trace)


def give_up(login: Login) -> Outgoing:
    """The person chose to return to the application."""
    error = by_code(login.transaction.last_error)(cause="the person returned to the application without signing in")
    return tell_application(login, error)


def _overtaken(login: Login, error: TransactionError) -> BrokerError:
    """Another answer was faster. Told on a trace of its own: that of the login has ended, most likely well."""
    trace = login.hub.traces.begin(login.incoming, "came when the sign-in was over")
    trace.application_id = login.trace.application_id
    trace.decide("login", filled("reference %(code)s", code=login.trace.code))
    if isinstance(error, CompletedTransaction):
        error.again_handle = login.transaction.handle
    return noted_on(login.hub, trace, error)


def noted(login: Login, error: BrokerError) -> BrokerError:
    """For errors that become a page of their own: recorded, with the reference code, the transaction left as it was."""
    return noted_on(login.hub, login.trace, error)


def noted_on(hub: Hub, trace: Trace, error: BrokerError) -> BrokerError:
    trace.fail(error.code, error.cause, error.act, error.fix, error.check)
    hub.traces.save(trace)
    error.reference = trace.code
    _log(trace, error)
    return error


def _record(login: Login, error: BrokerError, *, keep_waiting: bool) -> None:
    hub, transaction = login.hub, login.transaction
    # A session that was opened in the unit of work that has just been rolled back does not exist.
    login.cookies = [cookie for cookie in login.cookies if cookie.name != SESSION_COOKIE]
    login.trace.fail(error.code, error.cause, error.act, error.fix, error.check)
    error.reference = login.trace.code
    with hub.database.unit_of_work():
        if keep_waiting:
            transactions.put(hub.transient, transaction, waiting=login.resumed)
        else:
            hub.transient.delete(transactions.WAITING, transaction.handle)
        hub.traces.save(login.trace)
    _log(login.trace, error)


def _log(trace: Trace, error: BrokerError) -> None:
    log.warning(
        "login failed",
        extra={
            "code": trace.code,
            "error": error.code,
            "check": error.check,
            "tenant": trace.tenant_id,
            "application": trace.application_id,
            "connector": trace.connector_id,
        },
    )
