"""Looking for the proof of a domain: at its DNS, and at a file on its web site.

Both ask for the same challenge. A look only says what it found; what follows from it is decided in `domain_proof`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from broker.domain.errors import AddressRefused, FetchError, FetchTimeout, FetchTooLarge
from broker.net.answer import Answer
from broker.net.fetch import GuardedFetcher, Limits
from broker.net.txt import Problem, TxtAnswer, TxtResolver
from broker.services import public_domains
from broker.settings import Settings, dns_server

LABEL = "_vestibule-challenge"
PREFIX = "vestibule-challenge="
PATH = "/.well-known/vestibule-challenge"
"""RFC 8615: the one part of a web site that its users' own pages should not reach."""
FILE = "vestibule-challenge.txt"
LIMITS = Limits(connect_seconds=3.0, total_seconds=5.0, bytes=4096, redirects=0)
"""No redirect is followed, not even to `www.`: one that sends everybody on ("?to=…") would let a stranger prove the domain with a
file of his own. RFC 8555 8.3 leaves that to the server; the CA/Browser Forum had to fence it in (Baseline Requirements 3.2.2.4.18).
"""


class Result(StrEnum):
    """What a look found; the words of each are in `RESULTS` and `WEB_RESULTS` of the portal."""

    PROVED = "proved"
    NO_DOMAIN = "no_domain"
    NO_RECORD = "no_record"
    WRONG_VALUE = "wrong_value"
    SERVER_FAILURE = "server_failure"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"  # proved, but another tenant holds it
    REVOKED = "revoked"  # it was proved once, and its record or file has been gone for too long
    NO_FILE = "no_file"
    PAGE = "page"  # a page of the web site comes instead of the file
    REDIRECT = "redirect"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    NOT_PUBLIC = "not_public"  # the web site has an address that we do not connect to


UNKNOWN = frozenset({Result.SERVER_FAILURE, Result.TIMEOUT, Result.CERTIFICATE, Result.UNREACHABLE})
"""Says nothing about the record or the file: a proof neither begins nor ends by it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found at each place; None: not looked at."""

    dns: Result | None
    web: Result | None

    @property
    def proof(self) -> str | None:
        """The word of the way that proved it."""
        if self.dns is Result.PROVED:
            return "dns"
        return "http" if self.web is Result.PROVED else None

    def gone(self, proof: str) -> bool:
        """Whether what proved it is not there any more, as opposed to: nobody knows."""
        if self.proof is not None:
            return False
        # A domain that has ceased to exist has no web site that could say so.
        where = self.web if proof == "http" and self.web is not None and self.dns is not Result.NO_DOMAIN else self.dns
        return where is not None and where not in UNKNOWN


class WebLook:
    """`port` is 443 but in tests: a file at another port is somebody else's (RFC 8555 8.3 says the same of its port)."""

    def __init__(self, fetcher: GuardedFetcher, port: int = 443) -> None:
        self._fetcher = fetcher
        self._port = "" if port == 443 else f":{port}"

    def find(self, name: str, wanted: str) -> Result:
        """At the address that we show; then with an ending, for servers that give out no file without one (IIS)."""
        first = self._at(name, PATH, wanted)
        if first not in (Result.NO_FILE, Result.PAGE):
            return first
        second = self._at(name, f"{PATH}.txt", wanted)
        return second if second in (Result.PROVED, Result.WRONG_VALUE) else first

    def _at(self, name: str, path: str, wanted: str) -> Result:
        try:
            answer = self._fetcher.get(f"https://{name}{self._port}{path}")
        except FetchError as error:
            return _failure(error)
        return _judged(answer, wanted)


