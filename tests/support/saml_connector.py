"""A prepared SAML connector for tests, with the answer that it accepts; deviations are stated by each test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from broker.domain.authentication import UpstreamAuthentication
from broker.domain.http import Incoming
from broker.domain.keys import KeyState, KeyUse, SigningKey
from broker.domain.trace import Trace
from broker.domain.transaction import Expectation
from broker.domain.trust import Connector
from connectors.contract import Addresses, Tools, UpstreamRequest
from connectors.saml.connector import SamlConnectorType
from connectors.saml.settings import Settings
from tests.support.clock import FixedClock
from tests.support.saml_idp import Answer, KeyPair, SmallIdp, key_pair

ADDRESSES = Addresses(
    entity_id="https://hub.example/upstream/con_1/metadata",
    acs="https://hub.example/upstream/con_1/acs",
    redirect_uri="https://hub.example/upstream/con_1/callback",
    metadata="https://hub.example/upstream/con_1/metadata",
)


def signing_key(pair: KeyPair, use: KeyUse = KeyUse.SAML_SIGNING) -> SigningKey:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return SigningKey("key_1", use, "RS256", KeyState.ACTIVE, pair.certificate_pem, created, pair.private_pem)


def settings(**changes: Any) -> Settings:
    usual = Settings(
        entity_id="https://idp.acme.example/saml",
        signing_certificates=(key_pair("idp").certificate_pem,),
        sso_redirect_url="https://idp.acme.example/sso",
        sso_post_url="https://idp.acme.example/sso",
    )
    return replace(usual, **changes)


@dataclass
class Scene:
    """A connector, its identity provider, the clock and the trace of one login."""

    connector_type: SamlConnectorType
    settings: Settings
    clock: FixedClock
    idp: SmallIdp
    trace: Trace

    @property
    def tools(self) -> Tools:
        return Tools(
            clock=self.clock,
            fetcher=None,  # type: ignore[arg-type]  # a SAML login never fetches
            addresses=ADDRESSES,
            signing_keys=(signing_key(key_pair("hub")),),
            decryption_keys=(signing_key(key_pair("hub-encryption"), KeyUse.SAML_ENCRYPTION),),
        )

    @property
    def connector(self) -> Connector:
        return Connector("con_1", "ten_1", "acme", "Acme", self.connector_type.name, self.settings, enabled=True)

    def begin(self, **request: Any) -> tuple[Any, Expectation]:
        return self.upstream().begin(UpstreamRequest("handle-1", **request), self.trace)

    def upstream(self) -> Any:
        return self.connector_type.prepare(self.connector, self.tools)

    def answer(self, **deviations: Any) -> Answer:
        usual = Answer("_request1", ADDRESSES.acs, ADDRESSES.entity_id, self.clock.now())
        return replace(usual, **deviations)

    def expectation(self, **changes: Any) -> Expectation:
        return replace(Expectation("con_1", "_request1", ADDRESSES.acs, self.clock.now()), **changes)

    def complete(self, xml: bytes, **changes: Any) -> UpstreamAuthentication:
        incoming = Incoming("POST", "/upstream/con_1/acs", form=self.idp.form(xml, "handle-1"))
        result = self.upstream().complete(incoming, self.expectation(**changes), self.trace)
        assert isinstance(result, UpstreamAuthentication)
        return result

    def failed_checks(self) -> list[str]:
        return [event.name for event in self.trace.events if event.passed is False]


def scene(connector_type: SamlConnectorType | None = None, **changes: Any) -> Scene:
    clock = FixedClock()
    trace = Trace("TEST-TEST-TE", clock, clock.now())
    return Scene(connector_type or SamlConnectorType(), settings(**changes), clock, SmallIdp(), trace)
