"""The connector SDK: everything that a connector, built in or third-party, implements and receives.

A connector has two verbs. `begin` says where the browser goes; `complete` turns what comes back into a verified
`UpstreamAuthentication` or raises. The host (`broker.login.upstream`) does what is common to all: the login is bound to
this browser, not expired, answered once, at this connector's own address, and each answer is burnt in the replay memory.
The connector does what is particular: signature, issuer, audience, recipient, InResponseTo or nonce, times.

A third party ships a package with an entry point in the group `vestibule.connectors` whose object is a `ConnectorType`:
see `docs/write-a-connector.md` and the conformance suite in `tests/conformance/connectors.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from broker.domain.authentication import UpstreamAuthentication
from broker.domain.clock import Clock
from broker.domain.http import Incoming, Outgoing
from broker.domain.keys import SigningKey
from broker.domain.settings_fields import setting as setting  # part of this SDK: connectors import it from here
from broker.domain.trace import Trace
from broker.domain.transaction import Expectation
from broker.domain.trust import Connector
from broker.net.answer import Answer as Answer  # part of this SDK, like `setting`

PROMPT_HANDLE = "state"
"""The hidden field in which the form of a `Prompt` carries the handle. The host puts it there and says where the form goes."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Our own addresses toward one identity provider, one set per connector (PRODUCT rule 7)."""

    entity_id: str
    acs: str
    redirect_uri: str
    metadata: str