class Looks:
    """Both ways. `web` None: the operator accepts proof by DNS alone."""

    def __init__(self, resolver: TxtResolver, web: WebLook | None) -> None:
        self._resolver = resolver
        self._web = web

    def address(self, name: str) -> str:
        """Where the file that proves this domain must stand; empty when a file cannot prove it."""
        return f"https://{name}{PATH}" if self._by_web(name) is not None else ""

    def find(self, name: str, challenge: str, first: str = "dns") -> Found:
        """Looks where `first` says; elsewhere only if the proof is not there."""
        if not challenge:
            return Found(Result.WRONG_VALUE, None)
        web = self._by_web(name)
        found: Result | None = None
        if first == "http" and web is not None:
            found = web.find(name, PREFIX + challenge)
            if found is Result.PROVED:
                return Found(None, found)
        dns = self._in_dns(name, PREFIX + challenge)
        if dns is not Result.PROVED and found is None and web is not None:
            found = web.find(name, PREFIX + challenge)
        return Found(dns, found)

    def _by_web(self, name: str) -> WebLook | None:
        # Below github.io and the like everybody has a web site, and nobody mail of their own.
        return None if public_domains.is_hosted(name) else self._web

    def _in_dns(self, name: str, wanted: str) -> Result:
        """At the name of our own first, then at the domain itself, for DNS forms that take no underscore."""
        answers = []
        for host in (f"{LABEL}.{name}", name):
            answer = self._resolver.texts(host)
            if wanted in (_bare(text) for text in answer.texts):
                return Result.PROVED
            answers.append(answer)
        return _verdict(*answers)


def of(settings: Settings) -> Looks:
    """As this installation is set up."""
    servers = tuple(server for text in settings.dns_servers if (server := dns_server(text)) is not None)
    # https alone, in development too: over http anybody on the way could put the file there.
    fetcher = GuardedFetcher(allowed_networks=settings.allow_private_addresses, production=True, limits=LIMITS)
    return Looks(TxtResolver(servers), WebLook(fetcher) if settings.domain_proof_by_http else None)


# --- the DNS ----------------------------------------------------------------------------------------------------------


def _bare(text: str) -> str:
    """As forms and editors store it: with quotation marks or spaces that somebody copied along."""
    return text.strip().strip('"').strip()


def _ours(texts: Iterable[str]) -> bool:
    return any(_bare(text).startswith(PREFIX) for text in texts)


def _verdict(ours: TxtAnswer, apex: TxtAnswer) -> Result:
    """Why the record was not found: the nearest miss counts."""
    if ours.texts or _ours(apex.texts):
        return Result.WRONG_VALUE
    problems = (ours.problem, apex.problem)
    for problem, result in ((Problem.TIMEOUT, Result.TIMEOUT), (Problem.SERVER_FAILURE, Result.SERVER_FAILURE)):
        if problem in problems:
            return result
    return Result.NO_DOMAIN if apex.problem is Problem.NO_NAME else Result.NO_RECORD


# --- the web site -----------------------------------------------------------------------------------------------------


def _judged(answer: Answer, wanted: str) -> Result:
    if answer.status >= 500:
        return Result.SERVER_FAILURE
    if answer.status != 200:
        return Result.NO_FILE
    text = _text(answer.body)
    # A page may quote what its visitors wrote; a file says nothing but what its owner put there.
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() in _PAGES or text.lstrip().startswith("<"):
        return Result.PAGE
    return Result.PROVED if wanted in (_bare(line) for line in text.splitlines()) else Result.WRONG_VALUE


_PAGES = frozenset({"text/html", "application/xhtml+xml"})


def _text(body: bytes) -> str:
    """Editors on Windows write UTF-16, or put a mark of the encoding in front."""
    utf16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return body.decode("utf-16" if utf16 else "utf-8-sig", "replace")


def _failure(error: FetchError) -> Result:
    if error.check in _CHECKS:
        return _CHECKS[error.check]
    for kind, result in _KINDS.items():
        if isinstance(error, kind):
            return result
    return Result.UNREACHABLE


_CHECKS = {"net.redirect": Result.REDIRECT, "net.certificate": Result.CERTIFICATE}
_KINDS: dict[type[FetchError], Result] = {
    AddressRefused: Result.NOT_PUBLIC,
    FetchTimeout: Result.TIMEOUT,
    FetchTooLarge: Result.PAGE,
}
