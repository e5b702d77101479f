"""Changes of configuration by somebody who may make some of them: none gives more than was granted, none moves a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from broker.domain.errors import Forbidden, InvalidSettings
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.applications import secret_id
from broker.services.connector_guards import ANOTHER_PROVIDER
from broker.services.operations.connectors import ChangeConnector, PreviewConnector
from broker.services.operations.table import BY_NAME
from broker.services.setup_links import unchanged
from broker.services.tenants import SaveTenant
from connectors import registry
from tests.support.api import Api, api, basic
from tests.support.at_once import at_once
from tests.support.console import desk
from tests.support.hub import ME, Hub
from tests.support.oidc_op import CLIENT_SECRET, OpenIdProvider
from tests.support.saml_idp import SmallIdp

SHA1 = "2027-01-01"


@pytest.fixture
def evil(hub: Hub) -> Iterator[OpenIdProvider]:
    with OpenIdProvider(hub.clock) as provider:
        yield provider


def admin(hub: Hub, tenant: str = "acme") -> Actor:
    return Actor(f"staff:admin@{tenant}.example", ROLES[Role.TENANT_ADMIN], hub.tenants[tenant])


def link(hub: Hub, tenant: str = "acme") -> Actor:
    """What a set-up link may do."""
    return Actor("setup-link:lnk_1", frozenset({Verb.SET_UP}), hub.tenants[tenant])


# --- secrets of connectors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["operator", "tenant administrator", "set-up link"])
@pytest.mark.parametrize("how", ["connector.save", "connector.preview"])
def test_a_stored_secret_is_not_sent_to_an_address_of_somebody_elses_choice(hub: Hub, evil: OpenIdProvider, who: str, how: str) -> None:
    """Nobody can read the secret; pointing its connector at a server of one's own would be reading it (CVE-2024-5967 of Keycloak)."""
    hub.tenant("acme", "acme.example")
    side = hub.oidc_op("acme")
    actor = {"operator": ME, "tenant administrator": admin(hub), "set-up link": link(hub)}[who]
    asked = {"connector.save": ChangeConnector, "connector.preview": PreviewConnector}[how]

    with pytest.raises(InvalidSettings) as refused:
        hub.built.operations.run(actor, how, asked("acme", "op", settings={"issuer": evil.issuer}))

    assert refused.value.field == "client_secret"
    assert hub.built.connectors.get(hub.tenants["acme"], "op").settings.issuer == side.op.issuer


def test_with_the_secret_or_without_another_address_a_connector_changes(hub: Hub, evil: OpenIdProvider) -> None:
    """The honest neighbours."""
    hub.tenant("acme", "acme.example")
    hub.oidc_op("acme")

    hub.built.operations.run(admin(hub), "connector.save", ChangeConnector("acme", "op", settings={"scopes": ["openid", "email"]}))
    moved = {"issuer": evil.issuer, "client_secret": CLIENT_SECRET}
    hub.built.operations.run(admin(hub), "connector.save", ChangeConnector("acme", "op", settings=moved))

    stored = hub.built.connectors.get(hub.tenants["acme"], "op").settings
    assert (stored.issuer, stored.scopes, stored.client_secret) == (evil.issuer, ("openid", "email"), CLIENT_SECRET)


def test_a_set_up_page_asks_for_the_secret_again_too(hub: Hub, evil: OpenIdProvider) -> None:
    tenant_id = hub.tenant("acme", "acme.example")
    setup = hub.built.setup_links
    token = setup.create(ME, tenant_id).token
    setup.choose_kind(token, "oidc")
    with OpenIdProvider(hub.clock) as honest:
        setup.enter_oidc(token, {"issuer": honest.issuer, "client_id": "hub", "client_secret": CLIENT_SECRET})
        with pytest.raises(InvalidSettings) as refused:
            setup.enter_oidc(token, {"issuer": evil.issuer, "client_secret": ""})

    assert refused.value.field == "client_secret"


