"""Who is acting, and what they may do. Default deny."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.domain.errors import Forbidden


class Verb(StrEnum):
    CONFIGURE = "configure"  # everything
    SET_UP = "set_up"  # one tenant's connector, from a set-up link
    READ_TRACES = "read_traces"


@dataclass(frozen=True, slots=True)
class Actor:
    """`tenant_id` None: every tenant. `name` goes to the audit log ("cli:root", "setup-link:lnk_…")."""

    name: str
    verbs: frozenset[Verb]
    tenant_id: str | None = None

    def require(self, verb: Verb, tenant_id: str | None) -> None:
        """Raises Forbidden. `tenant_id` is the tenant of the object; None means the hub itself."""
        if verb not in self.verbs and Verb.CONFIGURE not in self.verbs:
            raise Forbidden(cause=f"{self.name} lacks {verb}")
        if self.tenant_id is not None and self.tenant_id != tenant_id:
            raise Forbidden(cause=f"{self.name} belongs to another tenant")


def operator(name: str) -> Actor:
    """Somebody with access to the hub's machine and master key."""
    return Actor(f"cli:{name}", frozenset(Verb))
