"""Every operation of the API, with a token that lacks its verb, and with a token of another tenant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from broker.services.actor import Verb
from broker.services.operations import Operation
from broker.services.operations.table import ALL
from tests.support.api import Api, api
from tests.support.hub import Hub

HOLES = {"tenant": "acme", "slug": "acme", "connector": "idp", "domain": "acme.example", "application": "mail"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with Hub(tmp_path_factory.mktemp("isolation"), api_requests_per_minute=100_000) as hub:
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        hub.saml_idp("acme", "idp")
        hub.oidc_app("mail")
        yield hub


FILLED: dict[str, Any] = {"tuple": [], "int": 1, "bool": True}


def attempt(script: Api, operation: Operation) -> Any:
    """The request that would do it, with required fields filled in somehow."""
    path = operation.path
    for name in operation.path_fields:
        path = path.replace(f"{{{name}}}", HOLES.get(name, "x_1"))
    required = {
        item.name: FILLED.get(str(item.type).partition("[")[0], "x")
        for item in dataclasses.fields(operation.input)
        if item.name not in operation.path_fields and item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    }
    if operation.method in {"GET", "DELETE"}:
        return script.ask(operation.method, path, query_string=required)
    return script.ask(operation.method, path, json=required)


def stored(hub: Hub) -> list[int]:
    return [hub.count(table) for table in ("tenants", "connectors", "domains", "applications", "setup_links", "configuration_changes")]


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_without_its_verb_an_operation_is_refused(hub: Hub, operation: Operation) -> None:
    implied = {Verb.READ: {Verb.CONFIGURE}, Verb.SET_UP: {Verb.CONFIGURE}, Verb.READ_PEOPLE: {Verb.MANAGE_PEOPLE}}
    lacking = frozenset(Verb) - {operation.verb} - implied.get(operation.verb, set())
    script = api(hub, verbs=lacking)
    before, refusals = stored(hub), hub.count("audit")

    response = attempt(script, operation)

    assert (response.status_code, response.get_json()["code"]) == (403, "forbidden"), operation.name
    assert "insufficient_scope" in response.headers["WWW-Authenticate"]
    assert stored(hub) == before
    # One entry for the token that was made, one for the change that was refused.
    assert hub.count("audit") == refusals + (1 if operation.changes else 0)


@pytest.mark.parametrize("operation", [one for one in ALL if one.of_tenant], ids=lambda operation: operation.name)
def test_another_tenants_token_is_told_that_there_is_no_such_tenant(hub: Hub, operation: Operation) -> None:
    script = api(hub, tenant="globex")
    nobody = Api(hub, script.token)
    before = stored(hub)

    there = attempt(script, operation)
    nowhere = _at_a_tenant_that_does_not_exist(nobody, operation)

    assert (there.status_code, there.get_json()["code"]) == (404, "unknown_object"), operation.name
    assert _same(there.get_json(), "acme") == _same(nowhere.get_json(), "nobody"), "the two cannot be told apart"
    assert stored(hub) == before


def _at_a_tenant_that_does_not_exist(script: Api, operation: Operation) -> Any:
    HOLES["tenant"] = "nobody"
    try:
        return attempt(script, operation)
    finally:
        HOLES["tenant"] = "acme"


def _same(problem: dict[str, Any], tenant: str) -> dict[str, Any]:
    return {**problem, "reference": "", "detail": problem["detail"].replace(tenant, "…")}


@pytest.mark.parametrize("operation", [one for one in ALL if not one.of_tenant and not one.narrowed], ids=lambda operation: operation.name)
def test_a_tenants_token_cannot_touch_the_hub(hub: Hub, operation: Operation) -> None:
    script = api(hub, tenant="globex")
    before = stored(hub)

    response = attempt(script, operation)

    # tenant.save names its tenant `slug`: the service refuses what is not its own.
    assert response.status_code == 403, (operation.name, response.get_data(as_text=True))
    assert stored(hub) == before


@pytest.mark.parametrize("operation", [one for one in ALL if one.narrowed], ids=lambda operation: operation.name)
def test_what_is_narrowed_shows_nothing_of_another_tenant(hub: Hub, operation: Operation) -> None:
    response = attempt(api(hub, tenant="globex"), operation)

    said = response.get_data(as_text=True)
    assert response.status_code in {200, 400, 404}, said
    assert "acme" not in said.lower(), operation.name
