"""The way in for somebody who holds a one-time link: credentials are stored, the link is burnt, a session begins: all or
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.domain.access_errors import InvalidInvitation
from broker.services.context import Workbench
from broker.services.staff.credentials import Authenticator
from broker.services.staff.model import StaffMember, Visitor

if TYPE_CHECKING:
    from broker.services.staff.staff import Staff

class Enrolment:
    def __init__(self, bench: Workbench, staff: Staff) -> None:
        self._bench = bench
        self._staff = staff

    def member(self, token: str) -> StaffMember:
        """Raises InvalidInvitation, also while the first owner has not said who they are."""
        member = self._staff.invitations.open(token)
        if member is None:
            raise InvalidInvitation(cause="the first owner has not said who they are")
        return member

    def choose_password(self, token: str, password: str) -> None:
        """Raises InvalidSettings."""
        self._staff.credentials.begin(_place(token), self.member(token), password)

    def authenticator(self, token: str) -> Authenticator | None:
        return self._staff.credentials.waiting(_place(token), self.member(token))

    def finish_password(self, token: str, code: str, visitor: Visitor) -> str:
        """The secret handle of a new session."""
        member = self.member(token)
        proved = self._staff.credentials.prove(_place(token), member, code)
        with self._bench.database.unit_of_work():
            self._staff.credentials.finish(_place(token), member, proved)
            return self._begin(token, member, "password", visitor)

    def passkey_options(self, token: str) -> str:
        return self._staff.passkeys.offer(_place(token), self.member(token))

    def finish_passkey(self, token: str, answer: str, name: str, visitor: Visitor) -> str:
        """The secret handle of a new session."""
        member = self.member(token)
        made = self._staff.passkeys.prove(_place(token), answer)
        with self._bench.database.unit_of_work():
            self._staff.passkeys.add(member, made, name)
            return self._begin(token, member, "passkey", visitor)

    def _begin(self, token: str, member: StaffMember, method: str, visitor: Visitor) -> str:
        self._staff.invitations.use(token)
        # Whoever had a session until now may be the reason for the link.
        self._staff.sessions.end_all(member.id)
        return self._staff.sign_in.open(member, method, visitor)


def _place(token: str) -> str:
    return f"link {token}"
