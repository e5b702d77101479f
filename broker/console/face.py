"""What every page of the console needs, handed over once by `broker.app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from broker.console import door
from broker.domain.http import Incoming, Reply
from broker.services.audit import Audit
from broker.services.operations import Operations
from broker.services.operations.table import BY_NAME
from broker.services.staff import Staff


class SignsIn(Protocol):
    """The way into the pipeline."""

    def begin(self, incoming: Incoming, state: dict[str, str], *, fresh: bool) -> Reply:
        """A login of whoever is at the browser; `state` comes back with the answer. `fresh`: no single sign-on."""
        ...


@dataclass(frozen=True, slots=True)
class ConsoleFace:
    public_url: str
    operations: Operations
    staff: Staff
    upstream: SignsIn
    audit: Audit
    sends_mail: bool
    """Whether forms offer to mail a link."""

    @property
    def host(self) -> str:
        """What people see in their address bar."""
        return urlsplit(self.public_url).netloc

    def run(self, name: str, input: Any) -> Any:
        """An operation, as whoever is signed in. A sensitive one asks who they are first, if they said so too long ago."""
        if BY_NAME[name].sensitive:
            door.confirmed()
        return self.operations.run(door.actor(), name, input)
