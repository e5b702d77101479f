"""Fixtures of the set-up walk: a DNS server, a hub that asks it, somebody with a link, a system whose metadata is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.administrator import Administrator, link_for, only_connector
from tests.support.dns import Zone
from tests.support.hub import Hub
from tests.support.partners import SamlSide


@pytest.fixture
def dns() -> Iterator[Zone]:
    with Zone() as zone:
        yield zone


@pytest.fixture
def hub(tmp_path: Path, dns: Zone) -> Iterator[Hub]:
    with Hub(tmp_path, dns_servers=(dns.address,)) as made:
        yield made


@pytest.fixture
def acme(hub: Hub) -> Administrator:
    hub.tenant("acme")
    hub.tenant("globex", "globex.example.com")
    return link_for(hub, "acme")


@pytest.fixture
def connected(hub: Hub, acme: Administrator) -> SamlSide:
    """A system whose metadata has been given; not switched on."""
    side = SamlSide(hub, "https://idp.acme.example.com/saml", "idp")
    side.email = "ann@acme.example.com"
    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    side.connector_id = only_connector(hub).id
    return side


def prove(acme: Administrator, dns: Zone, name: str = "acme.example.com") -> None:
    acme.press("/domains", domain=name)
    (claim,) = acme.hub.built.services.domain_proof.claims(acme.hub.tenants["acme"])
    dns.records[claim.host] = (claim.value,)
    acme.press("/domains/check")
