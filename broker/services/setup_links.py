"""Set-up links: the customer's administrator, without an account, connects their company's identity provider.

The link is the actor: bound to one tenant, expiring, revocable, with the one verb SET_UP. Only its hash is stored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from msgspec import UNSET

from broker.domain import random_ids
from broker.domain.errors import Conflict, InvalidSettings, InvalidSetupLink, UnknownObject
from broker.domain.messages import translatable
from broker.domain.trust import Connector, Tenant
from broker.services.actor import Actor, Verb
from broker.services.connectors import Connectors, SaveConnector
from broker.services.context import Action, Workbench, record
from broker.services.tenants import Tenants
from broker.services.throttle import Limit, Throttle
from broker.store.tables import setup_links
from connectors import registry
from connectors.contract import SetupSheet

DEFAULT_DAYS = 14
MAX_DAYS = 90
MAX_RETURN_URL = 500
MOST_CONNECTORS = 50
"""Of a tenant, before a link makes no more of them. Operators may."""
_GUESSES = Limit("set-up links that do not exist", 20, 600)
_CHANGES = Limit("changes by one set-up link", 90, 600)
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SetupLink:
    """`token` only when it has just been made; nobody can read it again."""

    id: str
    tenant_id: str
    expires_at: datetime
    revoked: bool
    token: str = field(default="", repr=False)
    label: str = ""
    created_by: str = ""
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    return_url: str = ""
    """Where its pages lead back to: the product in which the customer's administrator began."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with a link that works: the link is the actor, its tenant and its connector are all that it can reach."""

    link_id: str
    tenant: Tenant
    actor: Actor
    connector: Connector | None
    expires_at: datetime
    return_url: str = ""

    def chosen(self) -> Connector:
        """Raises InvalidSettings."""
        if self.connector is None:
            raise InvalidSettings("First choose the system that your company uses.", field="kind")
        return self.connector


@dataclass(frozen=True, slots=True)
class SetupConnector:
    """The connector that this link sets up, in words."""

    name: str
    type: str
    label: str
    protocol: str
    enabled: bool
    held: bool
    """An operator switched it off, and the link does not switch it on again."""
    ready: bool
    understood: tuple[str, ...]
    warnings: tuple[str, ...]
    sheet: SetupSheet


@dataclass(frozen=True, slots=True)
class SetupState:
    """All that the set-up page shows."""

    tenant_name: str
    expires_at: datetime
    return_url: str
    connector: SetupConnector | None
    domains: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str, str], ...]


