"""Fixtures of domains that a file proves: their DNS, their web site, a hub that looks at both, a claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.net.txt import TxtResolver
from broker.services.domain_looks import LIMITS, Looks, WebLook
from broker.services.domain_proof import Claim, DomainProof
from broker.settings import dns_server
from tests.support.dns import Zone
from tests.support.hub import ME, Hub
from tests.support.web_site import WebSite

NAME = "acme.example.com"
PATH = "/.well-known/vestibule-challenge"
IMPATIENT = replace(LIMITS, connect_seconds=0.5, total_seconds=0.5)


@pytest.fixture
def dns() -> Iterator[Zone]:
    with Zone() as zone:
        zone.records[NAME] = Zone.EMPTY
        yield zone


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WebSite]:
    with WebSite(tmp_path, NAME, f"www.{NAME}", "acme.github.io") as made:
        yield made


@pytest.fixture
def hub(tmp_path: Path, dns: Zone, site: WebSite) -> Iterator[Hub]:
    with Hub(tmp_path, dns_servers=(dns.address,)) as made:
        look_at(made, dns, WebLook(site.fetcher(LIMITS), site.port))
        made.tenant("acme")
        made.tenant("globex")
        yield made


def look_at(hub: Hub, dns: Zone, web: WebLook | None) -> None:
    """The one thing of the hub that is changed: names lead to the server on loopback, and its authority is trusted."""
    server = dns_server(dns.address)
    assert server is not None
    proof(hub).looks = Looks(TxtResolver((server,)), web)


def proof(hub: Hub) -> DomainProof:
    return hub.built.services.domain_proof


@pytest.fixture
def claim(hub: Hub) -> Claim:
    return proof(hub).claim(ME, hub.tenants["acme"], NAME)


def check(hub: Hub, tenant: str = "acme", name: str = NAME) -> Claim:
    return proof(hub).check(ME, hub.tenants[tenant], name)


def held(hub: Hub, tenant: str = "acme") -> list[tuple[str, str]]:
    return [(domain.name, domain.proof) for domain in hub.built.tenants.domains(hub.tenants[tenant])]


# --- the file ---------------------------------------------------------------------------------------------------------
