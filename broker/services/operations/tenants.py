"""Operations on tenants. The model for its siblings: inputs, views, functions, table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType

from broker.domain.branding import Branding
from broker.domain.errors import UnknownObject
from broker.domain.trust import Tenant
from broker.services.actor import Verb
from broker.services.operations.model import (
    AFTER,
    LIMIT,
    VERSION,
    Call,
    Deleted,
    Operation,
    Page,
    argument,
    check_limit,
    given,
    page_of,
)
from broker.services.tenants import Belongings, ConnectorKind, SaveTenant

_SLUG = "Short name of the tenant, as it stands in addresses."


@dataclass(frozen=True, slots=True)
class TenantView:
    id: str = argument("Stable id.")
    slug: str = argument(_SLUG)
    name: str = argument("Name that people see.")
    enabled: bool = argument("Whether its people can sign in.")
    session_idle_seconds: int = argument("How long a session lives without use, in seconds.")
    session_absolute_seconds: int = argument("How long a session lives at most, in seconds.")
    trace_days: int = argument("How long traces of its sign-ins are kept, in days; 0: as long as the hub keeps all.")
    acceptance_rules: tuple[dict[str, Any], ...] = argument("Claim rules for everything that its connectors say.")
    branding: Branding = argument("How its pages look.")
    version: int = argument("Rises with every change.")


@dataclass(frozen=True, slots=True)
class TenantLine(TenantView):
    """A tenant in a list, with what belongs to it in short."""

    domains: tuple[str, ...] = argument("Its email domains.")
    connectors: tuple[ConnectorKind, ...] = argument("Its connectors.")


@dataclass(frozen=True, slots=True)
class ListTenants:
    search: str = argument("Only tenants whose name, slug or a domain contains this.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneTenant:
    tenant: str = argument(_SLUG)


@dataclass(frozen=True, slots=True)
class ChangeTenant:
    """What is not given stays as it is, or is the default of a new tenant."""

    slug: str = argument(_SLUG)
    name: str | UnsetType = argument("Name that people see.", default=UNSET)
    enabled: bool | UnsetType = argument("Whether its people can sign in.", default=UNSET)
    session_idle_seconds: int | UnsetType = argument("Seconds without use after which a session ends.", default=UNSET)
    session_absolute_seconds: int | UnsetType = argument("Seconds after which a session ends.", default=UNSET)
    trace_days: int | UnsetType = argument("Days after which traces of its sign-ins go; 0: as the hub's own.", default=UNSET)
    acceptance_rules: tuple[dict[str, Any], ...] | UnsetType = argument("Claim rules.", default=UNSET)
    branding: Branding | UnsetType = argument("How its pages look.", default=UNSET)
    expected_version: int | None = argument(VERSION, default=None)


def view(tenant: Tenant) -> TenantView:
    return TenantView(
        tenant.id,
        tenant.slug,
        tenant.name,
        tenant.enabled,
        tenant.session_idle_seconds,
        tenant.session_absolute_seconds,
        tenant.trace_days,
        tenant.acceptance_rules,
        tenant.branding,
        tenant.version,
    )


def _list(call: Call, asked: ListTenants) -> Page[TenantLine]:
    limit = check_limit(asked.limit)
    found = call.services.tenants.search(asked.search, only=call.actor.tenant_id, after_slug=asked.after, limit=limit + 1)
    belongings = call.services.tenants.belongings([tenant.id for tenant in found])
    lines = [_line(tenant, belongings[tenant.id]) for tenant in found]
    return page_of(lines, limit, lambda item: item.slug)


def _line(tenant: Tenant, has: Belongings) -> TenantLine:
    shown = view(tenant)
    values = {name: getattr(shown, name) for name in TenantView.__dataclass_fields__}
    return TenantLine(**values, domains=has.domains, connectors=has.connectors)


def _show(call: Call, asked: OneTenant) -> TenantView:
    return view(call.tenant)


def _save(call: Call, asked: ChangeTenant) -> TenantView:
    tenants = call.services.tenants
    try:
        now = tenants.get(asked.slug)
    except UnknownObject:
        now = Tenant("", asked.slug, asked.slug)
    command = SaveTenant(
        slug=asked.slug,
        name=given(asked.name, now.name),
        enabled=given(asked.enabled, now.enabled),
        session_idle_seconds=given(asked.session_idle_seconds, now.session_idle_seconds),
        session_absolute_seconds=given(asked.session_absolute_seconds, now.session_absolute_seconds),
        acceptance_rules=given(asked.acceptance_rules, now.acceptance_rules),
        branding=given(asked.branding, now.branding),
        trace_days=given(asked.trace_days, now.trace_days),
        expected_version=asked.expected_version,
    )
    tenants.save(call.actor, command)
    return view(tenants.get(asked.slug))


def _delete(call: Call, asked: OneTenant) -> Deleted:
    call.services.tenants.delete(call.actor, call.tenant.slug)
    return Deleted("tenant", call.tenant.slug)


OPERATIONS: tuple[Operation, ...] = (
    Operation("tenant.list", "All tenants", Verb.READ, "GET", "/tenants", ListTenants, Page[TenantLine], _list, narrowed=True),
    Operation("tenant.show", "One tenant", Verb.READ, "GET", "/tenants/{tenant}", OneTenant, TenantView, _show),
    Operation("tenant.save", "Create or change one", Verb.CONFIGURE, "PUT", "/tenants/{slug}", ChangeTenant, TenantView, _save),
    Operation(
        "tenant.delete",
        "Delete a tenant with its connectors, domains, people and sessions",
        Verb.CONFIGURE,
        "DELETE",
        "/tenants/{tenant}",
        OneTenant,
        Deleted,
        _delete,
        sensitive=True,
    ),
)
