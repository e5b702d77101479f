"""The management API over HTTP: what a script sends, and what it gets back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from broker import __version__
from broker.domain.errors import Conflict
from broker.services.idempotency import Answer
from tests.architecture.test_no_secrets import everything_stored
from tests.support.api import Api, api
from tests.support.hub import PUBLIC_URL, Hub
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
    assert (gone.status_code, gone.get_json()) == (200, {"kind": "connector", "name": "sso"})


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
        ("DELETE", "/tenants/acme", {"If-Match": '"1"'}, 200),
        ("DELETE", "/tenants/acme", {"If-Match": "*"}, 200),
        ("POST", "/tenants/acme/connectors/idp/disable", {"If-Match": '"7"'}, 412),
        ("POST", "/tenants/acme/connectors/idp/disable", {"If-Match": '"1"'}, 200),
        ("PUT", "/tenants/acme/domains/acme.fr", {"If-Match": '"1"'}, 400),
        ("POST", "/tenants/acme/setup-links", {"If-Match": '"1"'}, 400),
        ("POST", "/tenants/acme/connectors/idp/preview", {"If-Match": '"1"'}, 400),
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


def test_of_eight_at_once_with_one_key_exactly_one_is_done(hub: Hub) -> None:
    hub.tenant("acme")
    script = api(hub)

    def send(_: int) -> tuple[int, bytes]:
        response = script.ask("POST", "/tenants/acme/setup-links", json={}, headers={"Idempotency-Key": "same"})
        return response.status_code, response.data

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    assert hub.count("setup_links") == 1


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
        ("DELETE", "/tenants/acme", {"json": {"really": True}}, 400, "invalid_settings", "really"),
        ("DELETE", "/tenants/acme?really=1", {}, 400, "invalid_settings", "really"),
        ("POST", "/configuration/plan", {"json": {"document": "[" * 5000}}, 400, "invalid_settings", "file"),
        ("POST", "/configuration/plan", {"json": {"document": "tenants: 1"}}, 400, "invalid_settings", "file"),
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
    assert "Set-Cookie" not in response.headers
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
