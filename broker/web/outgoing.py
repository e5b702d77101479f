"""What the browser must do next, as a Flask response."""

from __future__ import annotations

import re

from flask import Response
from werkzeug.urls import iri_to_uri

from broker.domain.errors import InternalError
from broker.domain.http import Document, Failure, Outgoing, Page, PostForm, Prompt, Redirect, Reply
from broker.web import here, pages, security

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def respond(reply: Reply | Outgoing) -> Response:
    """The response for any outgoing step, with its cookies. Raises InternalError for an address that cannot be followed."""
    outgoing, cookies = (reply.outgoing, reply.cookies) if isinstance(reply, Reply) else (reply, ())
    match outgoing:
        case Redirect():
            response = _redirect(outgoing)
        case PostForm():
            response = _post_form(outgoing)
        case Prompt():
            names = ("title", "fields", "problem", "action", "hidden", "branding")
            response = _page(Page("interaction/prompt.html", {name: getattr(outgoing, name) for name in names}))
        case Page():
            response = _page(outgoing)
        case Failure():
            response = _page(pages.failure_page(outgoing))
        case Document():
            response = Response(outgoing.body, outgoing.status, list(outgoing.headers), content_type=outgoing.content_type)
    for cookie in cookies:
        security.set_cookie(response, cookie)
    return response


def _redirect(redirect: Redirect) -> Response:
    url = redirect.url
    if _CONTROL.search(url):
        raise InternalError(cause="a redirect address contains control characters")
    if url.startswith("/"):
        url = here.base(security.settings().public_url) + url
    # An address that is ASCII already goes out byte for byte, as it was registered.
    location = url if url.isascii() else iri_to_uri(url)
    response = Response(status=302, content_type="text/plain; charset=utf-8")
    response.headers["Location"] = location
    response.headers["Cache-Control"] = "no-store"
    return response


def _post_form(form: PostForm) -> Response:
    if not form.action.startswith(("https://", "http://")):
        raise InternalError(cause="the action of a self-posting form is no http address")
    template = "interaction/post_form.html"
    return _html(template, pages.self_posting(template, form.action, form.fields), 200)


def _page(page: Page) -> Response:
    return _html(page.template, pages.render(page.template, **page.context), page.status)


def _html(template: str, body: str, status: int) -> Response:
    response = Response(body, status, content_type="text/html; charset=utf-8")
    if template in security.OPEN_FORM_TEMPLATES:
        calls = template == "interaction/home_realm.html"
        response.headers["Content-Security-Policy"] = security.OPEN_CALLING_POLICY if calls else security.OPEN_FORM_POLICY
    return response
