"""A small, real HTTPS server on loopback with an authority of its own: what stands on a customer's web site, and how it can fail."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.net.fetch import GuardedFetcher, Limits

Answer = Callable[[BaseHTTPRequestHandler], None]


class WebSite:
    """`with WebSite(folder, "acme.example.com") as site:`. `files`: (host, path) → a text, bytes or an `Answer`."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.files: dict[tuple[str, str], Any] = {}
        self.asked: list[str] = []
        self.authority = folder / "authority.pem"
        self.silence = threading.Event()
        """Set when the server ends: what waits for it has waited long enough."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self_signed(folder, names))
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_arguments: None  # type: ignore[method-assign] # clients that hang up are the point
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_port

    def __enter__(self) -> WebSite:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.silence.set()
        self._http.shutdown()
        self._http.server_close()

    def fetcher(self, limits: Limits, *, allowed: tuple[str, ...] = ("127.0.0.0/8",), trusted: bool = True) -> GuardedFetcher:
        """One that finds every name at this server."""
        bundle = str(self.authority) if trusted else None
        return GuardedFetcher(
            allowed_networks=allowed, production=True, limits=limits, resolver=lambda _host, _port: ("127.0.0.1",), ca_bundle=bundle
        )


def text(body: str | bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        sent = body if isinstance(body, bytes) else body.encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    return answer


def _handler(site: WebSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            host = self.headers.get("Host", "").partition(":")[0]
            site.asked.append(f"{host}{self.path}")
            found = site.files.get((host, self.path), text("not here", 404))
            try:
                (found if callable(found) else text(found))(self)
            except OSError:
                self.close_connection = True  # the client has gone, as it should

    return Handler


def self_signed(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """Self-signed, and so an authority of its own."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    alternatives = [*(x509.DNSName(name) for name in names), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, private = folder / "authority.pem", folder / "site-key.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*encoding))
    return bundle, private
