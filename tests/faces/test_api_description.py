"""The OpenAPI description: valid, complete, true. Requests are generated from it and thrown at every operation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import CHECKS, CheckFunction, load_all_checks

from broker.api.description import document
from broker.services.operations.table import ALL, BY_NAME
from tests.support.api import Api, token
from tests.support.hub import PUBLIC_URL, Hub

DOCUMENT: dict[str, Any] = json.loads(json.dumps(document(PUBLIC_URL)))
METHODS = {"get", "put", "post", "delete"}
OPERATIONS = sorted(
    said["operationId"] for path in DOCUMENT["paths"].values() for method, said in path.items() if method in METHODS
)


def _said(name: str) -> dict[str, Any]:
    return next(said for path in DOCUMENT["paths"].values() for said in path.values() if said["operationId"] == name)


def test_the_description_is_valid_openapi(hub: Hub) -> None:
    served = Api(hub, "").get("/openapi.json")

    assert served == DOCUMENT
    assert served["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(served).iter_errors()) == []


def test_every_operation_is_described_and_nothing_else() -> None:
    assert set(OPERATIONS) == {operation.name for operation in ALL} | {"access_token", "error_entry"}


def test_every_route_below_the_api_is_described(hub: Hub) -> None:
    own = {"/api/v1", "/api/v1/openapi.json"}
    rules = [rule for rule in hub.app.url_map.iter_rules() if rule.rule.startswith("/api") and rule.rule not in own]
    served = {(re.sub(r"<\w+>", "{}", rule.rule), method.lower()) for rule in rules for method in (rule.methods or set()) - {"HEAD"}}
    described = {("/api/v1" + re.sub(r"\{\w+\}", "{}", path), method) for path, item in DOCUMENT["paths"].items() for method in item}

    assert served == described


@pytest.mark.parametrize("name", sorted(operation.name for operation in ALL))
def test_every_parameter_and_field_is_explained(name: str) -> None:
    said = _said(name)
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {"properties": {}})

    assert said["summary"]
    assert not [parameter["name"] for parameter in said["parameters"] if not parameter.get("description")]
    assert not [field for field, schema in body["properties"].items() if not schema.get("description")]


# --- generated requests -----------------------------------------------------------------------------------------------

load_all_checks()
CHOSEN: tuple[str, ...] = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "ignored_auth",
    "unsupported_method",
)
EXAMPLES = 8
KNOWN = {"tenant": "acme", "connector": "idp", "domain": "acme.example", "application": "mail"}
"""What is there. Made-up names would mostly be answered by 404, and prove little about answers."""


def _checks() -> list[CheckFunction]:
    return [CHECKS.get_one(name) for name in CHOSEN]


@dataclass(frozen=True)
class Target:
    hub: Hub
    bearer: str
    operations: dict[str, Any]
    """As schemathesis reads them from the served description, by name."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A hub with something of everything, and a token that may do anything, at any rate."""
    folder: Path = tmp_path_factory.mktemp("api")
    with Hub(folder, api_requests_per_minute=100_000) as hub:
        hub.tenant("acme", "acme.example")
        hub.saml_idp("acme", "idp")
        hub.oidc_app("mail")
        read = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", hub.app).get_all_operations()
        operations = [found.ok() for found in read]
        yield Target(hub, token(hub), {each.definition.raw["operationId"]: each for each in operations})


@pytest.mark.parametrize("name", sorted(operation.name for operation in ALL))
def test_generated_requests_are_answered_as_described(target: Target, name: str) -> None:
    hub, operation = target.hub, target.operations[name]
    headers = {"Authorization": f"Bearer {target.bearer}"}
    statuses: set[int] = set()

    def honest(case: Any) -> None:
        if case.operation.method != "delete":
            case.path_parameters = {field: KNOWN.get(field, value) for field, value in (case.path_parameters or {}).items()}
        send(case)

    def send(case: Any) -> None:
        hub.clock.forward(minutes=2)  # wrong tokens are tried too, and would be told to wait
        statuses.add(case.call_and_validate(headers=headers, checks=_checks()).status_code)

    _throw(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE), honest)
    _throw(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE), send)

    if BY_NAME[name].method == "GET" and KNOWN.keys() >= set(BY_NAME[name].path_fields):
        assert 200 in statuses, "what is there was shown"


def _throw(cases: Any, send: Callable[[Any], None]) -> None:
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases)
    def attack(case: Any) -> None:
        send(case)

    attack()
