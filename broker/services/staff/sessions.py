"""Sessions of the console: opened after credentials were checked, found by the cookie, ended by anybody who may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.errors import UnknownObject
from broker.services.context import Workbench
from broker.services.staff.model import StaffMember, StaffSession, Visitor, member_of, secret_hash
from broker.store.tables import staff_queries, staff_session_queries

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
_SEEN_EVERY = timedelta(minutes=1)
_KIND = "session"
NOWHERE = Visitor()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One line of the list of sessions."""

    id: str
    method: str
    created_at: datetime
    seen_at: datetime
    user_agent: str
    address: str


class Sessions:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def open(
        self, member: StaffMember, method: str, visitor: Visitor = NOWHERE, authenticated_at: datetime | None = None
    ) -> str:
        """The secret handle for the cookie. Whoever calls this has checked the credentials, now or at `authenticated_at`."""
        handle, now = random_ids.secret(), self._bench.clock.now()
        values = {
            "handle_hash": secret_hash(_KIND, handle),
            "id": random_ids.object_id("sts"),
            "staff_id": member.id,
            "method": method,
            "created_at": now,
            "authenticated_at": min(authenticated_at or now, now),
            "seen_at": now,
            "ends_at": now + LONGEST,
            "user_agent": visitor.user_agent[:200],
            "remote_address": visitor.address[:64],
        }
        with self._bench.database.unit_of_work() as connection:
            staff_session_queries.open_session(connection, values)
            staff_queries.change(connection, member.id, {"last_sign_in_at": now})
        return handle

    def find(self, handle: str) -> StaffSession | None:
        """None when unknown, ended, idle for too long, or when the account, or the person it was opened through, is shut out."""
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            row = staff_session_queries.session(connection, secret_hash(_KIND, handle))
        if row is None or not row.enabled or row.ends_at <= now or row.seen_at + IDLE <= now:
            return None
        if row.method == "connector" and not _person_is_welcome(row):
            return None
        if now - row.seen_at >= _SEEN_EVERY:
            with self._bench.database.unit_of_work() as connection:
                staff_session_queries.saw_session(connection, row.session_id, now)
        return StaffSession(row.session_id, member_of(row), row.method, row.session_created_at, row.authenticated_at)

    def confirm(self, session: StaffSession) -> None:
        """Credentials were shown again in this session. Whoever calls this has checked them."""
        with self._bench.database.unit_of_work() as connection:
            staff_session_queries.confirm_session(connection, session.id, self._bench.clock.now())

    def of(self, staff_id: str) -> list[OpenSession]:
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            rows = staff_session_queries.sessions_of(connection, staff_id, now, now - IDLE)
        return [OpenSession(row.id, row.method, row.created_at, row.seen_at, row.user_agent, row.remote_address) for row in rows]

    def end(self, handle: str) -> None:
        with self._bench.database.unit_of_work() as connection:
            staff_session_queries.end_session(connection, secret_hash(_KIND, handle))

    def end_one(self, staff_id: str, session_id: str) -> None:
        """Raises UnknownObject."""
        with self._bench.database.unit_of_work() as connection:
            if not staff_session_queries.end_one(connection, staff_id, session_id):
                raise UnknownObject("There is no such session.", field="session")

    def end_all(self, staff_id: str, *, but: str = "") -> int:
        with self._bench.database.unit_of_work() as connection:
            return staff_session_queries.end_all(connection, staff_id, but=but)


def _person_is_welcome(row: Any) -> bool:
    """Whoever came in as a person of the hub goes out with it: switched off, unlinked, or signed out everywhere since."""
    signed_out_at = row.person_signed_out_at
    return bool(row.person_enabled) and (signed_out_at is None or signed_out_at <= row.session_created_at)
