"""Guessing a client secret at the token endpoint (SECURITY 6, brute force)."""

from __future__ import annotations

from werkzeug.test import Client, TestResponse

from broker.downstream.oidc.endpoints import CLIENT_AUTHENTICATION
from tests.support.oidc_hub import APP_SECRET, CALLBACK, PUBLIC_URL, OidcHub, basic


def ask(hub: OidcHub, secret: str, code: str = "x", *, client: str = "app-one", address: str = "198.51.100.7") -> TestResponse:
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": hub.verifier}
    return Client(hub.app, use_cookies=False).post(
        "/oauth2/token",
        data=body,
        headers={"Authorization": basic(client, secret)},
        base_url=PUBLIC_URL,
        environ_overrides={"REMOTE_ADDR": address},
    )


def test_given_too_many_wrong_secrets_when_the_right_one_comes_from_there_then_it_is_not_even_tried(hub: OidcHub) -> None:
    code = hub.code()
    for _ in range(CLIENT_AUTHENTICATION.attempts):
        assert ask(hub, "guess").status_code == 401

    refused = ask(hub, "guess")
    after = ask(hub, APP_SECRET, code)

    assert (refused.status_code, after.status_code) == (429, 429)
    assert after.get_json()["error"]
    assert 0 < int(after.headers["Retry-After"]) <= CLIENT_AUTHENTICATION.seconds + 1
    assert ask(hub, APP_SECRET, code, address="198.51.100.8").status_code == 200, "its own servers elsewhere go on"
    hub.clock.forward(seconds=CLIENT_AUTHENTICATION.seconds + 1)
    assert ask(hub, "guess").status_code == 401


def test_given_one_client_that_is_locked_out_then_others_at_that_address_are_not(hub: OidcHub) -> None:
    for _ in range(CLIENT_AUTHENTICATION.attempts + 1):
        ask(hub, "guess", client="somebody")
    assert ask(hub, "guess").status_code == 401
