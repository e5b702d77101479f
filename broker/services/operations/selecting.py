"""What the inputs of reading operations have in common: names of objects to ids, and times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.services.operations.model import Call

TENANT = "Short name of a tenant; empty: of every one that you may see."
SINCE = "From this time on, such as 2026-11-26 or 2026-11-26T10:00:00Z (UTC)."
UNTIL = "Until before this time; a day alone means its end."
_YEARS = (1970, 9000)
"""Nothing happened before, and whoever counts on from a time must not fall off the end of the calendar."""


def tenant_id_of(call: Call, slug: str) -> str | None:
    """The id behind a filter; an actor of one tenant always gets its own. Raises UnknownObject, for strangers too."""
    own = call.actor.tenant_id
    if not slug:
        return own
    tenant = call.services.tenants.get(slug)
    if own not in (None, tenant.id):
        raise UnknownObject(f"There is no tenant {slug!r}.", field="tenant_slug")
    return tenant.id


def application_id_of(call: Call, slug: str) -> str:
    """Which others there are is not a tenant's to know. Raises UnknownObject."""
    if not slug:
        return ""
    found, own = call.services.applications.get(slug), call.actor.tenant_id
    if own is not None and not found.serves(own):
        raise UnknownObject(f"There is no application {slug!r}.", field="application")
    return found.id


def connector_id_of(call: Call, tenant_id: str | None, name: str) -> str:
    """A connector by its id, or by its slug where the tenant is known. Raises UnknownObject."""
    if not name or name.startswith("con_"):
        return name
    if tenant_id is None:
        raise InvalidSettings("Say which tenant the connector belongs to, or give its id.", field="connector")
    return call.services.connectors.get(tenant_id, name).id


def moment(text: str, field: str, *, end_of_day: bool = False) -> datetime | None:
    """None for "". Raises InvalidSettings."""
    if not text.strip():
        return None
    wrong = InvalidSettings("Write a time as 2026-11-26 or 2026-11-26T10:00:00Z.", field=field)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise wrong from error
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise wrong
    if end_of_day and len(text.strip()) == 10:
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
