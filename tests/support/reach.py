"""A hub that looks at identity providers with little patience, and what it says of Acme's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.net.fetch import GuardedFetcher, Limits
from broker.services.actor import Actor
from broker.services.connectors import SaveConnector
from broker.services.operations.health import HealthView, ListHealth, ListUnreachable
from tests.support.hub import ME, Hub
from tests.support.provider_site import ProviderSite, page


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path, watch_providers=True) as made:
        made.tenant("acme", "acme.example")
        reach = made.built.services.reach
        reach._fetcher = GuardedFetcher(allowed_networks=("127.0.0.0/8",), production=False, limits=Limits(2, 2))
        yield made


@pytest.fixture
def site() -> Iterator[ProviderSite]:
    with ProviderSite() as made:
        made.pages["/sso"] = page("Sign in")
        yield made


def saml(hub: Hub, address: str, *, tenant: str = "acme", **settings: Any) -> None:
    hub.saml_idp(tenant)
    values = {"sso_redirect_url": address, "sso_post_url": "", **settings}
    hub.built.connectors.save(ME, SaveConnector(hub.tenants[tenant], "idp", "saml", "Acme IdP", values, enabled=True))


def watch(hub: Hub, **later: float) -> int:
    hub.clock.forward(**later)
    watched = hub.built.services.watch.run()
    assert watched is not None
    return watched.probed


def health(hub: Hub, tenant: str = "acme") -> HealthView:
    (found,) = hub.built.operations.run(ME, "health.list", ListHealth(tenant)).items
    assert isinstance(found, HealthView)
    return found


def silent(hub: Hub, who: Actor = ME) -> list[tuple[str, str, str]]:
    found = hub.built.operations.run(who, "health.unreachable", ListUnreachable()).items
    return [(item.tenant, item.connector, item.problem) for item in found]