class SetupLinks:
    def __init__(self, bench: Workbench, tenants: Tenants, connectors: Connectors, throttle: Throttle) -> None:
        self._bench = bench
        self._throttle = throttle
        self._tenants = tenants
        self._connectors = connectors

    # --- the operator's side ------------------------------------------------------------------------------------------

    def create(self, actor: Actor, tenant_id: str, *, days: int = DEFAULT_DAYS, label: str = "", return_url: str = "") -> SetupLink:
        """A new link; `token` is in the result and nowhere else."""
        actor.require(Verb.CONFIGURE, tenant_id)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidSettings(f"A set-up link lives from 1 to {MAX_DAYS} days.", field="days")
        if len(label) > 200:
            raise InvalidSettings("A label has at most 200 characters.", field="label")
        return_url = self._leads_back(return_url.strip())
        now, token = self._bench.clock.now(), random_ids.secret()
        link = SetupLink(
            random_ids.object_id("lnk"),
            tenant_id,
            now + timedelta(days=days),
            revoked=False,
            token=token,
            label=label.strip(),
            created_by=actor.name[:120],
            created_at=now,
            return_url=return_url,
        )
        values = {name: getattr(link, name) for name in ("id", "label", "created_by", "created_at", "expires_at", "return_url")}
        with self._bench.database.unit_of_work() as connection:
            setup_links.create(connection, tenant_id, {"token_hash": _hash(token), **values})
            record(
                self._bench,
                actor,
                kind="setup_link",
                object_id=link.id,
                tenant_id=tenant_id,
                action=Action.CREATED,
                fields_changed={"label": (None, link.label), "days": (None, days), "return_url": (None, return_url)},
            )
        return link

    def _leads_back(self, url: str) -> str:
        """Where the pages lead back to, if anywhere. Raises InvalidSettings."""
        if not url:
            return ""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        schemes = {"https"} if self._bench.settings.production else {"https", "http"}
        sound = bool(host) and parts.scheme in schemes and parts.username is None and url.isprintable()
        if not sound or len(url) > MAX_RETURN_URL:
            raise InvalidSettings(translatable("Give an https address of your own product."), field="return_url")
        return url

    def all(self, tenant_id: str, *, after_id: str = "", limit: int = 1000) -> list[SetupLink]:
        """Newest first."""
        with self._bench.database.reading() as connection:
            rows = setup_links.of_tenant(connection, tenant_id, after=after_id, limit=limit)
        return [
            SetupLink(
                row.id,
                row.tenant_id,
                row.expires_at,
                row.revoked_at is not None,
                label=row.label or "",
                created_by=row.created_by or "",
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                return_url=row.return_url,
            )
            for row in rows
        ]

    def revoke(self, actor: Actor, tenant_id: str, link_id: str) -> None:
        """Raises UnknownObject when there is no such living link."""
        actor.require(Verb.CONFIGURE, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            if not setup_links.revoke(connection, tenant_id, link_id, self._bench.clock.now()):
                raise UnknownObject("There is no such set-up link, or it has been revoked already.", field="link")
            record(
                self._bench,
                actor,
                kind="setup_link",
                object_id=link_id,
                tenant_id=tenant_id,
                action=Action.DELETED,
                fields_changed={},
            )

    # --- the customer's side ------------------------------------------------------------------------------------------

    def visit(self, token: str, remote_address: str = "", *, changing: bool = False) -> Visit:
        """Who comes with this link. Raises InvalidSetupLink: the same for unknown, expired and revoked; TooManyAttempts."""
        try:
            visit = self._enter(token)
        except InvalidSetupLink:
            if remote_address:
                self._throttle.attempt(_GUESSES, remote_address)
            raise
        if changing:
            self._throttle.attempt(_CHANGES, visit.link_id)
        return visit

    def state(self, visit: Visit) -> SetupState:
        """All that the pages show of connector and tenant."""
        return SetupState(
            tenant_name=visit.tenant.name,
            expires_at=visit.expires_at,
            return_url=visit.return_url,
            connector=None if visit.connector is None else self._shown(visit.connector),
            domains=tuple((domain.name, domain.proof) for domain in self._tenants.domains(visit.tenant.id)),
            kinds=tuple(
                (name, kind.label, kind.protocol) for name in registry.BUILT_IN for kind in (registry.connector_type(name),)
            ),
        )

    def open(self, token: str) -> SetupState:
        """Raises InvalidSetupLink."""
        return self.state(self._enter(token))

    def choose_kind(self, token: str, kind: str) -> SetupState:
        """Which system they use. A draft of another kind is replaced; a working connector is not."""
        visit = self._enter(token)
        tenant, actor, connector = visit.tenant, visit.actor, visit.connector
        if connector is not None and connector.type == kind:
            return self.state(visit)
        if connector is not None and connector.enabled:
            raise Conflict("Single sign-on is switched on. Switch it off before you choose another system.", field="kind")
        if kind not in registry.BUILT_IN:
            raise InvalidSettings("Choose one of the systems in the list.", field="kind")
        label = registry.connector_type(kind).label
        with self._bench.database.unit_of_work() as connection:
            if connector is not None:
                self._connectors.discard_draft(actor, connector)
            draft = self._connectors.draft(actor, tenant.id, self._free_slug(tenant.id, kind), kind, label)
            setup_links.set_connector(connection, tenant.id, visit.link_id, draft.id)
        return self.open(token)

    def enter_oidc(self, token: str, fields: dict[str, str]) -> SetupState:
        """Issuer, client id and secret; an empty secret keeps the one that is stored."""
        _, actor, connector = self._chosen(token)
        # What weakens a check is for the operator to decide, not for a form that anybody can write.
        known = {name for name, item in connector.settings.__dataclass_fields__.items() if not item.metadata.get("risk")}
        settings: dict[str, Any] = {
            name: _listed(value) if isinstance(getattr(connector.settings, name), tuple) else value.strip()
            for name, value in fields.items()
            if name in known and value.strip()
        }
        self._connectors.save(actor, unchanged(connector, settings))
        return self.open(token)

    def enable(self, token: str, *, untested: bool = False) -> SetupState:
        """`untested`: deliberately without a test login that has passed. Raises InvalidSettings."""
        tenant, actor, connector = self._chosen(token)
        if not untested and self._connectors.tested_at(tenant.id, connector.id) is None:
            raise InvalidSettings(
                "No test has passed yet. Test the sign-in first, or say that you want it without.", field="enable"
            )
        self._connectors.set_enabled(actor, tenant.id, connector.slug, enabled=True)
        return self.open(token)

    def disable(self, token: str) -> SetupState:
        tenant, actor, connector = self._chosen(token)
        self._connectors.set_enabled(actor, tenant.id, connector.slug, enabled=False)
        return self.open(token)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _enter(self, token: str) -> Visit:
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            row = setup_links.find(connection, _hash(token))
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise InvalidSetupLink(cause="unknown, expired or revoked")
        tenant = self._tenants.by_id(row.tenant_id)
        if not tenant.enabled:
            raise InvalidSetupLink(cause="the tenant is switched off")
        if row.last_used_at is None or now - row.last_used_at >= _NOTED_EVERY:
            with self._bench.database.unit_of_work() as connection:
                setup_links.used(connection, tenant.id, row.id, now)
        connector = None if row.connector_id is None else self._connectors.by_id(tenant.id, row.connector_id)
        actor = Actor(f"setup-link:{row.id}", frozenset({Verb.SET_UP}), tenant.id)
        return Visit(row.id, tenant, actor, connector, row.expires_at, row.return_url)

    def _chosen(self, token: str) -> tuple[Tenant, Actor, Connector]:
        visit = self._enter(token)
        return visit.tenant, visit.actor, visit.chosen()

    def _shown(self, connector: Connector) -> SetupConnector:
        kind = registry.connector_type(connector.type)
        understood, warnings = self._connectors.words(connector.tenant_id, connector.id)
        return SetupConnector(
            name=connector.name,
            type=connector.type,
            label=kind.label,
            protocol=kind.protocol,
            enabled=connector.enabled,
            held=connector.held,
            ready=bool(understood),
            understood=understood,
            warnings=warnings,
            sheet=self._connectors.setup_sheet(connector),
        )

    def _free_slug(self, tenant_id: str, kind: str) -> str:
        """Raises Conflict: whoever chooses again and again leaves no endless row of connectors behind."""
        taken = {connector.slug for connector in self._connectors.all(tenant_id)}
        if len(taken) >= MOST_CONNECTORS:
            raise Conflict("There are too many connections already. Ask support to remove those that nobody needs.", field="kind")
        return next(slug for slug in (kind, *(f"{kind}-{number}" for number in range(2, MOST_CONNECTORS + 2))) if slug not in taken)


def unchanged(connector: Connector, settings: dict[str, Any], metadata: bytes | None = None) -> SaveConnector:
    """The connector as it is when this is written, but for these."""
    return SaveConnector(
        tenant_id=connector.tenant_id,
        slug=connector.slug,
        type=connector.type,
        name=UNSET,
        settings=settings,
        metadata=metadata,
        enabled=UNSET,
        acceptance_rules=UNSET,
        admits_guests=UNSET,
        of_this_type=True,
    )


def _listed(value: str) -> list[str]:
    """`a.example, b.example` as people type it."""
    return [part for part in re.split(r"[\s,;]+", value) if part]


def _hash(token: str) -> bytes:
    return hashlib.sha256(b"setup link " + token.encode("utf-8", "surrogatepass")).digest()
