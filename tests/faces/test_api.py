"""The management API over HTTP: what a script sends, and what it gets back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker import __version__
from broker.domain.errors import Conflict
from broker.services.actor import Verb
from broker.services.idempotency import Answer
from tests.architecture.test_no_secrets import everything_stored
from tests.support.api import Api, api, basic, token
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.saml_idp import SmallIdp

PROBLEM = "application/problem+json"


# --- a tenant is connected by script ----------------------------------------------------------------------------------


def test_a_script_connects_a_tenant_and_an_application_from_nothing(hub: Hub) -> None:
    script = api(hub)

    tenant = script.put("/tenants/acme", {"name": "Acme"}, 201)
    domain = script.put("/tenants/acme/domains/acme.example", {}, 201)
    draft = script.post("/tenants/acme/connectors", {"type": "saml", "connector": "sso"}, 201)
    sheet = script.get("/tenants/acme/connectors/sso/sheet")
    metadata = SmallIdp("https://idp.acme.example/saml").metadata().decode()
    saved = script.put("/tenants/acme/connectors/sso", {"metadata": metadata})
    enabled = script.post("/tenants/acme/connectors/sso/enable")
    settings = {"redirect_uris": ["https://mail.example/cb"]}
    application = script.put("/applications/mail", {"protocol": "oidc", "tenants": ["acme"], "settings": settings}, 201)
    link = script.post("/tenants/acme/setup-links", {"label": "For Ada", "days": 3}, 201)

    assert (tenant["slug"], domain["proof"], draft["ready"], saved["ready"], enabled["enabled"]) == ("acme", "operator", False, True, True)
    assert any(draft["id"] in step["value"] for step in sheet["steps"])
    assert application["client_secret"]
    assert link["url"].startswith(f"{PUBLIC_URL}/setup/")
    assert hub.built.connectors.get(hub.built.tenants.get("acme").id, "sso").enabled
    assert script.get("/applications/mail/sheet")["issuer"] == f"{PUBLIC_URL}/t/acme"
    script.delete("/applications/mail")
    script.delete("/tenants/acme")
    script.get("/tenants/acme", 404)


def test_the_root_says_what_this_is(hub: Hub) -> None:
    said = Api(hub, "").get("")

    assert said == {
        "name": "Vestibule",
        "version": __version__,
        "description": f"{PUBLIC_URL}/api/v1/openapi.json",
        "token": f"{PUBLIC_URL}/api/v1/token",
    }


# --- what is created, where, in which version -------------------------------------------------------------------------


def test_something_new_is_201_with_its_address_and_the_rest_200(hub: Hub) -> None:
    script = api(hub)
    made = script.ask("PUT", "/tenants/acme", json={})
    again = script.ask("PUT", "/tenants/acme", json={"name": "Acme"})
    draft = script.ask("POST", "/tenants/acme/connectors", json={"type": "oidc", "connector": "sso"})
    gone = script.ask("DELETE", "/tenants/acme/connectors/sso")

    assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/tenants/acme")
    assert (again.status_code, again.headers.get("Location")) == (200, None)
    assert (draft.status_code, draft.headers["Location"]) == (201, "/api/v1/tenants/acme/connectors/sso")
    assert (gone.status_code, gone.data, gone.headers.get("Content-Type")) == (204, b"", None)


def test_a_version_is_an_etag_and_guards_changes(hub: Hub) -> None:
    script = api(hub)
    first = script.ask("PUT", "/tenants/acme", json={"name": "One"}).headers["ETag"]
    second = script.ask("PUT", "/tenants/acme", json={"name": "Two"}, headers={"If-Match": first}).headers["ETag"]
    stale = script.ask("PUT", "/tenants/acme", json={"name": "Three"}, headers={"If-Match": first})
    shown = script.ask("GET", "/tenants/acme")
    unchanged = script.ask("GET", "/tenants/acme", headers={"If-None-Match": second})

    assert (first, second, shown.headers["ETag"]) == ('"1"', '"2"', '"2"')
    assert (stale.status_code, stale.get_json()["code"]) == (412, "stale_version")
    assert shown.get_json()["name"] == "Two"
    assert (unchanged.status_code, unchanged.data) == (304, b"")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PUT", "/tenants/acme", {"If-None-Match": "*"}, 412),
        ("PUT", "/tenants/new", {"If-None-Match": "*"}, 201),
        ("PUT", "/tenants/acme", {"If-Match": "*"}, 200),
        ("PUT", "/tenants/new", {"If-Match": "*"}, 412),
        ("PUT", "/tenants/acme", {"If-Match": 'W/"1"'}, 412),
        ("PUT", "/tenants/acme", {"If-Match": "nonsense"}, 412),
        ("PUT", "/tenants/acme", {"If-None-Match": '"1"'}, 400),
        ("PUT", "/tenants/acme", {"If-Match": '"1"', "If-None-Match": "*"}, 400),
        ("DELETE", "/tenants/acme", {"If-Match": '"2"'}, 412),
        ("DELETE", "/tenants/acme", {"If-Match": '"1"'}, 204),
        ("DELETE", "/tenants/acme", {"If-Match": "*"}, 204),
        ("POST", "/tenants/acme/connectors/idp/disable", {"If-Match": '"7"'}, 412),
        ("POST", "/tenants/acme/connectors/idp/disable", {"If-Match": '"1"'}, 200),
        ("PUT", "/tenants/acme/domains/acme.fr", {"If-Match": '"1"'}, 400),
        ("POST", "/tenants/acme/setup-links", {"If-Match": '"1"'}, 400),
    ],
)
def test_conditions(hub: Hub, method: str, path: str, headers: dict[str, str], status: int) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme", "idp")
    script = api(hub)
    sent = {} if method == "DELETE" else {"json": {}}

    response = script.ask(method, path, headers=headers, **sent)

    assert response.status_code == status, response.get_data(as_text=True)
    if status == 412:
        assert hub.built.tenants.get("acme").version == 1
        assert hub.built.connectors.get(hub.tenants["acme"], "idp").enabled


def test_a_version_in_the_body_and_another_in_the_header_is_no_choice(hub: Hub) -> None:
    hub.tenant("acme")
    script = api(hub)
    assert script.ask("PUT", "/tenants/acme", json={"expected_version": 1}, headers={"If-Match": '"2"'}).status_code == 400
    assert script.ask("PUT", "/tenants/acme", json={"expected_version": 1}, headers={"If-Match": '"1"'}).status_code == 200
    assert script.put("/tenants/acme", {"expected_version": 5, "name": "X"}, 412)["code"] == "stale_version"


# --- lists ------------------------------------------------------------------------------------------------------------


def test_lists_go_on_where_their_link_says(hub: Hub) -> None:
    for number in range(5):
        hub.tenant(f"tenant-{number}")
    script = api(hub)
    address: str | None = "/api/v1/tenants?limit=2&search=tenant"
    seen: list[str] = []
    for _ in range(5):
        if address is None:
            break
        response = script.ask("GET", address)
        seen += [item["slug"] for item in response.get_json()["items"]]
        link = response.headers.get("Link")
        address = None if link is None else link.partition(">")[0].removeprefix(f"<{PUBLIC_URL}")
        assert link is None or link.endswith('rel="next"')
        assert (link is None) == (response.get_json()["next"] == "")

    assert seen == [f"tenant-{number}" for number in range(5)]


# --- idempotency ------------------------------------------------------------------------------------------------------


def test_the_same_request_again_has_the_same_answer_and_happens_once(hub: Hub) -> None:
    hub.tenant("acme")
    script = api(hub)
    key = {"Idempotency-Key": "first-try"}
    made = script.ask("POST", "/tenants/acme/setup-links", json={"days": 3}, headers=key)
    again = script.ask("POST", "/tenants/acme/setup-links", json={"days": 3}, headers=key)
    other = script.ask("POST", "/tenants/acme/setup-links", json={"days": 4}, headers=key)
    elsewhere = api(hub).ask("POST", "/tenants/acme/setup-links", json={"days": 4}, headers=key)

    assert (made.status_code, again.status_code) == (201, 201)
    assert again.data == made.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in made.headers
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_mismatch")
    assert elsewhere.status_code == 201, "another token's keys are its own"
    assert hub.count("setup_links") == 2
    assert made.get_json()["url"].rpartition("/")[2].encode() not in everything_stored(hub), "kept answers are sealed"
    hub.clock.forward(hours=25)
    assert "Idempotency-Replayed" not in script.ask("POST", "/tenants/acme/setup-links", json={"days": 3}, headers=key).headers


def test_a_refused_request_leaves_its_key_free(hub: Hub) -> None:
    hub.tenant("acme")
    script = api(hub)
    key = {"Idempotency-Key": "k"}
    assert script.ask("POST", "/tenants/acme/setup-links", json={"days": 0}, headers=key).status_code == 400
    assert script.ask("POST", "/tenants/acme/setup-links", json={"days": 3}, headers=key).status_code == 201


def test_while_the_first_is_being_answered_the_second_waits(hub: Hub) -> None:
    service = hub.built.services.idempotency
    hub.tenant("acme")
    seen: list[int] = []

    def meanwhile() -> Any:
        try:
            service.once("tok_1", "k", "same", lambda: pytest.fail("done twice"))
        except Conflict as error:
            seen.append(error.status)
        return Answer(201, (), b"{}")

    answer, repeated = service.once("tok_1", "k", "same", meanwhile)

    assert (seen, answer.status, repeated) == ([409], 201, False)
    assert service.once("tok_1", "k", "same", lambda: pytest.fail("done twice")) == (answer, True)


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "a b", "é"])
def test_a_key_that_cannot_be_one_is_refused(hub: Hub, key: str) -> None:
    hub.tenant("acme")
    response = api(hub).ask("POST", "/tenants/acme/setup-links", json={}, headers={"Idempotency-Key": key})

    assert (response.status_code, response.get_json()["field"]) == (400, "Idempotency-Key")


# --- problems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code", "field"),
    [
        ("GET", "/nothing", {}, 404, "no_such_resource", None),
        ("GET", "/tenants/nobody", {}, 404, "unknown_object", "tenant"),
        ("PATCH", "/tenants/acme", {}, 405, "wrong_method", None),
        ("OPTIONS", "/tenants", {}, 405, "wrong_method", None),
        ("PUT", "/tenants/acme", {"data": "{", "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": "[]", "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": "null", "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": "[" * 100_000, "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": '{"name": 1e999}', "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": '{"name": "\\udc00"}', "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": b"\xff\xfe", "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": '{"name":"a","name":"b"}', "content_type": "application/json"}, 400, "unreadable_body", None),
        ("PUT", "/tenants/acme", {"data": '{"name":"a\\u0000"}', "content_type": "application/json"}, 400, "invalid_settings", None),
        ("PUT", "/tenants/acme", {"data": "{}", "content_type": "text/plain"}, 415, "unsupported_media_type", None),
        ("PUT", "/tenants/acme", {"data": "name=x", "content_type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", None),
        ("PUT", "/tenants/acme", {"data": b'"' + b"x" * 2_200_000 + b'"', "content_type": "application/json"}, 413, "message_too_large", None),
        ("PUT", "/tenants/acme", {"json": {"nome": "x"}}, 400, "invalid_settings", "nome"),
        ("PUT", "/tenants/acme", {"json": {"slug": "other"}}, 400, "invalid_settings", "slug"),
        ("PUT", "/tenants/acme", {"json": {"branding": {"color": "#000000"}}}, 400, "invalid_settings", "branding.color"),
        ("PUT", "/tenants/acme", {"json": {"enabled": "yes"}}, 400, "invalid_settings", "enabled"),
        ("PUT", "/tenants/acme", {"json": {"name": ""}}, 400, "invalid_settings", "name"),
        ("PUT", "/tenants/acme?x=1", {"json": {}}, 400, "invalid_settings", "query"),
        ("PUT", "/tenants/ACME", {"json": {}}, 400, "invalid_settings", "slug"),
        ("POST", "/tokens", {"json": {"name": "x"}}, 400, "invalid_settings", "verbs"),
        ("POST", "/tokens", {"json": {"name": "x", "verbs": ["fly"]}}, 400, "invalid_settings", "verbs"),
        ("GET", "/tenants?limit=x", {}, 400, "invalid_settings", "limit"),
        ("GET", "/tenants?limit=201", {}, 400, "invalid_settings", "limit"),
        ("GET", "/tenants?limit=1&limit=2", {}, 400, "invalid_settings", "limit"),
        ("GET", "/tenants?lmit=2", {}, 400, "invalid_settings", "lmit"),
        ("GET", "/tenants?search=%00", {}, 400, "invalid_settings", None),
        ("GET", "/tenants?search=%ff", {}, 400, "malformed_request", None),
        ("GET", "/tenants?search=" + "x" * 9000, {}, 413, "message_too_large", None),
    ],
)  # fmt: skip
def test_every_refusal_is_a_problem_document(
    hub: Hub, method: str, path: str, sent: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    hub.tenant("acme")

    response = api(hub).ask(method, path, **sent)
    problem = response.get_json()

    assert (response.status_code, problem["code"], problem.get("field")) == (status, code, field), problem
    assert response.headers["Content-Type"] == PROBLEM
    assert problem["status"] == status
    assert problem["type"] == f"{PUBLIC_URL}/api/v1/errors/{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["reference"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers
    assert hub.count("traces") == 0, "a trace is for a sign-in"


def test_the_type_of_a_problem_leads_to_its_entry(hub: Hub) -> None:
    anybody = Api(hub, "")
    entry = anybody.get("/errors/stale_version")

    assert entry["status"] == 412
    assert entry["what_to_do"]
    anybody.get("/errors/nothing", 404)


def test_an_unexpected_failure_is_a_problem_without_its_cause(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    script = api(hub)
    monkeypatch.setattr(hub.built.tenants.__class__, "search", lambda *_, **__: 1 / 0)

    response = script.ask("GET", "/tenants")

    assert (response.status_code, response.headers["Content-Type"]) == (500, PROBLEM)
    assert "ZeroDivision" not in response.get_data(as_text=True)


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_without_a_token_there_is_nothing(hub: Hub) -> None:
    hub.tenant("acme")
    for sent in (
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": f"Basic {token(hub)}"},
        {"Cookie": f"__Host-vestibule-staff={token(hub)}"},
        {"Authorization": "Bearer vst_nothing"},
        {"Authorization": "Bearer " + token(hub)[:-1]},
        {"Authorization": "Bearer " + token(hub).removeprefix("vst_")},
    ):
        response = Api(hub, "").ask("GET", "/tenants", headers=sent)
        assert (response.status_code, response.headers["Content-Type"]) == (401, PROBLEM), sent
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert response.get_json()["code"] in {"not_signed_in", "invalid_token"}


def test_a_token_in_the_address_is_not_believed(hub: Hub) -> None:
    assert Api(hub, "").ask("GET", f"/tenants?access_token={token(hub)}").status_code == 401


def test_a_token_is_made_listed_used_and_revoked(hub: Hub) -> None:
    hub.tenant("acme")
    root = api(hub, name="root")
    made = root.post("/tokens", {"name": "terraform", "verbs": ["read"], "only_tenant": "acme", "days": 7}, 201)
    reader = Api(hub, made["secret"])
    before = {item["name"]: item for item in root.get("/tokens")["items"]}["terraform"]
    seen = reader.get("/tenants")
    refused = reader.put("/tenants/acme", {"name": "Mine"}, 403)
    after = {item["name"]: item for item in root.get("/tokens")["items"]}["terraform"]
    root.delete(f"/tokens/{made['id']}")

    assert made["secret"].startswith("vst_")
    assert before["last_used_at"] is None
    assert after["last_used_at"] is not None
    assert (after["verbs"], after["only_tenant"], after["state"], after["created_by"]) == (["read"], "acme", "working", "token:root")
    assert [item["slug"] for item in seen["items"]] == ["acme"]
    assert refused["code"] == "forbidden"
    assert made["secret"].encode() not in everything_stored(hub)
    reader.get("/tenants", 401)
    root.delete(f"/tokens/{made['id']}", 404)
    with hub.built.database.reading() as connection:
        actions = connection.exec_driver_sql("SELECT actor, action, object_id FROM audit").all()
    assert ("token:terraform", "operation.refused", "tenant.save") in [tuple(row) for row in actions]
    assert ("token:root", "token.deleted", made["id"]) in [tuple(row) for row in actions]


def test_a_token_expires(hub: Hub) -> None:
    script = api(hub, days=1)
    hub.clock.forward(hours=23)
    script.get("/tenants")
    hub.clock.forward(hours=2)
    assert script.get("/tenants", 401)["code"] == "invalid_token"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"days": 366}, "days"),
        ({"days": 0}, "days"),
        ({"verbs": []}, "verbs"),
        ({"kind": "cookie"}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "taken"}, "name"),
        ({"only_tenant": "nobody"}, "tenant"),
        ({"only_tenant": "acme", "verbs": ["administer"]}, "verbs"),
    ],
)
def test_tokens_that_are_refused(hub: Hub, given: dict[str, Any], field: str) -> None:
    hub.tenant("acme")
    root = api(hub, name="taken")
    body = {"name": "new", "verbs": ["read"], **given}

    response = root.ask("POST", "/tokens", json=body)

    assert (response.status_code // 100, response.get_json()["field"]) == (4, field), response.get_json()
    assert hub.count("api_tokens") == 1


def test_a_token_never_grants_more_than_its_maker_has(hub: Hub) -> None:
    maker = api(hub, verbs=frozenset({Verb.ADMINISTER, Verb.CONFIGURE}))

    maker.post("/tokens", {"name": "less", "verbs": ["read", "set_up", "configure"]}, 201)
    refused = maker.post("/tokens", {"name": "more", "verbs": ["read", "manage_people"]}, 403)

    assert (refused["code"], refused["field"]) == ("forbidden", "verbs")


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(hub: Hub) -> None:
    script = api(hub)

    def noted() -> Any:
        with hub.built.database.reading() as connection:
            return connection.exec_driver_sql("SELECT last_used_at FROM api_tokens").scalar()

    script.get("/tenants")
    first = noted()
    hub.clock.forward(seconds=30)
    script.get("/tenants")
    second = noted()
    hub.clock.forward(seconds=31)
    script.get("/tenants")

    assert first == second != noted()


def test_too_many_requests_are_told_to_wait(tmp_path: Any) -> None:
    with Hub(tmp_path, api_requests_per_minute=5) as hub:
        script, other = api(hub), api(hub)
        for _ in range(5):
            script.get("/tenants")
        refused = script.ask("GET", "/tenants")
        other.get("/tenants")
        assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_attempts")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        hub.clock.forward(seconds=int(refused.headers["Retry-After"]))
        script.get("/tenants")


def test_guessing_tokens_is_slowed_down(hub: Hub) -> None:
    guesses = [Api(hub, f"vst_{number}").ask("GET", "/tenants").status_code for number in range(70)]

    assert guesses[0] == 401
    assert guesses[-1] == 429
    api(hub).get("/tenants")


# --- client credentials -----------------------------------------------------------------------------------------------


@pytest.fixture
def machine(hub: Hub) -> dict[str, str]:
    body = {"name": "provisioner", "kind": "client", "verbs": ["configure"]}
    return dict(api(hub, name="root").post("/tokens", body, 201))


def _token(hub: Hub, fields: dict[str, str] | str, headers: dict[str, str]) -> Any:
    return Api(hub, "").ask("POST", "/token", data=fields, headers=headers, content_type="application/x-www-form-urlencoded")


GRANT = {"grant_type": "client_credentials"}


def test_a_machine_exchanges_its_secret_for_a_short_lived_token(hub: Hub, machine: dict[str, str]) -> None:
    hub.tenant("acme")
    answer = _token(hub, GRANT, basic(machine["id"], machine["secret"]))
    script = Api(hub, answer.get_json()["access_token"])

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert {**answer.get_json(), "access_token": ""} == {"access_token": "", "token_type": "Bearer", "expires_in": 900, "scope": "configure"}
    assert script.put("/tenants/acme", {"name": "Renamed"})["name"] == "Renamed"
    assert answer.get_json()["access_token"].encode() not in everything_stored(hub)
    hub.clock.forward(seconds=901)
    script.get("/tenants", 401)


def test_a_narrower_scope_is_kept(hub: Hub, machine: dict[str, str]) -> None:
    hub.tenant("acme")
    answer = _token(hub, {**GRANT, "scope": "read"}, basic(machine["id"], machine["secret"]))
    script = Api(hub, answer.get_json()["access_token"])

    script.get("/tenants/acme")
    script.put("/tenants/acme", {"name": "No"}, 403)


def test_revoking_a_client_ends_its_access_tokens_at_once(hub: Hub, machine: dict[str, str]) -> None:
    script = Api(hub, _token(hub, GRANT, basic(machine["id"], machine["secret"])).get_json()["access_token"])
    script.get("/tenants")
    hub.built.services.api_tokens.revoke(ME, machine["id"])

    script.get("/tenants", 401)
    assert _token(hub, GRANT, basic(machine["id"], machine["secret"])).status_code == 401


def test_the_secret_of_a_client_is_no_token_and_a_token_no_secret(hub: Hub, machine: dict[str, str]) -> None:
    plain = token(hub)
    Api(hub, machine["secret"]).get("/tenants", 401)
    assert _token(hub, GRANT, basic(machine["id"], plain)).status_code == 401


@pytest.mark.parametrize(
    ("fields", "headers", "status", "error"),
    [
        (GRANT, {}, 401, "invalid_client"),
        (GRANT, {"Authorization": "Basic !!!"}, 401, "invalid_client"),
        (GRANT, {"Authorization": "Bearer x"}, 401, "invalid_client"),
        (GRANT, basic("cli_nobody", "SECRET"), 401, "invalid_client"),
        (GRANT, basic("ID", "wrong"), 401, "invalid_client"),
        ({**GRANT, "client_id": "other"}, basic("ID", "SECRET"), 401, "invalid_client"),
        ({"grant_type": "password"}, basic("ID", "SECRET"), 400, "unsupported_grant_type"),
        ({}, basic("ID", "SECRET"), 400, "unsupported_grant_type"),
        ({**GRANT, "scope": "administer"}, basic("ID", "SECRET"), 400, "invalid_scope"),
        ({**GRANT, "scope": "fly"}, basic("ID", "SECRET"), 400, "invalid_scope"),
        ({**GRANT, "scope": ""}, basic("ID", "SECRET"), 400, "invalid_scope"),
        ("grant_type=client_credentials&grant_type=client_credentials", basic("ID", "SECRET"), 400, "invalid_request"),
        ("grant_type=%ff", basic("ID", "SECRET"), 400, "unsupported_grant_type"),
        ("x=" + "y" * 9000, basic("ID", "SECRET"), 400, "invalid_request"),
    ],
)
def test_the_token_endpoint_refuses_as_its_specification_says(
    hub: Hub, machine: dict[str, str], fields: Any, headers: dict[str, str], status: int, error: str
) -> None:
    import base64

    if headers.get("Authorization", "").startswith("Basic ") and "!" not in headers["Authorization"]:
        pair = base64.b64decode(headers["Authorization"][6:]).decode().replace("ID", machine["id"]).replace("SECRET", machine["secret"])
        headers = basic(*pair.split(":"))

    answer = _token(hub, fields, headers)

    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert machine["secret"] not in answer.get_data(as_text=True)
    assert (status == 401) == ("WWW-Authenticate" in answer.headers)


def test_a_token_is_asked_for_by_form_only(hub: Hub, machine: dict[str, str]) -> None:
    headers = basic(machine["id"], machine["secret"])
    as_json = Api(hub, "").ask("POST", "/token", data=json.dumps(GRANT), headers=headers, content_type="application/json")
    in_address = Api(hub, "").ask("POST", "/token?grant_type=client_credentials", data=GRANT, headers=headers)

    assert (as_json.status_code, in_address.status_code) == (400, 400)
    assert Api(hub, "").ask("GET", "/token").status_code == 405