class Fetcher(Protocol):
    """The one way out (`broker.net.fetch`): timeouts, size limit, no redirects, private addresses refused."""

    def get(self, url: str, *, headers: dict[str, str] | None = None, follow: bool = True) -> Answer:
        """Raises FetchError. Without `follow` a redirect is an answer like any other."""
        ...

    def post(
        self, url: str, *, data: dict[str, str], headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> Answer:
        """Raises FetchError. `auth` is HTTP Basic with both parts form-encoded first (RFC 6749 2.3.1)."""
        ...

    def session(self) -> Any:
        """A `requests.Session` with the same guards mounted, for libraries that want one (Authlib's client)."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """All that a connector can reach. `signing_keys[0]` signs now, all are published; all `decryption_keys` decrypt, and the first
    is the one to offer."""

    clock: Clock
    fetcher: Fetcher
    addresses: Addresses
    signing_keys: tuple[SigningKey, ...] = ()
    decryption_keys: tuple[SigningKey, ...] = ()
    skew_seconds: int = 90
    production: bool = False
    """In production an identity provider's addresses must be https."""


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """What the pipeline asks of the identity provider. `handle` must come back in RelayState, state or `PROMPT_HANDLE`."""

    handle: str
    login_hint: str | None = None
    force_authentication: bool = False
    passive: bool = False
    select_account: bool = False
    max_age_seconds: int | None = None
    requested_contexts: tuple[str, ...] = ()
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Continue:
    """The exchange goes on: a wrong password, a next leg."""

    outgoing: Outgoing
    expectation: Expectation


class Upstream(Protocol):
    """One connector, prepared for use: immutable, shared by threads, nothing parsed per login."""

    def begin(self, request: UpstreamRequest, trace: Trace) -> tuple[Outgoing, Expectation]: ...

    def complete(self, incoming: Incoming, expected: Expectation, trace: Trace) -> UpstreamAuthentication | Continue:
        """Raises UpstreamRefused, InvalidUpstreamResponse, ConnectorUnavailable. Records every check on the trace."""
        ...

    def reply_handle(self, incoming: Incoming) -> str | None:
        """The transaction handle that the answer carries (RelayState, state), unverified; None if absent."""
        ...


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One thing that the identity provider's administrator enters or does. `value` gets a copy button."""

    label: str
    value: str = ""
    help: str = ""
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class SetupSheet:
    """What to enter at the other side; portal, CLI, API and docs show the same sheet."""

    title: str
    steps: tuple[SetupStep, ...]


class ConnectorType(Protocol):
    """The code of a kind of identity provider."""

    name: str
    label: str
    protocol: str  # "saml", "oidc", …: what the portal asks first
    Settings: type

    def prepare(self, connector: Connector, tools: Tools) -> Upstream:
        """Called when configuration changes. Raises InvalidSettings; must not touch the network."""
        ...

    def setup_sheet(self, connector: Connector, tools: Tools) -> SetupSheet: ...


USERINFO_NOT_ASKED = "userinfo not asked"
"""Name of the decision with which a survey says that a login would have learnt more than the message alone."""


@runtime_checkable
class Surveys(Protocol):
    """An upstream that can judge a message which somebody pasted, as far as one message by itself can be judged."""

    def survey(self, message: bytes, trace: Trace) -> UpstreamAuthentication | None:
        """What a login would say: every check goes on the trace, further ones after a failure too where that is possible.

        Touches no network and burns nothing. None when nobody can be made out. What it returns is for showing: it was not
        verified, because a failed check may have been passed over to see the next ones. Raises nothing for a bad message.
        """
        ...


@runtime_checkable
class ReadsMetadata(Protocol):
    """A connector type whose settings can be made from a metadata document (file, paste or URL)."""

    def settings_from_metadata(self, document: bytes, tools: Tools, current: Any | None = None) -> tuple[Any, list[str], list[str]]:
        """(settings, what was understood in words, warnings). Raises InvalidMetadata; `current` keeps the other fields."""
        ...


@runtime_checkable
class PublishesMetadata(Protocol):
    """A connector type with a metadata document of ours to give to the identity provider."""

    def metadata_document(self, connector: Connector, tools: Tools) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether an identity provider answers, as somebody found who only looked.

    `problem` is "" when it answers, else a stable word: those of `broker.net.failure`, and `status` (`detail` has the
    number), `own_error` (it is there, and answered with this one), `not_description`, `other_issuer`, `keys`, `not_allowed` and
    `no_address` (nobody can be asked: nothing is known).
    """

    problem: str = ""
    detail: str = ""
    address: str = ""
    """What was asked, without its query."""
    seconds: float | None = None
    certificate_ends_at: datetime | None = None
    """Of the host's TLS certificate; None when it was not seen this time."""
    clock_offset_ms: int | None = None
    """How far the provider's clock is ahead of ours, to about a second; None when its answer does not say."""


@runtime_checkable
class Probes(Protocol):
    """A connector type that can look whether its identity provider is there, without anybody signing in."""

    def probe(self, settings: Any, tools: Tools) -> Probe:
        """Changes nothing anywhere. Raises nothing for a provider that does not answer: that is a `Probe` too."""
        ...


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of the document that was read last, for a conditional request (RFC 9110 13.1)."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a provider publishes now. `settings` None: the same document as before.

    `waits`: why a person has to decide before it is taken over, as stable words: `no_known_key`, `other_host`,
    `secret_elsewhere`. What differs from the settings that were given is what would change; nothing else may.
    """

    settings: Any | None = field(default=None, repr=False)
    understood: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    validators: Validators = Validators()
    cache_for: timedelta | None = None
    valid_until: datetime | None = None


@runtime_checkable
class FollowsProvider(Protocol):
    """A connector type that keeps up with what its provider publishes: new certificates, addresses, keys."""

    def followed(self, settings: Any) -> str:
        """The address that is read by the clock; "" when nothing is followed."""
        ...

    def read_again(self, settings: Any, tools: Tools, known: Validators) -> Reading:
        """Raises FetchError, InvalidMetadata, InvalidSettings; then everything stays as it was."""
        ...


@runtime_checkable
class Discovers(Protocol):
    """A connector type that completes its settings over the network when it is saved (OIDC discovery)."""

    def discover(self, settings: Any, tools: Tools) -> tuple[Any, list[str], list[str]]:
        """(completed settings, what was understood, warnings). Raises FetchError or InvalidSettings."""
        ...
