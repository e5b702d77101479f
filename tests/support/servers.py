"""Real servers on loopback for tests: WSGI apps in threads, other people's programs and our own in processes.

Everything is a context manager that waits, bounded, until it answers, and that ends only what it started itself.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests
from werkzeug.serving import make_server

from broker.demo import saml_idp
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World
from broker.domain.clock import SystemClock
from broker.services.applications import PERMIT_ALL, SaveApplication
from broker.services.connectors import SaveConnector
from broker.settings import Settings
from tests.support.hub import ME, Hub
from tests.support.ports import HOST

START_SECONDS = 90.0  # of a busy machine; nobody waits for it when all is well
STOP_SECONDS = 30
Site = TypeVar("Site", bound=Callable[..., Any])


def wait_until(ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Raises AssertionError when it does not come true in time."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


class Served:
    """A WSGI app on a port of its own, each request in a thread. The address is known before the app exists."""

    def __init__(self, host: str = HOST) -> None:
        self._socket = socket.socket()
        self._socket.bind((HOST, 0))
        self._socket.listen(128)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{host}:{self.port}"

    def start(self, app: Any) -> Served:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server = make_server(HOST, self.port, app, threaded=True, fd=self._socket.fileno())
        self._socket.close()  # the server works on a duplicate
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._thread.join(STOP_SECONDS)
            self._server.server_close()


class Program:
    """A program that listens on `port`. Its output goes to `log`, which a failed start shows."""

    def __init__(
        self,
        command: list[str],
        *,
        port: int,
        log: Path,
        environment: dict[str, str] | None = None,
        ready: Callable[[int], bool] = listens,
    ) -> None:
        self.command, self.port, self.log, self._ready = command, port, log, ready
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self) -> Program:
        with self.log.open("ab") as output:
            # A session of its own, so that its children can be ended with it and nothing else can.
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )
        try:
            wait_until(lambda: self.process.poll() is not None or self._ready(self.port), f"ready on port {self.port}")
            assert self.process.poll() is None, f"it ended with {self.process.returncode}"
        except AssertionError as error:
            self.__exit__()
            raise AssertionError(f"{' '.join(self.command)}: {error}\n{self.output()[-3000:]}") from error
        return self

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def kill(self) -> None:
        """As a crash would: the whole group, at once, no chance to tidy up."""
        self._signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def __exit__(self, *error: object) -> None:
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: int) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


@dataclass(frozen=True)
class Client:
    """What an application's developer was given."""

    id: str
    secret: str | None = field(repr=False)
    redirect_uri: str


class LiveHub(Hub):
    """The test hub behind a real port, on the machine's own clock: `with LiveHub(tmp_path) as hub:`.

    With a `url` it only configures: other processes serve there, from the same database.
    """

    def __init__(self, folder: Path, url: str | None = None, **settings: Any) -> None:
        self._served = Served("localhost") if url is None else None
        self.url = url or self._served.url  # type: ignore[union-attr]
        super().__init__(folder, SystemClock(), public_url=self.url, **settings)  # type: ignore[arg-type]
        self.folder = folder
        self._servers = ExitStack()

    def __enter__(self) -> LiveHub:
        if self._served is not None:
            self._servers.enter_context(self._served.start(self.app))
        return self

    def __exit__(self, *error: object) -> None:
        self._servers.close()
        super().__exit__(*error)

    def serve(self, make: Callable[[str], Site]) -> Site:
        """A partner's WSGI app beside the hub; `make` gets the address where it will be served."""
        served = self._servers.enter_context(Served())
        site = make(served.url)
        served.start(site)
        return site

    def acme_id(self, tenant: str = "acme") -> str:
        """The demonstration's SAML identity provider behind a connector of this tenant; the connector's id."""
        served = self._servers.enter_context(Served())
        world = World(self.url, Ports(saml_idp=served.port))
        files = StateFiles(self.folder / "acme-id")
        served.start(saml_idp.create(world, files, self.clock))
        document = saml_idp.metadata(world, saml_idp.signing_key(files))
        command = SaveConnector(self.tenants[tenant], "acme-id", "saml", "Acme ID", metadata=document, enabled=True)
        return self.built.connectors.save(ME, command).object_id

    def oidc_client(
        self,
        redirect_uri: str,
        *,
        secret: str | None = None,
        authorization_rules: tuple[dict[str, Any], ...] = PERMIT_ALL,
        **settings: Any,
    ) -> Client:
        """Registers an OpenID Connect application of every tenant. Without a secret it is a public client."""
        values: dict[str, Any] = {"client_id": "peer", "redirect_uris": [redirect_uri], **settings}
        if secret is None:
            values["token_endpoint_auth_method"] = "none"
        command = SaveApplication(
            "peer", "Peer", "oidc", values, client_secrets=(secret,) if secret else (), tenant_ids=None,
            authorization_rules=authorization_rules,
        )  # fmt: skip
        self.built.applications.save(ME, command)
        return Client("peer", secret, redirect_uri)

    def issuer(self, tenant: str | None = None) -> str:
        return self.url if tenant is None else f"{self.url}/t/{tenant}"


def hub_process(settings: Settings, port: int, log: Path) -> Program:
    """The hub as it ships: gunicorn with one worker with threads, configured by environment."""
    command = [
        sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}", "--workers", "1", "--worker-class", "gthread",
        "--threads", "8", "--log-level", "warning", "--no-control-socket", "broker.wsgi:app",
    ]  # fmt: skip
    names = ("public_url", "state_dir", "database_url", "master_key_file", "log_level")
    environment = {f"VESTIBULE_{name.upper()}": str(getattr(settings, name)) for name in names}
    environment["VESTIBULE_ALLOW_PRIVATE_ADDRESSES"] = ",".join(settings.allow_private_addresses)
    # gunicorn listens before its worker has booted; only an answer says that it has.
    return Program(command, port=port, log=log, environment=environment, ready=_answers)


def _answers(port: int) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"http://{HOST}:{port}/health/live", timeout=5).status_code == 200
    return False


class Balancer:
    """One public port in front of several hubs: every new connection goes to the port in `target`."""

    def __init__(self) -> None:
        self._socket = socket.create_server((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self.target = 0
        self._answering: list[threading.Thread] = []

    def turn_to(self, port: int) -> None:
        """From now on. Whoever keeps a connection to a target that is gone has heard so before this returns."""
        wait_until(lambda: not any(thread.is_alive() for thread in self._answering), "every connection to the old target is closed")
        self.target = port

    def __enter__(self) -> Balancer:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(STOP_SECONDS)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError), socket.create_connection((HOST, self.target), START_SECONDS) as server:
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            self._answering.append(back)
            back.start()
            _copy(client, server)
            back.join(STOP_SECONDS)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
