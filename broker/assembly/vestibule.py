"""What a running broker consists of."""

from __future__ import annotations

from dataclasses import dataclass

from broker.catalog.catalog import Catalog
from broker.domain.clock import Clock
from broker.keys.keyring import Keyring
from broker.login.context import Hub
from broker.login.pipeline import Pipeline
from broker.services.applications import Applications
from broker.services.configuration import Configuration
from broker.services.connectors import Connectors
from broker.services.operations import Operations, Services
from broker.services.setup_links import SetupLinks
from broker.services.tenants import Tenants
from broker.services.traces import Traces
from broker.services.upkeep import Upkeep
from broker.settings import Settings
from broker.store.db import Database


@dataclass(frozen=True, slots=True)
class Vestibule:
    """Everything that faces, CLI and tests may want to reach, built once."""

    settings: Settings
    clock: Clock
    database: Database
    keyring: Keyring
    catalog: Catalog
    pipeline: Pipeline
    hub: Hub
    services: Services
    operations: Operations

    @property
    def tenants(self) -> Tenants:
        return self.services.tenants

    @property
    def connectors(self) -> Connectors:
        return self.services.connectors

    @property
    def applications(self) -> Applications:
        return self.services.applications

    @property
    def configuration(self) -> Configuration:
        return self.services.configuration

    @property
    def setup_links(self) -> SetupLinks:
        return self.services.setup_links

    @property
    def traces(self) -> Traces:
        return self.services.traces

    @property
    def upkeep(self) -> Upkeep:
        return self.services.upkeep
