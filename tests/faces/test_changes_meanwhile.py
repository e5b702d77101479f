"""A change that asks somebody over the network first undoes nothing of what others changed while it waited."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from broker.domain.access_errors import StaleVersion
from broker.domain.errors import UnknownObject
from broker.services.actor import Actor, Verb
from broker.services.connectors import SaveConnector
from broker.services.declarative import parse
from broker.services.operations.applications import ChangeApplication
from broker.services.operations.connectors import ChangeConnector
from broker.services.setup_links import unchanged
from tests.support.dns import Zone
from tests.support.hub import ME, Hub
from tests.support.oidc_op import OpenIdProvider
from tests.support.partners import SamlSide
from tests.support.provider_site import Page, ProviderSite, page
from tests.support.saml_idp import key_pair

Meanwhile = Callable[[], object]


class Slow:
    """A site whose document takes as long as `meanwhile` does; once, so that whoever asks again gets an answer."""

    def __init__(self, hub: Hub, site: ProviderSite) -> None:
        self.hub, self.site = hub, site
        hub.tenant("acme", "acme.example")
        self.tenant_id = hub.tenants["acme"]
        self.side: SamlSide = hub.saml_idp("acme")

    def address(self, document: bytes, meanwhile: Meanwhile) -> str:
        waiting = [meanwhile]

        def answer(_headers: dict[str, str]) -> Page:
            if waiting:
                waiting.pop()()
            return page(document)

        self.site.pages["/description"] = answer
        return f"{self.site.url}/description"

    def save(self, **asked: Any) -> None:
        self.hub.built.operations.run(ME, "connector.save", ChangeConnector("acme", "idp", **asked))

    def switch_off(self) -> None:
        self.hub.built.connectors.set_enabled(ME, self.tenant_id, "idp", enabled=False)

    def settings(self, **settings: Any) -> None:
        self.hub.built.connectors.save(ME, unchanged(self.connector, settings))

    @property
    def connector(self) -> Any:
        return self.hub.built.connectors.get(self.tenant_id, "idp")


def provided_by(site: ProviderSite, op: OpenIdProvider, meanwhile: list[Meanwhile]) -> None:
    """The site describes the provider. Each time that it is asked, the last of `meanwhile` happens first."""
    where = {name: f"{site.url}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    described = page(json.dumps({"issuer": site.url, **where}))

    def answer(_headers: dict[str, str]) -> Page:
        if meanwhile:
            meanwhile.pop()()
        return described

    site.pages["/jwks_uri"] = page(json.dumps(op.jwks()))
    site.pages["/.well-known/openid-configuration"] = answer


@pytest.fixture
def slow(hub: Hub) -> Iterator[Slow]:
    with ProviderSite() as site:
        yield Slow(hub, site)


def test_given_a_switch_off_while_metadata_is_fetched_then_it_stays_off_and_the_metadata_is_taken_over(slow: Slow) -> None:
    slow.side.idp.sso = "https://idp.acme.example/moved"
    slow.save(metadata_url=slow.address(slow.side.idp.metadata(), slow.switch_off))
    assert (slow.connector.enabled, slow.connector.held) == (False, True)
    assert slow.connector.settings.sso_redirect_url == "https://idp.acme.example/moved"


def test_given_another_setting_changed_meanwhile_then_both_hold(slow: Slow) -> None:
    meanwhile = slow.address(slow.side.idp.metadata(), lambda: slow.settings(skew_seconds=7))
    slow.save(metadata_url=meanwhile, name="Acme, renewed")
    assert (slow.connector.name, slow.connector.settings.skew_seconds) == ("Acme, renewed", 7)


def test_given_a_provider_that_is_asked_and_others_who_change_it_meanwhile_then_everything_holds(hub: Hub, slow: Slow) -> None:
    """Its settings were read before it was asked: what they were then is not written back."""
    meanwhile: list[Meanwhile] = []
    connectors = hub.built.connectors
    with OpenIdProvider(hub.clock) as op:
        provided_by(slow.site, op, meanwhile)
        settings = {"issuer": slow.site.url, "client_id": "x", "client_secret": "y"}
        connectors.save(ME, SaveConnector(slow.tenant_id, "op", "oidc", "Acme OP", settings, enabled=True))

        def change(**asked: Any) -> None:
            hub.built.operations.run(ME, "connector.save", ChangeConnector("acme", "op", **asked))

        meanwhile.append(partial(connectors.set_enabled, ME, slow.tenant_id, "op", enabled=False))
        meanwhile.append(partial(change, settings={"skew_seconds": 7}))
        change(settings={"scopes": ["openid", "email"]})

    found = connectors.get(slow.tenant_id, "op")
    assert (found.settings.scopes, found.settings.skew_seconds) == (("openid", "email"), 7)
    assert (found.enabled, found.held) == (False, True)


FILE = """
tenants: [{slug: acme, name: acme, domains: [acme.example], connectors: [
  {slug: op, type: oidc, name: Acme OP, enabled: true, settings: {issuer: "%s", client_id: %s, client_secret: y}}]}]
"""


def test_given_a_file_whose_provider_is_asked_while_others_change_it_then_it_is_read_again_and_nobody_waits(
    hub: Hub, slow: Slow
) -> None:
    """The others write from another thread: they would wait for the answer if the file's own unit of work were open by then."""
    switch = partial(hub.built.connectors.set_enabled, ME, slow.tenant_id, "op")
    meanwhile: list[Meanwhile] = []
    with OpenIdProvider(hub.clock) as op:
        provided_by(slow.site, op, meanwhile)
        for client_id in ("before", "after"):
            hub.built.configuration.apply(ME, parse((FILE % (slow.site.url, client_id)).encode(), Path()))
            meanwhile += [partial(switch, enabled=True), partial(switch, enabled=False)] if client_id == "before" else []

    found = hub.built.connectors.get(slow.tenant_id, "op")
    assert (found.settings.client_id, found.enabled, found.version, meanwhile) == ("after", True, 4, [])


