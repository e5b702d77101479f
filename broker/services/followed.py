"""What was last read of the metadata that a connector follows, in words; and what that means for when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.domain.errors import BrokerError, ConfigurationError, FetchError
from broker.domain.messages import translatable
from broker.domain.trust import Connector
from broker.services.reached import WORDS
from connectors import registry
from connectors.contract import FollowsProvider

WAITS: dict[str, str] = {
    "no_known_key": translatable("None of the certificates that we know is in it any more."),
    "other_host": translatable("People would be sent to another host to sign in."),
    "secret_elsewhere": translatable("Our client secret would go to another host."),
}


@dataclass(frozen=True, slots=True)
class Followed:
    """`address` "": nothing is followed. `problem`: why the last try failed, in words; what was read before still holds."""

    address: str = ""
    read_at: datetime | None = None
    good_at: datetime | None = None
    changed_at: datetime | None = None
    next_at: datetime | None = None
    valid_until: datetime | None = None
    problem: str = ""
    waits: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        return bool(self.address) and self.good_at is not None and not self.problem

    def metadata_end(self, stated: datetime | None) -> datetime | None:
        """When metadata ends; `stated`: what the settings say of the document that was imported."""
        return self.valid_until or stated

    def worrying_end(self, stated: datetime | None, now: datetime) -> datetime | None:
        """The same, when it is a reason to act: metadata that is read again before it ends is none, however short its life."""
        end = self.metadata_end(stated)
        return None if end is not None and self.works and end > now else end


def followed_address(connector: Connector) -> str:
    """What the connector's type reads again by the clock."""
    if connector.type not in registry.names():
        return ""
    kind = registry.connector_type(connector.type)
    return kind.followed(connector.settings) if isinstance(kind, FollowsProvider) else ""


def followed(address: str, row: Any) -> Followed:
    """`row`: of `connector_following`, or None."""
    if row is None or not address:
        return Followed(address)
    waits = tuple(row.waits.split())
    return Followed(address, row.read_at, row.good_at, row.changed_at, row.due_at, row.valid_until, row.problem, waits)


def sentence_of(error: BrokerError) -> str:
    """For people; never what the other side answered."""
    if isinstance(error, FetchError) and error.problem in WORDS:
        return WORDS[error.problem].sentence
    return error.sentence if isinstance(error, ConfigurationError | FetchError) else BrokerError.sentence
