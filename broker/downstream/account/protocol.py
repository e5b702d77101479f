"""Sign-in to the account page: any session of the hub answers it, otherwise the home realm page comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.domain.account import ACCOUNT_ID, ADDRESS
from broker.domain.errors import BrokerError, InvalidSettings
from broker.domain.http import Outgoing, Page, Redirect
from broker.domain.messages import translatable
from broker.domain.response import AuthenticationResponse
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Application


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """There is nothing to set."""


class AccountProtocol:
    """Implements `broker.login.downstream.DownstreamProtocol` and `BuiltIn`."""

    name = "account"
    Settings: type = AccountSettings
    built_in = Application(
        id=ACCOUNT_ID,
        slug="account",
        name=translatable("your account"),
        protocol="account",
        settings=AccountSettings(),
        tenant_ids=None,  # whoever can sign in anywhere may see what the hub knows of them
        subject_kind="public",
        authorization_rules=({"template": "permit_all"},),
    )

    def prepare(self, application: Application) -> None:
        """Raises InvalidSettings for any application but the one that is built in."""
        if application.id != ACCOUNT_ID:
            raise InvalidSettings("The account page is part of the hub; it cannot be registered.", field="protocol")

    def lookup_keys(self, application: Application) -> tuple[str, ...]:
        return ()

    def answers_at(self, address: str, application: Application, prepared: Any) -> bool:
        return address == ADDRESS

    def answer(
        self, transaction: LoginTransaction, application: Application, prepared: Any, response: AuthenticationResponse, trace: Trace
    ) -> Outgoing:
        """The browser holds the session already, and the session says that the account page was reached through the pipeline."""
        return Redirect(ADDRESS)

    def refuse(
        self, transaction: LoginTransaction, application: Application, prepared: Any, error: BrokerError, trace: Trace
    ) -> Outgoing:
        return Page("account/left.html")
