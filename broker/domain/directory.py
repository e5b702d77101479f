"""A customer's directory as logins see it: who of its people may sign in, and what it says about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.domain.claims import Claims


class Matching(StrEnum):
    """How a person who signs in is found in the directory, the first time. Afterwards they are remembered."""

    SUBJECT = "subject"  # the provider's own key is the directory's external id or user name, letter by letter
    EMAIL = "email"  # the verified address is the directory's main address or user name


class UnknownPeople(StrEnum):
    """What happens to people who sign in and are not in the directory."""

    ADMIT = "admit"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class DirectoryPolicy:
    """Of a connector whose directory is switched on."""

    matching: Matching
    unknown_people: UnknownPeople


@dataclass(frozen=True, slots=True)
class DirectoryStanding:
    """What a directory says about the person of this login; nothing at all when the connector has no directory.

    `remembered`: that this person of the hub is that one of the directory need not be written down any more.
    """

    person_id: str | None = None
    claims: Claims = Claims()
    remembered: bool = True


def name_key(name: str) -> str:
    """A user name or group name without capitals: two that differ in nothing else are one (RFC 7643 4.1.1).

    No longer than an entry of an index may be: PostgreSQL's ends at 2704 bytes.
    """
    return name.casefold()[:600]
