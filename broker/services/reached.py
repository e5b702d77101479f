"""Whether an identity provider answers, in words: what was seen, who can do something about it, and what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import Act
from broker.domain.messages import translatable
from broker.store.tables.reach import CONFIRMED

UNKNOWN = frozenset({"not_allowed", "no_address"})
"""Problems that say nothing of the provider: we did not ask."""


ANSWERS = frozenset({"", "own_error"})
"""It is there: what it says of an empty request is no reason to alarm anybody."""
LATELY = timedelta(days=3)
"""Over a weekend: a sign-in of so short a time ago says more than any look."""


@dataclass(frozen=True, slots=True)
class Said:
    """A problem for people. The sentence may have a hole for the detail."""

    sentence: str
    act: Act
    fix: str


_CUSTOMER = Act.CUSTOMER_IT
_CERTIFICATE = translatable("The identity provider’s web server needs another certificate.")

WORDS: dict[str, Said] = {
    "no_name": Said(
        translatable("Its host name does not exist in the DNS."),
        _CUSTOMER,
        translatable("Check the address in the settings, and the DNS entry of the identity provider."),
    ),
    "refused": Said(
        translatable("Its server refuses connections."),
        _CUSTOMER,
        translatable("Start the identity provider, or let its firewall admit us."),
    ),
    "unreachable": Said(
        translatable("There is no way to its server from here."),
        _CUSTOMER,
        translatable("Look at the network and the firewall in front of the identity provider."),
    ),
    "timeout": Said(
        translatable("It did not answer in time."),
        _CUSTOMER,
        translatable("Look whether the identity provider is overloaded, or a firewall drops what we send."),
    ),
    "tls_expired": Said(translatable("The certificate of its web server is not valid at this time."), _CUSTOMER, _CERTIFICATE),
    "tls_name": Said(translatable("The certificate of its web server is for another host name."), _CUSTOMER, _CERTIFICATE),
    "tls_untrusted": Said(
        translatable("Nobody that we trust has issued the certificate of its web server."),
        _CUSTOMER,
        translatable("Often the web server does not send the intermediate certificate. It must send the whole chain."),
    ),
    "tls": Said(
        translatable("An encrypted connection to it could not be made."),
        _CUSTOMER,
        translatable("The web server must speak TLS 1.2 or later."),
    ),
    "broken": Said(
        translatable("The connection broke before it had answered."),
        _CUSTOMER,
        translatable("Look at the log of the identity provider and of what stands in front of it."),
    ),
    "too_large": Said(
        translatable("Its answer is too large."), _CUSTOMER, translatable("Check the address: it leads to something else.")
    ),
    "encoding": Said(
        translatable("Its answer is compressed although we did not ask for that."),
        _CUSTOMER,
        translatable("Switch off forced compression for this address."),
    ),
    "status": Said(
        translatable("It answered with the HTTP status %(status)s."),
        _CUSTOMER,
        translatable("Open the address in a browser. If it fails there too, look at the log of the identity provider."),
    ),
    "own_error": Said(
        translatable("It answers, but with the error %(status)s when nobody signs in. Only a sign-in shows whether it works."),
        _CUSTOMER,
        translatable("Test the sign-in. If that works, nothing has to be done; else look at the log of the identity provider."),
    ),
    "not_description": Said(
        translatable("What it published is no usable OpenID Connect description any more."),
        _CUSTOMER,
        translatable("Open the address in a browser: a description in JSON must appear."),
    ),
    "other_issuer": Said(
        translatable("Its description names another issuer than the one that we know."),
        _CUSTOMER,
        translatable("The issuer must stay the same, letter for letter. If it has moved for good, set up a new connector."),
    ),
    "keys": Said(
        translatable("Its keys cannot be read, so nothing that it signs could be verified."),
        _CUSTOMER,
        translatable("Look at the document behind jwks_uri."),
    ),
    "not_allowed": Said(
        translatable("We do not ask this address from here, because it is a private one. People can still sign in through it."),
        Act.OPERATOR,
        translatable("Allow its host or network in the settings of this hub if it should be asked."),
    ),
    "no_address": Said(
        translatable("There is no address yet at which it could be asked."),
        Act.OPERATOR,
        translatable("Finish the settings of the connector."),
    ),
}


@dataclass(frozen=True, slots=True)
class Reached:
    """What the last look found. `reachable` None: it is not known."""

    reachable: bool | None = None
    since: datetime | None = None
    probed_at: datetime | None = None
    failures: int = 0
    problem: str = ""
    detail: str = ""
    address: str = ""
    response_ms: int | None = None
    tls_expires_at: datetime | None = None
    clock_offset_ms: int | None = None

    def silent_since(self, last_success_at: datetime | None) -> datetime | None:
        """Since when it does not answer, if that is certain enough to tell: nobody has signed in through it meanwhile."""
        if self.reachable is not False or self.failures < CONFIRMED or self.since is None:
            return None
        # Browsers may reach what this hub cannot: a provider in the customer's own network works all the same.
        return None if last_success_at is not None and last_success_at > self.since else self.since

    def as_known(self, last_success_at: datetime | None, now: datetime) -> Reached:
        """What a sign-in has shown outranks what an empty request was answered with."""
        proved = self.reachable is True and last_success_at is not None and now - last_success_at < LATELY
        return replace(self, problem="", detail="") if proved and self.problem else self

    @property
    def said(self) -> Said | None:
        return WORDS.get(self.problem)

    @property
    def sentence(self) -> str:
        said = self.said
        return "" if said is None else said.sentence.replace("%(status)s", self.detail)


def reached(row: Any) -> Reached:
    """From a row of `connector_reach`, or None."""
    return Reached() if row is None else Reached(**{name: getattr(row, name) for name in Reached.__dataclass_fields__})
