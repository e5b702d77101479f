"""Roles and ways of signing in, in people's words."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.messages import translatable
from broker.services.actor import Role


@dataclass(frozen=True, slots=True)
class RoleWords:
    value: str
    name: str
    may: str


ROLE_WORDS = tuple(
    RoleWords(role.value, name, may)
    for role, name, may in (
        (Role.OWNER, translatable("Owner"), translatable("Everything, and lets others in.")),
        (
            Role.OPERATOR,
            translatable("Operator"),
            translatable("Sets up tenants, connectors and applications; sees sign-ins and people."),
        ),
        (Role.SUPPORT, translatable("Support"), translatable("Finds out why somebody cannot sign in. Changes nothing.")),
        (Role.AUDITOR, translatable("Auditor"), translatable("Reads settings and the audit log. Changes nothing.")),
        (
            Role.TENANT_ADMIN,
            translatable("Tenant administrator"),
            translatable("Sees and looks after one tenant only: its connectors, domains and people."),
        ),
    )
)
NAMES = {words.value: words.name for words in ROLE_WORDS}
METHODS = {
    "password": translatable("Password and code"),
    "passkey": translatable("Passkey"),
    "connector": translatable("Through a connector"),
}
