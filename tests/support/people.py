"""People at real browsers, without scripts: they follow redirects, press the button of self-posting forms, fill in others.

Cookies obey their attributes with one exception that browsers make as well: loopback counts as a secure origin, so that
our `Secure` cookies live on http://localhost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.cookiejar import Cookie, DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.cookies import RequestsCookieJar, get_cookie_header

from tests.support import pages

WAIT_SECONDS = 60
LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_HEADERS = {"User-Agent": "Mozilla/5.0 (a test)", "Accept": "text/html", "Accept-Language": "en"}
# Fields of the pages that a browser with scripts sends on by itself.
_SELF_POSTED = frozenset({"SAMLRequest", "SAMLResponse", "code", "error"})


@dataclass(frozen=True)
class Visited:
    """The page at the end of a chain of redirects and self-posting forms."""

    url: str
    status: int
    text: str
    chain: tuple[str, ...] = field(default=(), repr=False)

    def form(self, ending: str = "") -> pages.Form:
        return pages.form_to(self.text, ending, self.url)

    def json(self) -> Any:
        """What an application answered. Raises AssertionError on any other page."""
        assert self.text.startswith("{"), self.says()
        return json.loads(self.text)

    def says(self) -> str:
        """For assertion messages: where, what status, which words."""
        return f"{self.url} ({self.status}): {self.text[:1500]}"


class _CookiePolicy(DefaultCookiePolicy):
    """What browsers do with cookies on loopback, the `__Host-` prefix included (RFC 6265bis 4.1.3.2)."""

    def __init__(self) -> None:
        super().__init__(secure_protocols=("http", "https"))

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        if cookie.name.startswith("__Host-") and (not cookie.secure or cookie.domain_specified or cookie.path != "/"):
            return False
        return super().set_ok(cookie, request)


class Browser:
    """One browser profile. `with Browser() as browser:`"""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.cookies = RequestsCookieJar(policy=_CookiePolicy())

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._session.close()

    def open(self, url: str) -> Visited:
        return self._settle("GET", url, {})

    def submit(self, form: pages.Form, **typed: str) -> Visited:
        filled = form.with_fields(**typed)
        return self._settle(filled.method, filled.action, filled.fields)

    def _settle(self, method: str, url: str, fields: dict[str, str]) -> Visited:
        chain: list[str] = []
        for _ in range(30):
            chain.append(url)
            response = self._request(method, url, fields)
            page = Visited(url, response.status_code, response.text, tuple(chain))
            if response.is_redirect:
                method, url, fields = "GET", urljoin(url, response.headers["Location"]), {}
                continue
            form = _self_posting(page)
            if form is None:
                return page
            method, url, fields = form.method, form.action, form.fields
        raise AssertionError(f"going in circles: {chain}")

    def _request(self, method: str, url: str, fields: dict[str, str]) -> requests.Response:
        assert urlsplit(url).hostname in LOOPBACK, f"tests stay on this machine: {url}"
        posted = method == "POST"
        request = requests.Request(
            method, url, dict(_HEADERS), data=fields if posted else None, params=None if posted else fields
        ).prepare()
        # Session.request would merge cookies into a jar without our policy.
        if cookies := get_cookie_header(self._session.cookies, request):  # type: ignore[no-untyped-call]
            request.headers["Cookie"] = cookies
        return self._session.send(request, allow_redirects=False, timeout=WAIT_SECONDS)


def _self_posting(page: Visited) -> pages.Form | None:
    if page.status != 200 or "<form" not in page.text:
        return None
    return next((form for form in pages.forms(page.text, page.url) if _SELF_POSTED & set(form.fields)), None)


# --- what people do on the pages in between ---------------------------------------------------------------------------


def choose_home_realm(browser: Browser, page: Visited, email: str) -> Visited:
    """Types an address into the home realm page, if that is what is shown."""
    if "/login/" not in page.text or 'name="email"' not in page.text:
        return page
    return browser.submit(next(form for form in pages.forms(page.text, page.url) if "email" in form.fields), email=email)


ALICE, BOB, MALLORY = "7d1c0b52", "c94e8a17", "e03b6f2d"


def pick(browser: Browser, page: Visited, person: str = ALICE) -> Visited:
    """Signs in at the demonstration's identity provider; an empty person cancels there."""
    assert 'name="ticket"' in page.text, page.says()
    return browser.submit(page.form("/pick"), person=person)
