"""SECURITY 6, code flow: what may be sent to the token and userinfo endpoints.

Driven through HTTP against the real hub.
"""

from __future__ import annotations

import base64
import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client, TestResponse

from broker.protocols.oidc import pkce
from broker.services.tenants import SaveTenant
from tests.support.hub import events_as_text
from tests.support.oidc_hub import APP, APP_SECRET, CALLBACK, PUBLIC_URL, OidcHub, basic

OTHER = "https://app.example/other"
GOOD = basic("app-one", APP_SECRET)


# --- the token endpoint -----------------------------------------------------------------------------------------------------


def assert_refused(response: TestResponse, error: str, status: int = 400) -> None:
    assert (response.status_code, response.get_json()["error"]) == (status, error), response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "access_token" not in response.text


def test_given_a_code_when_used_twice_then_the_second_fails_and_revokes_what_the_first_gave(hub: OidcHub) -> None:
    code = hub.code()
    token = hub.token(code).get_json()["access_token"]
    assert hub.userinfo(token).status_code == 200
    assert_refused(hub.token(code), "invalid_grant")
    assert hub.userinfo(token).status_code == 401


def test_given_a_code_when_used_by_six_at_once_then_one_succeeds_and_nothing_stays_valid(hub: OidcHub) -> None:
    code = hub.code()
    barrier = threading.Barrier(6)
    responses: list[TestResponse] = []

    def redeem() -> None:
        barrier.wait()
        client = Client(hub.app, use_cookies=False)
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": hub.verifier}
        headers = {"Authorization": basic("app-one", APP_SECRET)}
        responses.append(client.post("/oauth2/token", data=body, headers=headers, base_url=PUBLIC_URL))

    threads = [threading.Thread(target=redeem) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(response.status_code for response in responses) == [200] + [400] * 5
    given = next(response for response in responses if response.status_code == 200).get_json()["access_token"]
    assert hub.userinfo(given).status_code == 401


def test_given_a_code_when_a_rival_takes_it_between_look_and_take_then_the_loser_fails_and_revokes(
    hub: OidcHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2026-1035's race, made certain: the rival's request runs inside the first one's look-up."""
    code, store = hub.code(), hub.built.hub.transient
    look, rivals = store.get, list[TestResponse]()

    def look_and_be_overtaken(kind: str, key: str) -> bytes | None:
        value = look(kind, key)
        if kind == "oidc.code" and not rivals:
            monkeypatch.undo()
            rivals.append(hub.token(code))
        return value

    monkeypatch.setattr(store, "get", look_and_be_overtaken)
    assert_refused(hub.token(code), "invalid_grant")
    assert rivals[0].status_code == 200
    assert hub.userinfo(rivals[0].get_json()["access_token"]).status_code == 401


def test_given_a_repeated_parameter_when_sent_to_the_token_endpoint_then_no_value_is_chosen(hub: OidcHub) -> None:
    code = hub.code()
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": hub.verifier}
    for name in body:
        response = hub.machine.post(
            "/oauth2/token",
            data=urlencode([*body.items(), (name, body[name])]),
            headers={"Authorization": GOOD},
            content_type="application/x-www-form-urlencoded",
            base_url=PUBLIC_URL,
        )
        assert_refused(response, "invalid_request")
    assert hub.token(code).status_code == 200


def test_given_a_code_when_a_minute_has_passed_then_it_is_refused(hub: OidcHub) -> None:
    code = hub.code()
    hub.clock.forward(seconds=61)
    assert_refused(hub.token(code), "invalid_grant")


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": ""}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code": "x" * 5000}, "invalid_grant"),
        ({"redirect_uri": OTHER}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "a" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "é" * 43}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": '<script>"\\'}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_given_a_wrong_token_request_when_sent_then_it_is_refused_and_the_code_still_works(
    hub: OidcHub, changes: dict[str, str | None], error: str
) -> None:
    """A failed attempt consumes nothing: whoever stole a code without its verifier must not lock the owner out."""
    code = hub.code()
    response = hub.token(**{"code": code, **changes})  # type: ignore[arg-type]
    assert_refused(response, error)
    assert "<script>" not in response.text
    assert hub.token(code).status_code == 200


def test_given_a_challenge_as_verifier_when_sent_then_it_is_refused(hub: OidcHub) -> None:
    code = hub.code()
    assert_refused(hub.token(code, code_verifier=pkce.challenge_of(hub.verifier)), "invalid_grant")


def test_given_a_verifier_without_challenge_when_sent_then_it_is_refused(hub: OidcHub) -> None:
    """RFC 9700 4.8.2: an attacker stripped the challenge from the request."""
    hub.change_application({"require_pkce": False})
    code = hub.code(code_challenge=None, code_challenge_method=None)
    assert_refused(hub.token(code), "invalid_request")


def test_given_a_code_of_another_client_when_sent_then_it_is_refused_and_its_owner_can_still_use_it(hub: OidcHub) -> None:
    hub.change_application({"client_id": "app-two"}, slug="two", name="Two", client_secrets=("two-secret",))
    code = hub.code()
    assert_refused(hub.token(code, authorization=basic("app-two", "two-secret")), "invalid_grant")
    assert hub.token(code).status_code == 200


