"""Which connector will authenticate this person, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HomeRealm:
    """The chosen connector and the rule that chose it: "hint", "domain", "remembered", "only candidate", "chooser"."""

    tenant_id: str
    connector_id: str
    rule: str
    typed: str | None = None
    """What the person typed on the home realm page: a hint for their identity provider, and for nobody else."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One line of the chooser."""

    tenant_id: str
    connector_id: str
    connector_type: str
    label: str
