"""Ports that nobody else takes between being chosen and being listened at.

What systems hand out by themselves (Linux: 32768 and above) goes to every connection that is made on the machine, so a port from
there may be somebody's a moment later. These lie below, each test process has a part of them, and none is given out twice in it.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

HOST = "127.0.0.1"
FIRST, EACH, PARTS = 20_000, 1_000, 12


def _mine() -> Iterator[int]:
    """Every port of this process's part, from one that another run of the tests at the same time hardly begins with."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % PARTS
    start = os.getpid() * 37 % EACH
    while True:
        yield from (FIRST + worker * EACH + (start + number) % EACH for number in range(EACH))


_PORTS = _mine()


def free_port() -> int:
    """At which nobody listens, neither by TCP nor by UDP."""
    for port in islice(_PORTS, EACH):
        with suppress(OSError), socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind((HOST, port))
            datagram.bind((HOST, port))
            return port
    raise RuntimeError("no free port")
