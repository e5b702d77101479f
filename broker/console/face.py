"""What every page of the console needs, handed over once by `broker.app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from broker.console import door
from broker.services.operations import Operations
from broker.services.operations.table import BY_NAME
from broker.services.staff import Staff


@dataclass(frozen=True, slots=True)
class ConsoleFace:
    public_url: str
    operations: Operations
    staff: Staff

    @property
    def host(self) -> str:
        """What people see in their address bar."""
        return urlsplit(self.public_url).netloc

    def run(self, name: str, input: Any) -> Any:
        """An operation, as whoever is signed in. A sensitive one asks who they are first, if they said so too long ago."""
        if BY_NAME[name].sensitive:
            door.confirmed()
        return self.operations.run(door.actor(), name, input)
