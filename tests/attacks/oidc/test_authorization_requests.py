"""SECURITY 6, code flow: what an application, or somebody in its place, may send to the authorization endpoint.

Driven through HTTP against the real hub. A request whose client or reply address is not proved never causes a redirect.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from broker.domain.errors import InvalidSettings
from tests.support.oidc_hub import APP, CALLBACK, PUBLIC_URL, OidcHub, answered

# --- the authorization endpoint: nothing is sent to an address that is not proved ------------------------------------------


def assert_page(response: TestResponse, *never: str) -> None:
    assert 400 <= response.status_code < 500, response.status_code
    assert "Location" not in response.headers
    assert response.mimetype == "text/html"
    for text in never:
        assert text not in response.text


REDIRECT_URIS = [
    "https://evil.example/cb",
    CALLBACK + "/",
    CALLBACK + "x",
    CALLBACK + "&code=injected",
    CALLBACK + "#fragment",
    CALLBACK.upper(),
    "HTTPS://app.example/cb?from=hub",
    "https://APP.example/cb?from=hub",
    "https://app.example/cb",
    "https://app.example/cb?from=hub%20",
    "https://app.example/cb/../cb?from=hub",
    "https://app.example/cb;/..;/?from=hub",
    "https://app.example//cb?from=hub",
    "https://app.example:443/cb?from=hub",
    "https://app.example.evil.example/cb?from=hub",
    "https://app.example@evil.example/cb?from=hub",
    "https://evil.example@app.example/cb?from=hub",
    "https://a@b@app.example/cb?from=hub",
    "https://evil.example\\@app.example/cb?from=hub",
    "https://app.example\u3002evil.example/cb",
    "//app.example/cb?from=hub",
    "/cb?from=hub",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://app.example/cb?from=hub",
    "http://127.0.0.1/cb",
    " " + CALLBACK,
    CALLBACK + "\r\nSet-Cookie: a=b",
    "https://app.example/cb?from=hub&\x01",
    "https://app.example/" + "a" * 5000,
    "",
]


@pytest.mark.parametrize("uri", REDIRECT_URIS)
def test_given_an_address_that_is_not_registered_when_asked_then_a_page_and_no_redirect(shared: OidcHub, uri: str) -> None:
    assert_page(shared.authorize(redirect_uri=uri), "evil.example")
    # Not even when something else is wrong as well, and not with an error either (CVE-2026-41479, CVE-2026-44681).
    assert_page(shared.authorize(redirect_uri=uri, response_type="token"))
    assert_page(shared.authorize(redirect_uri=uri, prompt="none"))


CLIENTS = ["", "unknown", "app-one ", "APP-ONE", "app-one\u200b", "' or 1=1", "<script>alert(1)</script>", "x" * 5000]


@pytest.mark.parametrize("client", CLIENTS)
def test_given_an_unknown_client_when_asked_then_a_page_that_repeats_nothing(shared: OidcHub, client: str) -> None:
    assert_page(shared.authorize(client_id=client), "<script>alert", "1=1")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_given_a_repeated_client_or_address_when_asked_then_a_page(shared: OidcHub, name: str) -> None:
    good = shared.parameters()
    for value in (good[name], "https://evil.example/"):
        assert_page(shared.authorize(raw=urlencode(good) + f"&{name}={quote(value)}"))


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "http://169.254.169.254/"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"max_age": "abc"}, "invalid_request"),
    ],
)
def test_given_a_wrong_request_at_a_proved_address_when_asked_then_the_application_is_told(
    shared: OidcHub, changes: dict[str, str | None], error: str
) -> None:
    response = shared.authorize(**changes)
    answer = answered(response)
    assert response.headers["Location"].startswith(CALLBACK + "&")
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "st&te ü", PUBLIC_URL)
    assert "code" not in answer
    assert set(answer["error_description"]) <= {chr(c) for c in range(0x20, 0x7F)} - {'"', "\\"}


def test_given_a_repeated_state_when_told_then_neither_value_is_echoed(shared: OidcHub) -> None:
    answer = answered(shared.authorize(raw=urlencode(shared.parameters()) + "&state=second"))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


def test_given_markup_in_state_when_the_answer_is_a_form_then_it_is_escaped(shared: OidcHub) -> None:
    response = shared.authorize(state='"><script>alert(1)</script>', response_mode="form_post", response_type="token")
    assert "<script>alert" not in response.text


def test_given_a_native_client_when_its_address_is_imitated_then_only_the_port_may_differ(hub: OidcHub) -> None:
    hub.change_application({"application_type": "native", "redirect_uris": ["http://127.0.0.1:1/cb?a=b", "com.example.app:/cb"]})
    assert hub.authorize(redirect_uri="http://127.0.0.1:9999/cb?a=b").status_code == 302
    for uri in (
        "http://127.0.0.1:9999/cb?a=c",
        "http://127.0.0.1:9999/cb",
        "http://127.0.0.2:9999/cb?a=b",
        "http://localhost:9999/cb?a=b",
        "https://127.0.0.1:9999/cb?a=b",
        "http://127.0.0.1.evil.example:9999/cb?a=b",
        "http://u@127.0.0.1:9999/cb?a=b",
        "http://127.0.0.1:9999@evil.example/cb?a=b",
        "http://127.0.0.1:9999\\@evil.example/cb?a=b",
        "http://127.0.0.1:99\n99/cb?a=b",
        "http://127.0.0.1:9999/cb?a=b#x",
        "com.example.app:/cb2",
        "com.example.app:9/cb",
    ):
        assert_page(hub.authorize(redirect_uri=uri))


def test_given_a_web_client_with_a_loopback_address_when_the_port_differs_then_it_is_refused(hub: OidcHub) -> None:
    hub.change_application({"redirect_uris": ["http://127.0.0.1:1/cb"]})
    assert hub.authorize(redirect_uri="http://127.0.0.1:1/cb").status_code == 302
    assert_page(hub.authorize(redirect_uri="http://127.0.0.1:2/cb"))


@pytest.mark.parametrize(
    "settings, field",
    [
        ({"redirect_uris": [uri]}, "redirect_uris")
        for uri in (
            "https://app.example/cb#x", "https://u:p@app.example/", "https://*.app.example/", "javascript:alert(1)",
            "data:text/html,x", "file:///etc/passwd", "app.example/cb", "//app.example", "https://", "https://app.example/a b", "https://app.example\\x",
            "https://app.example:99999/", "myapp:/cb", "https://äpp.example/",
        )
    ]
    + [
        ({"redirect_uris": []}, "redirect_uris"),
        ({"post_logout_redirect_uris": ["javascript:x"]}, "post_logout_redirect_uris"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a b"}, "client_id"),
        ({"token_endpoint_auth_method": "none"}, "client_secret_hashes"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"scopes": ["email"]}, "scopes"),
        ({"scopes": ["openid", "admin"]}, "scopes"),
        ({"id_token_lifetime_seconds": 10}, "id_token_lifetime_seconds"),
        ({"access_token_lifetime_seconds": 10**6}, "access_token_lifetime_seconds"),
        ({"application_type": "desktop"}, "application_type"),
    ],
)
def test_given_a_registration_that_is_unsafe_when_saved_then_its_field_is_named(
    shared: OidcHub, settings: dict[str, Any], field: str
) -> None:
    command = replace(shared.application, settings={**shared.application.settings, **settings})
    with pytest.raises(InvalidSettings) as raised:
        shared.built.applications.save(APP, command)
    assert raised.value.field == field


def test_given_a_public_client_when_pkce_is_switched_off_then_it_cannot_be_saved(shared: OidcHub) -> None:
    unsafe = {"client_id": "spa", "token_endpoint_auth_method": "none", "require_pkce": False}
    command = replace(shared.application, slug="spa", client_secrets=(), settings={**shared.application.settings, **unsafe})
    with pytest.raises(InvalidSettings) as raised:
        shared.built.applications.save(APP, command)
    assert raised.value.field == "require_pkce"


def test_given_a_host_header_when_asked_then_no_address_of_ours_follows_it(shared: OidcHub) -> None:
    evil = "http://evil.example"
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    location = shared.machine.get(
        f"/oauth2/authorize?{urlencode(shared.parameters())}", base_url=evil, headers=forwarded
    ).headers["Location"]
    assert "evil.example" not in location
    assert urlsplit(location).netloc == urlsplit(shared.op.issuer).netloc
