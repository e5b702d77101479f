"""The door to connectors: what is common to all of them, so that none can forget it.

The answer belongs to this browser, to a waiting transaction, to this connector's own address; it is accepted once.
Order (ARCHITECTURE 6): `get` the transaction, `complete()`, then take it and burn the one-time id in one unit of work:
a failed answer consumes nothing, so the honest person can still finish.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from broker.catalog.catalog import Catalog
from broker.catalog.prepare import PreparedConnector
from broker.domain.authentication import NOT_BEARER, UpstreamAuthentication, UpstreamSubject
from broker.domain.errors import Disabled, InteractionRequired, InvalidUpstreamResponse, ReplayedResponse
from broker.domain.http import Outgoing, PostForm, Prompt, Redirect
from broker.domain.transaction import Purpose
from broker.login import transactions
from broker.login.context import Login
from connectors.contract import PROMPT_HANDLE, Continue, UpstreamRequest

REPLAY_KIND = "replay"
_GATES: dict[Purpose, Callable[[Catalog, str, str], PreparedConnector | None]] = {
    Purpose.SIGN_IN: Catalog.usable,
    Purpose.TEST: Catalog.testable,
}
"""Which connectors may answer, by purpose: people sign in through what is switched on; a draft may be tested."""


def authenticate(login: Login) -> Outgoing | None:
    """Leaves `authentication` from the session, or sends the browser to the identity provider."""
    if login.session is not None:
        session = login.session
        subject = UpstreamSubject(session.connector_id, "", "")
        login.leave(authentication=UpstreamAuthentication(subject, session.claims, session.context, NOT_BEARER))
        return None
    prepared = connector_of(login)
    request = login.transaction.request
    if request.passive and not getattr(prepared.connector.settings, "forward_passive", False):
        # The provider could show a page, or refuse to be framed and answer nobody; an operator may opt in per connector.
        raise InteractionRequired(cause="there is no session to answer from, and the request is passive")
    outgoing, expectation = prepared.upstream.begin(
        UpstreamRequest(
            handle=login.transaction.handle,
            login_hint=_typed(login) or request.hints.login_hint,
            force_authentication=request.force_authentication,
            passive=request.passive,
            select_account=request.select_account,
            max_age_seconds=request.max_age_seconds,
            requested_contexts=request.requested_contexts,
            locale=request.locale,
        ),
        login.trace,
    )
    login.leave(expectation=expectation)
    login.trace.hop("sent to the identity provider", _where(outgoing))
    return _addressed(outgoing, prepared, login)


def _typed(login: Login) -> str | None:
    home_realm = login.transaction.home_realm
    return None if home_realm is None else home_realm.typed


def connector_of(login: Login) -> PreparedConnector:
    """The connector of the chosen home realm, through the gate. Raises Disabled."""
    home_realm = login.transaction.home_realm
    if home_realm is None:
        raise RuntimeError("no home realm yet")
    gate = _GATES[login.transaction.purpose]
    prepared = gate(login.hub.catalog, home_realm.tenant_id, home_realm.connector_id)
    if prepared is None:
        raise Disabled(cause="the tenant or its connector is switched off or gone")
    return prepared


def complete(login: Login) -> Outgoing | None:
    """Lets the connector verify the answer and leaves `authentication`. Touches no database: providers answer slowly."""
    expectation = login.transaction.expectation
    if expectation is None:
        raise InvalidUpstreamResponse(
            cause="nothing was sent to an identity provider in this transaction", check="upstream.expected"
        )
    prepared = connector_of(login)
    result = prepared.upstream.complete(login.incoming, expectation, login.trace)
    if isinstance(result, Continue):
        login.leave(expectation=result.expectation)
        with login.hub.database.unit_of_work():
            transactions.put(login.hub.transient, login.transaction, waiting=login.resumed)
        return _addressed(result.outgoing, prepared, login)
    subject = result.subject.value
    if result.subject.connector_id != prepared.connector.id or not subject.strip() or "\x00" in subject:
        # U+0000 cannot stand in XML, but in JSON it can; PostgreSQL text cannot hold it.
        raise InvalidUpstreamResponse(
            cause="the connector vouched for an empty, foreign or unreadable subject", check="upstream.subject"
        )
    login.leave(authentication=result)
    return None


def burn(login: Login) -> None:
    """Takes the transaction and remembers the one-time id; inside the unit of work that commits the answer."""
    hub, transaction = login.hub, login.transaction
    now = hub.clock.now()
    transactions.finish(hub.transient, transaction, now)
    authentication = transaction.authentication
    if authentication is None or not authentication.one_time_id.bearer:
        return
    one_time = authentication.one_time_id
    # An answer whose own lifetime is unknown is remembered for as long as a transaction can wait.
    expires_at = max(one_time.expires_at or now, now + timedelta(seconds=hub.transaction_seconds))
    # Keyed by connector: an ID of another tenant's provider can neither block nor imitate this one.
    if not hub.transient.add_once(REPLAY_KIND, f"{authentication.subject.connector_id} {one_time.value}", expires_at):
        login.trace.check("upstream.used_once", passed=False, reason="this assertion or code has been accepted before")
        raise ReplayedResponse(cause="one-time id seen before", check="upstream.used_once")
    login.trace.check("upstream.used_once", passed=True)


def _addressed(outgoing: Outgoing, prepared: PreparedConnector, login: Login) -> Outgoing:
    """A form of ours comes back to this connector's own address and names this login: no connector can forget either."""
    if not isinstance(outgoing, Prompt):
        return outgoing
    handle = (PROMPT_HANDLE, login.transaction.handle)
    action = urlsplit(prepared.tools.addresses.redirect_uri).path  # at whichever host this login is
    return replace(outgoing, action=action, hidden=(handle,), branding=login.branding)


def _where(outgoing: Outgoing) -> str:
    if isinstance(outgoing, Redirect):
        return outgoing.url.partition("?")[0]
    return outgoing.action if isinstance(outgoing, PostForm) else "a form of ours"
