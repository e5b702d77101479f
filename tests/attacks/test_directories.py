"""A directory reaches the people of its own connector and nothing else; nobody without its token reaches them."""

from __future__ import annotations

import pytest

from broker.domain.errors import Conflict, UnknownObject
from broker.services.actor import Verb
from broker.services.tenants import SaveTenant
from tests.protocol.bad_input import MARKER, PATH_PARTS, Route, in_body, in_query
from tests.support.directory import USER, Directory
from tests.support.hub import ME, PUBLIC_URL, Hub

ROUTES = [
    (method, rule)
    for rule in ("/Users", "/Users/{id}", "/Groups", "/Groups/{id}", "/.search", "/Users/.search", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
]


class Two:
    """Two customers, and a second connector of the first: each with a directory of its own."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        for slug in ("acme", "globex"):
            hub.tenant(slug, f"{slug}.example")
        self.acme = Directory(hub, "acme", hub.saml_idp("acme").connector_id)
        self.sibling = Directory(hub, "acme", hub.saml_idp("acme", "second").connector_id)
        self.globex = Directory(hub, "globex", hub.saml_idp("globex").connector_id)


@pytest.fixture
def two(hub: Hub) -> Two:
    return Two(hub)


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "rule"), ROUTES)
def test_no_token_of_somebody_else_opens_any_address(two: Two, method: str, rule: str) -> None:
    ann = two.acme.add("ann@acme.example")
    of_the_api = two.hub.built.services.api_tokens.create(ME, "script", frozenset(Verb), days=30).secret
    path = rule.replace("{id}", ann)

    for token in (two.globex.token, two.sibling.token, of_the_api, "vsd_" + "x" * 43, "", "é"):
        response = two.acme.call(method, path, {"userName": "x"} if method != "GET" else None, token=token.encode().decode("latin-1"))
        assert response.status_code in {401, 429}, (token, response.status_code)
        assert response.headers.get("WWW-Authenticate", "Bearer").startswith("Bearer")
    assert two.acme.get(f"/Users/{ann}")["userName"] == "ann@acme.example"


def test_a_token_of_a_directory_opens_nothing_but_its_directory(two: Two) -> None:
    headers = {"Authorization": f"Bearer {two.acme.token}"}

    for path in ("/api/v1/tenants", "/api/v1/tenants/acme", "/api/v1/tokens", "/oauth2/userinfo"):
        assert two.acme.client.get(path, base_url=PUBLIC_URL, headers=headers).status_code == 401, path


def test_what_is_of_another_directory_cannot_be_seen_changed_or_made_a_member(two: Two) -> None:
    stranger, group = two.globex.add("eve@globex.example"), two.globex.group("Secret")
    own = two.acme.group("Own")

    for directory in (two.acme, two.sibling):
        for method, body in (("GET", None), ("PUT", {"userName": "x"}), ("PATCH", {"Operations": [{"op": "replace", "path": "active", "value": False}]}), ("DELETE", None)):
            assert directory.call(method, f"/Users/{stranger}", body).status_code == 404
        for method, body in (("GET", None), ("PUT", {"displayName": "x"}), ("DELETE", None)):
            assert directory.call(method, f"/Groups/{group}", body).status_code == 404
        assert directory.find(f'id eq "{stranger}"') == []
        assert directory.find(f'groups.value eq "{group}"') == []
        assert directory.find(f'members.value eq "{stranger}"', "/Groups") == []
    two.acme.patch(f"/Groups/{own}", {"op": "add", "path": "members", "value": [{"value": stranger}]}, expect=400)
    assert two.globex.get(f"/Users/{stranger}")["active"] is True


def test_the_same_user_name_in_two_directories_is_two_people(two: Two) -> None:
    first, second = two.acme.add("ann@acme.example"), two.sibling.add("ann@acme.example")

    assert first != second
    two.sibling.switch_off(second)
    assert two.acme.get(f"/Users/{first}")["active"] is True


@pytest.mark.parametrize("how", ["revoked", "expired", "directory off", "tenant off", "directory removed", "connector deleted"])
def test_a_token_works_no_more_from_the_next_request_on(two: Two, how: str) -> None:
    directory, hub = two.acme, two.hub
    assert directory.call("GET", "/Users").status_code == 200

    if how == "revoked":
        directory.service.revoke_token(ME, directory.connector, directory.service.show(directory.connector).tokens[0].id)
    elif how == "expired":
        hub.clock.forward(days=366)
    elif how == "directory off":
        directory.save(enabled=False)
    elif how == "tenant off":
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    elif how == "directory removed":
        directory.service.remove(ME, directory.connector)
    else:
        hub.built.connectors.delete(ME, hub.tenants["acme"], "idp")

    assert directory.call("GET", "/Users").status_code == 401
    assert two.globex.call("GET", "/Users").status_code == (401 if how == "expired" else 200)


def test_two_tokens_work_at_once_so_that_one_can_be_changed_without_an_outage(two: Two) -> None:
    directory = two.acme
    second = directory.service.make_token(ME, directory.connector).secret

    assert directory.call("GET", "/Users").status_code == directory.call("GET", "/Users", token=second).status_code == 200
    with pytest.raises(Conflict):
        directory.service.make_token(ME, directory.connector)
    first = next(each for each in directory.service.show(directory.connector).tokens if each.last_used_at is not None)
    assert first.state == "working"


def test_only_a_hash_of_a_token_is_stored(two: Two) -> None:
    from sqlalchemy import text

    with two.hub.built.database.reading() as connection:
        rows = str(connection.execute(text("SELECT * FROM directory_tokens")).all()) + str(connection.execute(text("SELECT * FROM audit")).all())

    assert two.acme.token not in rows
    assert two.acme.token.removeprefix("vsd_") not in rows


def test_guessing_ends_in_a_lockout_of_that_address_at_that_connector_alone(two: Two) -> None:
    statuses = [two.acme.call("GET", "/Users", token=f"vsd_{number}").status_code for number in range(40)]

    assert set(statuses) == {401, 429}
    locked = two.acme.call("GET", "/Users", token="vsd_x")
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0
    assert two.globex.call("GET", "/Users").status_code == 200, "another customer's directory runs in the same cloud"


def test_requests_of_one_directory_are_limited(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    from broker.services.provisioning import directories
    from broker.services.throttle import Limit

    monkeypatch.setattr(directories, "_MOST_REQUESTS", Limit("few", 3, 60))

    assert [two.acme.call("GET", "/Users").status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_a_connector_that_does_not_exist_is_not_told_from_a_wrong_token(two: Two) -> None:
    here = two.acme.client.get(f"/scim/v2/{two.acme.connector_id}/Users", headers={"Authorization": "Bearer vsd_x"})
    nowhere = two.acme.client.get("/scim/v2/con_nothing/Users", headers={"Authorization": "Bearer vsd_x"})

    assert (here.status_code, here.get_data()) == (nowhere.status_code, nowhere.get_data())


def test_a_connector_of_another_tenant_has_no_directory_that_could_be_changed(two: Two) -> None:
    with pytest.raises(UnknownObject):
        two.acme.service.revoke_token(ME, two.acme.connector, two.acme.service.show(two.globex.connector).tokens[0].id)


# --- garbage ----------------------------------------------------------------------------------------------------------

INTERNAL = ("traceback", "sqlalchemy", "werkzeug", "sqlite", "psycopg", ".py")


@pytest.mark.parametrize("rule", ["/Users", "/Groups", "/Users/{id}", "/Schemas/{id}", "/.search", "/nothing"])
def test_whatever_arrives_gets_a_clean_answer(two: Two, rule: str) -> None:
    ann = two.acme.add("ann")
    route = Route(("GET",), reads=("filter", "startIndex", "count", "attributes"))
    headers = {"Authorization": f"Bearer {two.acme.token}"}
    paths = {f"/scim/v2/{two.acme.connector_id}{rule.replace('{id}', part)}" for part in (ann, *PATH_PARTS.values())}

    faults = []
    for path in sorted(paths):
        for sent in (*(sent for _, sent in in_query(route)), *(sent for _, sent in in_body(route))) if ann in path else ({},):
            for method in ("GET", "POST", "PUT", "PATCH"):
                overrides = {"PATH_INFO": path, "REQUEST_METHOD": method}
                two.hub.clock.forward(seconds=1)
                answer = two.acme.client.open("/", base_url=PUBLIC_URL, method="GET", environ_overrides=overrides, headers=headers, buffered=True, **sent)
                text = answer.get_data(as_text=True).lower()
                if answer.status_code >= 500 or MARKER.lower() in text or any(word in text for word in INTERNAL):
                    faults.append((method, path[-60:], str(sent)[:80], answer.status_code, text[:200]))
    assert faults == []


def test_values_that_look_like_fields_of_ours_change_nothing(two: Two) -> None:
    sent = {"schemas": ["x"], "id": "dpe_mine", "meta": {"version": "9"}, "groups": [{"value": "g"}], "password": "secret", "connector_id": two.globex.connector_id, "userName": "ann"}

    found = two.acme.call("POST", "/Users", sent).get_json()

    assert found["id"] != "dpe_mine"
    assert found["schemas"] == [USER]
    assert found["meta"]["version"] == 'W/"1"'
    assert not {"groups", "password", "connector_id"} & found.keys()


@pytest.mark.parametrize("condition", ['type eq ""', "type eq null"])
def test_an_address_of_no_type_is_added_like_any_other(two: Two, condition: str) -> None:
    ann = two.acme.add("ann")

    two.acme.patch(f"/Users/{ann}", {"op": "add", "path": f"emails[{condition}].value", "value": "ann@acme.example"})

    assert two.acme.find('emails.value eq "ann@acme.example"')[0]["emails"] == [{"value": "ann@acme.example"}]


def test_operations_are_counted_however_they_are_written(two: Two) -> None:
    ann = two.acme.add("ann")
    values = {f'emails[value eq "{number}"].display': "x" for number in range(1001)}

    for operations in ([{"op": "replace", "value": values}], [{"op": "replace", "path": path, "value": value} for path, value in values.items()]):
        assert two.acme.patch(f"/Users/{ann}", *operations, expect=413)["scimType"] == "tooMany"
