"""Operations on what connectors follow: reading it again now, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.services.actor import Verb
from broker.services.followed import WAITS
from broker.services.operations.configuration import FieldChange
from broker.services.operations.model import LIMIT, TENANT, Call, Operation, Page, argument, check_limit
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.operations.selecting import tenant_id_of

OUTCOMES = ("unchanged", "planned", "changed", "waits")


@dataclass(frozen=True, slots=True)
class RefreshConnector:
    tenant: str = argument(TENANT)
    connector: str = argument("Short name of the connector within its tenant.")
    plan: bool = argument("Only say what would change.", default=False)
    accept: str = argument(
        "Take over what waits for a person: the digest of the plan that you have made sure of. Empty: it goes on waiting.",
        default="",
    )


@dataclass(frozen=True, slots=True)
class RefreshView:
    outcome: str = argument("What came of it; waits: a person has to look first, and nothing has changed.", choices=OUTCOMES)
    changes: tuple[FieldChange, ...] = argument("What differs; certificates and keys by their fingerprints and names.")
    understood: tuple[str, ...] = argument("What the document says, in words.")
    warnings: tuple[str, ...] = argument("What somebody should look at.")
    waits: tuple[str, ...] = argument("Why a person has to look, in words.")
    digest: str = argument("Of what would be taken over.")


@dataclass(frozen=True, slots=True)
class TroubleView:
    tenant: str = argument(TENANT)
    tenant_name: str = argument("Name of the tenant.")
    connector: str = argument("Short name of the connector within its tenant.")
    connector_name: str = argument("Name of the connector.")
    waits: tuple[str, ...] = argument("Why a person has to look, in words; empty: it could not be read.")
    problem: str = argument("Why the last reading failed, in words; empty: it worked.")
    good_at: datetime | None = argument("When reading last worked.")
    read_at: datetime | None = argument("When it was last tried.")


@dataclass(frozen=True, slots=True)
class ListTrouble:
    tenant_slug: str = argument(ONE_TENANT, default="")
    limit: int = argument(LIMIT, default=20)


def waits_in_words(waits: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(WAITS.get(word, word) for word in waits)


def _refresh(call: Call, asked: RefreshConnector) -> RefreshView:
    found = call.services.following.refresh(
        call.actor, call.tenant.id, asked.connector, plan=asked.plan, accept=asked.accept
    )
    changes = tuple(FieldChange(name, before, after) for name, (before, after) in found.changes.items())
    return RefreshView(found.outcome, changes, found.understood, found.warnings, waits_in_words(found.waits), found.digest)


def _trouble(call: Call, asked: ListTrouble) -> Page[TroubleView]:
    rows = call.services.health.troubled(tenant_id_of(call, asked.tenant_slug), check_limit(asked.limit))
    return Page(
        tuple(
            TroubleView(
                row.tenant,
                row.tenant_name,
                row.connector,
                row.connector_name,
                waits_in_words(tuple(row.waits.split())),
                row.problem,
                row.good_at,
                row.read_at,
            )
            for row in rows
        )
    )


_TROUBLE: Any = Page[TroubleView]

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "connector.refresh",
        "Read its provider's metadata or discovery document again now, and take over what has changed",
        Verb.SET_UP,
        "POST",
        "/tenants/{tenant}/connectors/{connector}/refresh",
        RefreshConnector,
        RefreshView,
        _refresh,
        sensitive=True,
    ),
    Operation(
        "health.metadata",
        "Metadata that waits for a person, or could not be read again and again",
        Verb.READ,
        "GET",
        "/metadata-trouble",
        ListTrouble,
        _TROUBLE,
        _trouble,
        narrowed=True,
    ),
)
