"""Filters, paths and PATCH against whatever can be generated: refused in SCIM's words, or done; never anything else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from broker.api.scim import wanted
from broker.api.scim.people import record_of
from broker.protocols.scim import filters, groups, patch, paths, values
from broker.protocols.scim.names import Refused

WORDS = some.sampled_from(
    ["userName", "emails", "type", "value", "name.givenName", "eq", "and", "or", "not", "pr", "(", ")", "[", "]", '"a"', '"', "true", ".", ".value",
     "urn:ietf:params:scim:schemas:core:2.0:User:", "\\", "1", "é", "\u0000", " "]
)  # fmt: skip
NOISE = some.lists(WORDS, max_size=14).flatmap(lambda words: some.sampled_from(["", " "]).map(lambda between: between.join(words))) | some.text(max_size=60)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-5, 5) | some.text(max_size=8) | some.floats(allow_nan=False, allow_infinity=False),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(["value", "type", "primary", "userName", "active", "emails", "x"]) | some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PATHS = some.sampled_from(
    ["userName", "active", "name", "name.givenName", "emails", "emails.value", 'emails[type eq "work"]', 'emails[type eq "work"].value', "members",
     'members[value eq "x"]', "displayName", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "title", "id", "", "roles[primary eq true].value"]
) | NOISE  # fmt: skip
OPERATION = some.fixed_dictionaries({"op": some.sampled_from(["add", "Replace", "REMOVE", "x"])}, optional={"path": PATHS, "value": JSON})
ANN = {"userName": "ann", "active": True, "emails": [{"value": "ann@acme.example", "type": "work", "primary": True}]}


def refused_or(run: Any) -> Any:
    """The result, or None for what was refused properly."""
    try:
        return run()
    except Refused as error:
        refused = error
    assert refused.status in {400, 413}
    assert refused.detail
    return None


@given(NOISE)
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    refused_or(lambda: filters.parse(text))
    refused_or(lambda: wanted.people(text))
    refused_or(lambda: wanted.groups(text))


@given(NOISE)
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    refused_or(lambda: paths.parse(text))


@given(some.text(alphabet=some.characters(exclude_characters="\u0000", exclude_categories=["Cs"]), max_size=50))
def test_any_user_name_can_be_asked_for(name: str) -> None:
    found = wanted.people(f"userName eq {json.dumps(name)}")

    assert found.user_name_key == name.casefold()[:600]


@given(JSON)
def test_any_json_is_a_person_or_is_refused(sent: Any) -> None:
    person = refused_or(lambda: values.read_user(sent))

    if person is not None:
        record = record_of(person)
        assert record.user_name
        assert isinstance(record.active, bool)


@given(JSON)
def test_any_json_is_a_group_or_is_refused(sent: Any) -> None:
    refused_or(lambda: groups.read_group(sent))


@given(some.lists(OPERATION, max_size=4))
def test_any_operations_leave_a_person_that_can_be_or_are_refused(operations: list[dict[str, Any]]) -> None:
    before = json.dumps(ANN)

    changed = refused_or(lambda: patch.apply_to_user(ANN, patch.read({"Operations": operations})))

    assert json.dumps(ANN) == before, "what is stored is never changed in place"
    if changed is not None:
        assert values.read_user(changed) == changed, "what a PATCH makes is what a PUT could have sent"
        assert sum(each.get("primary") is True for each in changed.get("emails", [])) <= 1
        record_of(changed)


@given(some.lists(OPERATION, max_size=4))
def test_any_operations_change_a_group_or_are_refused(operations: list[dict[str, Any]]) -> None:
    change = refused_or(lambda: groups.apply_to_group(patch.read({"Operations": operations})))

    if change is not None:
        assert not change.added & change.removed


@given(some.lists(some.tuples(some.sampled_from(["add", "remove", "replace", "empty"]), some.sets(some.sampled_from("abc"))), max_size=6))
def test_membership_is_what_the_operations_say_one_after_the_other(steps: list[tuple[str, set[str]]]) -> None:
    """Against the plain way: a set that every operation changes at once."""
    held, sent = {"a", "b"}, []
    for kind, ids in steps:
        listed = [{"value": each} for each in sorted(ids)]
        if kind == "empty":
            held, operation = set(), {"op": "remove", "path": "members"}
        else:
            held = {"add": held | ids, "remove": held - ids, "replace": set(ids)}[kind]
            operation = {"op": kind, "path": "members", "value": listed}
        sent.append(operation)

    change = groups.apply_to_group(patch.read({"Operations": sent})) if sent else groups.GroupChange()

    assert ((set() if change.emptied else {"a", "b"}) - change.removed) | change.added == held
