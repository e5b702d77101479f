"""Operations on the whole: the federation at a glance, and set-up links that end soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import InvalidSettings
from broker.services.actor import Verb
from broker.services.federation import Flow
from broker.services.operations.health import STATES
from broker.services.operations.model import LIMIT, TENANT, Call, Operation, Page, argument, check_limit

MAX_SHOWN, MAX_HOURS = 20, 24 * 31


@dataclass(frozen=True, slots=True)
class ProviderFlow:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    connector: str = argument("Short name of the connector within its tenant.")
    name: str = argument("Name that people see.")
    type: str = argument("Which kind of identity provider.")
    logins: int = argument("Sign-ins that went through it.")
    failed: int = argument("Of those, how many failed.")
    state: str = argument("One word for its health; quiet: nobody has signed in yet.", choices=STATES)


@dataclass(frozen=True, slots=True)
class ApplicationFlow:
    application: str = argument("Short name of the application.")
    name: str = argument("Name that people see.")
    logins: int = argument("Sign-ins to it.")
    failed: int = argument("Of those, how many failed.")
    state: str = argument("One word for how it fares.", choices=STATES)


@dataclass(frozen=True, slots=True)
class OtherFlow:
    """Everybody who is not named."""

    count: int = argument("How many there are.")
    logins: int = argument("Sign-ins of all of them.")
    failed: int = argument("Of those, how many failed.")


@dataclass(frozen=True, slots=True)
class FederationView:
    since: datetime = argument("Begin of the range.")
    until: datetime = argument("End of the range.")
    tenants: int = argument("How many tenants there are.")
    connectors: int = argument("How many connectors are switched on.")
    applications: int = argument("How many applications there are.")
    providers: tuple[ProviderFlow, ...] = argument("Identity providers, the busiest first.")
    other_providers: OtherFlow = argument("All the others.")
    parties: tuple[ApplicationFlow, ...] = argument("Applications, the busiest first.")
    other_parties: OtherFlow = argument("All the others.")


@dataclass(frozen=True, slots=True)
class ShowFederation:
    hours: int = argument(f"How far to look back, 1 to {MAX_HOURS}.", default=24)
    shown: int = argument(f"How many to name on each side, 1 to {MAX_SHOWN}.", default=7)


@dataclass(frozen=True, slots=True)
class ExpiringLinkView:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    label: str = argument("For whom the link is.")
    expires_at: datetime = argument("Until when it works.")
    days: int = argument("Days until then.")


@dataclass(frozen=True, slots=True)
class ListExpiringLinks:
    days: int = argument("Look this many days ahead.", default=7)
    limit: int = argument(LIMIT, default=20)


def _show(call: Call, asked: ShowFederation) -> FederationView:
    if not 1 <= asked.hours <= MAX_HOURS:
        raise InvalidSettings(f"Look back from 1 to {MAX_HOURS} hours.", field="hours")
    if not 1 <= asked.shown <= MAX_SHOWN:
        raise InvalidSettings(f"Name from 1 to {MAX_SHOWN}.", field="shown")
    found = call.services.federation.show(call.actor.tenant_id, timedelta(hours=asked.hours), asked.shown)
    return FederationView(
        found.since,
        found.until,
        found.tenants,
        found.connectors,
        found.applications,
        tuple(_provider(flow) for flow in found.providers),
        _other(found.connectors - len(found.providers), found.other_providers),
        tuple(ApplicationFlow(flow.slug, flow.name, flow.logins, flow.failed, flow.state) for flow in found.parties),
        _other(found.applications - len(found.parties), found.other_parties),
    )


def _provider(flow: Flow) -> ProviderFlow:
    return ProviderFlow(flow.tenant, flow.tenant_name, flow.slug, flow.name, flow.type, flow.logins, flow.failed, flow.state)


def _other(count: int, flow: Flow) -> OtherFlow:
    return OtherFlow(max(count, 0), flow.logins, flow.failed)


def _expiring(call: Call, asked: ListExpiringLinks) -> Page[ExpiringLinkView]:
    if not 0 <= asked.days <= 3650:
        raise InvalidSettings("Look from 0 to 3650 days ahead.", field="days")
    now, limit = call.services.bench.clock.now(), check_limit(asked.limit)
    found = call.services.federation.expiring_links(call.actor.tenant_id, timedelta(days=asked.days), limit)
    return Page(
        tuple(
            ExpiringLinkView(link.tenant, link.tenant_name, link.label, link.expires_at, (link.expires_at - now).days)
            for link in found
        )
    )


_EXPIRING: Any = Page[ExpiringLinkView]

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "federation.show",
        "The federation at a glance: identity providers, applications, and how much goes through each",
        Verb.READ,
        "GET",
        "/federation",
        ShowFederation,
        FederationView,
        _show,
        narrowed=True,
    ),
    Operation(
        "federation.expiring_links",
        "Set-up links that end soon",
        Verb.READ,
        "GET",
        "/expiring-setup-links",
        ListExpiringLinks,
        _EXPIRING,
        _expiring,
        narrowed=True,
    ),
)
