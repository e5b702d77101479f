"""Who is acting, and what they may do. Default deny.

    role            may
    owner           everything
    operator        see and change configuration, people and their sessions; read traces and the audit log
    support         see configuration and people, read traces; changes nothing
    auditor         see configuration, read the audit log; changes nothing
    tenant_admin    one tenant: its connectors and domains, its people, its traces, its part of the audit log

Nobody reads a secret: there is no verb for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.domain.errors import Forbidden
from broker.domain.messages import translatable


class Verb(StrEnum):
    READ = "read"  # configuration, without secrets
    CONFIGURE = "configure"  # tenants, domains, connectors, applications, set-up links
    SET_UP = "set_up"  # a tenant's connectors and the proof of its domains
    READ_TRACES = "read_traces"  # logins, check by check; explaining pasted messages
    READ_PEOPLE = "read_people"  # profiles as last seen, links, sessions, usage
    MANAGE_PEOPLE = "manage_people"  # disable, unlink, sign out
    READ_AUDIT = "read_audit"
    ADMINISTER = "administer"  # staff, their roles, API tokens, settings of the hub itself


_IMPLIED: dict[Verb, frozenset[Verb]] = {
    Verb.CONFIGURE: frozenset({Verb.READ, Verb.SET_UP}),
    Verb.MANAGE_PEOPLE: frozenset({Verb.READ_PEOPLE}),
}


class Role(StrEnum):
    OWNER = "owner"
    OPERATOR = "operator"
    SUPPORT = "support"
    AUDITOR = "auditor"
    TENANT_ADMIN = "tenant_admin"


ROLES: dict[Role, frozenset[Verb]] = {
    Role.OWNER: frozenset(Verb),
    Role.OPERATOR: frozenset(Verb) - {Verb.ADMINISTER},
    Role.SUPPORT: frozenset({Verb.READ, Verb.READ_TRACES, Verb.READ_PEOPLE}),
    Role.AUDITOR: frozenset({Verb.READ, Verb.READ_AUDIT}),
    Role.TENANT_ADMIN: frozenset(
        {Verb.READ, Verb.SET_UP, Verb.READ_TRACES, Verb.READ_PEOPLE, Verb.MANAGE_PEOPLE, Verb.READ_AUDIT}
    ),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """`tenant_id` None: every tenant. `name` goes to the audit log ("cli:root", "staff:anna@acme.example", "setup-link:lnk_…")."""

    name: str
    verbs: frozenset[Verb]
    tenant_id: str | None = None

    def can(self, verb: Verb) -> bool:
        """Does the actor hold this verb at all, itself or by implication?"""
        return verb in self.verbs or any(verb in _IMPLIED.get(held, ()) for held in self.verbs)

    def require(self, verb: Verb, tenant_id: str | None) -> None:
        """Raises Forbidden. `tenant_id` is the tenant of the object; None means the hub itself."""
        if not self.can(verb):
            raise Forbidden(cause=f"{self.name} lacks {verb}")
        if self.tenant_id is not None and self.tenant_id != tenant_id:
            raise Forbidden(cause=f"{self.name} belongs to another tenant")

    def require_to_grant(self, verbs: frozenset[Verb]) -> None:
        """Raises Forbidden for whoever would give somebody more than they may do themselves."""
        if lacking := sorted(verb for verb in verbs if not self.can(verb)):
            sentence = translatable("You cannot grant what you may not do yourself.")
            raise Forbidden(sentence, field="verbs", cause=f"{self.name} lacks {', '.join(lacking)}")

    @property
    def speaks_for_the_hub(self) -> bool:
        """Whether they may decide what one tenant must not decide for itself."""
        return self.tenant_id is None and self.can(Verb.CONFIGURE)


def operator(name: str) -> Actor:
    """Somebody with access to the hub's machine and master key."""
    return Actor(f"cli:{name}", frozenset(Verb))
