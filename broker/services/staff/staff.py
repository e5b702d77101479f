"""The one door to everything about staff. See the package."""

from __future__ import annotations

from broker.services.context import Workbench
from broker.services.effort import Effort
from broker.services.staff.accounts import Accounts
from broker.services.staff.connectors import ChosenConnectors, StaffConnectors
from broker.services.staff.credentials import Credentials
from broker.services.staff.enrolment import Enrolment
from broker.services.staff.held import HeldForms
from broker.services.staff.invitations import Invitations
from broker.services.staff.passkeys import Passkeys
from broker.services.staff.sessions import Sessions
from broker.services.staff.sign_in import SignIn
from broker.services.throttle import Throttle
from broker.store.transient.contract import TransientStore


class Staff:
    def __init__(self, bench: Workbench, transient: TransientStore, throttle: Throttle, effort: Effort) -> None:
        self.accounts = Accounts(bench)
        self.sessions = Sessions(bench)
        self.invitations = Invitations(bench, self.accounts)
        self.credentials = Credentials(bench, transient, throttle, self.accounts)
        self.passkeys = Passkeys(bench, transient, self.accounts)
        parts = (self.accounts, self.credentials, self.passkeys, self.sessions)
        self.sign_in = SignIn(bench, transient, throttle, *parts, effort)
        self.enrolment = Enrolment(bench, self)
        self.held = HeldForms(bench, transient)
        self.connectors = StaffConnectors(bench.database, transient, bench.clock)
        self.chosen = ChosenConnectors(bench)
