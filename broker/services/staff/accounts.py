"""Accounts: who works at the hub, in which role. The last owner stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.domain import random_ids
from broker.domain.email import normalise
from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.domain.messages import translatable
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.context import Action, Workbench, check_version, difference, record
from broker.services.staff.model import StaffMember, member_of
from broker.services.tenants import check_name
from broker.store.tables import api_tokens, staff_queries, staff_session_queries


@dataclass(frozen=True, slots=True)
class ChangeStaff:
    """What an owner decides about an account."""

    staff_id: str
    name: str
    role: Role
    tenant_id: str | None
    enabled: bool
    expected_version: int | None = None
    keep_tokens: bool = False
    """Named risk: API tokens that they made go on working when they are no enabled owner any more."""


class Accounts:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def get(self, staff_id: str) -> StaffMember:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = staff_queries.by_id(connection, staff_id)
        if row is None:
            raise UnknownObject("There is no such account.", field="staff")
        return member_of(row)

    def named(self, id_or_email: str) -> StaffMember:
        """Raises UnknownObject."""
        found = self.find(id_or_email) if "@" in id_or_email else None
        return found if found is not None else self.get(id_or_email)

    def find(self, email: str) -> StaffMember | None:
        with self._bench.database.reading() as connection:
            row = staff_queries.by_email(connection, email.strip().lower())
        return None if row is None else member_of(row)

    def linked_to(self, identity_id: str) -> StaffMember | None:
        """The account that this person of the hub's own connectors may use."""
        with self._bench.database.reading() as connection:
            row = staff_queries.by_identity(connection, identity_id)
        return None if row is None else member_of(row)

    def search(self, text: str = "", *, after_email: str = "", limit: int = 50) -> list[StaffMember]:
        with self._bench.database.reading() as connection:
            return [member_of(row) for row in staff_queries.search(connection, text.strip(), after_email=after_email, limit=limit)]

    def create(self, actor: Actor, email: str, name: str, role: Role, tenant_id: str | None = None) -> StaffMember:
        """An account that cannot sign in yet. Raises InvalidSettings, Conflict."""
        actor.require(Verb.ADMINISTER, None)
        actor.require_to_grant(ROLES[role])
        _check_tenant(role, tenant_id)
        values = {"email": address_of(email), "name": check_name(name), "role": role.value, "tenant_id": tenant_id, "enabled": True}
        staff_id = random_ids.object_id("stf")
        with self._bench.database.unit_of_work() as connection:
            if staff_queries.by_email(connection, str(values["email"])) is not None:
                raise Conflict(translatable("There is an account with this email address already."), field="email")
            staff_queries.create(connection, {**values, "id": staff_id, "created_at": self._bench.clock.now(), "version": 1})
            self.changed(actor, staff_id, tenant_id, Action.CREATED, difference(None, values))
            return self.get(staff_id)

    def save(self, actor: Actor, command: ChangeStaff) -> StaffMember:
        """What somebody could do before is over at once: their next request has the new role. Raises Conflict, StaleVersion."""
        actor.require(Verb.ADMINISTER, None)
        actor.require_to_grant(ROLES[command.role])
        _check_tenant(command.role, command.tenant_id)
        with self._bench.database.unit_of_work() as connection:
            before = self.get(command.staff_id)
            check_version(command.expected_version, before.version)
            after: dict[str, Any] = {"name": check_name(command.name), "role": command.role.value}
            after |= {"tenant_id": command.tenant_id, "enabled": command.enabled}
            now = {"name": before.name, "role": before.role.value, "tenant_id": before.tenant_id, "enabled": before.enabled}
            fields = difference(now, after)
            if not fields:
                return before
            if not command.enabled or command.role is not Role.OWNER:
                self._keep_an_owner(before)
            staff_queries.change(connection, before.id, {**after, "version": before.version + 1})
            if not command.enabled:
                staff_session_queries.end_all(connection, before.id)
                staff_queries.drop_links(connection, before.id)
            if _makes_tokens(before.role, before.enabled) and not _makes_tokens(command.role, command.enabled):
                fields |= self.end_tokens(actor, before, keep=command.keep_tokens)
            self.changed(actor, before.id, command.tenant_id, Action.UPDATED, fields)
            return self.get(before.id)

    def rename(self, member: StaffMember, name: str) -> None:
        """One's own name, which needs no verb."""
        with self._bench.database.unit_of_work() as connection:
            before = self.get(member.id)
            if before.name == check_name(name):
                return
            staff_queries.change(connection, member.id, {"name": check_name(name), "version": before.version + 1})
            fields = {"name": (before.name, check_name(name))}
            self.changed(member.actor, member.id, member.tenant_id, Action.UPDATED, fields)

    def delete(self, actor: Actor, staff_id: str, *, keep_tokens: bool = False) -> StaffMember:
        """With passkeys, sessions and links. The audit log keeps the name. Raises Conflict for the last owner."""
        actor.require(Verb.ADMINISTER, None)
        with self._bench.database.unit_of_work() as connection:
            before = self.get(staff_id)
            self._keep_an_owner(before)
            staff_queries.remove(connection, staff_id)
            fields: dict[str, tuple[Any, Any]] = {"email": (before.email, None), "role": (before.role.value, None)}
            fields |= self.end_tokens(actor, before, keep=keep_tokens)
            self.changed(actor, staff_id, before.tenant_id, Action.DELETED, fields)
        return before

    def tokens_of(self, member: StaffMember) -> list[Any]:
        """Living API tokens that they made, and those that were made with these."""
        with self._bench.database.reading() as connection:
            return api_tokens.descended(connection, member.actor.name, self._bench.clock.now())

    def end_tokens(self, actor: Actor, member: StaffMember, *, keep: bool) -> dict[str, tuple[Any, Any]]:
        """Whoever may make none any more may still know the secrets of those that they made; whoever stole their credentials too.

        What happened, for the audit entry of the account.
        """
        with self._bench.database.unit_of_work() as connection:
            now = self._bench.clock.now()
            tokens = api_tokens.descended(connection, member.actor.name, now)
            for token in () if keep else tokens:
                api_tokens.revoke(connection, token.id, now)
                about = {"object_id": token.id, "tenant_id": token.tenant_id, "fields_changed": {"name": (token.name, None)}}
                record(self._bench, actor, kind="token", action=Action.DELETED, **about)
        return {"tokens": (", ".join(token.name for token in tokens), "kept" if keep else "revoked")} if tokens else {}

    def end_session(self, actor: Actor, member: StaffMember, session_id: str) -> None:
        """Raises UnknownObject."""
        self._ended(actor, member, session_id)

    def end_sessions(self, actor: Actor, member: StaffMember) -> None:
        self._ended(actor, member, None)

    def _ended(self, actor: Actor, member: StaffMember, session_id: str | None) -> None:
        actor.require(Verb.ADMINISTER, None)
        with self._bench.database.unit_of_work() as connection:
            if session_id is None:
                staff_session_queries.end_all(connection, member.id)
            elif not staff_session_queries.end_one(connection, member.id, session_id):
                raise UnknownObject("There is no such session.", field="session")
            fields = {"sessions": ("open", "all ended" if session_id is None else "one ended")}
            self.changed(actor, member.id, member.tenant_id, Action.UPDATED, fields)

    def _keep_an_owner(self, doomed: StaffMember) -> None:
        if doomed.role is not Role.OWNER or not doomed.enabled:
            return
        with self._bench.database.unit_of_work() as connection:
            others = staff_queries.other_owners(connection, doomed.id)
        if others == 0 and doomed.last_sign_in_at is not None:
            raise Conflict(translatable("This is the last owner who can sign in. Make somebody else an owner first."), field="role")

    def changed(
        self, actor: Actor, staff_id: str, tenant_id: str | None, action: Action, fields: dict[str, tuple[Any, Any]]
    ) -> None:
        """Audit entry of a change to an account; inside the unit of work that wrote it."""
        record(
            self._bench, actor, kind="staff", object_id=staff_id, tenant_id=tenant_id, action=action, fields_changed=fields
        )


def _makes_tokens(role: Role, enabled: bool) -> bool:
    return enabled and Verb.ADMINISTER in ROLES[role]


def address_of(email: str) -> str:
    """Lower case as a whole: no two colleagues differ by capitals. Raises InvalidSettings."""
    address = normalise(email.strip())
    if address is None:
        raise InvalidSettings(translatable("Give one plain email address."), field="email")
    return address.lower()


def _check_tenant(role: Role, tenant_id: str | None) -> None:
    if (role is Role.TENANT_ADMIN) != (tenant_id is not None):
        raise InvalidSettings(translatable("A tenant administrator belongs to one tenant, and only they do."), field="administers")
