"""Security headers, cookies and CSRF tokens: the one place that fixes them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from flask import Flask, Response, current_app, g, request

from broker.domain import random_ids
from broker.domain.errors import Forbidden
from broker.domain.http import Cookie
from broker.web.http import COOKIE_PREFIX

CSRF_COOKIE = "csrf"
CSRF_FIELD = "csrf"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)
OPEN_FORM_POLICY = _POLICY
"""For pages whose submission may end outside the hub: browsers apply form-action to the redirects that follow it too."""

CLOSED_FORM_POLICY = _POLICY + "; form-action 'self'"

CALLING_FORM_POLICY = CLOSED_FORM_POLICY + "; connect-src 'self'"
"""For pages whose script calls us."""

OPEN_CALLING_POLICY = OPEN_FORM_POLICY + "; connect-src 'self'"
"""For pages that do both: the home realm page, the console's door when it leads to identity providers."""

OPEN_FORM_TEMPLATES = frozenset(
    {
        "interaction/home_realm.html",
        "interaction/post_form.html",
        "interaction/prompt.html",
        "interaction/test_login.html",
        "portal/test.html",
        "errors/completed.html",
        "errors/error.html",
    }
)

_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the web layer must know of this installation. `csrf_key` is secret."""

    public_url: str
    production: bool
    csrf_key: bytes = field(repr=False)


def settings() -> WebSettings:
    found = current_app.extensions["vestibule.web"]
    assert isinstance(found, WebSettings)
    return found


def install_headers(app: Flask, web: WebSettings) -> None:
    """Hand over the settings and put the headers on every response. Called once by `broker.app`."""
    app.extensions["vestibule.web"] = web
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Security headers, without overwriting what a view chose (the policy of a page, the cache life of a key set)."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CLOSED_FORM_POLICY)
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if "Cache-Control" not in headers or request.endpoint == "static":
        headers["Cache-Control"] = _cache_life()
    if settings().production:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
    for cookie in g.pop("cookies", ()):
        set_cookie(response, cookie)
    return response


def _cache_life() -> str:
    if request.endpoint != "static":
        return "no-store"
    # A fingerprinted address never changes its content.
    return f"public, max-age={_YEAR_SECONDS}, immutable" if request.query_string.startswith(b"v=") else "public, max-age=300"


def set_cookie(response: Response, cookie: Cookie) -> None:
    """A cookie of ours: `__Host-` forces Secure, Path=/ and no Domain in the browser as well (RFC 6265bis 4.1.3.2)."""
    response.set_cookie(
        COOKIE_PREFIX + cookie.name,
        cookie.value or "",
        max_age=0 if cookie.value is None else cookie.max_age_seconds,
        path="/",
        secure=True,
        httponly=True,
        samesite=cookie.same_site,
    )


def later_cookie(cookie: Cookie) -> None:
    """Set a cookie on whatever response this request ends with."""
    if "cookies" not in g:
        g.cookies = []
    g.cookies.append(cookie)


def csrf_token(scope: str) -> str:
    """A token for a form, valid for this browser and `scope` (an address of ours) only. Sets the browser's half if needed."""
    browser = request.cookies.get(COOKIE_PREFIX + CSRF_COOKIE) or g.get("csrf_browser")
    if not browser:
        browser = random_ids.handle()
        g.csrf_browser = browser
        later_cookie(Cookie(CSRF_COOKIE, browser))
    return _csrf_code(browser, scope)


def check_csrf(scope: str, given: str | None) -> None:
    """Raises Forbidden unless the form was shown by us, to this browser, for this scope."""
    browser = request.cookies.get(COOKIE_PREFIX + CSRF_COOKIE)
    if not browser or not given or not hmac.compare_digest(_csrf_code(browser, scope).encode(), given.encode()):
        raise Forbidden(
            "This page has expired. Load it again and repeat the last step.", cause="the form's CSRF token is missing or wrong"
        )


def _csrf_code(browser: str, scope: str) -> str:
    message = f"{len(browser)}:{browser}:{scope}".encode()
    return hmac.new(settings().csrf_key, message, hashlib.sha256).hexdigest()
