"""What the account page needs of the hub, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from broker.domain.http import Incoming, Reply
from broker.services.account import Account


class SignsIn(Protocol):
    """The way into the pipeline."""

    def begin(self, incoming: Incoming) -> Reply:
        """Ends at the account page with a session, or with whatever the person must see first."""
        ...


@dataclass(frozen=True, slots=True)
class AccountFace:
    """`session_cookie`: the name under which the browser brings its session's handle."""

    account: Account
    sign_in: SignsIn
    session_cookie: str
