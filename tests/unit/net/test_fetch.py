"""The guarded HTTP client against real servers on loopback."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.domain.errors import AddressRefused, FetchError, FetchFailed, FetchTimeout, FetchTooLarge
from broker.net.fetch import GuardedFetcher, Limits

Handler = Callable[[BaseHTTPRequestHandler], None]
LOOPBACK = ("127.0.0.0/8",)
PATIENT, IMPATIENT = (Limits(connect_seconds=seconds, total_seconds=seconds, bytes=10_000) for seconds in (30, 0.5))


class Server:
    """Answers with whatever the test puts into `answer`; remembers what came."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answer: Handler = lambda handler: reply(handler, b"hello")
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Inner(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: Any) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                outer.seen.append((f"{self.command} {self.path}", {k.lower(): v for k, v in self.headers.items()}, body))
                try:
                    outer.answer(self)
                except OSError:
                    self.close_connection = True  # the client has gone, as it should

            do_POST = do_GET

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Inner)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_arguments: None  # type: ignore[method-assign] # clients that hang up are the point
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def fetcher(**options: Any) -> GuardedFetcher:
    return GuardedFetcher(**{"allowed_networks": LOOPBACK, "production": False, "limits": PATIENT, **options})


def test_given_an_allowed_address_when_fetched_then_status_headers_and_body_arrive(server: Server) -> None:
    server.answer = lambda handler: reply(handler, b"{}", 404, X_Thing="1")
    answer = fetcher().get(server.url + "/a?b=c", headers={"Accept": "text/plain"})
    assert (answer.status, answer.headers["x-thing"], answer.body) == (404, "1", b"{}")
    line, headers, _ = server.seen[0]
    assert line == "GET /a?b=c"
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["accept"] == "text/plain"
    assert headers["accept-encoding"] == "identity"


def test_given_credentials_when_posted_then_both_parts_are_form_encoded(server: Server) -> None:
    fetcher().post(server.url, data={"a": "b c"}, auth=("id one", "s%:x"))
    _, headers, body = server.seen[0]
    assert body == b"a=b+c"
    assert headers["authorization"] == "Basic aWQrb25lOnMlMjUlM0F4"  # id+one:s%25%3Ax


def test_given_two_requests_when_fetched_then_the_connection_is_used_again(server: Server) -> None:
    ports: set[int] = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address[1])
        reply(handler, b"x")

    server.answer = answer
    client = fetcher()
    for _ in range(3):
        client.get(server.url)
    assert len(ports) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "http:///x",
        "not a url",
        "http://user:password@127.0.0.1:8080/",
        "http://user@127.0.0.1:8080/",
        "http://127.0.0.1:22/",
        "http://127.0.0.1:25/",
        "http://[::1",
        "http://127.0.0.1:99999/",
    ],
)
def test_given_a_url_that_is_no_plain_web_address_when_fetched_then_it_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        fetcher().get(url)
    with pytest.raises(AddressRefused):
        fetcher().post(url, data={})


def test_given_production_when_http_is_asked_for_then_it_is_refused(server: Server) -> None:
    with pytest.raises(AddressRefused):
        fetcher(production=True).get(server.url)
    assert server.seen == []


def test_given_no_allow_list_when_loopback_is_asked_for_then_no_connection_is_made(server: Server) -> None:
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"):
        with pytest.raises(FetchError):
            fetcher(allowed_networks=()).get(f"http://{host}:{server.port}/")
    assert server.seen == []


def test_given_a_host_name_on_the_allow_list_when_fetched_then_only_that_name_is_allowed(server: Server) -> None:
    def resolver(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    client = fetcher(allowed_networks=("idp.internal",), resolver=resolver)
    assert client.get(f"http://IDP.internal:{server.port}/").body == b"hello"
    assert server.seen[0][1]["host"].lower() == f"idp.internal:{server.port}"
    with pytest.raises(AddressRefused):
        client.get(f"http://other.internal:{server.port}/")


def test_given_a_name_that_rebinds_when_fetched_then_the_checked_address_is_the_one_used(server: Server) -> None:
    """The second answer of the resolver would be the victim; it is never asked for it."""
    answers = iter([("127.0.0.1",), ("127.0.0.2",)])
    asked: list[str] = []

    def resolver(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        return next(answers)

    client = fetcher(allowed_networks=("127.0.0.1",), resolver=resolver)
    assert client.get(f"http://rebind.example:{server.port}/").body == b"hello"
    assert asked == ["rebind.example"]
    with pytest.raises(AddressRefused):
        client.get(f"http://rebind.example:{server.port}/")
    assert len(server.seen) == 1


def test_given_a_name_with_a_public_and_a_private_address_when_fetched_then_it_is_refused(server: Server) -> None:
    client = fetcher(allowed_networks=(), resolver=lambda _h, _p: ("93.184.216.34", "127.0.0.1"))
    with pytest.raises(AddressRefused):
        client.get(f"http://both.example:{server.port}/")


def test_given_a_first_address_that_does_not_answer_when_fetched_then_the_next_is_tried(server: Server) -> None:
    client = fetcher(resolver=lambda _h, _p: ("127.0.0.3", "127.0.0.1"))
    assert client.get(f"http://two.example:{server.port}/").body == b"hello"


def redirecting(target: str, status: int = 302) -> Handler:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/":
            reply(handler, b"", status, Location=target)
        else:
            reply(handler, b"arrived")

    return answer


def test_given_a_redirect_when_got_then_it_is_followed(server: Server) -> None:
    server.answer = redirecting("/there")
    assert fetcher().get(server.url + "/").body == b"arrived"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "http://10.0.0.1/", "file:///etc/passwd", "http://[::1]/", "http://u:p@127.0.0.1/"]
)
def test_given_a_redirect_to_a_forbidden_place_when_got_then_it_is_refused(server: Server, target: str) -> None:
    server.answer = redirecting(target)
    with pytest.raises(AddressRefused):
        fetcher().get(server.url + "/")


