"""Row → domain object → prepared object. Called when something is first needed after a change, never per login."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.domain.clock import Clock
from broker.domain.directory import DirectoryPolicy
from broker.domain.home_realm import Candidate
from broker.domain.keys import HUB, KeyUse
from broker.domain.trust import Application, Connector, Tenant
from broker.keys.keyring import Keyring
from broker.rules.model import Rule
from broker.rules.templates import compile_rules
from broker.store import mapping
from connectors.contract import Addresses, ConnectorType, Fetcher, Tools, Upstream

_INDEXED_BYTES = 2600
"""PostgreSQL's limit is 2704 with what stands around it."""


@dataclass(frozen=True, slots=True)
class PreparedTenant:
    """`domains` are the tenant's proved email domains, `candidates` its enabled connectors."""

    tenant: Tenant
    acceptance: tuple[Rule, ...]
    domains: frozenset[str] = frozenset()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedConnector:
    """`provider_id` is the identity provider's own name (entityID, issuer), for hints such as SAML IDPList."""

    connector: Connector
    type: ConnectorType
    tools: Tools = field(repr=False)
    upstream: Upstream = field(repr=False)
    acceptance: tuple[Rule, ...] = ()
    provider_id: str = ""
    directory: DirectoryPolicy | None = None
    """None: the customer pushes nobody to us, and a login asks nothing."""


@dataclass(frozen=True, slots=True)
class PreparedApplication:
    application: Application
    prepared: Any = field(repr=False)
    authorization: tuple[Rule, ...] = ()
    transform: tuple[Rule, ...] = ()


def provider_id(settings: Any) -> str:
    """The identity provider's own name, of 1024 characters at most (SAML Core 8.3.6); "" for a type that has none.

    One that fits into no index of PostgreSQL, by far no address, is not found by its name.
    """
    name = str(getattr(settings, "entity_id", "") or getattr(settings, "issuer", ""))[:1024]
    return name if len(name.encode("utf-8", "replace")) <= _INDEXED_BYTES else ""


class Preparer:
    """Everything that preparation needs, handed over once by `broker.app`."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        clock: Clock,
        fetcher: Fetcher,
        public_url: str,
        skew_seconds: int,
        production: bool,
        connector_type: Callable[[str], ConnectorType],
        downstream: Mapping[str, Any],
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._fetcher = fetcher
        self._public_url = public_url
        self._skew_seconds = skew_seconds
        self._production = production
        self.connector_type = connector_type
        self.downstream = downstream

    def addresses(self, connector_id: str) -> Addresses:
        """One set per connector (PRODUCT rule 7): an identity provider's answer can only arrive at its own connector."""
        base = f"{self._public_url}/upstream/{connector_id}"
        return Addresses(f"{base}/metadata", f"{base}/acs", f"{base}/callback", f"{base}/metadata")

    def connector_id_of(self, entity_id: str) -> str | None:
        """The connector whose identity provider knows us under this name."""
        before, after = self.addresses("\n").entity_id.split("\n")
        middle = entity_id.removeprefix(before).removesuffix(after)
        return middle if f"{before}{middle}{after}" == entity_id else None

    def tools(self, connector_id: str, tenant_id: str = HUB) -> Tools:
        """With the tenant's own keys, if it has some: its identity providers then trust nobody else's."""
        return Tools(
            clock=self._clock,
            fetcher=self._fetcher,
            addresses=self.addresses(connector_id),
            signing_keys=self._keyring.published(KeyUse.SAML_SIGNING, tenant_id),
            decryption_keys=self._keyring.published(KeyUse.SAML_ENCRYPTION, tenant_id),
            skew_seconds=self._skew_seconds,
            production=self._production,
        )

    def tenant(self, row: Any, domains: frozenset[str], candidates: tuple[Candidate, ...]) -> PreparedTenant:
        tenant = mapping.tenant(row)
        return PreparedTenant(tenant, compile_rules(tenant.acceptance_rules, field="acceptance"), domains, candidates)

    def read_connector(self, row: Any) -> Connector:
        """The connector with its secrets opened."""
        secrets: dict[str, Any] = {}
        if row.sealed_secrets is not None:
            secrets = json.loads(self._keyring.open(row.sealed_secrets, f"connector {row.id}"))
        return mapping.connector(row, self.connector_type(row.type).Settings, secrets)

    def connector(self, connector: Connector, directory: Any = None) -> PreparedConnector:
        """Raises InvalidSettings; this is also how services validate a change. `directory`: its row, if it has one."""
        connector_type = self.connector_type(connector.type)
        tools = self.tools(connector.id, connector.tenant_id)
        return PreparedConnector(
            connector=connector,
            type=connector_type,
            tools=tools,
            upstream=connector_type.prepare(connector, tools),
            acceptance=compile_rules(connector.acceptance_rules or (), field="acceptance"),
            provider_id=provider_id(connector.settings),
            directory=None if directory is None else mapping.directory_policy(directory),
        )

    def application(self, application: Application) -> PreparedApplication:
        """Raises InvalidSettings; this is also how services validate a change."""
        return PreparedApplication(
            application=application,
            prepared=self.downstream[application.protocol].prepare(application),
            authorization=compile_rules(application.authorization_rules, field="authorization"),
            transform=compile_rules(application.transform_rules, field="transform"),
        )

    def read_application(self, row: Any) -> Application:
        return mapping.application(row, self.downstream[row.protocol].Settings)
