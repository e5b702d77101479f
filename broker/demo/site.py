"""What the four partner sites share: a Flask app with the hub's headers and languages, in another company's colours."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from broker.web import pages, security

ANSWERED = "This was answered already, or began before the last start. Begin again at the application."


class PartnerError(Exception):
    """Something that a partner refuses; the text is shown, because its reader is trying things out."""


def make_site(name: str, title: str, url: str) -> Flask:
    """`name` selects the colours (templates/demo/layout.html) and the session cookie; `title` is what people read."""
    app = Flask(name, static_folder=str(pages.STATIC), static_url_path="/static", template_folder=None)
    # Cookies of one host are shared by all its ports: each partner needs a name of its own.
    app.config.update(SESSION_COOKIE_NAME=f"{name}-session", SESSION_COOKIE_SAMESITE="Lax", MAX_CONTENT_LENGTH=1 << 20)
    app.secret_key = secrets.token_bytes(32)
    security.install_headers(app, security.WebSettings(url, production=False, csrf_key=secrets.token_bytes(32)))

    def refused(error: PartnerError) -> Response:
        return page("demo/refused.html", site=name, title=title, problem=str(error), status=400)

    def not_here(error: HTTPException) -> Response:
        return page("demo/refused.html", site=name, title=title, problem=error.name, status=error.code or 500)

    app.register_error_handler(PartnerError, refused)
    app.register_error_handler(HTTPException, not_here)
    return app


def page(template: str, *, site: str, status: int = 200, **context: Any) -> Response:
    """Forms of partners end at the hub, so their pages limit no form-action (browsers apply it to redirects too)."""
    response = Response(pages.render(template, site=site, **context), status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = security.OPEN_FORM_POLICY
    return response


def app_page(
    site: str, title: str, protocol: str, *, who: dict[str, Any] | None, other: str, other_title: str, tenant: str
) -> Response:
    """The one page of an application: an invitation, or who is signed in and what the hub said about them."""
    wanted = {"email": ("email", "emailaddress", "mail"), "name": ("name", "displayname"), "tenant": ("tid", "tenant")}
    facts = {fact: _fact(who, names) for fact, names in wanted.items()} if who else {}
    links = {"other": other, "other_title": other_title, "tenant": tenant}
    return page("demo/app.html", site=site, title=title, protocol=protocol, who=who, facts=facts, links=links)


def _fact(who: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first value of a claim known by one of these names, bare or as the last part of a URI."""
    for name, values in who["claims"]:
        if name.replace(":", "/").rpartition("/")[2].lower() in names and values:
            return str(values[0])
    return ""


class Waiting:
    """Requests that wait for a person or an answer: in memory, at most 500, the oldest goes first."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, str]] = {}

    def put(self, key: str, item: dict[str, str]) -> None:
        self._items[key] = item
        while len(self._items) > 500:
            self._items.pop(next(iter(self._items)), None)

    def take(self, key: str) -> dict[str, str]:
        """Raises PartnerError when there is no such request any more."""
        item = self.see(key)
        self._items.pop(key, None)
        return item

    def see(self, key: str) -> dict[str, str]:
        """Likewise, and leaves it there."""
        item = self._items.get(key)
        if item is None:
            raise PartnerError(ANSWERED)
        return item
