"""`python -m broker.demo.partners`: the five partners in one process, apart from the hub's. A thread and a port for each."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from broker.demo import oidc_app, oidc_idp, saml_app, saml_idp
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World, refuse_in_production
from broker.domain.clock import Clock, SystemClock

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_BACKLOG = 128
Maker = Callable[[World, StateFiles, Clock], Flask]

_MAKERS: tuple[Maker, ...] = (
    saml_idp.create,
    oidc_idp.create,
    saml_app.create,
    oidc_app.create,
    partial(saml_idp.create, company=saml_idp.INITECH),
)
"""In the order of `Ports`."""


def listen(*candidates: int) -> socket.socket:
    """A socket that listens on the first of these ports that is free; 0 lets the system pick. Raises OSError.

    Held from the moment of choosing: between a look at a port and its use somebody else could take it.
    """
    problem: OSError | None = None
    for port in candidates:
        listening = socket.socket()
        try:
            # Without it, a restart within a minute would find its own old port taken.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((_HOST, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            problem = error
            continue
        return listening
    raise problem or OSError("no port to try")


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


class Partners:
    """The five servers on 127.0.0.1. They listen once this is made and answer between `start` and `stop`."""

    def __init__(
        self, world: World, folder: Path, clock: Clock | None = None, sockets: Sequence[socket.socket] | None = None
    ) -> None:
        """`sockets` listen on the ports of `world` already. Raises ProductionRefusal, and OSError when a port is taken."""
        refuse_in_production()
        files = StateFiles(folder)
        opened = list(sockets or ())
        try:
            opened.extend(map(listen, () if sockets else astuple(world.ports)))
            self._servers: list[BaseWSGIServer] = [
                make_server(_HOST, port_of(each), make(world, files, clock or SystemClock()), threaded=True, fd=each.fileno())
                for make, each in zip(_MAKERS, opened, strict=True)
            ]
        finally:
            # The servers work on duplicates; and when one port was taken, the others must be free again.
            for each in opened:
                each.close()
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
    done = threading.Event()

    def finish(*_: object) -> None:
        done.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    sockets = [socket.socket(fileno=number) for number in options.sockets] or [listen(port) for port in astuple(Ports())]
    world = World(options.broker.rstrip("/"), Ports(*(port_of(each) for each in sockets)))
    partners = Partners(world, options.state, sockets=sockets)
    partners.start()
    print("The demonstration’s partners are ready.", flush=True)
    while os.getppid() == options.parent and not done.wait(timeout=1):
        pass
    partners.stop()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m broker.demo.partners", description="Partners of the demonstration.")
    parser.add_argument("--broker", required=True, metavar="URL", help="public URL of the hub, such as http://localhost:8080")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR", help="folder for keys and secrets")
    parser.add_argument("--sockets", type=int, nargs=5, default=[], metavar="FD", help="inherited sockets that listen already")
    parser.add_argument("--parent", type=int, default=os.getppid(), metavar="PID", help="end when this process has ended")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
