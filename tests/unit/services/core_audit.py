"""What the tests of services look at: the audit log and the configuration version."""

from __future__ import annotations

from typing import Any

from broker.store.tables import audit
from tests.support.hub import Hub


def last_entry(hub: Hub) -> Any:
    with hub.built.database.reading() as connection:
        return audit.latest(connection, None, 1)[0]


def entries(hub: Hub) -> int:
    return hub.count("audit")


def version(hub: Hub) -> int:
    return hub.count("configuration_changes")
