"""What a directory says about a person, in no protocol's terms, and what it proves about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from broker.domain.claims import Claim
from broker.domain.directory import Matching, name_key
from broker.domain.folding import MAX_LENGTH, fold, search_words
from broker.store.tables.directory_logins import leaver_key
from broker.store.tables.directory_people import ADDRESS


@dataclass(frozen=True, slots=True)
class Caller:
    """A directory that has proved itself with a token of its connector. It can reach nothing but that connector's people."""

    tenant_id: str
    connector_id: str
    connector_slug: str
    connector_name: str
    token_id: str
    matching: Matching

    @property
    def name(self) -> str:
        """For the audit log."""
        return f"directory:{self.connector_slug}"

    @property
    def of(self) -> tuple[str, str]:
        """What every query names first."""
        return self.tenant_id, self.connector_id


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """`attributes`: everything, as the directory's protocol shows it. `addresses`: (address, what it is for), the main one first.
    `claims`: what logins will learn.
    """

    user_name: str
    active: bool
    external_id: str | None = None
    display_name: str | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    claims: tuple[Claim, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def email(self) -> str | None:
        """The main address as it is compared; None when there is none that fits."""
        return name_key(self.addresses[0][0])[:320] if self.addresses else None

    def found_by(self) -> set[tuple[str, str]]:
        """(kind, word): what people are searched by, and each address with what it is for."""
        words = {("", word) for word in search_words(self.user_name, self.display_name)}
        return words | {(f"{ADDRESS}{kind.casefold()}"[:60], fold(address)[:MAX_LENGTH]) for address, kind in self.addresses}

    def leaver_keys(self) -> set[bytes]:
        """By which somebody is kept out after they have been deleted, and let in again when they come back."""
        keys = {leaver_key("user name", name_key(self.user_name))}
        if self.external_id is not None:
            keys.add(leaver_key("external id", self.external_id))
        if self.email is not None:
            keys.add(leaver_key("email", self.email))
        return keys
