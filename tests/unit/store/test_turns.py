"""Whose turn it is: several write the first row of one connector at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from broker.store.tables import turns
from broker.store.tables.following import connector_following
from broker.store.tables.reach import connector_reach
from tests.support.hub import Hub

AT_ONCE = 6


@pytest.mark.parametrize("table", [connector_reach, connector_following])
def test_given_the_clock_and_people_who_ask_at_once_then_nobody_fails(hub: Hub, table: turns.TurnTable) -> None:
    hub.tenant("acme", "acme.example")
    connector_id, tenant_id = hub.saml_idp("acme").connector_id, hub.tenants["acme"]
    together = threading.Barrier(AT_ONCE)

    def ask(failures: int) -> None:
        together.wait(60)
        with hub.built.database.unit_of_work() as connection:
            turns.put(connection, tenant_id, table, connector_id, {"failures": failures})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(ask, 7) for _ in range(AT_ONCE)]
    assert [each.exception() for each in asked] == [None] * AT_ONCE

    with hub.built.database.reading() as connection:
        assert turns.of_connectors(connection, table, [connector_id])[connector_id].failures == 7


def test_given_a_connector_that_is_gone_then_nothing_is_written(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    with hub.built.database.unit_of_work() as connection:
        turns.put(connection, hub.tenants["acme"], connector_reach, "con_gone", {"failures": 1})
        assert turns.of_connectors(connection, connector_reach, ["con_gone"]) == {}
