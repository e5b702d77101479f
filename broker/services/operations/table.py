"""The table of all operations, and the one way to run them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from broker.domain.errors import Forbidden, InvalidSettings, UnknownObject
from broker.domain.messages import translatable
from broker.services.actor import Actor
from broker.services.context import check_version, record_refusal
from broker.services.operations import (
    applications,
    audit,
    branding,
    configuration,
    connectors,
    domain_claims,
    domains,
    explain,
    federation,
    following,
    health,
    hosts,
    intake,
    keys,
    login_tests,
    people,
    provisioning,
    safeguards,
    setup_links,
    staff,
    staff_links,
    tenants,
    tokens,
    traces,
    usage,
)
from broker.services.operations.model import Call, Operation, Services

ALL: tuple[Operation, ...] = (
    *tenants.OPERATIONS,
    *connectors.OPERATIONS,
    *domains.OPERATIONS,
    *domain_claims.OPERATIONS,
    *hosts.OPERATIONS,
    *applications.OPERATIONS,
    *setup_links.OPERATIONS,
    *people.OPERATIONS,
    *provisioning.OPERATIONS,
    *branding.OPERATIONS,
    *login_tests.OPERATIONS,
    *intake.OPERATIONS,
    *tokens.OPERATIONS,
    *traces.OPERATIONS,
    *explain.OPERATIONS,
    *health.OPERATIONS,
    *following.OPERATIONS,
    *usage.OPERATIONS,
    *federation.OPERATIONS,
    *safeguards.OPERATIONS,
    *keys.OPERATIONS,
    *audit.OPERATIONS,
    *staff.OPERATIONS,
    *staff_links.OPERATIONS,
    *configuration.OPERATIONS,
)
SWITCHED_OFF = translatable("Your organisation is switched off here. Please ask the people who run this service.")
"""What holds for a tenant's people and set-up links holds for its administrators and tokens."""
BY_NAME: dict[str, Operation] = {operation.name: operation for operation in ALL}


@dataclass(frozen=True, slots=True)
class Guard:
    """What another operation shows must have this version. Raises StaleVersion otherwise."""

    show: str
    input: Any
    version: int


LONGEST_QUESTION = 2000


def _check_lengths(input: Any) -> None:
    """Nothing that is looked for is longer, and databases refuse endless patterns. Raises InvalidSettings."""
    for item in fields(input):
        value = getattr(input, item.name)
        if isinstance(value, str) and len(value) > LONGEST_QUESTION:
            raise InvalidSettings(translatable("Search for something shorter."), field=item.name)


class Operations:
    """What faces hold: `operations.run(actor, "tenant.show", ShowTenant("acme"))`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def run(self, actor: Actor, name: str, input: Any, *, while_version: Guard | None = None) -> Any:
        """Authorises, then does it. Raises Forbidden, UnknownObject, and whatever the service refuses.

        A change that somebody has no right to is written to the audit log. `while_version`: for an operation whose input
        names no version; done only while the object still has it.
        """
        operation = BY_NAME[name]
        try:
            call = self._call(operation, actor, input)
            if not operation.changes:
                _check_lengths(input)
            if while_version is None:
                return operation.run(call, input)
            with self._services.bench.database.unit_of_work():
                shown = self.run(actor, while_version.show, while_version.input)
                check_version(while_version.version, shown.version)
                return operation.run(call, input)
        except (Forbidden, UnknownObject) as error:
            if operation.changes and (isinstance(error, Forbidden) or error.hides_another_tenant):
                record_refusal(self._services.bench, actor, operation.name, actor.tenant_id)
            raise

    def _call(self, operation: Operation, actor: Actor, input: Any) -> Call:
        if actor.tenant_id is not None and not self._services.tenants.by_id(actor.tenant_id).enabled:
            raise Forbidden(SWITCHED_OFF, cause=f"the tenant of {actor.name} is switched off")
        if operation.of_tenant:
            try:
                tenant = self._services.tenants.visible(actor, input.tenant, operation.verb)
            except UnknownObject:
                actor.require(operation.verb, actor.tenant_id)  # whoever may never do this learns nothing about tenants
                raise
            return Call(self._services, actor, tenant)
        actor.require(operation.verb, actor.tenant_id if operation.narrowed else None)
        return Call(self._services, actor)
