"""`python -m broker.demo.partners`: the four partners in one process, apart from the hub's. A thread and a port for each."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from broker.demo import oidc_app, oidc_idp, saml_app, saml_idp
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World, refuse_in_production
from broker.domain.clock import Clock, SystemClock

_POLL_SECONDS = 0.05
Maker = Callable[[World, StateFiles, Clock], Flask]


class Partners:
    """The four servers on 127.0.0.1. They listen once this is made and answer between `start` and `stop`."""

    def __init__(self, world: World, folder: Path, clock: Clock | None = None) -> None:
        """Raises ProductionRefusal, and OSError when a port is taken."""
        refuse_in_production()
        files, ports = StateFiles(folder), world.ports
        makers: tuple[tuple[Maker, int], ...] = (
            (saml_idp.create, ports.saml_idp),
            (oidc_idp.create, ports.oidc_idp),
            (saml_app.create, ports.saml_app),
            (oidc_app.create, ports.oidc_app),
        )
        self._servers: list[BaseWSGIServer] = []
        try:
            for make, port in makers:
                self._servers.append(make_server("127.0.0.1", port, make(world, files, clock or SystemClock()), threaded=True))
        except BaseException:
            # A port was taken (werkzeug exits then): the others must be free again.
            for server in self._servers:
                server.server_close()
            raise
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True) for server in self._servers
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            if thread.ident is not None:
                server.shutdown()
                thread.join()
            server.server_close()


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, or until the program that started this one is gone."""
    options = _options(arguments)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    partners = Partners(World(options.broker.rstrip("/"), Ports(*options.ports)), options.state)
    done = threading.Event()

    def finish(*_: object) -> None:
        done.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    partners.start()
    print("The demonstration’s partners are ready.", flush=True)
    parent = os.getppid()
    while not done.wait(timeout=1):
        if os.getppid() != parent:
            break
    partners.stop()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m broker.demo.partners", description="Partners of the demonstration.")
    parser.add_argument("--broker", required=True, metavar="URL", help="public URL of the hub, such as http://localhost:8080")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR", help="folder for keys and secrets")
    parser.add_argument(
        "--ports",
        type=int,
        nargs=4,
        default=(8091, 8092, 8093, 8094),
        metavar=("SAML_IDP", "OIDC_IDP", "SAML_APP", "OIDC_APP"),
        help="four free ports on 127.0.0.1",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
