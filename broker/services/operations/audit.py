"""Operations on the audit log: who did what. There is none that changes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.domain.errors import InvalidSettings
from broker.services.actor import Verb
from broker.services.audit import Entry, Wanted
from broker.services.operations.model import AFTER, LIMIT, Call, Operation, Page, argument, check_limit, page_of
from broker.services.operations.selecting import SINCE, UNTIL, moment, tenant_id_of
from broker.services.operations.selecting import TENANT as ONE_TENANT


@dataclass(frozen=True, slots=True)
class AuditField:
    name: str = argument("Name of the field.")
    before: Any = argument("Value before; null: there was none. Secrets never.")
    after: Any = argument("Value after; null: there is none any more. Secrets never.")


@dataclass(frozen=True, slots=True)
class AuditView:
    id: int = argument("Rises with every entry.")
    at: datetime = argument("When it happened.")
    actor: str = argument("Who did it.")
    tenant: str = argument("Short name of the tenant, or the id of one that is gone.")
    action: str = argument("What was done, such as connector.updated.")
    kind: str = argument("Kind of the object.")
    object_id: str = argument("Id of the object.")
    fields: tuple[AuditField, ...] = argument("What changed.")


@dataclass(frozen=True, slots=True)
class ListAudit:
    tenant_slug: str = argument(ONE_TENANT, default="")
    actor: str = argument("Only by actors whose name contains this.", default="")
    action: str = argument("Only actions that contain this, such as connector or deleted.", default="")
    kind: str = argument("Only on objects of this kind, such as connector.", default="")
    object_id: str = argument("Only on the object with this id.", default="")
    since: str = argument(SINCE, default="")
    until: str = argument(UNTIL, default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


def view(entry: Entry) -> AuditView:
    fields = tuple(AuditField(name, *pair) for name, pair in entry.fields.items())
    return AuditView(entry.id, entry.at, entry.actor, entry.tenant, entry.action, entry.kind, entry.object_id, fields)


def wanted_of(asked: ListAudit) -> Wanted:
    return Wanted(
        actor=asked.actor,
        action=asked.action,
        object_kind=asked.kind,
        object_id=asked.object_id,
        since=moment(asked.since, "since"),
        until=moment(asked.until, "until", end_of_day=True),
    )


def _list(call: Call, asked: ListAudit) -> Page[AuditView]:
    limit = check_limit(asked.limit)
    if asked.after and not asked.after.isdecimal():
        raise InvalidSettings("This is not where a page begins.", field="after")
    before = int(asked.after[:18]) if asked.after else None
    tenant_id = tenant_id_of(call, asked.tenant_slug)
    found = call.services.audit.search(call.actor, tenant_id, wanted_of(asked), before_id=before, limit=limit + 1)
    return page_of([view(entry) for entry in found], limit, lambda item: str(item.id))


_LIST: Any = Page[AuditView]

OPERATIONS: tuple[Operation, ...] = (
    Operation("audit.list", "Who did what", Verb.READ_AUDIT, "GET", "/audit", ListAudit, _LIST, _list, narrowed=True),
)
