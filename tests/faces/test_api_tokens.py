"""Who a script is: tokens, clients of the client credentials grant, and how often they may ask."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from broker.services.actor import Role, Verb
from tests.architecture.test_no_secrets import everything_stored
from tests.support.api import Api, api, basic, token
from tests.support.hub import ME, Hub

PROBLEM = "application/problem+json"


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


def test_a_token_that_is_revoked_takes_along_what_was_made_with_it(hub: Hub) -> None:
    root = api(hub, name="root")
    leaked = root.post("/tokens", {"name": "leaked", "verbs": ["administer"]}, 201)
    made = Api(hub, leaked["secret"]).post("/tokens", {"name": "made", "verbs": ["administer"]}, 201)
    again = Api(hub, made["secret"]).post("/tokens", {"name": "again", "verbs": ["administer"]}, 201)
    other = root.post("/tokens", {"name": "other", "verbs": ["administer"]}, 201)

    root.delete(f"/tokens/{leaked['id']}")

    for gone in (leaked, made, again):
        Api(hub, gone["secret"]).get("/tokens", 401)
    Api(hub, other["secret"]).get("/tokens")


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


# --- what one tenant does not decide for itself -----------------------------------------------------------------------


@pytest.fixture
def acme_token(hub: Hub) -> Api:
    """It may do everything, at one tenant."""
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    hub.saml_idp("acme", "idp")
    return api(hub, tenant="acme")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/tenants/acme/domains/anything.example", {}, "domain"),
        ("/tenants/acme/domains/globex.example", {}, "domain"),
        ("/tenants/acme/connectors/idp", {"admits_guests": True}, "admits_guests"),
        ("/tenants/acme/connectors/idp", {"settings": {"accept_unsigned_cbc": True}}, "accept_unsigned_cbc"),
    ],
)
def test_a_token_of_one_tenant_cannot_lift_what_holds_it(hub: Hub, acme_token: Api, path: str, body: dict[str, Any], field: str) -> None:
    refused = acme_token.put(path, body, 403)

    assert (refused["code"], refused["field"]) == ("forbidden", field)


def test_a_token_of_one_tenant_configures_the_rest_of_it(hub: Hub, acme_token: Api) -> None:
    assert acme_token.put("/tenants/acme/domains/acme.example", {"connectors": ["idp"]})["connectors"] == ["idp"]
    assert acme_token.put("/tenants/acme/connectors/idp", {"name": "Sign-in"})["name"] == "Sign-in"


def test_nobody_becomes_more_by_way_of_a_member_of_staff(hub: Hub) -> None:
    administrator = api(hub, verbs=frozenset({Verb.ADMINISTER, Verb.READ, Verb.READ_AUDIT}))
    accounts = hub.built.services.staff.accounts
    owner = accounts.create(ME, "owner@staff.example", "Owner", Role.OWNER)

    invited = administrator.ask("POST", "/staff", json={"email": "a@staff.example", "name": "A", "role": "auditor"})
    assert invited.status_code == 201, invited.get_data(as_text=True)
    for method, path, body in (
        ("POST", "/staff", {"email": "b@staff.example", "name": "B", "role": "owner"}),
        ("POST", f"/staff/{owner.id}/link", {}),
        ("PUT", "/staff/a@staff.example", {"role": "operator"}),
    ):
        refused = administrator.ask(method, path, json=body)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden"), (path, refused.get_data(as_text=True))
    assert {member.role for member in accounts.search()} == {Role.OWNER, Role.AUDITOR}
