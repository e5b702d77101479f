"""One-time links: the first owner, an invitation, credentials that were lost. 24 hours, one use, only a hash is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.access_errors import InvalidInvitation
from broker.domain.errors import Conflict
from broker.domain.messages import translatable
from broker.services.actor import ROLES, Actor, Role, Verb, operator
from broker.services.context import Action, Workbench
from broker.services.staff.accounts import Accounts, address_of
from broker.services.staff.model import StaffMember, secret_hash
from broker.store.tables import staff_queries, staff_session_queries

VALID = timedelta(hours=24)
_KIND = "link"


@dataclass(frozen=True, slots=True)
class Invitation:
    """`url` is secret, and nobody can read it again. `email` "": whoever opens it says who they are."""

    email: str
    url: str = field(repr=False)
    expires_at: datetime


class Invitations:
    def __init__(self, bench: Workbench, accounts: Accounts) -> None:
        self._bench = bench
        self._accounts = accounts

    def first_owner(self, actor: Actor) -> Invitation | None:
        """For whoever installed the hub: None once an owner has signed in. A later link replaces an earlier one."""
        actor.require(Verb.ADMINISTER, None)
        actor.require_to_grant(ROLES[Role.OWNER])
        with self._bench.database.unit_of_work() as connection:
            if staff_queries.owners_who_signed_in(connection):
                return None
            staff_queries.drop_links(connection, None)
            return self._make(actor, None)

    def create(self, actor: Actor, staff_id: str) -> Invitation:
        """A link for this account; what it can already sign in with stays. A later link replaces an earlier one."""
        actor.require(Verb.ADMINISTER, None)
        member = self._accounts.get(staff_id)
        actor.require_to_grant(ROLES[member.role])  # whoever holds the link holds the account
        if not member.enabled:
            raise Conflict(translatable("This account is switched off. Switch it on first."), field="staff")
        with self._bench.database.unit_of_work() as connection:
            staff_queries.drop_links(connection, staff_id)
            made = self._make(actor, member)
            self._accounts.changed(actor, staff_id, member.tenant_id, Action.UPDATED, {"link": (None, "made")})
        return made

    def reset(self, actor: Actor, staff_id: str, *, keep_tokens: bool = False) -> Invitation:
        """Takes every credential away, ends every session and revokes the API tokens that they made, then makes a link."""
        actor.require(Verb.ADMINISTER, None)
        member = self._accounts.get(staff_id)
        nothing = dict.fromkeys(("password_hash", "sealed_totp", "totp_used_step", "identity_id"))
        with self._bench.database.unit_of_work() as connection:
            staff_queries.change(connection, staff_id, nothing)
            staff_session_queries.remove_passkeys(connection, staff_id)
            staff_session_queries.end_all(connection, staff_id)
            fields: dict[str, tuple[Any, Any]] = {"credentials": ("set", "taken away")}
            fields |= self._accounts.end_tokens(actor, member, keep=keep_tokens)
            self._accounts.changed(actor, staff_id, member.tenant_id, Action.UPDATED, fields)
            return self.create(actor, staff_id)

    def _make(self, actor: Actor, member: StaffMember | None) -> Invitation:
        token, now = random_ids.secret(), self._bench.clock.now()
        values = {
            "token_hash": secret_hash(_KIND, token),
            "staff_id": None if member is None else member.id,
            "created_by": actor.name[:120],
            "created_at": now,
            "expires_at": now + VALID,
            "used_at": None,
        }
        with self._bench.database.unit_of_work() as connection:
            staff_queries.add_link(connection, values)
        url = f"{self._bench.settings.public_url}/console/welcome/{token}"
        return Invitation("" if member is None else member.email, url, now + VALID)

    # --- whoever opens it ---------------------------------------------------------------------------------------------

    def open(self, token: str) -> StaffMember | None:
        """Whom it is for; None: for the first owner, who has not said yet. Raises InvalidInvitation."""
        with self._bench.database.reading() as connection:
            row = staff_queries.link(connection, secret_hash(_KIND, token))
            if row is None or row.used_at is not None or row.expires_at <= self._bench.clock.now():
                raise InvalidInvitation(cause="unknown, used, replaced or expired")
            if row.staff_id is None:
                if staff_queries.owners_who_signed_in(connection):
                    raise InvalidInvitation(cause="there is an owner already")
                return None
        member = self._accounts.get(row.staff_id)
        if not member.enabled:
            raise InvalidInvitation(cause="the account is switched off")
        return member

    def claim(self, token: str, email: str, name: str) -> StaffMember:
        """The first owner says who they are. Raises InvalidInvitation, InvalidSettings, Conflict."""
        if self.open(token) is not None:
            raise InvalidInvitation(cause="somebody has said already whom it is for")
        actor = operator("init")
        with self._bench.database.unit_of_work() as connection:
            found = self._accounts.find(address_of(email))
            # Somebody began before and never finished, and then asked for another link.
            begun = found is not None and found.role is Role.OWNER and found.last_sign_in_at is None and found.enabled
            member = found if found is not None and begun else self._accounts.create(actor, email, name, Role.OWNER)
            if not staff_queries.claim_link(connection, secret_hash(_KIND, token), member.id):
                raise InvalidInvitation(cause="somebody else was faster")
        return member

    def use(self, token: str) -> None:
        """Burns it; inside the unit of work that stores the credentials. Raises InvalidInvitation for whoever comes second."""
        with self._bench.database.unit_of_work() as connection:
            if not staff_queries.use_link(connection, secret_hash(_KIND, token), self._bench.clock.now()):
                raise InvalidInvitation(cause="used already")