def test_given_a_name_given_meanwhile_then_a_change_of_something_else_keeps_it(slow: Slow) -> None:
    def rename() -> None:
        slow.save(name="By the other one")

    slow.save(metadata_url=slow.address(slow.side.idp.metadata(), rename), settings={"skew_seconds": 9})
    assert (slow.connector.name, slow.connector.settings.skew_seconds) == ("By the other one", 9)


def test_given_it_is_deleted_meanwhile_then_a_change_does_not_bring_it_back(slow: Slow) -> None:
    command = unchanged(slow.connector, {"skew_seconds": 9})
    understood = slow.hub.built.connectors.understand(command)
    slow.hub.built.connectors.delete(ME, slow.tenant_id, "idp")
    with pytest.raises(UnknownObject):
        slow.hub.built.connectors.save(ME, command, understood)
    assert slow.hub.built.connectors.find(slow.tenant_id, "idp") is None


def test_given_a_set_up_link_that_changes_a_setting_while_an_operator_switches_off_then_it_stays_off(slow: Slow) -> None:
    before = slow.connector
    slow.switch_off()
    customer = Actor("setup-link:x", frozenset({Verb.SET_UP}), slow.tenant_id)
    slow.hub.built.connectors.save(customer, unchanged(before, {"skew_seconds": 9}))
    assert (slow.connector.enabled, slow.connector.held, slow.connector.settings.skew_seconds) == (False, True, 9)


def test_given_another_type_chosen_meanwhile_then_a_change_of_something_else_does_not_bring_the_old_one_back(slow: Slow) -> None:
    before = slow.connector
    slow.save(type="adfs", metadata=slow.side.idp.metadata().decode())
    customer = Actor("setup-link:x", frozenset({Verb.SET_UP}), slow.tenant_id)
    with pytest.raises(StaleVersion):
        slow.hub.built.connectors.save(customer, unchanged(before, {}, slow.side.idp.metadata()))
    assert (slow.connector.type, slow.connector.enabled) == ("adfs", before.enabled)


def test_given_an_application_switched_off_while_its_description_is_fetched_then_it_stays_off(hub: Hub, slow: Slow) -> None:
    app = hub.saml_app()
    operations = hub.built.operations

    def switch_off() -> None:
        operations.run(ME, "application.save", ChangeApplication("wiki", enabled=False))

    document = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{app.entity_id}">
      <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0"
      Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{app.acs}"/></SPSSODescriptor></EntityDescriptor>"""
    address = slow.address(document.encode(), switch_off)
    operations.run(ME, "application.save", ChangeApplication("wiki", metadata_url=address, name="Wiki, renewed"))

    found = hub.built.applications.get("wiki")
    assert (found.enabled, found.name) == (False, "Wiki, renewed")


@pytest.mark.parametrize("change", ["drop one", "keep those that are not listed"])
def test_given_a_certificate_added_meanwhile_then_a_set_up_link_does_not_take_it_away(hub: Hub, slow: Slow, change: str) -> None:
    pems = [key_pair(name).certificate_pem for name in ("first", "second", "third")]
    renewal, links = hub.built.services.setup_renewal, hub.built.setup_links
    token = links.create(ME, hub.tenant("globex")).token
    links.choose_kind(token, "saml")
    renewal.take(links.visit(token), slow.side.idp.metadata())

    def accept(*certificates: str) -> None:
        hub.built.connectors.save(ME, unchanged(links.visit(token).chosen(), {"signing_certificates": certificates}))

    accept(*pems[:2])
    visit = links.visit(token)
    renewal.take(visit, slow.side.idp.metadata())
    accept(*pems)

    with pytest.raises(StaleVersion):
        if change == "drop one":
            renewal.drop_certificate(visit, renewal.certificates(visit)[0].sha256)
        else:
            renewal.accept(visit, keep_dropped=True)

    assert len(renewal.certificates(links.visit(token))) == 3


class Meddled(dict[str, Any]):
    """Records of a zone; the first time that anybody asks, something happens."""

    def __init__(self, records: dict[str, Any], meanwhile: Meanwhile) -> None:
        super().__init__(records)
        self._waiting = [meanwhile]

    def get(self, name: str, default: Any = None) -> Any:
        if self._waiting:
            self._waiting.pop()()
        return super().get(name, default)


def test_given_a_domain_claimed_anew_while_the_dns_is_asked_then_the_record_of_before_proves_nothing(tmp_path: Path) -> None:
    name = "acme.example.com"
    with Zone() as zone, Hub(tmp_path, dns_servers=(zone.address,)) as hub:
        proof, tenant = hub.built.services.domain_proof, hub.tenant("acme")
        before = proof.claim(ME, tenant, name)

        def claim_anew() -> None:
            proof.withdraw(ME, tenant, name)
            proof.claim(ME, tenant, name)

        zone.records = Meddled({before.host: (before.value,)}, claim_anew)
        with pytest.raises(UnknownObject):
            proof.check(ME, tenant, name)

        assert hub.built.tenants.domains(tenant) == []
        (waiting,) = proof.claims(tenant)
        assert (waiting.result, waiting.value != before.value) == (None, True)
