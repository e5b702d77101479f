"""A list costs the same number of queries whether it has two items or twenty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from broker.services.actor import Verb
from broker.services.operations.table import BY_NAME
from tests.support.hub import ME, Hub

LISTS: dict[str, dict[str, Any]] = {
    "tenant.list": {},
    "connector.list": {"tenant": "acme"},
    "domain.list": {"tenant": "acme"},
    "application.list": {},
    "tenant.applications": {"tenant": "acme"},
    "setup_link.list": {"tenant": "acme"},
    "token.list": {},
}


@contextmanager
def counted(hub: Hub) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(hub.built.database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(hub.built.database.engine, "before_cursor_execute", note)


def grow(hub: Hub, start: int, end: int) -> None:
    run = hub.built.operations.run
    tenants = tuple(hub.tenants)
    for number in range(start, end):
        hub.tenant(f"tenant-{number}", f"t{number}.example")
        hub.saml_idp("acme", f"idp-{number}")
        run(ME, "domain.vouch", BY_NAME["domain.vouch"].input("acme", f"d{number}.example", (f"idp-{number}",)))
        connector_id = hub.built.connectors.get(hub.tenants["acme"], f"idp-{number}").id
        hub.saml_app(f"app-{number}", tenant_ids=tuple(hub.tenants[slug] for slug in tenants), connector_ids=(connector_id,))
        run(ME, "setup_link.create", BY_NAME["setup_link.create"].input("acme"))
        hub.built.services.api_tokens.create(ME, f"token-{number}", frozenset({Verb.READ}), tenant_id=hub.tenants["acme"], days=1)


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """Of each list: (queries with two items, queries with twelve)."""
    found: dict[str, list[int]] = {name: [] for name in LISTS}
    with Hub(tmp_path_factory.mktemp("queries")) as hub:
        hub.tenant("acme", "acme.example")
        for start, end in ((0, 2), (2, 12)):
            grow(hub, start, end)
            for name, given in LISTS.items():
                with counted(hub) as said:
                    page = hub.built.operations.run(ME, name, BY_NAME[name].input(**given, limit=100))
                assert len(page.items) >= end, name
                found[name].append(len(said))
    return {name: (few, many) for name, (few, many) in found.items()}


@pytest.mark.parametrize("name", LISTS)
def test_a_longer_list_costs_no_more_queries(costs: dict[str, tuple[int, int]], name: str) -> None:
    few, many = costs[name]

    assert few == many
    assert many <= 5
