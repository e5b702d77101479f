"""Which applications sign people in at which hosts: what somebody must know who wants to take a host away."""

from __future__ import annotations

from datetime import datetime, timedelta

from broker.catalog.catalog import Catalog
from broker.store.db import Database
from broker.store.tables import hosts

NOTED_AGAIN_AFTER = timedelta(hours=1)
MAX_NOTED = 10_000


class HostUses:
    """Remembers what this process has noted: once an hour at most, so that busy hosts do not write at every login."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], datetime] = {}

    def note(self, database: Database, catalog: Catalog, name: str, application_id: str, now: datetime) -> None:
        host = catalog.hosts().get(name)
        if host is None or not self._due((host.id, application_id), now):
            return
        with database.unit_of_work() as connection:
            hosts.note_use(connection, host.id, application_id, now)

    def _due(self, key: tuple[str, str], now: datetime) -> bool:
        before = self._noted.get(key)
        if before is not None and now - before < NOTED_AGAIN_AFTER:
            return False
        if len(self._noted) >= MAX_NOTED:
            self._noted.clear()
        self._noted[key] = now
        return True
