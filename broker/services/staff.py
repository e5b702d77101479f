"""The hub's own staff: who they are, and their sessions at the console."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.email import normalise
from broker.domain.errors import Conflict, InvalidSettings
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.context import Action, Workbench, record
from broker.services.tenants import check_name
from broker.store.tables import staff_queries

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One account. `tenant_id` only for tenant administrators."""

    id: str
    email: str
    name: str
    role: Role
    tenant_id: str | None
    enabled: bool
    version: int

    @property
    def actor(self) -> Actor:
        return Actor(f"staff:{self.email}", ROLES[self.role], self.tenant_id)


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A browser that is signed in to the console. `authenticated_at`: when credentials were last shown in it."""

    id: str
    member: StaffMember
    method: str
    created_at: datetime
    authenticated_at: datetime


class Staff:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def create(self, actor: Actor, email: str, name: str, role: Role, tenant_id: str | None = None) -> StaffMember:
        """An account that cannot sign in yet. Raises InvalidSettings, Conflict."""
        actor.require(Verb.ADMINISTER, None)
        address = normalise(email)
        if address is None:
            raise InvalidSettings("Give one plain email address.", field="email")
        if (role is Role.TENANT_ADMIN) != (tenant_id is not None):
            raise InvalidSettings("A tenant administrator belongs to one tenant, and only they do.", field="tenant")
        staff_id = random_ids.object_id("stf")
        member = StaffMember(staff_id, address.lower(), check_name(name), role, tenant_id, enabled=True, version=1)
        with self._bench.database.unit_of_work() as connection:
            if staff_queries.by_email(connection, member.email) is not None:
                raise Conflict("There is an account with this email address already.", field="email")
            values = {"id": member.id, "email": member.email, "name": member.name, "role": role.value, "tenant_id": tenant_id}
            staff_queries.create(connection, {**values, "enabled": True, "created_at": self._bench.clock.now(), "version": 1})
            made = {name: (None, value) for name, value in values.items() if name != "id"}
            record(
                self._bench,
                actor,
                kind="staff",
                object_id=member.id,
                tenant_id=tenant_id,
                action=Action.CREATED,
                fields_changed=made,
            )
        return member

    # --- sessions -----------------------------------------------------------------------------------------------------

    def open_session(self, member: StaffMember, method: str, *, user_agent: str = "", remote_address: str = "") -> str:
        """The secret handle for the cookie. Whoever calls this has checked the credentials."""
        handle, now = random_ids.secret(), self._bench.clock.now()
        values = {
            "handle_hash": _hash(handle),
            "id": random_ids.object_id("sts"),
            "staff_id": member.id,
            "method": method,
            "created_at": now,
            "authenticated_at": now,
            "seen_at": now,
            "ends_at": now + LONGEST,
            "user_agent": user_agent[:200],
            "remote_address": remote_address[:64],
        }
        with self._bench.database.unit_of_work() as connection:
            staff_queries.open_session(connection, values)
        return handle

    def session(self, handle: str) -> StaffSession | None:
        """None when unknown, ended, idle for too long, or when the account is switched off."""
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            row = staff_queries.session(connection, _hash(handle))
        if row is None or not row.enabled or row.ends_at <= now or row.seen_at + IDLE <= now:
            return None
        if now - row.seen_at >= _SEEN_EVERY:
            with self._bench.database.unit_of_work() as connection:
                staff_queries.saw_session(connection, row.session_id, now)
        return StaffSession(row.session_id, _member(row), row.method, row.session_created_at, row.authenticated_at)

    def end_session(self, handle: str) -> None:
        with self._bench.database.unit_of_work() as connection:
            staff_queries.end_session(connection, _hash(handle))


def _member(row: Any) -> StaffMember:
    return StaffMember(row.id, row.email, row.name, Role(row.role), row.tenant_id, bool(row.enabled), row.version)


def _hash(handle: str) -> bytes:
    return hashlib.sha256(b"staff session " + handle.encode("utf-8", "surrogatepass")).digest()
