"""The plumbing of `fetch`: connections that go to one checked address, and reads that keep one deadline.

A requests adapter pins the address (TLS name check and Host header keep the host name), and the sockets below it give
each read only the time that is left, so that neither slow headers nor a dripping body outlast the total.
"""

from __future__ import annotations

import io
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

deadline: ContextVar[float] = ContextVar("fetch_deadline")
"""`time.monotonic()` value at which the request under way must be over."""

certificate_end: ContextVar[float | None] = ContextVar("fetch_certificate_end", default=None)
"""When the TLS certificate of the connection that was just made ends, in seconds since 1970."""

_pinned: ContextVar[str] = ContextVar("fetch_address")


def seconds_left() -> float:
    """Raises TimeoutError when the deadline has passed."""
    left = deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("total time exceeded")
    return left


class _DeadlineReader(io.RawIOBase):
    """What `http.client` reads from: each read waits only as long as the whole request still may."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(seconds_left())
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """A socket whose `makefile` keeps the deadline; everything else is the socket's own."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def makefile(self, *_arguments: Any, **_options: Any) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _DeadlineHTTPConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _DeadlineSocket(self.sock)


class _DeadlineHTTPSConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        sock: Any = self.sock
        stated = (sock.getpeercert() or {}).get("notAfter")
        certificate_end.set(float(ssl.cert_time_to_seconds(str(stated))) if stated else None)
        self.sock = _DeadlineSocket(self.sock)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


class PinningAdapter(HTTPAdapter):
    """Connects to the addresses that `addresses_of(url)` returns, in order, and to nothing else."""

    def __init__(self, addresses_of: Callable[[str], tuple[str, ...]]) -> None:
        self._addresses_of = addresses_of
        super().__init__(pool_connections=32, pool_maxsize=8, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        # RFC 6125: the certificate is checked against the name in the URL, whatever address we connect to.
        host_params: dict[str, Any]
        pool_kwargs: dict[str, Any]
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)  # type: ignore[assignment]
        if host_params["scheme"] == "https":
            pool_kwargs["server_hostname"] = host_params["host"].strip("[]")
            pool_kwargs["assert_hostname"] = host_params["host"].strip("[]")
        host_params["host"] = _pinned.get()
        return host_params, pool_kwargs

    def add_headers(self, request: requests.PreparedRequest, **_options: Any) -> None:
        request.headers["Host"] = urlsplit(str(request.url)).netloc

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        addresses = self._addresses_of(str(request.url))
        for position, address in enumerate(addresses):
            token = _pinned.set(address)
            try:
                return super().send(request, *arguments, **options)
            except requests.exceptions.ConnectionError as error:
                # Another address may be tried only while nothing has been sent (a POST must never go out twice).
                if position + 1 == len(addresses) or not _never_connected(error):
                    raise
            finally:
                _pinned.reset(token)
        raise requests.exceptions.ConnectionError("no address")


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    reason = error.args[0].reason if error.args and isinstance(error.args[0], MaxRetryError) else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