def test_given_a_code_of_another_issuer_when_sent_then_it_is_refused(hub: OidcHub) -> None:
    code = hub.code(base="/t/acme")
    assert_refused(hub.token(code), "invalid_grant")
    token = hub.token(code, base="/t/acme").get_json()["access_token"]
    assert hub.userinfo(token).status_code == 401
    assert hub.userinfo(token, base="/t/acme").status_code == 200


@pytest.mark.parametrize(
    "sent, error, status, challenge",
    [
        ({"authorization": basic("app-one", "wrong")}, "invalid_client", 401, True),
        ({"authorization": basic("unknown", APP_SECRET)}, "invalid_client", 401, True),
        ({"authorization": "Basic " + base64.b64encode(b"app-one:").decode()}, "invalid_client", 401, True),
        ({"authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()}, "invalid_client", 401, True),
        ({"authorization": "Basic !!"}, "invalid_client", 401, True),
        ({"authorization": "Bearer abc"}, "invalid_client", 401, True),
        ({"authorization": "Negotiate abc"}, "invalid_client", 401, True),
        ({"authorization": GOOD, "client_secret": APP_SECRET}, "invalid_client", 401, True),
        ({"authorization": GOOD, "client_id": "other"}, "invalid_client", 401, True),
        ({"authorization": None}, "invalid_client", 401, False),
        ({"authorization": None, "client_id": "app-one"}, "invalid_client", 401, False),
        ({"authorization": None, "client_id": "app-one", "client_secret": ""}, "invalid_client", 401, False),
        ({"authorization": None, "client_id": "app-one", "client_secret": APP_SECRET}, "invalid_client", 401, False),
        ({"authorization": None, "client_id": "unknown", "client_secret": "x"}, "invalid_client", 401, False),
    ],
)
def test_given_wrong_client_credentials_when_sent_then_one_answer_for_all(
    shared: OidcHub, sent: dict[str, Any], error: str, status: int, challenge: bool
) -> None:
    response = shared.token("code", **sent)
    assert_refused(response, error, status)
    assert response.headers.get("WWW-Authenticate", "").startswith("Basic") is challenge
    assert response.get_json()["error_description"] == "Client authentication failed."


def test_given_a_public_client_when_a_secret_or_none_is_sent_then_only_none_is_its_method(hub: OidcHub) -> None:
    hub.change_application({"client_id": "spa", "token_endpoint_auth_method": "none"}, slug="spa", client_secrets=())
    hub.client_id = "spa"
    code = hub.code()
    assert_refused(hub.token(code, authorization=basic("spa", "x")), "invalid_client", 401)
    assert_refused(hub.token(code, authorization=None, client_id="spa", client_secret="x"), "invalid_client", 401)
    assert_refused(hub.token(code, authorization=None, client_id="spa", code_verifier=None), "invalid_request")
    assert hub.token(code, authorization=None, client_id="spa").status_code == 200


@pytest.mark.parametrize("query", ["?client_secret=x", "?code=x", "?grant_type=authorization_code", "?client_id=app-one"])
def test_given_parameters_in_the_query_when_sent_then_they_are_refused(shared: OidcHub, query: str) -> None:
    assert_refused(shared.token("code", query=query), "invalid_request")


BODIES: list[tuple[bytes, str]] = [
    (b"", "application/x-www-form-urlencoded"),
    (b"grant_type=authorization_code&grant_type=authorization_code&code=x", "application/x-www-form-urlencoded"),
    (b"grant_type=authorization_code&code=a&code=b", "application/x-www-form-urlencoded"),
    (b"grant_type=authorization_code&client_id=a&client_id=b", "application/x-www-form-urlencoded"),
    (b"\xff\xfe=\x80", "application/x-www-form-urlencoded"),
    (b"grant_type=authorization_code&code=%ff", "application/x-www-form-urlencoded"),
    (b"grant_type=authorization_code&code=%00", "application/x-www-form-urlencoded"),
    (b"&".join(b"a%d=1" % n for n in range(1000)), "application/x-www-form-urlencoded"),
    (b'{"grant_type": "authorization_code"}', "application/json"),
    (b"<xml/>", "text/xml"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b"grant_type=authorization_code", ""),
    (b"grant_type=" + b"x" * 2_000_000, "application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize("body, content_type", BODIES)
def test_given_garbage_when_sent_to_the_token_endpoint_then_a_clean_json_error(
    shared: OidcHub, body: bytes, content_type: str
) -> None:
    response = shared.machine.post("/oauth2/token", data=body, content_type=content_type, base_url=PUBLIC_URL)
    assert 400 <= response.status_code < 500
    assert response.get_json()["error"] in {"invalid_request", "invalid_client"}
    assert "Traceback" not in response.text


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_given_a_wrong_method_when_used_then_it_is_refused(shared: OidcHub, method: str) -> None:
    assert getattr(shared.machine, method)("/oauth2/token", base_url=PUBLIC_URL).status_code == 405


# --- userinfo ---------------------------------------------------------------------------------------------------------------


def test_given_an_id_token_or_a_code_when_sent_to_userinfo_then_it_is_no_access_token(hub: OidcHub) -> None:
    code = hub.code()
    assert hub.userinfo(code).status_code == 401
    token = hub.token(code).get_json()
    assert hub.userinfo(token["id_token"]).status_code == 401
    assert_refused(hub.token(token["access_token"]), "invalid_grant")


def test_given_a_token_outside_the_header_when_sent_to_userinfo_then_it_is_refused(hub: OidcHub) -> None:
    token = hub.token(hub.code()).get_json()["access_token"]
    for response in (
        hub.machine.get(f"/oauth2/userinfo?access_token={token}", base_url=PUBLIC_URL),
        hub.machine.post("/oauth2/userinfo", data={"access_token": token}, base_url=PUBLIC_URL),
        hub.machine.get(
            f"/oauth2/userinfo?access_token={token}", headers={"Authorization": f"Bearer {token}"}, base_url=PUBLIC_URL
        ),
    ):
        assert response.status_code == 400
        assert response.get_json()["error"] == "invalid_request"
    posted = hub.machine.post("/oauth2/userinfo", headers={"Authorization": f"bearer {token}"}, base_url=PUBLIC_URL)
    assert posted.get_json()["email"] == "ada@acme.example"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer x y", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer é"])
def test_given_no_usable_token_when_sent_to_userinfo_then_401_with_a_challenge(shared: OidcHub, header: str | None) -> None:
    headers = {"Authorization": header} if header is not None else {}
    response = shared.machine.get("/oauth2/userinfo", headers=headers, base_url=PUBLIC_URL)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert ("error=" in response.headers["WWW-Authenticate"]) is (header is not None)


def test_given_an_access_token_when_its_time_is_over_then_it_is_refused(hub: OidcHub) -> None:
    token = hub.token(hub.code()).get_json()["access_token"]
    hub.clock.forward(seconds=3601)
    assert hub.userinfo(token).status_code == 401


def test_given_a_session_that_ends_soon_when_a_token_is_given_then_it_ends_with_it(hub: OidcHub) -> None:
    hub.built.tenants.save(APP, SaveTenant("acme", "Acme", session_idle_seconds=600, session_absolute_seconds=1200))
    token = hub.token(hub.code()).get_json()
    assert token["expires_in"] == 1200
    hub.clock.forward(seconds=1201)
    assert hub.userinfo(token["access_token"]).status_code == 401


# --- what is switched off, is off -----------------------------------------------------------------------------------------


def switch_off(hub: OidcHub, what: str) -> None:
    if what == "application":
        hub.change_application(enabled=False)
    elif what == "connector":
        hub.change_connector(enabled=False)
    elif what == "tenant":
        hub.built.tenants.save(APP, SaveTenant("acme", "Acme", enabled=False))
    elif what == "tenant of the application":
        hub.change_application(tenant_ids=())
    else:
        hub.change_application(connector_ids=())


@pytest.mark.parametrize("what", ["application", "connector", "tenant", "tenant of the application", "connector of the application"])
def test_given_something_switched_off_when_a_code_or_token_is_used_then_it_no_longer_works(hub: OidcHub, what: str) -> None:
    code = hub.code()
    verifier = hub.verifier
    token = hub.token(hub.code()).get_json()["access_token"]
    switch_off(hub, what)
    response = hub.token(code, code_verifier=verifier)
    assert response.status_code in {400, 401}
    assert response.get_json()["error"] in {"invalid_grant", "invalid_client"}
    assert hub.userinfo(token).status_code == 401


# --- claims cannot be injected, nothing leaks -------------------------------------------------------------------------------


def test_given_rules_that_emit_protocol_names_when_a_token_is_made_then_none_of_them_is_set_by_a_rule(hub: OidcHub) -> None:
    names = ["iss", "sub", "aud", "exp", "nonce", "tid", "sid", "acr", "amr", "at_hash", "azp", "auth_time", "plan"]
    hub.change_application(transform_rules=tuple({"template": "constant", "claim": name, "value": "injected"} for name in names))
    token = hub.token(hub.code()).get_json()
    for claims in (hub.userinfo(token["access_token"]).get_json(), hub.verified(token["id_token"])):
        assert [name for name in names if claims.get(name) == "injected"] == ["plan"]


def test_given_a_failed_exchange_when_support_looks_then_a_trace_tells_why_without_secrets(hub: OidcHub) -> None:
    code = hub.code()
    hub.token(code, redirect_uri=OTHER)
    hub.token(code, authorization=basic("app-one", "SECRET-GUESS"))
    with hub.built.database.reading() as connection:
        stored = b"".join(events_as_text(bytes(row.events)) for row in connection.exec_driver_sql("select events from traces"))
    assert b"wrong client secret" in stored
    for secret in (code, hub.verifier, "SECRET-GUESS", APP_SECRET):
        assert secret.encode() not in stored
