"""The services behind the portal, handed over once by `broker.app`."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.domain_proof import DomainProof
from broker.services.hosts import Hosts
from broker.services.intake import Intakes
from broker.services.provisioning import Directories
from broker.services.setup_health import SetupHealth
from broker.services.setup_links import SetupLinks
from broker.services.setup_renewal import SetupRenewal
from broker.services.test_login import LoginTests


@dataclass(frozen=True, slots=True)
class PortalFace:
    setup: SetupLinks
    renewal: SetupRenewal
    proof: DomainProof
    tests: LoginTests
    intakes: Intakes
    health: SetupHealth
    directories: Directories
    hosts: Hosts
