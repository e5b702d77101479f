"""THE PIPELINE: the order of every login, whatever the protocols on either side.

Each stage leaves one product on the transaction or pauses the browser. `advance` runs the first stage whose product is
missing, until nothing is missing; then the course of that purpose ends: the application's protocol answers, or a test has
its report. No stage calls another, and a stage that a course does not list cannot run in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from broker.catalog.prepare import PreparedApplication
from broker.domain import random_ids, redaction
from broker.domain.errors import (
    BrokerError,
    CompletedTransaction,
    Disabled,
    ExpiredTransaction,
    InvalidUpstreamResponse,
    NotFound,
    UnknownDomain,
    UnknownTransaction,
    UnregisteredReplyAddress,
    WrongBrowser,
)
from broker.domain.home_realm import HomeRealm
from broker.domain.http import Cookie, Incoming, Outgoing, Reply
from broker.domain.login_report import TEST_APPLICATION_ID
from broker.domain.messages import filled
from broker.domain.request import AuthenticationRequest
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction, Purpose
from broker.login import (
    acceptance,
    authorization,
    directory,
    failure,
    hosts,
    identity,
    issuance,
    sessions,
    sso,
    testing,
    transactions,
    upstream,
)
from broker.login.context import BROWSER_COOKIE, Hub, Login, Stage, hash_handle, same_browser
from broker.login.home_realm import discover, remembered

log = logging.getLogger("vestibule.login")


@dataclass(frozen=True, slots=True)
class Course:
    """The stages of one purpose, how it ends, and what a reload after the end shows (None: the same request once more)."""

    stages: tuple[tuple[str, Stage], ...]
    finish: Callable[[Login], Outgoing]
    repeat: Callable[[Hub, AuthenticationRequest], Outgoing] | None = None


def _answer(login: Login) -> Outgoing:
    """The application hears it in its own protocol."""
    transaction, response = login.transaction, login.transaction.response
    if response is None:
        raise RuntimeError("every stage ran and no response is there")
    protocol = login.hub.downstream[transaction.request.protocol]
    login.trace.tenant_id, login.trace.connector_id = response.tenant_id, response.connector_id
    login.trace.identity_id = response.identity_id
    answer = protocol.answer(transaction, login.application.application, login.application.prepared, response, login.trace)
    if transaction.host:
        hub, application_id = login.hub, transaction.request.application_id
        hub.host_uses.note(hub.database, hub.catalog, transaction.host, application_id, hub.clock.now())
    login.trace.hop("answered the application", transaction.request.reply_address)
    login.trace.succeed()
    _log(login)
    return answer


COURSES: dict[Purpose, Course] = {
    Purpose.SIGN_IN: Course(
        (
            # product            stage                        may pause with
            ("reuse", sso.reuse),
            ("home_realm", discover.discover),  # home realm page
            ("authentication", upstream.authenticate),  # redirect, form or prompt of the connector
            ("directory", directory.consult),
            ("claims", acceptance.accept),
            ("identity", identity.identify),
            ("permitted", authorization.authorize),
            ("response", issuance.issue),
        ),
        _answer,
    ),
    # Its home realm is given. No identity, no session, no response: there is nothing that an application could be told.
    Purpose.TEST: Course(
        (
            ("authentication", upstream.authenticate),
            ("directory", directory.consult),
            ("claims", acceptance.accept),
            ("permitted", authorization.authorize),
            ("rehearsed", issuance.rehearse),
        ),
        testing.finish,
        testing.repeat,
    ),
}


class Pipeline:
    """What faces call. Every method returns what the browser must do next, or raises a BrokerError that becomes a page."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    # --- from applications --------------------------------------------------------------------------------------------

    def start(self, request: AuthenticationRequest, incoming: Incoming, trace: Trace) -> Reply:
        """A verified request of a known application, to a registered reply address."""
        return self._first(self._begin(request, incoming, trace))

    def test(self, request: AuthenticationRequest, home_realm: HomeRealm, incoming: Incoming, trace: Trace) -> Reply:
        """A test of one connector, begun by a service that knows who asks for it. No request from outside comes here."""
        login = self._begin(request, incoming, trace, Purpose.TEST)
        login.leave(home_realm=home_realm)
        trace.tenant_id, trace.connector_id = home_realm.tenant_id, home_realm.connector_id
        trace.decide(
            "home realm",
            filled("%(rule)s: as the application %(name)s", rule=home_realm.rule, name=login.application.application.name),
        )
        return self._first(login)

    def refuse(self, request: AuthenticationRequest, error: BrokerError, incoming: Incoming, trace: Trace) -> Reply:
        """The request asks for something wrong, but its reply address is proved: the application is told."""
        login = self._begin(request, incoming, trace)
        return Reply(failure.tell_application(login, error), ())

    # --- from identity providers --------------------------------------------------------------------------------------

    def complete(self, connector_id: str, incoming: Incoming) -> Reply:
        """An identity provider's answer arrived at this connector's address."""
        # One that is switched off may be under test; whether this login may use it, its gate says.
        prepared = self._hub.catalog.connector(connector_id) or self._hub.catalog.draft(connector_id)
        if prepared is None or not hosts.serves(self._hub, incoming, prepared.connector.tenant_id):
            raise NotFound(cause="no connector has this address")
        handle, hop = prepared.upstream.reply_handle(incoming), "returned from the identity provider"
        begun = transactions.begun(self._hub.transient, handle) if handle else None
        if begun is not None and hosts.elsewhere(begun, incoming):
            return self._hand_over(begun, incoming, hop)
        login = self._resume(handle, incoming, hop, begun)
        try:
            expected = login.transaction.expectation
            at_home = expected is not None and expected.connector_id == connector_id
            login.trace.check("upstream.address", passed=at_home, reason="the answer came to the connector that was asked")
            if not at_home:
                raise InvalidUpstreamResponse(cause="the answer came to another connector's address", check="upstream.address")
            outgoing = upstream.complete(login)
            if outgoing is None:
                with self._hub.database.unit_of_work():
                    upstream.burn(login)
                    outgoing = self._advance(login)
                    self._hub.traces.save(login.trace)
        except BrokerError as error:
            outgoing = failure.ended(login, error)
        return Reply(outgoing, tuple(login.cookies))

    # --- from the pages in the middle ---------------------------------------------------------------------------------

    def show(self, handle: str, incoming: Incoming, *, other: bool = False) -> Reply:
        """The person reloaded, came back or wants to try again: discovery starts anew. `other`: forget the remembered one."""
        login = self._resume_on_page(handle, incoming, "opened the sign-in page")
        if other:
            login.cookies.append(remembered.forget())
            login.incoming = replace(incoming, cookies={})
        return self._retry(login)

    def browse(self, handle: str, incoming: Incoming, *, search: str, after: str) -> Reply:
        """The person looks through a long list of organisations. Leaves no mark: this happens with every letter they type."""
        login = self._resume_on_page(handle, incoming, "looked through the organisations")
        return Reply(discover.browse(login, search, after), ())

    def choose(self, handle: str, incoming: Incoming, *, email: str = "", connector_id: str = "", remember: bool = False) -> Reply:
        """The person typed an address or pressed a connector's button."""
        login = self._resume_on_page(handle, incoming, "chose a home realm")
        login.leave(home_realm=None, expectation=None)
        login.forget_person()
        try:
            with self._hub.database.unit_of_work():
                pause = discover.by_choice(login, connector_id) if connector_id else discover.by_email(login, email)
                outgoing = pause or self._advance(login)
                self._commit(login)
            home_realm = login.transaction.home_realm
            if remember and home_realm is not None:
                login.cookies.append(remembered.write(self._hub.keyring, home_realm.connector_id))
        except UnknownDomain as error:
            login.trace.decide("home realm", error.cause)
            self._hub.traces.save(login.trace)
            outgoing = discover.page(login, choices=[], problem=error.sentence, typed=email)
        except BrokerError as error:
            outgoing = failure.ended(login, error)
        return Reply(outgoing, tuple(login.cookies))

    def again(self, handle: str, incoming: Incoming) -> Reply:
        """After "already completed": the same request once more, answered from the session that it made."""
        finished = transactions.finished(self._hub.transient, handle)
        if (objection := hosts.objection(self._hub, finished, incoming)) is not None:
            raise objection
        if not same_browser(incoming, finished.browser_hash):
            raise WrongBrowser(cause="the binding cookie is not the one this sign-in began with")
        repeat = COURSES[finished.purpose].repeat
        if repeat is not None:
            return Reply(repeat(self._hub, finished.request))
        trace = self._hub.traces.begin(incoming, "continued a completed sign-in")
        request = finished.request
        session = sessions.current(self._hub, incoming)
        if session is not None and session.created_at >= finished.created_at:
            # The fresh authentication that was asked for has happened, within this very request.
            request = replace(request, force_authentication=False, select_account=False, max_age_seconds=None)
        return self.start(request, incoming, trace)

    def give_up(self, handle: str, incoming: Incoming) -> Reply:
        """The person returns to the application without having signed in: it hears the error in its own protocol."""
        login = self._resume_on_page(handle, incoming, "returned to the application")
        return Reply(failure.give_up(login), tuple(login.cookies))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _first(self, login: Login) -> Reply:
        try:
            if not login.application.application.enabled:
                raise Disabled(cause="the application is switched off")
            with self._hub.database.unit_of_work():
                outgoing = self._advance(login)
                self._commit(login)
        except BrokerError as error:
            outgoing = failure.ended(login, error)
        return Reply(outgoing, tuple(login.cookies))

    def _begin(self, request: AuthenticationRequest, incoming: Incoming, trace: Trace, purpose: Purpose = Purpose.SIGN_IN) -> Login:
        if (request.protocol == testing.PROTOCOL) != (purpose is Purpose.TEST):
            # Cannot happen; if it did, a test could reach an application, or an application's login end without an answer.
            raise RuntimeError("the purpose and the protocol of this login do not belong together")
        application = self._hub.catalog.application(request.application_id)
        if application is None:
            raise NotFound(cause="the application vanished")
        now = self._hub.clock.now()
        browser = incoming.cookies.get(BROWSER_COOKIE)
        cookies: list[Cookie] = []
        self._check_reply_address(request, application)
        if not browser:
            browser = random_ids.handle()
            # SAML answers arrive as cross-site POSTs, so this one cookie must be sent with them (decision 0003).
            cookies.append(Cookie(BROWSER_COOKIE, browser, same_site="None"))
        transaction = LoginTransaction(
            handle=random_ids.handle(),
            trace_code=trace.code,
            browser_hash=hash_handle(browser).hex(),
            request=request,
            created_at=now,
            expires_at=now + timedelta(seconds=self._hub.transaction_seconds),
            purpose=purpose,
            host=incoming.host,
        )
        trace.application_id = _traced_application(transaction, application)
        trace.tenant_id = request.hints.tenant_id
        return Login(self._hub, transaction, application, incoming, trace, cookies=cookies)

    def _hand_over(self, begun: hosts.Begun, incoming: Incoming, hop: str) -> Reply:
        """The answer goes on to the host at which its login began. Leaves no mark: nothing binds it to a browser yet."""
        try:
            return Reply(hosts.hand_over(self._hub, begun, incoming))
        except BrokerError as error:
            trace = self._hub.traces.begin(incoming, hop)
            trace.application_id = begun.request.application_id
            trace.decide("login", filled("reference %(code)s", code=begun.trace_code))
            raise failure.noted_on(self._hub, trace, error) from error

    def _resume(self, handle: str | None, incoming: Incoming, hop: str, begun: hosts.Begun | None = None) -> Login:
        """The waiting login with this handle, in the browser that began it. Without one, a trace of its own tells why.

        `begun`: what was found under this handle already.
        """
        try:
            if not handle:
                raise UnknownTransaction(cause="the answer carries no RelayState or state")
            transaction = begun if isinstance(begun, LoginTransaction) else transactions.get(self._hub.transient, handle)
        except BrokerError as error:
            if isinstance(error, CompletedTransaction):
                error.again_handle = handle
            raise failure.noted_on(self._hub, self._hub.traces.begin(incoming, hop), error) from error
        application = self._hub.catalog.application(transaction.request.application_id)
        if application is None:
            raise NotFound(cause="the application was removed meanwhile")
        trace = self._hub.traces.resume(transaction.trace_code)
        trace.hop(hop, f"{incoming.method} {incoming.host}{redaction.path(incoming.path)}")
        trace.application_id = _traced_application(transaction, application)
        login = Login(self._hub, transaction, application, incoming, trace, resumed=True)
        if (objection := hosts.objection(self._hub, transaction, incoming)) is not None:
            raise failure.noted(login, objection)
        bound = same_browser(incoming, transaction.browser_hash)
        trace.check("transaction.browser", passed=bound, reason="the binding cookie is the one this sign-in began with")
        if not bound:
            raise failure.noted(login, WrongBrowser(cause="another browser, or no binding cookie", check="transaction.browser"))
        try:
            self._check_reply_address(transaction.request, application)
        except BrokerError as error:
            raise failure.noted(login, error) from error
        if self._hub.clock.now() >= transaction.expires_at:
            raise failure.noted(login, ExpiredTransaction(cause="the transaction's time is over", check="transaction.time"))
        return login

    def _resume_on_page(self, handle: str, incoming: Incoming, hop: str) -> Login:
        """For what a person does on a page of ours: courses that have no such page have no login there either."""
        login = self._resume(handle, incoming, hop)
        if "home_realm" not in (product for product, _ in COURSES[login.transaction.purpose].stages):
            raise failure.noted(login, UnknownTransaction(cause="a login of this purpose shows no page of ours"))
        return login

    def _check_reply_address(self, request: AuthenticationRequest, application: PreparedApplication) -> None:
        """What was registered when the login began may have been taken back since. Raises UnregisteredReplyAddress."""
        protocol = self._hub.downstream[request.protocol]
        if not protocol.answers_at(request.reply_address, application.application, application.prepared):
            raise UnregisteredReplyAddress(cause="the reply address of this login is not registered any more")

    def _retry(self, login: Login) -> Reply:
        login.leave(reuse=None, home_realm=None, expectation=None)
        login.forget_person()
        try:
            with self._hub.database.unit_of_work():
                outgoing = self._advance(login)
                self._commit(login)
        except BrokerError as error:
            outgoing = failure.ended(login, error)
        return Reply(outgoing, tuple(login.cookies))

    def _advance(self, login: Login) -> Outgoing:
        """Runs the stages whose product is missing; then the answer."""
        course = COURSES[login.transaction.purpose]
        for product, stage in course.stages:
            if getattr(login.transaction, product) is None:
                pause = stage(login)
                if pause is not None:
                    return pause
        return course.finish(login)

    def _commit(self, login: Login) -> None:
        """Stores a paused transaction and the trace; an answered one needs no row."""
        last_product = COURSES[login.transaction.purpose].stages[-1][0]
        if getattr(login.transaction, last_product) is None:
            transactions.put(self._hub.transient, login.transaction, waiting=login.resumed)
        elif login.resumed:
            transactions.finish(self._hub.transient, login.transaction, self._hub.clock.now())
        self._hub.traces.save(login.trace)


def _traced_application(transaction: LoginTransaction, application: PreparedApplication) -> str:
    """Tests count for nobody: on the trace they are none of the application's logins."""
    return TEST_APPLICATION_ID if transaction.purpose is Purpose.TEST else application.application.id


def _log(login: Login) -> None:
    """One line for every login that worked; no person in it."""
    trace = login.trace
    fields = {"code": trace.code, "tenant": trace.tenant_id, "application": trace.application_id, "connector": trace.connector_id}
    log.info("login succeeded", extra=fields)
