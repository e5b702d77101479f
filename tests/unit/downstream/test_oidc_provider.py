"""OpenID Connect toward applications, through the real hub: what a stock client library does and receives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from broker.services.tenants import SaveTenant
from tests.support.oidc_hub import APP, APP_SECRET, CALLBACK, PUBLIC_URL, OidcHub, answered, basic


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OidcHub]:
    with OidcHub(tmp_path) as made:
        yield made


def test_given_an_application_when_a_person_signs_in_then_it_learns_who_in_token_and_userinfo(hub: OidcHub) -> None:
    answer = answered(hub.sign_in(hub.authorize()))
    assert answer["state"] == "st&te ü"
    assert answer["iss"] == PUBLIC_URL
    assert answer["from"] == "hub"  # the registered address keeps its own query
    response = hub.token(answer["code"])
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    token = response.get_json()
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, "openid profile email")
    claims = hub.verified(token["id_token"])
    now = int(hub.clock.now().timestamp())
    assert claims["iss"] == PUBLIC_URL
    assert claims["aud"] == "app-one"
    assert (claims["iat"], claims["exp"], claims["auth_time"]) == (now, now + 300, now)
    assert claims["nonce"] == "n-1"
    assert claims["tid"] == hub.tenant_id
    assert (claims["email"], claims["email_verified"], claims["name"]) == ("ada@acme.example", True, "Ada Lovelace")
    assert claims["groups"] == ["staff", "math"]
    assert "ada" not in claims["sub"]
    userinfo = hub.userinfo(token["access_token"])
    assert userinfo.headers["Cache-Control"] == "no-store"
    assert userinfo.get_json() == {name: claims[name] for name in ("sub", "email", "email_verified", "name", "groups")}


def test_given_two_logins_when_compared_then_the_subject_is_the_same_at_both_kinds_of_endpoint(hub: OidcHub) -> None:
    common = hub.verified(hub.token(hub.code()).get_json()["id_token"])
    base = "/t/acme"
    tenant = hub.verified(hub.token(hub.code(base=base), base=base).get_json()["id_token"], base=base)
    assert common["sub"] == tenant["sub"]
    assert (common["iss"], tenant["iss"]) == (PUBLIC_URL, PUBLIC_URL + base)
    assert common["tid"] == tenant["tid"]


@pytest.mark.parametrize(
    "scope, names",
    [
        ("openid", {"groups"}),
        ("openid profile", {"groups", "name"}),
        ("openid email", {"groups", "email", "email_verified"}),
        ("openid offline_access unknown phone", {"groups"}),
    ],
)
def test_given_scopes_when_asked_then_only_their_claims_are_released(hub: OidcHub, scope: str, names: set[str]) -> None:
    token = hub.token(hub.code(scope=scope)).get_json()
    assert set(hub.userinfo(token["access_token"]).get_json()) == names | {"sub"}
    assert set(token["scope"].split()) <= {"openid", "profile", "email", "phone"}


@pytest.mark.parametrize("base", ["", "/t/acme"])
def test_given_an_issuer_when_discovered_then_it_names_itself_and_its_own_addresses(hub: OidcHub, base: str) -> None:
    response = hub.machine.get(f"{base}/.well-known/openid-configuration", base_url="http://attacker.example")
    document = json.loads(response.data)
    assert document["issuer"] == PUBLIC_URL + base
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert document[name].startswith(f"{PUBLIC_URL}{base}/oauth2/")
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "public" in response.headers["Cache-Control"]
    keys = hub.machine.get(urlsplit(document["jwks_uri"]).path, base_url=PUBLIC_URL)
    assert {key["alg"] for key in json.loads(keys.data)["keys"]} == {"RS256", "ES256"}
    assert keys.headers["Access-Control-Allow-Origin"] == "*"
    assert not {"d", "p", "q"} & {name for key in json.loads(keys.data)["keys"] for name in key}


def test_given_es256_when_registered_then_the_id_token_is_signed_with_it(hub: OidcHub) -> None:
    hub.change_application({"id_token_signed_response_alg": "ES256"})
    token = hub.token(hub.code()).get_json()
    assert hub.verified(token["id_token"])["aud"] == "app-one"


def test_given_a_public_client_when_it_proves_pkce_then_it_needs_no_secret(hub: OidcHub) -> None:
    hub.change_application({"client_id": "spa", "token_endpoint_auth_method": "none"}, slug="spa", client_secrets=())
    hub.client_id = "spa"
    code = hub.code()
    assert hub.token(code, authorization=None, client_id="spa").status_code == 200


def test_given_client_secret_post_when_registered_then_the_body_authenticates(hub: OidcHub) -> None:
    hub.change_application({"token_endpoint_auth_method": "client_secret_post"})
    code = hub.code()
    assert hub.token(code, authorization=None, client_id="app-one", client_secret=APP_SECRET).status_code == 200


def test_given_two_secrets_when_one_is_being_replaced_then_both_work(hub: OidcHub) -> None:
    hub.change_application(client_secrets=("new", APP_SECRET))
    assert hub.token(hub.code()).status_code == 200
    assert hub.token(hub.code(), authorization=basic("app-one", "new")).status_code == 200
    assert hub.token(hub.code(), authorization=basic("app-one", "old")).status_code == 401


def test_given_pkce_switched_off_for_a_confidential_client_when_it_sends_none_then_it_signs_in(hub: OidcHub) -> None:
    hub.change_application({"require_pkce": False})
    code = hub.code(code_challenge=None, code_challenge_method=None)
    assert hub.token(code, code_verifier=None).status_code == 200


def test_given_form_post_when_asked_for_then_the_answer_is_a_form(hub: OidcHub) -> None:
    response = hub.sign_in(hub.authorize(response_mode="form_post"))
    assert response.status_code == 200
    assert f'action="{CALLBACK}"' in response.text
    assert 'name="code"' in response.text
    assert 'value="st&amp;te ü"' in response.text


def test_given_a_posted_request_when_read_then_it_works_like_a_get(hub: OidcHub) -> None:
    assert "code" in answered(hub.sign_in(hub.authorize(method="POST")))


def test_given_no_state_when_answered_then_none_is_invented(hub: OidcHub) -> None:
    assert "state" not in answered(hub.sign_in(hub.authorize(state=None)))


def test_given_a_session_when_another_application_asks_then_no_identity_provider_is_needed(hub: OidcHub) -> None:
    first = hub.verified(hub.token(answered(hub.sign_in(hub.authorize()))["code"]).get_json()["id_token"])
    code = answered(hub.authorize())["code"]
    second = hub.verified(hub.token(code).get_json()["id_token"])
    assert first["sub"] == second["sub"]
    assert first["sid"] == second["sid"]


def test_given_prompt_none_when_nobody_is_signed_in_then_login_is_required(hub: OidcHub) -> None:
    answer = answered(hub.authorize(prompt="none"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "st&te ü", PUBLIC_URL)


def test_given_prompt_none_when_the_identity_provider_is_asked_silently_then_its_refusal_is_told(hub: OidcHub) -> None:
    hub.change_connector(settings={**hub.connector.settings, "forward_passive": True})
    response = hub.authorize(prompt="none")
    asked = dict(parse_qsl(urlsplit(response.headers["Location"]).query))
    assert asked["prompt"] == "none"
    refusal = urlencode({"error": "login_required", "state": asked["state"], "iss": hub.op.issuer})
    back = hub.browser.get(f"{urlsplit(hub.op.redirect_uri).path}?{refusal}", base_url=PUBLIC_URL)
    answer = answered(back)
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "st&te ü", PUBLIC_URL)


def test_given_prompt_none_when_a_session_exists_then_a_code_comes_at_once(hub: OidcHub) -> None:
    hub.sign_in(hub.authorize())
    assert "code" in answered(hub.authorize(prompt="none"))


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_given_a_wish_for_a_fresh_login_when_a_session_exists_then_the_identity_provider_is_asked(
    hub: OidcHub, changes: dict[str, str]
) -> None:
    hub.sign_in(hub.authorize())
    hub.clock.forward(minutes=5)
    response = hub.authorize(**changes)
    query = dict(parse_qsl(urlsplit(response.headers["Location"]).query))
    assert query["prompt"] == "login"
    token = hub.token(answered(hub.sign_in(response))["code"]).get_json()
    assert hub.verified(token["id_token"])["auth_time"] == int(hub.clock.now().timestamp())


def test_given_a_native_application_when_it_listens_on_any_port_then_loopback_is_accepted(hub: OidcHub) -> None:
    uris = ["http://127.0.0.1/cb", "com.example.app:/cb"]
    hub.change_application({"application_type": "native", "redirect_uris": uris})
    for uri in ("http://127.0.0.1:51004/cb", "http://127.0.0.1/cb", "com.example.app:/cb"):
        code = hub.code(redirect_uri=uri)
        assert hub.token(code, redirect_uri=uri).status_code == 200


def origin_headers(response: Any) -> str | None:
    value: str | None = response.headers.get("Access-Control-Allow-Origin")
    return value


def test_given_a_script_of_a_registered_origin_when_it_asks_then_it_may_read_the_answer(hub: OidcHub) -> None:
    preflight = hub.machine.options("/oauth2/token", base_url=PUBLIC_URL, headers={"Origin": "https://app.example"})
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    response = hub.token(hub.code(), headers={"Origin": "https://app.example"})
    assert origin_headers(response) == "https://app.example"
    assert "Origin" in response.headers["Vary"]
    token = response.get_json()["access_token"]
    for origin, allowed in (("https://app.example", "https://app.example"), ("https://evil.example", None), ("null", None)):
        headers = {"Authorization": f"Bearer {token}", "Origin": origin}
        assert origin_headers(hub.machine.get("/oauth2/userinfo", headers=headers, base_url=PUBLIC_URL)) == allowed
    assert origin_headers(hub.authorize()) is None


def test_given_an_error_after_the_login_when_it_is_told_then_the_protocol_has_its_word(hub: OidcHub) -> None:
    hub.op.person["email"] = "ada@other.example"
    page = hub.sign_in(hub.authorize())
    assert page.status_code == 403
    assert "other.example" not in page.text
    path = page.text.partition('/return"')[0].rpartition('"')[2] + "/return"
    back = hub.browser.post(path, base_url=PUBLIC_URL)
    answer = answered(back)
    assert answer["error"] == "access_denied"
    assert answer["state"] == "st&te ü"
    assert answer["iss"] == PUBLIC_URL


def test_given_an_unknown_tenant_when_asked_then_there_is_nothing(hub: OidcHub) -> None:
    for path in ("/.well-known/openid-configuration", "/oauth2/jwks", "/oauth2/authorize?client_id=app-one"):
        assert hub.machine.get(f"/t/nobody{path}", base_url=PUBLIC_URL).status_code == 404


def test_given_a_second_tenant_when_the_per_tenant_endpoint_is_used_then_only_its_people_sign_in(hub: OidcHub) -> None:
    hub.built.tenants.save(APP, SaveTenant("globex", "Globex"))
    response = hub.authorize(base="/t/globex")
    assert not response.headers.get("Location", "").startswith(hub.op.issuer)
