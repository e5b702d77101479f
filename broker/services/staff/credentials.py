"""Password and authenticator app of an account: always both or neither, so that a password alone never opens the console.

Setting them up takes two steps; what was typed in the first waits sealed in the transient store until a code shows that
the app has the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from broker.domain.errors import Conflict, InvalidSettings
from broker.domain.messages import translatable
from broker.services.context import HIDDEN, Action, Workbench
from broker.services.staff import passwords, totp
from broker.services.staff.accounts import Accounts
from broker.services.staff.model import StaffMember
from broker.services.throttle import Limit, Throttle
from broker.store.tables import staff_queries
from broker.store.transient.contract import TransientStore

_KIND = "staff enrolment"
_PENDING = timedelta(minutes=30)
_CODES = Limit("staff enrolment codes", 10, 900)


class _Enrolment(msgspec.Struct):
    """`password_hash` None: the password stays, only the app is another one."""

    staff_id: str
    key: str
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What an authenticator app has to learn. Secret."""

    key: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proved:
    """What was begun, when a code has shown that the app has the key."""

    key: str = field(repr=False)
    password_hash: str | None = field(repr=False)
    step: int


class Credentials:
    """`place` names who is setting up where: a welcome link or a session. It is never stored in the clear."""

    def __init__(self, bench: Workbench, transient: TransientStore, throttle: Throttle, accounts: Accounts) -> None:
        self._bench = bench
        self._transient = transient
        self._throttle = throttle
        self._accounts = accounts

    # --- setting up ---------------------------------------------------------------------------------------------------

    def begin(self, place: str, member: StaffMember, password: str | None) -> None:
        """Raises InvalidSettings for a password that will not do."""
        hashed = None if password is None else passwords.hash_of(passwords.check(password, member.email, member.name))
        if hashed is None and not member.has_password:
            raise Conflict(translatable("Choose a password first."), field="password")
        self._keep(place, _Enrolment(member.id, totp.new_key(), hashed))

    def waiting(self, place: str, member: StaffMember) -> Authenticator | None:
        """The key to show; None when nothing was begun, or too long ago."""
        enrolment = self._kept(place, member)
        if enrolment is None:
            return None
        issuer = f"Vestibule {urlsplit(self._bench.settings.public_url).hostname}"
        return Authenticator(enrolment.key, totp.address(enrolment.key, member.email, issuer))

    def prove(self, place: str, member: StaffMember, code: str) -> Proved:
        """Whether the app has the key. Not inside a unit of work: a wrong code must be counted. Raises InvalidSettings."""
        self._throttle.attempt(_CODES, member.id)
        enrolment = self._kept(place, member)
        if enrolment is None:
            raise InvalidSettings(translatable("This took too long. Start again with your password."), field="code")
        step = totp.step_of(enrolment.key, code, self._bench.clock)
        if step is None:
            raise InvalidSettings(
                translatable("This code does not match. Wait for the next one; if that fails too, check the clock of your device."),
                field="code",
            )
        return Proved(enrolment.key, enrolment.password_hash, step)

    def finish(self, place: str, member: StaffMember, proved: Proved) -> None:
        """Stores what was begun. Inside the caller's unit of work, if there is one."""
        sealed = self._bench.keyring.seal(proved.key.encode(), _context(member.id))
        values: dict[str, object] = {"sealed_totp": sealed, "totp_used_step": proved.step}
        fields: dict[str, tuple[object, object]] = {"authenticator": (HIDDEN if member.has_password else None, f"{HIDDEN} (new)")}
        if proved.password_hash is not None:
            values["password_hash"] = proved.password_hash
            fields["password"] = fields["authenticator"]
        with self._bench.database.unit_of_work():
            self._transient.delete(_KIND, place)
            self._store(member, values, fields)

    def change_password(self, member: StaffMember, password: str) -> None:
        """For an account that has an authenticator app already."""
        if not member.has_password:
            raise Conflict(translatable("Set up an authenticator app first."), field="password")
        hashed = passwords.hash_of(passwords.check(password, member.email, member.name))
        self._store(member, {"password_hash": hashed}, {"password": (HIDDEN, f"{HIDDEN} (new)")})

    def remove_password(self, member: StaffMember) -> None:
        """Password and app go together. Raises Conflict when nothing else would be left to sign in with."""
        if not member.passkeys:
            raise Conflict(translatable("Add a passkey first: you would have nothing left to sign in with."), field="password")
        nothing = dict.fromkeys(("password_hash", "sealed_totp", "totp_used_step"))
        self._store(member, nothing, {"password": (HIDDEN, None), "authenticator": (HIDDEN, None)})

    def _store(self, member: StaffMember, values: dict[str, object], fields: dict[str, tuple[object, object]]) -> None:
        with self._bench.database.unit_of_work() as connection:
            staff_queries.change(connection, member.id, values)
            self._accounts.changed(member.actor, member.id, member.tenant_id, Action.UPDATED, fields)

    # --- what waits ---------------------------------------------------------------------------------------------------

    def _keep(self, place: str, enrolment: _Enrolment) -> None:
        sealed = self._bench.keyring.seal(msgspec.json.encode(enrolment), _KIND)
        self._transient.put(_KIND, place, sealed, self._bench.clock.now() + _PENDING)

    def _kept(self, place: str, member: StaffMember) -> _Enrolment | None:
        sealed = self._transient.get(_KIND, place)
        if sealed is None:
            return None
        enrolment = msgspec.json.decode(self._bench.keyring.open(sealed, _KIND), type=_Enrolment)
        return enrolment if enrolment.staff_id == member.id else None

    # --- checking -----------------------------------------------------------------------------------------------------

    def check_password(self, staff_id: str | None, password: str) -> bool:
        """Takes as long for nobody as for somebody."""
        with self._bench.database.reading() as connection:
            row = staff_queries.by_id(connection, staff_id) if staff_id is not None else None
        stored = row.password_hash if row is not None and row.enabled else None
        if not passwords.matches(password, stored):
            return False
        if stored is not None and row is not None and passwords.outdated(stored):
            again = passwords.hash_of(passwords.normal(password))
            with self._bench.database.unit_of_work() as connection:
                staff_queries.change(connection, row.id, {"password_hash": again})
        return True

    def check_code(self, staff_id: str, code: str) -> bool:
        """Each code opens once, and none that is older than one that did."""
        with self._bench.database.unit_of_work() as connection:
            row = staff_queries.by_id(connection, staff_id)
            if row is None or not row.enabled or row.sealed_totp is None:
                return False
            key = self._bench.keyring.open(row.sealed_totp, _context(staff_id)).decode()
            step = totp.step_of(key, code, self._bench.clock)
            return step is not None and staff_queries.use_totp_step(connection, staff_id, step)


def _context(staff_id: str) -> str:
    return f"staff {staff_id} authenticator"
