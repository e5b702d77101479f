"""A small web server on loopback that says whatever a test puts into it, on plain HTTP or with any TLS certificate."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.saml_idp import KeyPair

Page = tuple[int, bytes, dict[str, str]]


def page(body: bytes | str = b"", status: int = 200, **headers: str) -> Page:
    """`Last_Modified="…"` is the header Last-Modified."""
    return status, body.encode() if isinstance(body, str) else body, {name.replace("_", "-"): value for name, value in headers.items()}


class ProviderSite:
    """`with ProviderSite() as site: site.pages["/metadata"] = page(…)`. A page may be a function of the request's headers."""

    def __init__(self, certificate: KeyPair | None = None, folder: Path | None = None) -> None:
        self.pages: dict[str, Page | Callable[[dict[str, str]], Page]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: Any) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                site.asked.append((self.path, headers))
                found = site.pages.get(self.path.partition("?")[0], page(status=404))
                status, body, more = found(headers) if callable(found) else found
                try:
                    self.send_response_only(status)  # no Date of its own
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # whoever asked lost patience

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_arguments: None  # type: ignore[method-assign]  # clients that hang up are the point
        scheme = "http"
        if certificate is not None:
            assert folder is not None
            file = folder / "site.pem"
            file.write_text(certificate.private_pem + certificate.certificate_pem)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_port}"

    def slow(self, _headers: dict[str, str]) -> Page:
        """Answers when the site is closed."""
        self.closing.wait(30)
        return page()

    def __enter__(self) -> ProviderSite:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
