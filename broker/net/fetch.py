"""The guarded HTTP client. What it refuses, it refuses before a byte leaves this machine.

- the host is resolved once, every address must be public or allowed by the operator, and exactly that address is used;
- https only in production; ports 80, 443 and 1024 upward; no credentials in the URL;
- 5 s to connect, 10 s in all, 1 MiB of answer; no compression, cookies, proxies or netrc;
- `post` follows no redirect; `get` follows three, each checked like the first, never from https to http, and none when
  the request carries an Authorization header.

Errors say what was refused and never what the other side answered.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote_plus, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from broker.domain.errors import AddressRefused, FetchFailed, FetchTimeout, FetchTooLarge
from broker.domain.messages import filled
from broker.net import dns
from broker.net.answer import Answer
from broker.net.failure import problem_of
from broker.net.transport import PinningAdapter, certificate_end, deadline, seconds_left

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes."""

    connect_seconds: float = 5.0
    total_seconds: float = 10.0
    bytes: int = 1024 * 1024
    redirects: int = 3


class GuardedSession(requests.Session):
    """A `requests.Session` that cannot be talked out of the guard. Raises FetchError; bodies are read before it returns."""

    def __init__(self, guard: Guard, limits: Limits) -> None:
        super().__init__()
        self.trust_env = False  # no proxies, no netrc, no certificate bundle from the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Without compression a small answer cannot unpack into a large one.
        self.headers.update({"User-Agent": "Vestibule", "Accept-Encoding": "identity"})
        self.verify = guard.ca_bundle or True
        self._limits = limits
        self.adapters.clear()
        self.mount("https://", PinningAdapter(guard.addresses_of))
        self.mount("http://", PinningAdapter(guard.addresses_of))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests must never follow by itself. Authlib would re-send a token request to the new place."""
        return None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        options |= {"stream": True, "timeout": (self._limits.connect_seconds, self._limits.total_seconds)}
        token = deadline.set(time.monotonic() + self._limits.total_seconds)
        certificate_end.set(None)
        try:
            response = super().send(request, **options)
            try:
                body = _read(response, self._limits.bytes)
            except BaseException:
                response.close()  # half read: this connection must not be used again
                raise
        except (requests.exceptions.Timeout, ReadTimeoutError, TimeoutError) as error:
            raise FetchTimeout(cause=filled("%(address)s did not answer in time", address=_origin(request.url))) from error
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError) as error:
            problem = problem_of(error)
            cause = filled(
                "%(address)s: %(kind)s (%(problem)s)", address=_origin(request.url), kind=type(error).__name__, problem=problem
            )
            tls = problem.startswith("tls")
            raise FetchFailed(cause=cause, check="net.certificate" if tls else None, problem=problem) from error
        finally:
            deadline.reset(token)
        response.raw = io.BytesIO(body)  # whoever asks for `.content` or `.json()` reads what was limited here
        return response


class Guard:
    """Which URLs may be asked, and at which addresses."""

    def __init__(
        self, allowed_networks: tuple[str, ...], *, production: bool, resolver: dns.Resolver, ca_bundle: str | None
    ) -> None:
        self._allowed = dns.AllowList(allowed_networks)
        self._production = production
        self._resolver = resolver
        self.ca_bundle = ca_bundle

    def addresses_of(self, url: str) -> tuple[str, ...]:
        """The addresses for a URL that passes every rule. Raises AddressRefused, FetchFailed."""
        host, port = self.check(url)
        return dns.checked_addresses(host, port, self._allowed, self._resolver)

    def check(self, url: str) -> tuple[str, int]:
        """Host and port of a URL that passes every rule but the address's. Raises AddressRefused."""
        try:
            parts = urlsplit(url)
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        except ValueError as error:
            raise AddressRefused(cause="not a URL", check="net.url") from error
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise AddressRefused(cause=filled("scheme %(scheme)s is not fetched", scheme=repr(parts.scheme)), check="net.scheme")
        if parts.scheme == "http" and self._production:
            raise AddressRefused(cause="http is refused in production", fix="Use an https address.", check="net.scheme")
        if parts.username is not None or parts.password is not None:
            raise AddressRefused(cause="the URL carries credentials", check="net.credentials")
        if port not in (80, 443) and port < 1024:
            raise AddressRefused(cause=filled("port %(port)s belongs to another service", port=port), check="net.port")
        return parts.hostname, port


