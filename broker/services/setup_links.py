"""Set-up links: the customer's administrator, without an account, connects their company's identity provider.

The link is the actor: bound to one tenant, expiring, revocable, with the one verb SET_UP. Only its hash is stored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.errors import Conflict, InvalidSettings, InvalidSetupLink, UnknownObject
from broker.domain.trust import Connector, Tenant
from broker.services.actor import Actor, Verb
from broker.services.connectors import Connectors, SaveConnector
from broker.services.context import Action, Workbench, record
from broker.services.tenants import Tenants
from broker.store.tables import setup_links
from connectors import registry
from connectors.contract import SetupSheet

DEFAULT_DAYS = 14
MAX_DAYS = 90


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


@dataclass(frozen=True, slots=True)
class SetupConnector:
    """The connector that this link sets up, in words."""

    name: str
    type: str
    label: str
    protocol: str
    enabled: bool
    ready: bool
    understood: tuple[str, ...]
    warnings: tuple[str, ...]
    sheet: SetupSheet


@dataclass(frozen=True, slots=True)
class SetupState:
    """All that the set-up page shows."""

    tenant_name: str
    expires_at: datetime
    connector: SetupConnector | None
    domains: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str, str], ...]


class SetupLinks:
    def __init__(self, bench: Workbench, tenants: Tenants, connectors: Connectors) -> None:
        self._bench = bench
        self._tenants = tenants
        self._connectors = connectors

    # --- the operator's side ------------------------------------------------------------------------------------------

    def create(self, actor: Actor, tenant_id: str, *, days: int = DEFAULT_DAYS, label: str = "") -> SetupLink:
        """A new link; `token` is in the result and nowhere else."""
        actor.require(Verb.CONFIGURE, tenant_id)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidSettings(f"A set-up link lives from 1 to {MAX_DAYS} days.", field="days")
        if len(label) > 200:
            raise InvalidSettings("A label has at most 200 characters.", field="label")
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
        )
        values = {name: getattr(link, name) for name in ("id", "label", "created_by", "created_at", "expires_at")}
        with self._bench.database.unit_of_work() as connection:
            setup_links.create(connection, tenant_id, {"token_hash": _hash(token), **values})
            record(
                self._bench,
                actor,
                kind="setup_link",
                object_id=link.id,
                tenant_id=tenant_id,
                action=Action.CREATED,
                fields_changed={"label": (None, link.label), "days": (None, days)},
            )
        return link

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

    def open(self, token: str) -> SetupState:
        """Raises InvalidSetupLink: the same for unknown, expired and revoked."""
        tenant, _, connector = self._enter(token)
        return self._state(token, tenant, connector)

    def choose_kind(self, token: str, kind: str) -> SetupState:
        """Which system they use. A draft of another kind is replaced; a working connector is not."""
        tenant, actor, connector = self._enter(token)
        if connector is not None and connector.type == kind:
            return self._state(token, tenant, connector)
        if connector is not None and connector.enabled:
            raise Conflict("Single sign-on is switched on. Switch it off before you choose another system.", field="kind")
        if kind not in registry.BUILT_IN:
            raise InvalidSettings("Choose one of the systems in the list.", field="kind")
        label = registry.connector_type(kind).label
        with self._bench.database.unit_of_work() as connection:
            if connector is not None:
                self._connectors.discard_draft(actor, connector)
            draft = self._connectors.draft(actor, tenant.id, self._free_slug(tenant.id, kind), kind, label)
            setup_links.set_connector(connection, tenant.id, actor.name.removeprefix("setup-link:"), draft.id)
        return self._state(token, tenant, draft)

    def upload_metadata(self, token: str, document: bytes) -> SetupState:
        """Raises InvalidMetadata; the connector stays as it was."""
        tenant, actor, connector = self._chosen(token)
        self._save(actor, tenant, connector, metadata=document)
        return self.open(token)

    def fetch_metadata(self, token: str, url: str) -> SetupState:
        """Raises FetchError ("upload the file instead" for a private address) and InvalidMetadata."""
        tenant, actor, connector = self._chosen(token)
        self._save(actor, tenant, connector, metadata=self._connectors.fetch_metadata(url.strip()), metadata_url=url.strip())
        return self.open(token)

    def enter_oidc(self, token: str, fields: dict[str, str]) -> SetupState:
        """Issuer, client id and secret; an empty secret keeps the one that is stored."""
        tenant, actor, connector = self._chosen(token)
        # What weakens a check is for the operator to decide, not for a form that anybody can write.
        known = {name for name, item in connector.settings.__dataclass_fields__.items() if not item.metadata.get("risk")}
        settings: dict[str, Any] = {
            name: _listed(value) if isinstance(getattr(connector.settings, name), tuple) else value.strip()
            for name, value in fields.items()
            if name in known and value.strip()
        }
        self._save(actor, tenant, connector, settings=settings)
        return self.open(token)

    def enable(self, token: str) -> SetupState:
        tenant, actor, connector = self._chosen(token)
        self._connectors.set_enabled(actor, tenant.id, connector.slug, enabled=True)
        return self.open(token)

    def disable(self, token: str) -> SetupState:
        tenant, actor, connector = self._chosen(token)
        self._connectors.set_enabled(actor, tenant.id, connector.slug, enabled=False)
        return self.open(token)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _enter(self, token: str) -> tuple[Tenant, Actor, Connector | None]:
        with self._bench.database.reading() as connection:
            row = setup_links.find(connection, _hash(token))
        if row is None or row.revoked_at is not None or row.expires_at <= self._bench.clock.now():
            raise InvalidSetupLink(cause="unknown, expired or revoked")
        tenant = self._tenants.by_id(row.tenant_id)
        if not tenant.enabled:
            raise InvalidSetupLink(cause="the tenant is switched off")
        connector = None if row.connector_id is None else self._connectors.by_id(tenant.id, row.connector_id)
        return tenant, Actor(f"setup-link:{row.id}", frozenset({Verb.SET_UP}), tenant.id), connector

    def _chosen(self, token: str) -> tuple[Tenant, Actor, Connector]:
        tenant, actor, connector = self._enter(token)
        if connector is None:
            raise InvalidSettings("First choose the system that your company uses.", field="kind")
        return tenant, actor, connector

    def _save(
        self,
        actor: Actor,
        tenant: Tenant,
        connector: Connector,
        *,
        metadata: bytes | None = None,
        metadata_url: str = "",
        settings: dict[str, Any] | None = None,
    ) -> None:
        values = dict(settings or {})
        if metadata is not None and "metadata_url" in connector.settings.__dataclass_fields__:
            values["metadata_url"] = metadata_url
        command = SaveConnector(
            tenant_id=tenant.id,
            slug=connector.slug,
            type=connector.type,
            name=connector.name,
            settings=values,
            metadata=metadata,
            enabled=connector.enabled,
            acceptance_rules=connector.acceptance_rules,
            admits_guests=connector.admits_guests,
        )
        self._connectors.save(actor, command)

    def _state(self, token: str, tenant: Tenant, connector: Connector | None) -> SetupState:
        with self._bench.database.reading() as connection:
            row = setup_links.find(connection, _hash(token))
        if row is None:
            raise InvalidSetupLink(cause="gone")
        return SetupState(
            tenant_name=tenant.name,
            expires_at=row.expires_at,
            connector=None if connector is None else self._shown(connector),
            domains=tuple((domain.name, domain.proof) for domain in self._tenants.domains(tenant.id)),
            kinds=tuple(
                (name, kind.label, kind.protocol) for name in registry.BUILT_IN for kind in (registry.connector_type(name),)
            ),
        )

    def _shown(self, connector: Connector) -> SetupConnector:
        kind = registry.connector_type(connector.type)
        understood, warnings = self._connectors.words(connector.tenant_id, connector.id)
        return SetupConnector(
            name=connector.name,
            type=connector.type,
            label=kind.label,
            protocol=kind.protocol,
            enabled=connector.enabled,
            ready=bool(understood),
            understood=understood,
            warnings=warnings,
            sheet=self._connectors.setup_sheet(connector),
        )

    def _free_slug(self, tenant_id: str, kind: str) -> str:
        taken = {connector.slug for connector in self._connectors.all(tenant_id)}
        return next(slug for slug in (kind, *(f"{kind}-{number}" for number in range(2, 1000))) if slug not in taken)


def _listed(value: str) -> list[str]:
    """`a.example, b.example` as people type it."""
    return [part for part in re.split(r"[\s,;]+", value) if part]


def _hash(token: str) -> bytes:
    return hashlib.sha256(b"setup link " + token.encode("utf-8", "surrogatepass")).digest()
