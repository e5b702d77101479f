"""The table of all operations, and the one way to run them."""

from __future__ import annotations

from typing import Any

from broker.domain.errors import UnknownObject
from broker.services.actor import Actor
from broker.services.operations import applications, connectors, domains, login_tests, people, setup_links, tenants
from broker.services.operations.model import Call, Operation, Services

ALL: tuple[Operation, ...] = (
    *tenants.OPERATIONS,
    *connectors.OPERATIONS,
    *domains.OPERATIONS,
    *applications.OPERATIONS,
    *setup_links.OPERATIONS,
    *people.OPERATIONS,
    *login_tests.OPERATIONS,
)
BY_NAME: dict[str, Operation] = {operation.name: operation for operation in ALL}


class Operations:
    """What faces hold: `operations.run(actor, "tenant.show", ShowTenant("acme"))`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def run(self, actor: Actor, name: str, input: Any) -> Any:
        """Authorises, then does it. Raises Forbidden, UnknownObject, and whatever the service refuses."""
        operation = BY_NAME[name]
        if operation.of_tenant:
            try:
                tenant = self._services.tenants.visible(actor, input.tenant, operation.verb)
            except UnknownObject:
                actor.require(operation.verb, actor.tenant_id)  # whoever may never do this learns nothing about tenants
                raise
            return operation.run(Call(self._services, actor, tenant), input)
        actor.require(operation.verb, actor.tenant_id if operation.narrowed else None)
        return operation.run(Call(self._services, actor), input)
