"""Every outgoing step as a response, with its headers and cookies."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.web import pages as web_pages
from tests.support import pages
from tests.support.hub import Hub


@pytest.mark.parametrize(
    ("step", "location"),
    [
        ("redirect", "https://idp.example/sso?x=%2f&y=1"),
        ("redirect-inside", "https://sso.example/login/abc"),
        ("redirect-iri", "https://app.example/caf%C3%A9"),
    ],
)
def test_given_a_redirect_when_answered_then_302_absolute_and_not_stored(client: FlaskClient, step: str, location: str) -> None:
    answer = client.get(f"/step/{step}")
    assert (answer.status_code, answer.headers["Location"]) == (302, location)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("step", ["redirect-split", "post-script"])
def test_given_an_address_nobody_may_follow_when_answered_then_an_error_page(client: FlaskClient, step: str) -> None:
    answer = client.get(f"/step/{step}")
    assert answer.status_code == 500
    assert "Location" not in answer.headers
    assert b"javascript:" not in answer.data


def test_given_a_post_form_when_answered_then_it_submits_itself_and_works_without_scripts(client: FlaskClient) -> None:
    answer = client.get("/step/post")
    form = pages.self_posting_form(answer.data)
    assert form.action == "https://app.example/acs"
    assert form.fields == {"SAMLResponse": "abc=", "RelayState": '"><script>'}
    assert b"<noscript>" in answer.data
    assert b'"><script>' not in answer.data


@pytest.mark.parametrize("step", ["post", "home", "prompt"])
def test_given_a_page_whose_form_may_end_elsewhere_when_answered_then_no_form_action(client: FlaskClient, step: str) -> None:
    assert "form-action" not in client.get(f"/step/{step}").headers["Content-Security-Policy"]


def test_given_any_other_page_when_answered_then_every_security_header(client: FlaskClient) -> None:
    headers = client.get("/step/page").headers
    policy = headers["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_given_production_when_answered_then_hsts(make_app: Callable[..., Flask]) -> None:
    answer = make_app(production=True).test_client().get("/step/page")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_given_cookies_when_answered_then_host_prefix_secure_and_http_only(client: FlaskClient) -> None:
    browser, session = client.get("/step/cookies").headers.getlist("Set-Cookie")
    assert browser == "__Host-browser=v1; Secure; HttpOnly; Path=/; SameSite=None"
    assert session.startswith("__Host-session=; ")
    for part in ("Max-Age=0", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in session


def test_given_a_document_when_answered_then_its_own_headers_win(client: FlaskClient) -> None:
    answer = client.get("/step/document")
    assert (answer.status_code, answer.content_type, answer.headers["Cache-Control"]) == (203, "application/json", "max-age=60")


def test_given_a_prompt_when_answered_then_labelled_fields_and_the_problem(client: FlaskClient) -> None:
    answer = client.get("/step/prompt")
    assert pages.problem(answer.data) == "Wrong."
    assert pages.forms(answer.data)[0].fields == {"u": "", "p": ""}


def test_given_a_static_file_when_its_address_has_a_fingerprint_then_it_is_kept_for_ever(client: FlaskClient) -> None:
    with client.get("/static/vestibule.css?v=abc") as fingerprinted, client.get("/static/vestibule.css") as bare:
        assert "immutable" in fingerprinted.headers["Cache-Control"]
        assert "immutable" not in bare.headers["Cache-Control"]


def test_given_a_csrf_token_when_sent_back_by_the_same_browser_then_accepted(client: FlaskClient) -> None:
    token = client.get("/form").text
    assert client.post("/form", data={"csrf": token}).text == "done"
    assert client.get("/form").text == token, "a second tab must not spoil the first one's form"


@pytest.mark.parametrize("case", ["none", "empty", "foreign", "no-cookie", "other-scope"])
def test_given_a_wrong_csrf_token_when_sent_then_403(make_app: Callable[..., Flask], client: FlaskClient, case: str) -> None:
    token = client.get("/form").text
    if case == "no-cookie":
        client.delete_cookie("__Host-csrf")
    if case == "foreign":
        token = make_app().test_client().get("/form").text
    if case == "other-scope":
        token = client.get("/form?scope=/elsewhere").text
    data = {"none": {}, "empty": {"csrf": ""}}.get(case, {"csrf": token})
    answer = client.post("/form", data=data)
    assert answer.status_code == 403
    assert pages.reference_code(answer.data)


def test_given_a_self_posting_form_when_its_frame_is_kept_then_the_page_is_what_the_template_says(hub: Hub) -> None:
    """Filling in must equal rendering, byte for byte, markup in values included."""
    fields = (("SAMLResponse", 'a"<b>&\'c'), ("RelayState", "\ue001 x"), ("third", ""))
    with hub.app.test_request_context("/", method="POST"):
        rendered = web_pages.render("interaction/post_form.html", action='https://a.example/?x="&y', fields=fields)
        filled = web_pages.self_posting("interaction/post_form.html", 'https://a.example/?x="&y', fields)
        none = web_pages.self_posting("interaction/post_form.html", "https://a.example/", ())
        assert none == web_pages.render("interaction/post_form.html", action="https://a.example/", fields=())

    assert filled == rendered
