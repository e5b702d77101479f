"""The SCIM face over HTTP (RFC 7644): documents, errors, versions, pages, filters, limits, what support learns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.protocols.scim.names import MEDIA_TYPE
from broker.services.audit import Wanted
from tests.support.directory import GROUP, PATCH, USER, Directory
from tests.support.hub import ME, Hub

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
def directory(hub: Hub) -> Directory:
    hub.tenant("acme", "acme.example")
    return Directory(hub, "acme", hub.saml_idp("acme").connector_id)


# --- discovery --------------------------------------------------------------------------------------------------------


def test_the_server_says_what_it_can_do(directory: Directory) -> None:
    found = directory.get("/ServiceProviderConfig")

    supported = {name: found[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")}
    assert supported == {"patch": True, "bulk": False, "filter": True, "changePassword": False, "sort": False, "etag": True}
    assert [scheme["type"] for scheme in found["authenticationSchemes"]] == ["oauthbearertoken"]


def test_resource_types_and_schemas_describe_people_and_groups(directory: Directory) -> None:
    types = directory.get("/ResourceTypes")["Resources"]
    schemas = directory.get("/Schemas")["Resources"]

    assert [(each["name"], each["endpoint"], each["schema"]) for each in types] == [("User", "/Users", USER), ("Group", "/Groups", GROUP)]
    assert {each["id"] for each in schemas} == {USER, GROUP, ENTERPRISE}
    for each in (*types, *schemas):
        kind = "ResourceTypes" if "endpoint" in each else "Schemas"
        assert directory.get(f"/{kind}/{each['id']}") == each
    assert directory.call("GET", "/Schemas/urn:nothing").status_code == 404
    assert directory.call("GET", "/Schemas?filter=id+eq+x").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/Bulk", 501), ("GET", "/Me", 501), ("GET", "", 404), ("GET", "/", 404), ("GET", "/Devices", 404), ("POST", "/Users/x", 405), ("DELETE", "/Groups", 405)],
)
def test_what_is_not_offered_is_refused_in_scims_words(directory: Directory, method: str, path: str, status: int) -> None:
    response = directory.call(method, path)

    assert (response.status_code, response.mimetype) == (status, MEDIA_TYPE)
    assert response.get_json()["status"] == str(status)


# --- one resource -----------------------------------------------------------------------------------------------------


def test_a_person_comes_back_as_sent_with_an_address_and_a_version(directory: Directory) -> None:
    sent = {"schemas": [USER, ENTERPRISE], "userName": "ann", "name": {"givenName": "Ann"}, ENTERPRISE: {"department": "Research"}}

    made = directory.call("POST", "/Users", sent)

    person = made.get_json()
    assert made.status_code == 201
    assert made.headers["Location"] == person["meta"]["location"]
    assert made.headers["ETag"] == person["meta"]["version"] == 'W/"1"'
    assert person["schemas"] == [USER, ENTERPRISE]
    assert person["active"] is True, "whoever is added may sign in, unless it is said"
    assert directory.get(f"/Users/{person['id']}") == person


def test_versions_keep_two_changes_apart(directory: Directory) -> None:
    ann = directory.add("ann")
    path, change = f"/Users/{ann}", {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "Editor"}]}
    assert directory.call("GET", path, **{"If-None-Match": 'W/"1"'}).status_code == 304

    assert directory.call("PATCH", path, change, **{"If-Match": 'W/"1"'}).headers["ETag"] == 'W/"2"'
    assert directory.call("PATCH", path, change, **{"If-Match": 'W/"1"'}).status_code == 412
    assert directory.call("DELETE", path, **{"If-Match": 'W/"1"'}).status_code == 412
    assert directory.call("PUT", path, {"userName": "ann"}, **{"If-Match": "nonsense"}).status_code == 412
    assert directory.call("DELETE", path, **{"If-Match": 'W/"2"'}).status_code == 204


def test_a_change_that_changes_nothing_leaves_version_and_audit_log_alone(directory: Directory) -> None:
    ann, entries = directory.add("ann"), directory.hub.count("audit")

    same = directory.patch(f"/Users/{ann}", {"op": "replace", "path": "active", "value": True})

    assert same["meta"]["version"] == 'W/"1"'
    assert directory.hub.count("audit") == entries


def test_whoever_is_switched_off_is_not_switched_on_by_a_change_that_does_not_speak_of_it(directory: Directory) -> None:
    ann = directory.add("ann")
    directory.switch_off(ann)

    assert directory.call("PUT", f"/Users/{ann}", {"userName": "ann", "title": "Editor"}).get_json()["active"] is False
    directory.patch(f"/Users/{ann}", {"op": "remove", "path": "active"})
    assert [each["userName"] for each in directory.find("active eq false")] == ["ann"]


def test_user_names_are_unique_whatever_their_capitals(directory: Directory) -> None:
    directory.add("Ann")
    bob = directory.add("bob")

    assert directory.call("POST", "/Users", {"userName": "aNN"}).get_json()["scimType"] == "uniqueness"
    taken = directory.call("PUT", f"/Users/{bob}", {"userName": "ANN"})
    assert (taken.status_code, taken.get_json()["scimType"]) == (409, "uniqueness")
    assert directory.get(f"/Users/{bob}")["userName"] == "bob"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "invalidValue"),
        ({"userName": ""}, "invalidValue"),
        ({"userName": "x" * 256}, "invalidValue"),
        ({"userName": ["a", "b"]}, "invalidValue"),
        ({"userName": "ann\u0000"}, "invalidValue"),
        ({"userName": "ann", "active": "perhaps"}, "invalidValue"),
        ({"userName": "ann", "active": 1}, "invalidValue"),
        ({"userName": "ann", "name": "Ann"}, "invalidValue"),
        ({"userName": "ann", "title": {"a": 1}}, "invalidValue"),
        ({"userName": "ann", "title": "x" * 5000}, "invalidValue"),
        ({"userName": "ann", "emails": [{"value": f"{n}@a.example"} for n in range(101)]}, "invalidValue"),
        ({"userName": "ann", "externalId": "x" * 256}, "invalidValue"),
        (["ann"], "invalidSyntax"),
        ("ann", "invalidSyntax"),
    ],
)
def test_a_person_that_cannot_be_is_refused_and_nothing_is_kept(directory: Directory, body: Any, kind: str) -> None:
    response = directory.call("POST", "/Users", body)

    assert (response.status_code, response.get_json()["scimType"]) == (400, kind)
    assert directory.hub.count("directory_people") == 0


def test_the_longest_names_fit_into_every_index(directory: Directory) -> None:
    letters = "".join(chr(0x1F300 + number % 700) for number in range(4000))

    ann = directory.add(letters[:255], displayName=letters, externalId=letters[300:555])
    group = directory.group(letters[:256], ann)

    assert directory.get(f"/Users/{ann}")["displayName"] == letters
    assert directory.get(f"/Groups/{group}")["displayName"] == letters[:256]


def test_more_than_is_kept_of_one_person_is_refused(directory: Directory) -> None:
    addresses = [{"formatted": "x" * 4000, "type": str(number)} for number in range(20)]

    response = directory.call("POST", "/Users", {"userName": "ann", "addresses": addresses})

    assert (response.status_code, response.get_json()["scimType"]) == (400, "invalidValue")
    assert directory.hub.count("directory_people") == 0


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", MEDIA_TYPE, 400),
        (b"[" * 100_000, MEDIA_TYPE, 400),
        (b'{"userName": "\xff"}', MEDIA_TYPE, 400),
        (b"userName=ann", "application/x-www-form-urlencoded", 415),
        (json.dumps({"userName": "ann", "title": "x" * 3_000_000}).encode(), MEDIA_TYPE, 413),
    ],
    ids=["cut short", "too deep", "no UTF-8", "a form", "too large"],
)
def test_a_body_that_cannot_be_read_is_refused(directory: Directory, content: bytes, content_type: str, status: int) -> None:
    response = directory.client.post(
        f"/scim/v2/{directory.connector_id}/Users",
        data=content,
        content_type=content_type,
        headers={"Authorization": f"Bearer {directory.token}"},
    )

    assert (response.status_code, response.mimetype) == (status, MEDIA_TYPE)


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('userName eq "ANN"', {"ann"}),
        ('username EQ "ann"', {"ann"}),
        ('externalId eq "E-1"', {"ann"}),
        ('externalId eq "e-1"', set()),
        ('displayName eq "ann miller"', {"ann"}),
        ('emails.value eq "ANN@acme.example"', {"ann"}),
        ('emails eq "private@ann.example"', {"ann"}),
        ('emails[type eq "home" and value eq "private@ann.example"]', {"ann"}),
        ('emails[type eq "work"].value eq "private@ann.example"', set()),
        ("active eq true", {"ann"}),
        ("active eq False", {"bob"}),
        ('active eq true and userName eq "bob"', set()),
        ('meta.lastModified gt "2020-01-01T00:00:00Z"', {"ann", "bob"}),
        ('meta.lastModified ge "2099-01-01T00:00:00Z"', set()),
        ('userName eq "nobody"', set()),
    ],
)
def test_filters_find_exactly_those(directory: Directory, condition: str, found: set[str]) -> None:
    emails = [{"value": "ann@acme.example", "type": "work", "primary": True}, {"value": "private@ann.example", "type": "home"}]
    directory.add("ann", externalId="E-1", displayName="Ann Miller", emails=emails)
    directory.add("bob", active=False)

    assert {each["userName"] for each in directory.find(condition)} == found


@pytest.mark.parametrize(
    "condition",
    [
        "userName", "userName eq", 'userName eq "ann', "userName eq ann", 'userName sw "a"', 'userName eq "a" or userName eq "b"', 'not (active eq true)',
        'title eq "x"', 'userName eq "a" and userName eq "b"', "userName pr", 'emails[type eq "work"]', 'meta.lastModified gt "yesterday"', "active eq 7",
        '((((((((((userName eq "a"))))))))))', "a" * 3000, 'userName eq "a" extra', '] eq "x"', 'emails[[type eq "a"]]', 'members.value eq "x"', "userName eq 1",
        'userName eq "\\ud800"', 'userName eq "\\u0000"',
    ],
)  # fmt: skip
def test_other_filters_are_refused_and_never_ignored(directory: Directory, condition: str) -> None:
    from urllib.parse import urlencode

    response = directory.call("GET", f"/Users?{urlencode({'filter': condition})}")

    assert (response.status_code, response.get_json()["scimType"]) == (400, "invalidFilter")


def test_groups_are_found_by_name_and_member(directory: Directory) -> None:
    ann = directory.add("ann")
    writers, readers = directory.group("Writers", ann), directory.group("Readers")

    assert [each["id"] for each in directory.find('displayName eq "WRITERS"', "/Groups")] == [writers]
    assert [each["id"] for each in directory.find(f'members.value eq "{ann}"', "/Groups")] == [writers]
    assert directory.find(f'id eq "{readers}" and members eq "{ann}"', "/Groups") == []
    assert [each["userName"] for each in directory.find(f'groups.value eq "{writers}"')] == ["ann"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("startIndex=0&count=2", (1, 2)),
        ("startIndex=-3&count=2", (1, 2)),
        ("startIndex=2&count=1", (2, 1)),
        ("count=0", (1, 0)),
        ("count=-1", (1, 0)),
        ("count=100000", (1, 3)),
        ("startIndex=99", (99, 0)),
    ],
)
def test_pages_are_what_was_asked_for(directory: Directory, query: str, numbers: tuple[int, int]) -> None:
    for name in ("a", "b", "c"):
        directory.add(name)

    found = directory.call("GET", f"/Users?{query}").get_json()

    assert (found["startIndex"], found["itemsPerPage"], found["totalResults"]) == (*numbers, 3)


@pytest.mark.parametrize("query", ["startIndex=x", "count=1.5", "count=99999999999", "filter=%ff"])
def test_pages_that_make_no_sense_are_refused(directory: Directory, query: str) -> None:
    assert directory.call("GET", f"/Users?{query}").get_json()["scimType"] == "invalidValue"


def test_only_the_wanted_attributes_come(directory: Directory) -> None:
    ann = directory.add("ann", title="Editor", name={"givenName": "Ann", "familyName": "Miller"}, **{ENTERPRISE: {"department": "R", "division": "D"}})

    def keys(query: str) -> set[str]:
        found = directory.get(f"/Users/{ann}?{query}")
        return set(found) - {"id", "schemas"}

    assert keys("attributes=userName") == {"userName"}
    assert keys("attributes=name.familyName") == {"name"}
    assert keys(f"attributes={ENTERPRISE}:department") == {ENTERPRISE}
    assert directory.get(f"/Users/{ann}?attributes={ENTERPRISE}:department")[ENTERPRISE] == {"department": "R"}
    assert "title" not in keys("excludedAttributes=title,meta")
    assert directory.get(f"/Users/{ann}?attributes=name.familyName")["name"] == {"familyName": "Miller"}


# --- PATCH ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "move", "path": "title", "value": "x"}, "invalidSyntax"),
        ({"path": "title", "value": "x"}, "invalidSyntax"),
        ("remove", "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "add", "value": "x"}, "invalidValue"),
        ({"op": "add", "path": "emails[", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "emails[type eq].value", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "..", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": ["title"], "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type sw "w"].value', "value": "x"}, "noTarget"),
        ({"op": "replace", "path": 'name[givenName eq "x"]', "value": {}}, "invalidPath"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "groups", "value": []}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "active", "value": "no"}, "invalidValue"),
    ],
)
def test_an_operation_that_cannot_be_done_leaves_the_person_as_they_were(directory: Directory, operation: Any, kind: str) -> None:
    ann = directory.add("ann", title="Editor")
    before = directory.get(f"/Users/{ann}")

    refused = directory.patch(f"/Users/{ann}", {"op": "replace", "path": "title", "value": "Author"}, operation, expect=400)

    assert refused["scimType"] == kind
    assert directory.get(f"/Users/{ann}") == before


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "remove", "path": "displayName"}, "mutability"),
        ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": "nobody"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "Ann"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": "\u0000"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": "x", "type": "Group"}]}, "invalidValue"),
        ({"op": "remove", "path": 'members[display eq "Ann"]'}, "invalidPath"),
        ({"op": "add", "path": 'members[value eq "x"]', "value": []}, "invalidPath"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "add", "path": "members", "value": [{"value": str(n)} for n in range(10_001)]}, "tooMany"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_operation_that_cannot_be_done_leaves_the_group_as_it_was(directory: Directory, operation: Any, kind: str) -> None:
    writers = directory.group("Writers", directory.add("ann"))
    before = directory.get(f"/Groups/{writers}")

    response = directory.call("PATCH", f"/Groups/{writers}", {"Operations": [{"op": "replace", "path": "displayName", "value": "Authors"}, operation]})

    assert (response.status_code, response.get_json()["scimType"]) == (413 if kind == "tooMany" else 400, kind)
    assert directory.get(f"/Groups/{writers}") == before


def test_taking_out_an_empty_list_of_members_takes_out_nobody(directory: Directory) -> None:
    writers = directory.group("Writers", directory.add("ann"))

    assert directory.patch(f"/Groups/{writers}", {"op": "remove", "path": "members", "value": []})["members"]
    assert "members" not in directory.patch(f"/Groups/{writers}", {"op": "remove", "path": "members"})


def test_a_group_of_thousands_is_made_read_and_emptied(directory: Directory) -> None:
    people = [directory.add(f"p{number}") for number in range(600)]
    crowd = directory.group("Crowd", *people)

    assert len(directory.get(f"/Groups/{crowd}")["members"]) == 600
    assert "members" not in directory.get("/Groups?excludedAttributes=members")["Resources"][0]
    left = directory.patch(f"/Groups/{crowd}", {"op": "replace", "path": "members", "value": [{"value": people[0]}]})
    assert [each["value"] for each in left["members"]] == [people[0]]


# --- what support learns ----------------------------------------------------------------------------------------------


def test_what_a_directory_gets_wrong_is_kept_in_words_and_repetitions_are_counted(directory: Directory) -> None:
    for _ in range(3):
        directory.call("POST", "/Users", {"active": True})
    directory.call("GET", "/Users", token="vsd_wrong")

    last, before = directory.service.show(directory.connector).refusals

    assert (last.request, last.status) == ("GET /Users", 401)
    assert "token" in last.detail
    assert (before.request, before.status, before.count) == ("POST /Users", 400, 3)
    assert "userName" in before.detail


def test_a_handful_of_refusals_is_kept(directory: Directory) -> None:
    for number in range(30):
        directory.call("POST", "/Users" if number % 2 else "/Groups", {})

    assert len(directory.service.show(directory.connector).refusals) == 10


def test_every_change_is_one_entry_that_names_attributes_and_never_values(directory: Directory) -> None:
    ann = directory.add("ann", title="Secret title")
    directory.patch(f"/Users/{ann}", {"op": "replace", "path": "title", "value": "Other title"}, {"op": "add", "path": "nickName", "value": "Annie"})
    directory.switch_off(ann)
    directory.delete(ann)

    entries = directory.hub.built.services.audit.search(ME, None, Wanted(), before_id=None, limit=10)
    of_ann = [entry for entry in reversed(entries) if entry.object_id == ann]
    assert [entry.action.rpartition(".")[2] for entry in of_ann] == ["created", "updated", "updated", "deleted"]
    assert {entry.actor for entry in of_ann} == {"directory:idp"}
    assert of_ann[1].fields["changed"][1] == ["nickName", "title"]
    assert of_ann[2].fields["active"][1] is False
    assert "title" not in str([entry.fields for entry in of_ann]).replace("'title'", "")
