"""A small application with nothing but the web layer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response, g, jsonify, request
from flask.testing import FlaskClient

from broker.domain import errors
from broker.domain.clock import SystemClock
from broker.domain.http import Cookie, Document, Incoming, Page, PostForm, Prompt, PromptField, Redirect, Reply
from broker.domain.trace import Trace
from broker.web.errors import register_error_handlers
from broker.web.http import incoming_of
from broker.web.outgoing import respond
from broker.web.pages import STATIC
from broker.web.security import CSRF_FIELD, WebSettings, check_csrf, csrf_token, install_headers


class RecordingTraces:
    """Keeps traces in a list."""

    def __init__(self) -> None:
        self.saved: list[Trace] = []
        self.begun: list[Incoming] = []
        self.broken = False

    def begin(self, incoming: Incoming, name: str) -> Trace:
        self.begun.append(incoming)
        clock = SystemClock()
        return Trace(f"TRCE-{len(self.begun):04}-XY", clock, clock.now())

    def save(self, trace: Trace) -> None:
        if self.broken:
            raise OSError("the disk is full of SECRET-CAUSE")
        self.saved.append(trace)


STEPS: dict[str, Callable[[], Response]] = {
    "redirect": lambda: respond(Redirect("https://idp.example/sso?x=%2f&y=1")),
    "redirect-inside": lambda: respond(Redirect("/login/abc")),
    "redirect-split": lambda: respond(Redirect("https://app.example/\r\nSet-Cookie: a=b")),
    "redirect-iri": lambda: respond(Redirect("https://app.example/café")),
    "post": lambda: respond(PostForm("https://app.example/acs", (("SAMLResponse", "abc="), ("RelayState", '"><script>')))),
    "post-script": lambda: respond(PostForm("javascript:alert(1)", ())),
    "prompt": lambda: respond(Prompt("Sign in", (PromptField("u", "User"), PromptField("p", "Password", "password")), "Wrong.")),
    "page": lambda: respond(Page("interaction/signed_out.html")),
    "home": lambda: respond(Page("interaction/home_realm.html", {"handle": "h1", "application_name": "<b>App</b>"})),
    "document": lambda: respond(Document(b"{}", "application/json", 203, (("Cache-Control", "max-age=60"),))),
    "cookies": lambda: respond(
        Reply(Page("interaction/signed_out.html"), (Cookie("browser", "v1", None, "None"), Cookie("session", None)))
    ),
}


@pytest.fixture
def traces() -> RecordingTraces:
    return RecordingTraces()


@pytest.fixture
def make_app(traces: RecordingTraces) -> Callable[..., Flask]:
    def make(*, production: bool = False) -> Flask:
        app = Flask("web", static_folder=str(STATIC), static_url_path="/static")
        install_headers(app, WebSettings("https://sso.example", production, b"k" * 32))
        register_error_handlers(app, traces)

        @app.route("/echo", methods=["GET", "POST"])
        def echo() -> Response:
            incoming = incoming_of(request)
            return jsonify(
                query=incoming.query,
                form=incoming.form,
                raw=incoming.raw_query.decode(),
                cookies=incoming.cookies,
                headers=incoming.headers,
                address=incoming.remote_address,
            )

        @app.get("/step/<name>")
        def step(name: str) -> Response:
            return STEPS[name]()

        @app.get("/raise/<name>")
        @app.get("/tenant/oauth2/<name>")
        def fail(name: str) -> Response:
            g.trace = traces.begin(incoming_of(request), name) if "traced" in request.args else None
            if name == "Boom":
                raise RuntimeError("SECRET-CAUSE")
            error: errors.BrokerError = getattr(errors, name, errors.InvalidUpstreamResponse)(cause="SECRET-CAUSE")
            raise error

        @app.get("/form")
        def form() -> str:
            return csrf_token(request.args.get("scope", "/form"))

        @app.post("/form")
        def submitted() -> str:
            check_csrf("/form", request.form.get(CSRF_FIELD))
            return "done"

        return app

    return make


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    # https, because a client that knows cookies sends Secure ones nowhere else.
    app = make_app()
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    return client
