"""A host name of a tenant's own, at which its people sign in: `login.acme.com`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HostState(StrEnum):
    WAITING = "waiting"  # until the hub has seen that it leads here; nobody signs in there
    ON = "on"
    OFF = "off"  # by an operator


@dataclass(frozen=True, slots=True)
class Host:
    """`name` is in lower case, without a port. It belongs to one tenant."""

    id: str
    name: str
    tenant_id: str
    state: HostState