@pytest.mark.parametrize("name", registry.names())
def test_every_type_says_where_its_secrets_go(name: str) -> None:
    settings = fields(registry.connector_type(name).Settings)
    if any(item.metadata["secret"] for item in settings):
        told = {item.name for item in settings if item.metadata["receives_secrets"]}
        assert {"issuer", "token_endpoint"} <= told, "add where this type sends its secrets"


# --- what weakens a check ---------------------------------------------------------------------------------------------


def _risky(hub: Hub) -> None:
    """A connector for which an operator has accepted SHA-1, and admitted guests."""
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme", "idp", settings={"allow_sha1_until": SHA1}, admits_guests=True)


@pytest.mark.parametrize("type_name", ["adfs", "okta"])
def test_what_was_accepted_of_one_provider_does_not_pass_to_one_of_another_type(hub: Hub, type_name: str) -> None:
    _risky(hub)
    mine = SmallIdp("https://mine.example/saml").metadata().decode()
    change = ChangeConnector("acme", "idp", type=type_name, metadata=mine, settings={"allow_sha1_until": SHA1})

    with pytest.raises(Forbidden) as refused:
        hub.built.operations.run(admin(hub), "connector.save", change)

    assert refused.value.field == "allow_sha1_until"


@pytest.mark.parametrize("accepted", [{"settings": {"allow_sha1_until": SHA1}}, {"admits_guests": True}], ids=["a setting", "guests"])
@pytest.mark.parametrize("who", ["administrator", "set-up link"])
def test_what_was_accepted_of_one_provider_does_not_pass_to_another_one(hub: Hub, accepted: dict[str, Any], who: str) -> None:
    tenant = hub.tenant("acme", "acme.example")
    hub.saml_idp("acme", "idp", **accepted)
    before, mine = hub.built.connectors.get(tenant, "idp"), SmallIdp("https://mine.example/saml").metadata()

    with pytest.raises(Forbidden) as refused:
        if who == "administrator":
            change = ChangeConnector("acme", "idp", metadata=mine.decode())
            hub.built.operations.run(admin(hub), "connector.save", change)
        else:
            customer = Actor("setup-link:x", frozenset({Verb.SET_UP}), tenant)
            hub.built.connectors.save(customer, replace(unchanged(before, {}), metadata=mine))

    assert refused.value.sentence == ANOTHER_PROVIDER
    assert hub.built.connectors.get(tenant, "idp") == before


def test_an_operator_may_connect_another_provider_and_so_may_anybody_who_sets_up_when_nothing_was_accepted(hub: Hub) -> None:
    """The honest neighbours."""
    _risky(hub)
    tenant = hub.tenants["acme"]
    hub.saml_idp("acme", "plain")
    change = ChangeConnector("acme", "idp", metadata=SmallIdp("https://mine.example/saml").metadata().decode())

    hub.built.operations.run(ME, "connector.save", change)
    hub.built.operations.run(admin(hub), "connector.save", replace(change, connector="plain"))

    for slug in ("idp", "plain"):
        assert hub.built.connectors.get(tenant, slug).settings.entity_id == "https://mine.example/saml"


def test_what_an_operator_accepted_stays_when_a_tenants_administrator_saves(hub: Hub) -> None:
    """The honest neighbour."""
    _risky(hub)

    hub.built.operations.run(admin(hub), "connector.save", ChangeConnector("acme", "idp", name="Ours"))

    stored = hub.built.connectors.get(hub.tenants["acme"], "idp")
    assert (stored.name, stored.settings.allow_sha1_until, stored.admits_guests) == ("Ours", SHA1, True)


# --- keys of scripts --------------------------------------------------------------------------------------------------


def _access(hub: Hub, client: dict[str, Any], scope: str) -> Api:
    form = {"grant_type": "client_credentials", "scope": scope}
    answer = Api(hub, "").ask("POST", "/token", data=form, headers=basic(client["id"], client["secret"]))
    return Api(hub, answer.get_json()["access_token"])


