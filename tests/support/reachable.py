"""A hub that can be asked at its own address, for what it asks itself: whether a host name leads to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from broker.services.actor import Actor
from broker.services.hosts import TenantHost
from broker.services.operations.hosts import OneHost
from tests.support.hub import ME, Hub

NAME = "acme.localhost"
Answering = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Front:
    """What stands at the port that the hub's addresses name: the hub, or somebody else."""

    def __init__(self) -> None:
        self.answering: Answering | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        assert self.answering is not None
        return self.answering(environ, start)

    def says(self, status: str, body: bytes = b"", **headers: str) -> None:
        """Somebody else does."""

        def answer(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            start(status, [("Content-Length", str(len(body))), *headers.items()])
            return [body]

        self.answering = answer


class Reachable:
    """A hub that can be reached at its own address, with a clock that is moved."""

    def __init__(self, hub: Hub, front: Front) -> None:
        self.hub, self.front = hub, front
        self.acme = hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        self.is_there()

    def is_there(self) -> None:
        self.front.answering = self.hub.app

    def run(self, operation: str, asked: Any, actor: Actor = ME) -> Any:
        return self.hub.built.operations.run(actor, operation, asked)

    def add(self, name: str = NAME) -> Any:
        return self.run("host.add", OneHost("acme", name))

    def check(self, name: str = NAME) -> Any:
        return self.run("host.check", OneHost("acme", name))

    def stored(self) -> TenantHost:
        return self.hub.built.services.hosts.get(self.acme, NAME)

    def later(self, **parts: float) -> None:
        self.hub.clock.forward(**parts)
        self.hub.built.upkeep.run()
