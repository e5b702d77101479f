"""Operations on the host names at which a tenant's people sign in: `login.acme.com`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.place import Place
from broker.services.actor import Verb
from broker.services.hosts import TenantHost, tidy
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
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.operations.selecting import tenant_id_of

_NAME = "The host name, like login.example.com."
_DESPITE = "Do it although applications signed people in there during the last 30 days: they cannot any more."


@dataclass(frozen=True, slots=True)
class HostView:
    name: str = argument(_NAME)
    state: str = argument('"waiting": the hub has not seen yet that it leads here; "on"; "off": switched off by an operator.')
    issuer: str = argument("OpenID Connect issuer there.")
    entity_id: str = argument("SAML entityID there, and the address of its metadata.")
    created_at: datetime = argument("When it was added.")
    checked_at: datetime | None = argument("When the hub last looked whether it leads here; null: never.", default=None)
    problem: str = argument("What that look found wrong; empty: nothing.", default="")
    failing_since: datetime | None = argument("Since when looks have found something wrong.", default=None)
    certificate_ends_at: datetime | None = argument("When its TLS certificate ends; null: not known.", default=None)
    stops_at: datetime | None = argument("When it stops by itself, unless a look finds that it leads here.", default=None)


@dataclass(frozen=True, slots=True)
class HostUse:
    """An application that signed people in at a host."""

    application: str = argument("Short name of the application.")
    name: str = argument("Its name.")
    used_at: datetime = argument("When somebody last signed in, to the hour.")


@dataclass(frozen=True, slots=True)
class HostDetail:
    host: HostView = argument("The host.")
    uses: tuple[HostUse, ...] = argument("Applications that signed people in there, most lately first.")


@dataclass(frozen=True, slots=True)
class TroubledHost:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    host: HostView = argument("The host.")
    certificate_days: int | None = argument("Days until its certificate ends; negative: it has ended.", default=None)


@dataclass(frozen=True, slots=True)
class ListTroubledHosts:
    tenant_slug: str = argument(ONE_TENANT, default="")
    limit: int = argument(LIMIT, default=20)


@dataclass(frozen=True, slots=True)
class ListHosts:
    tenant: str = argument(TENANT)
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneHost:
    tenant: str = argument(TENANT)
    host: str = argument(_NAME)


@dataclass(frozen=True, slots=True)
class SwitchHost:
    tenant: str = argument(TENANT)
    host: str = argument(_NAME)
    on: bool = argument("Whether people may sign in there.")
    despite_use: bool = argument(_DESPITE, default=False)


@dataclass(frozen=True, slots=True)
class RemoveHost:
    tenant: str = argument(TENANT)
    host: str = argument(_NAME)
    despite_use: bool = argument(_DESPITE, default=False)


def host_view(host: TenantHost) -> HostView:
    place = Place(host.base, host.tenant_id)
    return HostView(
        name=host.name,
        state=host.state.value,
        issuer=place.oidc_issuer,
        entity_id=place.saml_issuer,
        created_at=host.created_at,
        checked_at=host.checked_at,
        problem="" if host.problem is None else host.problem.value,
        failing_since=host.failing_since,
        certificate_ends_at=host.certificate_ends_at,
        stops_at=host.stops_at,
    )


def _list(call: Call, asked: ListHosts) -> Page[HostView]:
    limit = check_limit(asked.limit)
    found = call.services.hosts.of_tenant(call.tenant.id, after=asked.after, limit=limit + 1)
    return page_of([host_view(host) for host in found], limit, lambda item: item.name)


def _show(call: Call, asked: OneHost) -> HostDetail:
    host = call.services.hosts.get(call.tenant.id, asked.host)
    return HostDetail(host_view(host), tuple(HostUse(use.slug, use.name, use.used_at) for use in call.services.hosts.uses(host)))


def _troubled(call: Call, asked: ListTroubledHosts) -> Page[TroubledHost]:
    now = call.services.bench.clock.now()
    found = call.services.hosts.troubled(tenant_id_of(call, asked.tenant_slug), check_limit(asked.limit))
    return Page(
        tuple(
            TroubledHost(each.tenant, each.tenant_name, host_view(each.host), None if ends is None else (ends - now).days)
            for each in found
            for ends in (each.host.certificate_ends_at,)
        )
    )


def _add(call: Call, asked: OneHost) -> HostView:
    return host_view(call.services.hosts.add(call.actor, call.tenant.id, asked.host))


def _check(call: Call, asked: OneHost) -> HostView:
    return host_view(call.services.hosts.check(call.actor, call.tenant.id, asked.host))


def _switch(call: Call, asked: SwitchHost) -> HostView:
    found = call.services.hosts.switch(call.actor, call.tenant.id, asked.host, on=asked.on, despite_use=asked.despite_use)
    return host_view(found)


def _remove(call: Call, asked: RemoveHost) -> Deleted:
    call.services.hosts.remove(call.actor, call.tenant.id, asked.host, despite_use=asked.despite_use)
    return Deleted("host", tidy(asked.host))


_ALL = "/tenants/{tenant}/hosts"
_ONE = f"{_ALL}/{{host}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation("host.list", "A tenant's own host names", Verb.READ, "GET", _ALL, ListHosts, Page[HostView], _list),
    Operation("host.show", "One host, and which applications use it", Verb.READ, "GET", _ONE, OneHost, HostDetail, _show),
    Operation(
        "host.troubled",
        "Hosts that do not lead here, or whose certificate ends soon",
        Verb.READ,
        "GET",
        "/troubled-hosts",
        ListTroubledHosts,
        Page[TroubledHost],
        _troubled,
        narrowed=True,
    ),
    Operation(
        "host.add",
        "Let a tenant's people sign in at a host name of its own, once it leads to this hub",
        Verb.CONFIGURE,
        "PUT",
        _ONE,
        OneHost,
        HostView,
        _add,
        sensitive=True,
    ),
    Operation(
        "host.check",
        "Look now whether a host leads to this hub; then it is on",
        Verb.CONFIGURE,
        "POST",
        f"{_ONE}/check",
        OneHost,
        HostView,
        _check,
    ),
    Operation(
        "host.switch",
        "Switch a host on or off; its addresses answer nothing while it is off",
        Verb.CONFIGURE,
        "POST",
        f"{_ONE}/switch",
        SwitchHost,
        HostView,
        _switch,
        sensitive=True,
    ),
    Operation(
        "host.remove",
        "Take a host away: applications that trust its addresses stop working",
        Verb.CONFIGURE,
        "DELETE",
        _ONE,
        RemoveHost,
        Deleted,
        _remove,
        sensitive=True,
    ),
)
