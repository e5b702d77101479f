"""Owners who give their keys up wait for days; nobody whose time has come waits behind them."""

from __future__ import annotations

from datetime import timedelta

from broker.domain.keys import KeyUse
from broker.services.key_policy import KeyPolicy
from broker.services.key_rollover import BATCH
from broker.store.tables import key_queries
from tests.support.hub import Hub

DAY = timedelta(days=1)
WAITS = {use: KeyPolicy().wait(use) for use in KeyUse}


def _signing(hub: Hub, owner: str, use: KeyUse, since: timedelta, until: timedelta | None = None) -> None:
    """A key that has signed beside the hub's since and until so long ago."""
    now = hub.clock.now()
    values = {"id": f"key_{owner}_{use}", "owner_kind": "application", "owner_id": owner, "use": use.value, "algorithm": "RS256"}
    values |= {"state": "active", "certificate_pem": "", "thumbprint": f"{owner} {use}"}
    moments = {"created_at": now, "not_after": now + 3650 * DAY, "promoted_at": now - since, "hub_beside_since": now - since}
    moments |= {} if until is None else {"hub_beside_until": now - until}
    with hub.built.database.unit_of_work() as connection:
        assert key_queries.add_key(connection, values | moments)


def test_given_many_who_wait_then_those_whose_time_has_come_are_found(hub: Hub) -> None:
    for number in range(BATCH + 5):
        _signing(hub, f"app_waits_{number:03}", KeyUse.SAML_SIGNING, since=13 * DAY)
    _signing(hub, "both", KeyUse.SAML_SIGNING, since=13 * DAY)
    _signing(hub, "both", KeyUse.OIDC_SIGNING, since=13 * DAY)
    _signing(hub, "stays", KeyUse.SAML_SIGNING, since=3 * DAY, until=DAY)
    _signing(hub, "leaves", KeyUse.OIDC_SIGNING, since=2 * DAY)
    _signing(hub, "leaves long", KeyUse.SAML_SIGNING, since=15 * DAY)

    with hub.built.database.reading() as connection:
        found = key_queries.beside_the_hub(connection, hub.clock.now(), WAITS, BATCH)

    assert [row.owner_id for row in found] == ["leaves long", "stays", "leaves"]
