"""Operations on a tenant's email domains. Their proof has operations of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType

from broker.domain.errors import UnknownObject
from broker.domain.trust import Domain
from broker.services.actor import Verb
from broker.services.operations.model import (
    AFTER,
    LIMIT,
    TENANT,
    Call,
    Deleted,
    Operation,
    Page,
    argument,
    check_limit,
    page_of,
)
from broker.services.tenants import SaveDomain

_NAME = "The domain, like example.com."
_CONNECTORS = "Short names of the connectors that serve it; empty: every one of the tenant that is switched on."


@dataclass(frozen=True, slots=True)
class DomainView:
    name: str = argument(_NAME)
    proof: str = argument('How it was proved: "dns", "http" (a file on its web site), or "operator" who vouched for it.')
    connectors: tuple[str, ...] = argument(_CONNECTORS)
    checked_at: datetime | None = argument("When its record or file was last looked at; null: never.", default=None)
    missing_since: datetime | None = argument("Since when its record or file has not been found; null: it is there.", default=None)


@dataclass(frozen=True, slots=True)
class ListDomains:
    tenant: str = argument(TENANT)
    search: str = argument("Only domains that contain this.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneDomain:
    tenant: str = argument(TENANT)
    domain: str = argument(_NAME)


@dataclass(frozen=True, slots=True)
class VouchDomain:
    tenant: str = argument(TENANT)
    domain: str = argument(_NAME)
    connectors: tuple[str, ...] | UnsetType = argument(f"{_CONNECTORS} Not given: as it is.", default=UNSET)


def domain_view(domain: Domain, slugs: dict[str, str]) -> DomainView:
    serving = tuple(slugs[found] for found in domain.connector_ids if found in slugs)
    return DomainView(domain.name, domain.proof, serving, domain.checked_at, domain.missing_since)


def _list(call: Call, asked: ListDomains) -> Page[DomainView]:
    limit = check_limit(asked.limit)
    found = call.services.tenants.domain_page(call.tenant.id, search=asked.search, after=asked.after, limit=limit + 1)
    slugs = call.services.connectors.slugs(call.tenant.id)
    return page_of([domain_view(domain, slugs) for domain in found], limit, lambda item: item.name)


def _show(call: Call, asked: OneDomain) -> DomainView:
    domain = call.services.tenants.domain(call.tenant.id, asked.domain)
    return domain_view(domain, call.services.connectors.slugs(call.tenant.id))


def _vouch(call: Call, asked: VouchDomain) -> DomainView:
    tenants, tenant_id = call.services.tenants, call.tenant.id
    slugs = call.services.connectors.slugs(tenant_id)
    if isinstance(asked.connectors, UnsetType):
        try:
            connector_ids = tenants.domain(tenant_id, asked.domain).connector_ids
        except UnknownObject:
            connector_ids = ()
    else:
        ids = {slug: connector_id for connector_id, slug in slugs.items()}
        if missing := [slug for slug in asked.connectors if slug not in ids]:
            raise UnknownObject(f"The tenant has no connector {missing[0]!r}.", field="connectors")
        connector_ids = tuple(ids[slug] for slug in asked.connectors)
    tenants.save_domain(call.actor, SaveDomain(tenant_id, asked.domain, connector_ids))
    return domain_view(tenants.domain(tenant_id, asked.domain), slugs)


def _remove(call: Call, asked: OneDomain) -> Deleted:
    call.services.tenants.delete_domain(call.actor, call.tenant.id, asked.domain)
    return Deleted("domain", asked.domain.strip().lower())


_ALL = "/tenants/{tenant}/domains"
_ONE = f"{_ALL}/{{domain}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation("domain.list", "A tenant's domains", Verb.READ, "GET", _ALL, ListDomains, Page[DomainView], _list),
    Operation("domain.show", "One domain", Verb.READ, "GET", _ONE, OneDomain, DomainView, _show),
    Operation(
        "domain.vouch",
        "Vouch for a domain, or say which connectors serve it",
        Verb.CONFIGURE,
        "PUT",
        _ONE,
        VouchDomain,
        DomainView,
        _vouch,
        sensitive=True,
    ),
    Operation(
        "domain.remove",
        "Take a domain away: its people cannot sign in any more",
        Verb.CONFIGURE,
        "DELETE",
        _ONE,
        OneDomain,
        Deleted,
        _remove,
        sensitive=True,
    ),
)
