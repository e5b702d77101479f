"""Signing in to the console, and showing again who one is.

Every failure says the same, takes the same time and is counted, per account and per address. Who signed in, how and from
where goes to the audit log; so does a failure at an account that exists. What was typed in vain is nowhere: people type
passwords into the wrong field.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from broker.domain import random_ids
from broker.domain.access_errors import InvalidCredentials, NotSignedIn
from broker.domain.errors import Conflict
from broker.domain.messages import translatable
from broker.services.context import Action, Workbench, note
from broker.services.effort import Challenge, Effort
from broker.services.staff.accounts import Accounts
from broker.services.staff.connectors import UpstreamPerson
from broker.services.staff.credentials import Credentials
from broker.services.staff.model import StaffMember, StaffSession, Visitor
from broker.services.staff.passkeys import Passkeys
from broker.services.staff.sessions import Sessions
from broker.services.throttle import Limit, Throttle
from broker.store.tables import staff_queries
from broker.store.transient.contract import TransientStore

log = logging.getLogger("vestibule.staff")

PER_ADDRESS = Limit("staff sign-in by address", 40, 900, unchecked=15)
PER_ACCOUNT = Limit("staff password by account", 10, 900, unchecked=4)
CODES = Limit("staff codes by account", 6, 300, unchecked=3)
_ATTEMPT = "staff attempt"
_ATTEMPT_LIFE = timedelta(minutes=5)
PLACE = "sign-in"


class SignIn:
    def __init__(
        self,
        bench: Workbench,
        transient: TransientStore,
        throttle: Throttle,
        accounts: Accounts,
        credentials: Credentials,
        passkeys: Passkeys,
        sessions: Sessions,
        effort: Effort,
    ) -> None:
        self._bench = bench
        self._transient = transient
        self._throttle = throttle
        self._accounts = accounts
        self._credentials = credentials
        self._passkeys = passkeys
        self._sessions = sessions
        self._effort = effort

    def check_for(self, visitor: Visitor, *, email: str = "", staff_id: str = "") -> Challenge | None:
        """What this visitor's browser has to calculate before the next try; None while there were few."""
        keys = ((PER_ADDRESS, visitor.address), (PER_ACCOUNT, _account(email)), (CODES, staff_id))
        due = any(self._throttle.check_due(limit, key) for limit, key in keys if key or limit is PER_ADDRESS)
        return self._effort.challenge(PLACE, visitor.address) if due else None

    def _checked(self, visitor: Visitor) -> bool:
        return self._effort.spend(PLACE, visitor.address, visitor.solution)

    # --- password, then code ------------------------------------------------------------------------------------------

    def with_password(self, email: str, password: str, visitor: Visitor) -> str:
        """The handle of an attempt that still needs a code. Raises InvalidCredentials, TooManyAttempts."""
        checked = self._checked(visitor)
        self._throttle.attempt(PER_ADDRESS, visitor.address, checked=checked)
        self._throttle.attempt(PER_ACCOUNT, _account(email), checked=checked)
        member = self._accounts.find(email)
        if not self._credentials.check_password(None if member is None else member.id, password) or member is None:
            raise self._refused(member, "password", visitor)
        handle = random_ids.handle()
        self._transient.put(_ATTEMPT, handle, member.id.encode(), self._bench.clock.now() + _ATTEMPT_LIFE)
        return handle

    def attempt(self, handle: str) -> str | None:
        """Whose attempt this is (an id); None when it is over."""
        found = self._transient.get(_ATTEMPT, handle) if handle else None
        return None if found is None else found.decode()

    def with_code(self, handle: str, code: str, visitor: Visitor) -> str:
        """The secret handle of a new session. Raises NotSignedIn when the attempt is over, InvalidCredentials, TooManyAttempts."""
        checked = self._checked(visitor)
        self._throttle.attempt(PER_ADDRESS, visitor.address, checked=checked)
        staff_id = self.attempt(handle)
        if staff_id is None:
            raise NotSignedIn(cause="the attempt took too long, or was finished")
        self._throttle.attempt(CODES, staff_id, checked=checked)
        member = self._accounts.get(staff_id)
        if not self._credentials.check_code(staff_id, code):
            raise self._refused(member, "code", visitor)
        if self._transient.take(_ATTEMPT, handle) is None:
            raise NotSignedIn(cause="the attempt was finished elsewhere")
        return self.open(member, "password", visitor)

    # --- passkey ------------------------------------------------------------------------------------------------------

    def passkey_options(self, visitor: Visitor) -> str:
        self._throttle.attempt(PER_ADDRESS, visitor.address, checked=self._checked(visitor))
        return self._passkeys.ask(PLACE)

    def with_passkey(self, answer: str, visitor: Visitor) -> str:
        """The secret handle of a new session. Raises InvalidCredentials, TooManyAttempts."""
        self._throttle.attempt(PER_ADDRESS, visitor.address, checked=True)  # its options were given to whoever had passed the check
        try:
            member = self._passkeys.check(PLACE, answer)
        except InvalidCredentials as error:
            log.info("staff sign-in refused", extra={"method": "passkey", "address": visitor.address, "cause": error.cause})
            raise
        return self.open(member, "passkey", visitor)

    # --- a connector of the hub ---------------------------------------------------------------------------------------

    def with_connector(self, said: UpstreamPerson, visitor: Visitor) -> str:
        """The secret handle of a new session. Raises InvalidCredentials unless the person was linked to an account before."""
        member = self._accounts.linked_to(said.identity_id)
        if member is None or not member.enabled:
            raise self._refused(member, "connector", visitor)
        return self.open(member, "connector", visitor, said.authenticated_at)

    def confirm_connector(self, session: StaffSession, said: UpstreamPerson, visitor: Visitor) -> None:
        """Raises InvalidCredentials for anybody but the person that this account is linked to."""
        if session.member.identity_id != said.identity_id:
            raise self._refused(session.member, "connector", visitor)
        self._confirmed(session, "connector", visitor)

    def link(self, member: StaffMember, said: UpstreamPerson) -> bool:
        """Both sides were proved: the session here, the person there. False when another account is linked to the person."""
        with self._bench.database.unit_of_work() as connection:
            other = self._accounts.linked_to(said.identity_id)
            if other is not None and other.id != member.id:
                return False
            staff_queries.change(connection, member.id, {"identity_id": said.identity_id})
            fields = {"linked identity": (member.identity_id, said.identity_id)}
            self._accounts.changed(member.actor, member.id, member.tenant_id, Action.UPDATED, fields)
        return True

    def unlink(self, member: StaffMember) -> None:
        """Raises Conflict when nothing else would be left to sign in with."""
        if not member.can_sign_in:
            raise Conflict(translatable("Add a passkey first: you would have nothing left to sign in with."), field="connector")
        with self._bench.database.unit_of_work() as connection:
            staff_queries.change(connection, member.id, {"identity_id": None})
            fields = {"linked identity": (member.identity_id, None)}
            self._accounts.changed(member.actor, member.id, member.tenant_id, Action.UPDATED, fields)

    # --- the session --------------------------------------------------------------------------------------------------

    def open(self, member: StaffMember, method: str, visitor: Visitor, authenticated_at: datetime | None = None) -> str:
        """A session for somebody whose credentials were just checked or set up."""
        with self._bench.database.unit_of_work():
            handle = self._sessions.open(member, method, visitor, authenticated_at)
            self._note(member, "sign_in", method, visitor)
        return handle

    # --- once more, within a session ----------------------------------------------------------------------------------

    def confirm_options(self, session: StaffSession) -> str:
        return self._passkeys.ask(f"confirm {session.id}", session.member)

    def confirm_passkey(self, session: StaffSession, answer: str, visitor: Visitor) -> None:
        """Raises InvalidCredentials, also for a colleague's passkey."""
        if self._passkeys.check(f"confirm {session.id}", answer).id != session.member.id:
            raise InvalidCredentials(cause="the passkey belongs to another account")
        self._confirmed(session, "passkey", visitor)

    def confirm_password(self, session: StaffSession, password: str, code: str, visitor: Visitor) -> None:
        """Raises InvalidCredentials, TooManyAttempts."""
        member = session.member
        # Whoever is signed in already is no crowd: the limits alone.
        self._throttle.attempt(PER_ACCOUNT, member.email, checked=True)
        self._throttle.attempt(CODES, member.id, checked=True)
        if not self._credentials.check_password(member.id, password) or not self._credentials.check_code(member.id, code):
            raise self._refused(member, "confirmation", visitor)
        self._confirmed(session, "password", visitor)

    def _confirmed(self, session: StaffSession, method: str, visitor: Visitor) -> None:
        with self._bench.database.unit_of_work():
            self._sessions.confirm(session)
            self._note(session.member, "confirm", method, visitor)

    # --- what is told to whom -----------------------------------------------------------------------------------------

    def _refused(self, member: StaffMember | None, method: str, visitor: Visitor) -> InvalidCredentials:
        log.info("staff sign-in refused", extra={"method": method, "address": visitor.address, "known": member is not None})
        if member is not None:
            with self._bench.database.unit_of_work():
                self._note(member, "sign_in_refused", method, visitor)
        return InvalidCredentials(cause=f"{method} of {'an account' if member else 'nobody'}", field="")

    def _note(self, member: StaffMember, action: str, method: str, visitor: Visitor) -> None:
        if action != "sign_in_refused":
            fields = {"staff": member.id, "method": method, "address": visitor.address}
            log.info("staff signed in" if action == "sign_in" else "staff confirmed who they are", extra=fields)
        note(
            self._bench,
            member.actor.name,
            kind="staff",
            object_id=member.id,
            tenant_id=member.tenant_id,
            action=action,
            after={"method": method, "address": visitor.address},
        )


def _account(email: str) -> str:
    return email.strip().lower()[:320]
