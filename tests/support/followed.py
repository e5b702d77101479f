"""An identity provider whose metadata lies on a web server of its own, and a hub that follows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from broker.domain.trust import Connector
from broker.services.connectors import SaveConnector
from broker.services.following import Refreshed
from broker.services.operations.health import HealthView, ListHealth
from broker.store.tables import turns
from broker.store.tables.following import connector_following
from tests.support import saml_idp
from tests.support.hub import ME, Hub
from tests.support.partners import SamlApp, SamlSide
from tests.support.provider_site import ProviderSite, page
from tests.support.saml_idp import KeyPair, SmallIdp, key_pair

WHERE = "/FederationMetadata.xml"
OLD, NEW, STRANGER = "acme idp", "acme idp, rolled over", "a stranger"


def document(
    idp: SmallIdp,
    *keys: KeyPair,
    signed_by: KeyPair | None = None,
    method: str = "RsaSha256",
    valid_until: datetime | None = None,
    cache: str = "",
    **options: Any,
) -> bytes:
    """Metadata that lists these keys; without any, the provider's own."""
    own, *others = keys or (idp.key,)
    listed = SmallIdp(idp.entity_id, own)
    listed.sso = idp.sso
    root = etree.fromstring(listed.metadata(extra_keys=tuple(others), **options))
    if valid_until is not None:
        root.set("validUntil", f"{valid_until:%Y-%m-%dT%H:%M:%SZ}")
    if cache:
        root.set("cacheDuration", cache)
    if signed_by is not None:
        root.set("ID", "_metadata")
        saml_idp.sign(root, signed_by, method)
    return etree.tostring(root)


class Followed:
    """Acme's provider, its web server, and the hub that follows it."""

    def __init__(self, hub: Hub, site: ProviderSite) -> None:
        self.hub, self.site = hub, site
        hub.tenant("acme", "acme.example")
        self.side: SamlSide = hub.saml_idp("acme")
        self.app: SamlApp = hub.saml_app()
        self.publish(document(self.idp))
        self.settings(metadata_url=site.url + WHERE)

    @property
    def idp(self) -> SmallIdp:
        return self.side.idp

    def settings(self, **settings: Any) -> None:
        command = SaveConnector(self.hub.tenants["acme"], "idp", "saml", "Acme IdP", settings, enabled=True)
        self.hub.built.connectors.save(ME, command)

    def publish(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.site.pages[WHERE] = page(body, status, **headers)

    def clock(self, **later: float) -> int:
        """Time passes, and what is due is read. How many that were."""
        self.hub.clock.forward(**later)
        return self.hub.built.services.following.read_due()

    def refresh(self, **asked: Any) -> Refreshed:
        return self.hub.built.services.following.refresh(ME, self.hub.tenants["acme"], "idp", **asked)

    @property
    def connector(self) -> Connector:
        return self.hub.built.connectors.get(self.hub.tenants["acme"], "idp")

    @property
    def certificates(self) -> set[str]:
        """Which of the pairs of keys are accepted."""
        names = {key_pair(name).certificate_base64: name for name in (OLD, NEW, STRANGER)}
        accepted = self.connector.settings.signing_certificates
        return {names["".join(pem.split("-----")[2].split())] for pem in accepted}

    def row(self) -> Any:
        with self.hub.built.database.reading() as connection:
            return turns.of_connectors(connection, connector_following, [self.connector.id])[self.connector.id]

    def wait(self) -> timedelta:
        found: timedelta = self.row().due_at - self.hub.clock.now()
        return found

    def health(self) -> HealthView:
        (found,) = self.hub.built.operations.run(ME, "health.list", ListHealth("acme")).items
        assert isinstance(found, HealthView)
        return found

    def sign_in(self, key: str) -> bool:
        """Whether a person gets in when the provider signs with this key."""
        self.idp.key = key_pair(key)
        browser = self.hub.browser()
        answer = self.side.authenticate(browser, browser.open(self.app.login_url(tenant="acme")))
        return answer.status_code == 200 and self.app.learn(answer).status == "success"


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Followed]:
    with Hub(tmp_path, watch_providers=True) as hub, ProviderSite() as site:
        yield Followed(hub, site)
