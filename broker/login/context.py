"""What the stages of one request share: the transaction so far, the application, the browser, the trace."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from broker.catalog.catalog import Catalog
from broker.catalog.places import Places
from broker.catalog.prepare import PreparedApplication
from broker.domain.branding import Branding
from broker.domain.clock import Clock
from broker.domain.http import Cookie, Incoming, Outgoing
from broker.domain.session import Session
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.keys.keyring import Keyring
from broker.login.downstream import DownstreamProtocol
from broker.login.host_uses import HostUses
from broker.store.db import Database
from broker.store.trace_log import TraceLog
from broker.store.transient.contract import TransientStore

BROWSER_COOKIE = "vestibule-browser"
SESSION_COOKIE = "vestibule-session"
REMEMBERED_COOKIE = "vestibule-home-realm"


@dataclass(frozen=True, slots=True)
class Hub:
    """What the pipeline stands on; made once in `broker.app`."""

    database: Database
    catalog: Catalog
    places: Places
    keyring: Keyring
    transient: TransientStore
    traces: TraceLog
    clock: Clock
    downstream: dict[str, DownstreamProtocol]
    transaction_seconds: int = 3600
    host_uses: HostUses = field(default_factory=HostUses)


@dataclass(slots=True)
class Login:
    """One request's work on one transaction."""

    hub: Hub
    transaction: LoginTransaction
    application: PreparedApplication
    incoming: Incoming
    trace: Trace
    session: Session | None = None
    """The browser's session, when it was found valid and is being reused."""
    cookies: list[Cookie] = field(default_factory=list)
    resumed: bool = False
    """Whether the transaction has been waiting; a new one is not stored yet."""

    def leave(self, **products: Any) -> None:
        """Puts a product on the transaction."""
        self.transaction = replace(self.transaction, **products)

    @property
    def branding(self) -> Branding:
        """How pages of this login look: as the application's, then as the tenant's, if it is certain which one that is."""
        application, transaction = self.application.application, self.transaction
        tenant_id = transaction.home_realm.tenant_id if transaction.home_realm else transaction.request.hints.tenant_id
        if tenant_id is None and application.tenant_ids is not None and len(application.tenant_ids) == 1:
            tenant_id = next(iter(application.tenant_ids))
        prepared = self.hub.catalog.tenant(tenant_id) if tenant_id is not None else None
        return application.branding if prepared is None else application.branding.over(prepared.tenant.branding)

    def forget_person(self) -> None:
        """Takes off the transaction whatever was said about a person: a refused answer may not reach another home realm."""
        self.leave(authentication=None, directory=None, claims=None, identity=None, permitted=None, response=None)


Stage = Callable[[Login], "Outgoing | None"]


def hash_handle(handle: str) -> bytes:
    """What is stored of a secret that a browser holds."""
    return hashlib.sha256(handle.encode("utf-8", "surrogatepass")).digest()


def same_browser(incoming: Incoming, browser_hash: str) -> bool:
    """Does the binding cookie belong to the browser that started this? Compared in constant time."""
    handle = incoming.cookies.get(BROWSER_COOKIE, "")
    return bool(handle) and hmac.compare_digest(hash_handle(handle).hex(), browser_hash)