@pytest.mark.parametrize("target", ["http://[", "https://[x]/", "//[/"])
def test_given_a_redirect_to_what_is_no_address_when_got_then_that_is_a_failure_like_any_other(server: Server, target: str) -> None:
    server.answer = redirecting(target)
    with pytest.raises(FetchError) as refused:
        fetcher().get(server.url + "/")
    assert refused.value.check == "net.redirect"


def test_given_endless_redirects_when_got_then_it_ends_after_three(server: Server) -> None:
    server.answer = redirecting("/")
    with pytest.raises(FetchFailed):
        fetcher().get(server.url + "/")
    assert len(server.seen) == 4


def test_given_a_bearer_token_when_the_answer_redirects_then_nothing_is_followed(server: Server) -> None:
    server.answer = redirecting("/there")
    answer = fetcher().get(server.url + "/", headers={"Authorization": "Bearer secret"})
    assert answer.status == 302
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_given_a_redirect_when_posted_then_nothing_is_sent_on(server: Server, status: int) -> None:
    server.answer = redirecting("/there", status)
    assert fetcher().post(server.url + "/", data={"client_secret": "s"}).status == status
    assert fetcher().session().post(server.url + "/", data={"client_secret": "s"}, allow_redirects=True).status_code == status
    assert len(server.seen) == 2


def dripping_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def dripping_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        handler.wfile.write(b"X-%d: a\r\n" % number)
        time.sleep(0.05)


def silent(_handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


@pytest.mark.parametrize("answer", [dripping_body, dripping_headers, silent])
def test_given_a_slow_server_when_fetched_then_the_total_time_holds(server: Server, answer: Handler) -> None:
    server.answer = answer
    with pytest.raises(FetchTimeout):
        fetcher(limits=IMPATIENT).get(server.url)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")


@pytest.mark.parametrize("answer", [lambda handler: reply(handler, b"x" * 10_001), endless])
def test_given_a_large_answer_when_fetched_then_it_is_refused(server: Server, answer: Handler) -> None:
    server.answer = answer
    with pytest.raises(FetchTooLarge):
        fetcher().get(server.url)
    with pytest.raises(FetchTooLarge):
        fetcher().session().post(server.url, data={})


def test_given_an_answer_of_exactly_the_limit_when_fetched_then_it_arrives(server: Server) -> None:
    server.answer = lambda handler: reply(handler, b"x" * 10_000)
    assert len(fetcher().get(server.url).body) == 10_000


def test_given_a_compressed_answer_when_fetched_then_it_is_refused(server: Server) -> None:
    server.answer = lambda handler: reply(handler, b"x", Content_Encoding="gzip")
    with pytest.raises(FetchFailed):
        fetcher().get(server.url)


def test_given_a_cookie_when_the_next_request_goes_out_then_it_carries_none(server: Server) -> None:
    server.answer = lambda handler: reply(handler, b"", Set_Cookie="a=b")
    client = fetcher()
    client.get(server.url)
    client.get(server.url)
    assert "cookie" not in server.seen[1][1]


def test_given_a_proxy_in_the_environment_when_fetched_then_it_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert fetcher().get(server.url).body == b"hello"


def test_given_a_closed_port_when_fetched_then_the_error_says_no_answer(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(FetchFailed):
            fetcher().get(f"http://127.0.0.1:{unused.getsockname()[1]}/")


def test_given_garbage_or_a_secret_in_the_answer_when_it_fails_then_no_error_contains_it(server: Server) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SECRET-ANSWER\r\n\r\n")
        handler.close_connection = True

    server.answer = answer
    with pytest.raises(FetchError) as raised:
        fetcher().get(server.url + "/?token=SECRET-QUERY")
    assert "SECRET" not in raised.value.cause + raised.value.sentence + str(raised.value)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A server with a certificate for idp.example, and the bundle that trusts it."""
    made, bundle = secure_server(tmp_path, timedelta(days=1))
    yield made, bundle
    made.close()


def secure_server(tmp_path: Path, ends: timedelta) -> tuple[Server, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("idp.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + ends)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, private = tmp_path / "bundle.pem", tmp_path / "key.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    return Server(context), str(bundle)


def test_given_tls_when_fetched_then_the_certificate_is_checked_for_the_name_in_the_url(tls: tuple[Server, str]) -> None:
    server, bundle = tls
    client = fetcher(production=True, ca_bundle=bundle, resolver=lambda _h, _p: ("127.0.0.1",))
    assert client.get(f"https://idp.example:{server.port}/").body == b"hello"
    assert server.seen[0][1]["host"] == f"idp.example:{server.port}"
    with pytest.raises(FetchFailed):
        client.get(f"https://other.example:{server.port}/")
    with pytest.raises(FetchFailed):
        fetcher(resolver=lambda _h, _p: ("127.0.0.1",)).get(f"https://idp.example:{server.port}/")  # untrusted


def test_given_https_when_it_redirects_to_http_then_it_is_refused(tls: tuple[Server, str], server: Server) -> None:
    secure, bundle = tls
    secure.answer = redirecting(server.url + "/there")
    client = fetcher(ca_bundle=bundle, resolver=lambda _h, _p: ("127.0.0.1",))
    with pytest.raises(AddressRefused):
        client.get(f"https://idp.example:{secure.port}/")
    assert server.seen == []