def test_an_access_token_with_fewer_verbs_is_not_shown_what_another_was(hub: Hub) -> None:
    """The kept answer holds a set-up link, which is shown to nobody twice but to whoever made it."""
    hub.tenant("acme", "acme.example")
    client = api(hub).post("/tokens", {"name": "robot", "kind": "client", "verbs": ["configure"]}, 201)
    maker, reader = _access(hub, client, "configure"), _access(hub, client, "read")
    key = {"Idempotency-Key": "one"}

    made = maker.post("/tenants/acme/setup-links", {"days": 3}, 201, headers=key)
    again = maker.post("/tenants/acme/setup-links", {"days": 3}, 201, headers=key)
    refused = reader.ask("POST", "/tenants/acme/setup-links", json={"days": 3}, headers=key)

    assert again == made
    assert refused.status_code == 403
    assert made["url"] not in refused.get_data(as_text=True)


# --- tenants that are switched off ------------------------------------------------------------------------------------


def test_who_belongs_to_a_tenant_that_is_switched_off_is_shut_out_with_it(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme", "idp")
    mine, script, hub_wide = desk(hub, Role.TENANT_ADMIN, "acme"), api(hub, tenant="acme"), api(hub)
    assert mine.get("/console/tenants/acme").status_code == 200
    script.get("/tenants/acme")

    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))

    for path in ("/console", "/console/tenants", "/console/tenants/acme", "/console/people", "/console/audit/export?format=csv"):
        assert mine.get(path).status_code == 403, path
    for path in ("/tenants", "/tenants/acme", "/people", "/traces", "/audit"):
        script.get(path, 403)
    script.post("/tenants/acme/connectors/idp/disable", {}, 403)
    assert hub.built.connectors.get(hub.tenants["acme"], "idp").enabled
    assert hub_wide.get("/tenants/acme")["enabled"] is False
    hub_wide.put("/tenants/acme", {"enabled": True})
    script.get("/tenants/acme")


# --- strange input ----------------------------------------------------------------------------------------------------

_TIMES = ("0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-14:00", "1969-12-31")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *[(path, {name: time, "by": "day"}) for path in ("/statistics", "/tenants/acme/usage") for name in ("since", "until") for time in _TIMES],
        *[(path, {name: time}) for path in ("/traces", "/audit") for name in ("since", "until") for time in _TIMES],
    ],
)
def test_times_at_the_ends_of_the_calendar_are_refused(strange: Api, path: str, query: dict[str, str]) -> None:
    assert strange.get(path, 400, query_string=query)["field"] in {"since", "until"}


@pytest.mark.parametrize("after", ["²", "1²", "٣.x", "9" * 17, "9" * 17 + ".x", "-1", "x", "a b", " ", "💥", "1e400", "%"])
def test_an_invented_place_in_a_list_is_the_beginning_the_end_or_refused(strange: Api, after: str) -> None:
    for operation in BY_NAME.values():
        if operation.method == "GET" and "after" in operation.input.__dataclass_fields__:
            path = operation.path.replace("{tenant}", "acme").replace("{application}", "mail").replace("{connector}", "idp")
            response = strange.ask("GET", path, query_string={"after": after})
            assert response.status_code in {200, 400}, (operation.name, response.get_data(as_text=True))


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with Hub(tmp_path_factory.mktemp("strange"), api_requests_per_minute=100_000) as hub:
        hub.tenant("acme", "acme.example")
        hub.saml_idp("acme")
        yield api(hub)


# --- at the same moment -----------------------------------------------------------------------------------------------


def test_a_client_secret_that_is_taken_away_does_not_come_back_with_another_change(hub: Hub) -> None:
    hub.tenant("acme")
    hub.oidc_app()
    applications = hub.built.services.applications
    (slug,) = (each.slug for each in applications.all() if each.protocol == "oidc")
    leaked = applications.add_secret(ME, slug)[0]

    at_once(hub, lambda: applications.remove_secret(ME, slug, leaked), lambda: applications.add_secret(ME, slug)).result()

    kept = [secret_id(stored) for stored in applications.get(slug).settings.client_secret_hashes]
    assert leaked not in kept
    assert len(kept) == 2
