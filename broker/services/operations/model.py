"""What an operation is. See the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import UNSET

from broker.domain.errors import InvalidSettings
from broker.domain.trust import Tenant
from broker.services.actor import Actor, Verb
from broker.services.context import given as given

if TYPE_CHECKING:
    from broker.services.account import Account
    from broker.services.api_tokens import ApiTokens
    from broker.services.applications import Applications
    from broker.services.audit import Audit
    from broker.services.branding import Brandings
    from broker.services.configuration import Configuration
    from broker.services.connectors import Connectors
    from broker.services.context import Workbench
    from broker.services.doctor import Doctor
    from broker.services.domain_proof import DomainProof
    from broker.services.effort import Effort
    from broker.services.explain import Explain
    from broker.services.export import Export
    from broker.services.federation import FederationMap
    from broker.services.following import Following
    from broker.services.health import ConnectorHealth
    from broker.services.hosts import Hosts
    from broker.services.idempotency import Idempotency
    from broker.services.identities import Identities
    from broker.services.intake import Intakes
    from broker.services.key_policy import KeyPolicies
    from broker.services.master_key import MasterKey
    from broker.services.own_keys import OwnKeys
    from broker.services.post import Post
    from broker.services.provisioning import Directories, DirectoryGroups, DirectoryPeople
    from broker.services.reach import Reach
    from broker.services.safeguards import Safeguards
    from broker.services.setup_links import SetupLinks
    from broker.services.setup_renewal import SetupRenewal
    from broker.services.signing_keys import SigningKeys
    from broker.services.staff import Staff
    from broker.services.statistics import Statistics
    from broker.services.tenants import Tenants
    from broker.services.test_login import LoginTests
    from broker.services.throttle import Throttle
    from broker.services.traces import Traces
    from broker.services.upkeep import Upkeep
    from broker.services.watch import Watch

T = TypeVar("T")
MAX_PAGE = 200
MAX_BYTES = 2 * 1024 * 1024
"""Of one request, unless its operation takes more."""


@dataclass(frozen=True, slots=True)
class Services:
    """Every service, made once in `broker.app`."""

    bench: Workbench
    tenants: Tenants
    connectors: Connectors
    applications: Applications
    configuration: Configuration
    export: Export
    setup_links: SetupLinks
    traces: Traces
    explain: Explain
    audit: Audit
    statistics: Statistics
    federation: FederationMap
    health: ConnectorHealth
    reach: Reach
    following: Following
    watch: Watch
    upkeep: Upkeep
    staff: Staff
    throttle: Throttle
    effort: Effort
    identities: Identities
    account: Account
    brandings: Brandings
    master_key: MasterKey
    doctor: Doctor
    login_tests: LoginTests
    api_tokens: ApiTokens
    idempotency: Idempotency
    domain_proof: DomainProof
    intakes: Intakes
    setup_renewal: SetupRenewal
    signing_keys: SigningKeys
    own_keys: OwnKeys
    key_policies: KeyPolicies
    post: Post
    directories: Directories
    directory_people: DirectoryPeople
    directory_groups: DirectoryGroups
    hosts: Hosts
    safeguards: Safeguards


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, of whom, about which tenant (None for the hub itself)."""

    services: Services
    actor: Actor
    of_tenant: Tenant | None = None

    @property
    def tenant(self) -> Tenant:
        """The tenant that the input names; an operation without one must not ask."""
        if self.of_tenant is None:
            raise RuntimeError("this operation has no tenant")
        return self.of_tenant


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table.

    `path` is below `/api/v1`; its `{names}` are fields of `input`. An input with the field `tenant` (a slug) belongs to
    that tenant: `run` resolves it, and an actor of another tenant is told that there is none. Without that field it
    belongs to the hub, and actors of a tenant are refused, unless `narrowed`: then the function itself shows them their
    own part only. `sensitive`: the console asks people to confirm who they are first (secrets, certificates, domains).
    `leaves_nothing`: neither what is asked nor what is answered may be kept, not even for an Idempotency-Key.
    """

    name: str
    summary: str
    verb: Verb
    method: str
    path: str
    input: type
    output: Any
    run: Callable[[Call, Any], Any]
    narrowed: bool = False
    sensitive: bool = False
    leaves_nothing: bool = False
    max_bytes: int = MAX_BYTES

    @property
    def changes(self) -> bool:
        return self.method not in {"GET", "HEAD"}

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Fields of the input that stand in the path, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def of_tenant(self) -> bool:
        return any(item.name == "tenant" for item in fields(self.input))


def argument(
    help: str,
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    secret: bool = False,
    choices: tuple[str, ...] = (),
    multiline: bool = False,
    holds_secrets: bool = False,
) -> Any:
    """A field of an operation's input or output: the API's description and the command line's help are made from `help`.

    `secret`: never shown again by any face, and read from a file or the environment by the command line.
    `holds_secrets`: some of what is in it may be secret (settings by name), so its value stays out of every repr.
    """
    metadata = {"help": help, "secret": secret, "choices": choices, "multiline": multiline}
    shown = not (secret or holds_secrets)
    if default_factory is not MISSING:
        return field(default_factory=default_factory, metadata=metadata, repr=shown)
    if default is not MISSING:
        return field(default=default, metadata=metadata, repr=shown)
    return field(metadata=metadata, repr=shown)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next` goes into `after` to get the following one; "" at the end."""

    items: tuple[T, ...] = argument("What is on this page.")
    next: str = argument("What to send as `after` for the next page; empty: this is the last.", default="")


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is gone now."""

    kind: str = argument("What kind of thing it was.")
    name: str = argument("Its name.")


def page_of(items: list[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """From one item more than asked for: whether there is a next page."""
    return Page(tuple(items[:limit]), key(items[limit - 1]) if len(items) > limit else "")


def check_limit(limit: int) -> int:
    """Raises InvalidSettings."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidSettings(f"A page has from 1 to {MAX_PAGE} items.", field="limit")
    return limit


TENANT = "Short name of the tenant."
RULES = "Claim rules, as in the declarative file."
AFTER = "Where the page begins: `next` of the page before."
LIMIT = f"How many items at most, 1 to {MAX_PAGE}."
VERSION = "Refuse the change unless this is the version that is stored; 0: unless it is new."

__all__ = [
    "AFTER",
    "LIMIT",
    "RULES",
    "TENANT",
    "UNSET",
    "VERSION",
    "Call",
    "Deleted",
    "Operation",
    "Page",
    "Services",
    "argument",
    "check_limit",
    "given",
    "page_of",
]
