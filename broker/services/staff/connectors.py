"""Staff who sign in through the hub's own connectors: which connectors count, and the code between pipeline and console.

Named risk: whoever may change such a connector may become anybody who is linked through it. So an owner chooses them, and
`broker.services.connectors` lets nobody but owners change one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.domain.console import CONSOLE_ID
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, record
from broker.services.staff.model import secret_hash
from broker.store.db import Database
from broker.store.tables import hub_settings, trust_queries
from broker.store.transient.contract import TransientStore

CODE = timedelta(minutes=1)
_KIND = "staff answer"


class UpstreamPerson(msgspec.Struct, frozen=True):
    """Whom a connector saw, when, and what the console wanted to know it for."""

    identity_id: str
    authenticated_at: datetime
    state: dict[str, str]


@dataclass(frozen=True, slots=True)
class StaffConnector:
    tenant: str
    slug: str
    name: str

    @property
    def reference(self) -> str:
        return f"{self.tenant}/{self.slug}"


class StaffConnectors:
    """What pipeline and console share. Stands on the database only: the pipeline is built before the services."""

    def __init__(self, database: Database, transient: TransientStore, clock: Clock) -> None:
        self._database = database
        self._transient = transient
        self._clock = clock

    def ids(self) -> frozenset[str]:
        with self._database.reading() as connection:
            return hub_settings.staff_connectors(connection)

    def mark(self, begun: str) -> str:
        """What travels of the secret that the beginning browser holds."""
        return secret_hash("connector", begun).hex()

    def issue(self, said: UpstreamPerson) -> str:
        code = random_ids.handle()
        self._transient.put(_KIND, code, msgspec.json.encode(said), self._clock.now() + CODE)
        return code

    def redeem(self, code: str) -> UpstreamPerson | None:
        """Once."""
        value = self._transient.take(_KIND, code) if code else None
        return None if value is None else msgspec.json.decode(value, type=UpstreamPerson)


class ChosenConnectors:
    """The setting, as owners see and change it."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def all(self) -> list[StaffConnector]:
        """Those that exist; one that was deleted meanwhile lets nobody in."""
        with self._bench.database.reading() as connection:
            found = [
                StaffConnector(tenant.slug, row.slug, row.name)
                for connector_id in sorted(hub_settings.staff_connectors(connection))
                if (row := trust_queries.connector(connection, None, connector_id)) is not None
                and (tenant := trust_queries.tenant(connection, row.tenant_id)) is not None
            ]
        return sorted(found, key=lambda item: item.reference)

    def choose(self, actor: Actor, references: tuple[str, ...]) -> None:
        """`tenant/connector` each; all others let nobody in from the next request on. Raises InvalidSettings."""
        actor.require(Verb.ADMINISTER, None)
        with self._bench.database.unit_of_work() as connection:
            before = [item.reference for item in self.all()]
            chosen = {reference.strip(): self._id(reference.strip()) for reference in references if reference.strip()}
            if sorted(chosen) == before:
                return
            hub_settings.choose_staff_connectors(connection, sorted(chosen.values()))
            record(
                self._bench,
                actor,
                kind="application",
                object_id=CONSOLE_ID,
                tenant_id=None,
                action=Action.UPDATED,
                fields_changed={"staff sign in with": (before, sorted(chosen))},
            )

    def _id(self, reference: str) -> str:
        tenant_slug, _, slug = reference.partition("/")
        with self._bench.database.reading() as connection:
            tenant = trust_queries.tenant_by_slug(connection, tenant_slug)
            row = None if tenant is None else trust_queries.connector_by_slug(connection, tenant.id, slug)
        if row is None:
            sentence = translatable("There is no connector %(reference)s. Write tenant/connector, as in their addresses.")
            raise InvalidSettings(sentence % {"reference": reference[:130]}, field="connectors")
        return str(row.id)
