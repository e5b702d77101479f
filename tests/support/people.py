"""People at real browsers, without scripts: they follow redirects, press the button of self-posting forms, fill in others.

Cookies obey their attributes with one exception that browsers make as well: loopback counts as a secure origin, so that
our `Secure` cookies live on http://localhost.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar

from tests.support import pages

WAIT_SECONDS = 20
LOOPBACK = frozenset({"localhost", "127.0.0.1"})
# Fields of the pages that a browser with scripts sends on by itself.
_SELF_POSTED = frozenset({"SAMLRequest", "SAMLResponse"})


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
        return json.loads(self.text)

    def says(self) -> str:
        """For assertion messages: where, what status, which words."""
        return f"{self.url} ({self.status}): {self.text[:1500]}"


class Browser:
    """One browser profile. `with Browser() as browser:`"""

    def __init__(self) -> None:
        self._session = requests.Session()
        policy = DefaultCookiePolicy(secure_protocols=("http", "https"))
        self._session.cookies = RequestsCookieJar(policy=policy)
        self._session.headers.update({"User-Agent": "Mozilla/5.0 (a test)", "Accept": "text/html", "Accept-Language": "en"})

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._session.close()

    def open(self, url: str, *, stop: Callable[[str], bool] = lambda _: False) -> Visited:
        """`stop`: an address to which this browser does not go any more; then the last page visited is returned."""
        return self._settle("GET", url, {}, stop)

    def submit(self, form: pages.Form, *, stop: Callable[[str], bool] = lambda _: False, **typed: str) -> Visited:
        filled = form.with_fields(**typed)
        return self._settle(filled.method, filled.action, filled.fields, stop)

    def cookie_names(self) -> set[str]:
        return {cookie.name for cookie in self._session.cookies}

    def _settle(self, method: str, url: str, fields: dict[str, str], stop: Callable[[str], bool]) -> Visited:
        chain: list[str] = []
        page: Visited | None = None
        for _ in range(30):
            if stop(url):
                assert page is not None
                return Visited(url, page.status, page.text, tuple(chain))
            chain.append(url)
            response = self._request(method, url, fields)
            page = Visited(url, response.status_code, response.text, tuple(chain))
            if response.is_redirect:
                method, url, fields = "GET", requests.compat.urljoin(url, response.headers["Location"]), {}
                continue
            form = _self_posting(page)
            if form is None:
                return page
            method, url, fields = form.method, form.action, form.fields
        raise AssertionError(f"going in circles: {chain}")

    def _request(self, method: str, url: str, fields: dict[str, str]) -> requests.Response:
        assert urlsplit(url).hostname in LOOPBACK, f"tests stay on this machine: {url}"
        carried = {"params": fields} if method == "GET" and fields else {"data": fields if method == "POST" else None}
        return self._session.request(method, url, allow_redirects=False, timeout=WAIT_SECONDS, **carried)  # type: ignore[arg-type]


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