class GuardedFetcher:
    """See the module. Implements `connectors.contract.Fetcher`; one per process, shared by threads."""

    def __init__(
        self,
        *,
        allowed_networks: tuple[str, ...] = (),
        production: bool = True,
        limits: Limits | None = None,
        resolver: dns.Resolver = dns.resolve,
        ca_bundle: str | None = None,
    ) -> None:
        self._guard = Guard(allowed_networks, production=production, resolver=resolver, ca_bundle=ca_bundle)
        self._limits = limits or Limits()
        self._session = GuardedSession(self._guard, self._limits)

    def session(self) -> requests.Session:
        """A session with the same guard, for libraries that want one."""
        return self._session

    def get(self, url: str, *, headers: dict[str, str] | None = None, follow: bool = True) -> Answer:
        """Raises FetchError. Without `follow` a redirect is an answer like any other."""
        follow = follow and not any(name.lower() == "authorization" for name in headers or {})
        current = url
        for _hop in range(self._limits.redirects + 1):
            response = self._request("GET", current, headers=headers)
            location = response.headers.get("location")
            if not follow or response.status_code not in _REDIRECTS or location is None:
                return _answer(response)
            current = _redirected(current, location)
        raise FetchFailed(
            cause=filled("%(address)s redirects more than %(most)s times", address=_origin(url), most=self._limits.redirects),
            check="net.redirect",
        )

    def post(
        self, url: str, *, data: dict[str, str], headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> Answer:
        """Raises FetchError. A redirect is an answer like any other: nothing is ever sent on."""
        # RFC 6749 2.3.1: both parts are form-encoded before they go into HTTP Basic.
        encoded = (quote_plus(auth[0]), quote_plus(auth[1])) if auth else None
        return _answer(self._request("POST", url, data=data, headers=headers, auth=encoded))

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:
        self._guard.check(url)  # before requests rewrites anything; the adapter checks again what it was left with
        try:
            return self._session.request(method, url, **options)
        except requests.exceptions.RequestException as error:  # raised while preparing: an odd URL or header
            raise FetchFailed(cause=filled("%(address)s: %(kind)s", address=_origin(url), kind=type(error).__name__)) from error


def _redirected(current: str, location: str) -> str:
    """Where a redirect leads. Raises AddressRefused, FetchFailed."""
    try:
        target = urljoin(current, location)
        downgrades = urlsplit(current).scheme == "https" and urlsplit(target).scheme != "https"
    except ValueError as error:  # "http://[": whoever answers may write anything there
        raise FetchFailed(
            cause=filled("%(address)s redirects to what is no address", address=_origin(current)), check="net.redirect"
        ) from error
    if downgrades:
        raise AddressRefused(
            cause=filled("%(address)s redirects from https to another scheme", address=_origin(current)), check="net.redirect"
        )
    return target


def _read(response: requests.Response, limit: int) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        cause = "the answer is compressed although compression was not offered"
        raise FetchFailed(cause=cause, check="net.encoding", problem="encoding")
    chunks, size = [], 0
    while chunk := response.raw.read(65536, decode_content=False):
        seconds_left()
        size += len(chunk)
        if size > limit:
            raise FetchTooLarge(cause=filled("the answer is larger than %(most)s bytes", most=limit), check="net.size")
        chunks.append(chunk)
    return b"".join(chunks)


def _answer(response: requests.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    end = certificate_end.get()
    ends_at = None if end is None else datetime.fromtimestamp(end, UTC)
    return Answer(response.status_code, headers, response.content, response.elapsed.total_seconds(), ends_at)


def _origin(url: str | None) -> str:
    try:
        parts = urlsplit(url or "")
        return f"{parts.scheme}://{parts.hostname or ''}"
    except ValueError:
        return "the address"
