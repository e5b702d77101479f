"""The table of operations: sound in itself, and the only way in."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import get_args, get_origin

import pytest

from broker.domain.errors import Forbidden, UnknownObject
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.operations.model import Deleted, Operation
from broker.services.operations.table import ALL
from broker.services.operations.tenants import ChangeTenant, ListTenants, OneTenant
from tests.support.hub import ME, Hub

TABLE = [pytest.param(operation, id=operation.name) for operation in ALL]


def test_given_the_table_then_no_name_and_no_address_stands_twice() -> None:
    assert len({operation.name for operation in ALL}) == len(ALL)
    assert len({(operation.method, re.sub(r"{\w+}", "{}", operation.path)) for operation in ALL}) == len(ALL)


@pytest.mark.parametrize("operation", TABLE)
def test_given_an_operation_then_its_row_is_sound(operation: Operation) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", operation.name)
    assert operation.summary[0].isupper()
    assert not operation.summary.endswith(".")
    assert operation.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert re.fullmatch(r"(/[a-z0-9-]+|/{[a-z_]+})+", operation.path)
    names = {item.name for item in fields(operation.input)}
    assert set(re.findall(r"{(\w+)}", operation.path)) <= names
    if operation.method == "GET":
        assert "expected_version" not in names


@pytest.mark.parametrize("operation", TABLE)
def test_given_a_field_of_an_input_then_its_help_says_what_it_means(operation: Operation) -> None:
    for item in fields(operation.input):
        assert len(item.metadata.get("help", "")) > 5, item.name


@pytest.mark.parametrize("operation", TABLE)
def test_given_an_output_then_it_is_a_dataclass_or_a_page_of_them(operation: Operation) -> None:
    output = operation.output
    kinds = get_args(output) if get_origin(output) is not None else (output,)
    assert all(is_dataclass(kind) for kind in kinds), output
    if operation.method == "DELETE":
        assert output is Deleted


@pytest.mark.parametrize("role", Role)
def test_given_a_role_then_it_may_do_only_what_the_table_of_roles_says(role: Role) -> None:
    expected = {
        Role.OWNER: set(Verb),
        Role.OPERATOR: set(Verb) - {Verb.ADMINISTER},
        Role.SUPPORT: {Verb.READ, Verb.READ_TRACES, Verb.READ_PEOPLE},
        Role.AUDITOR: {Verb.READ, Verb.READ_AUDIT},
        Role.TENANT_ADMIN: {Verb.READ, Verb.SET_UP, Verb.READ_TRACES, Verb.READ_PEOPLE, Verb.MANAGE_PEOPLE, Verb.READ_AUDIT},
    }
    actor = Actor("x", ROLES[role])
    assert {verb for verb in Verb if actor.can(verb)} == expected[role]


# --- the way in -------------------------------------------------------------------------------------------------------


def test_given_an_actor_of_a_tenant_then_others_do_not_exist_for_it(hub: Hub) -> None:
    hub.tenant("acme")
    hub.tenant("globex")
    theirs = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["acme"])

    assert [item.slug for item in hub.built.operations.run(theirs, "tenant.list", ListTenants()).items] == ["acme"]
    for slug in ("globex", "nowhere"):
        with pytest.raises(UnknownObject) as refused:
            hub.built.operations.run(theirs, "tenant.show", OneTenant(slug))
        assert refused.value.sentence == f"There is no tenant {slug!r}."


def test_given_an_actor_without_the_verb_then_it_does_not_even_learn_which_tenants_exist(hub: Hub) -> None:
    hub.tenant("acme")
    for slug in ("acme", "nowhere"):
        with pytest.raises(Forbidden):
            hub.built.operations.run(Actor("x", frozenset({Verb.READ})), "tenant.delete", OneTenant(slug))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_given_more_than_a_page_then_the_cursor_leads_through_all(hub: Hub, count: int) -> None:
    for number in range(5):
        hub.tenant(f"t{number}")
    seen: list[str] = []
    after = ""
    for _ in range(10):
        page = hub.built.operations.run(ME, "tenant.list", ListTenants(after=after, limit=count))
        seen += [item.slug for item in page.items]
        after = page.next
        if not after:
            break
    assert seen == [f"t{number}" for number in range(5)]


@pytest.mark.parametrize(("search", "found"), [("ACM", ["acme"]), ("globex.exa", ["globex"]), ("e", ["acme", "globex"]), ("%", []), ("_", [])])
def test_given_a_search_then_slug_name_and_domains_are_looked_at_and_nothing_is_a_wildcard(hub: Hub, search: str, found: list[str]) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    assert [item.slug for item in hub.built.operations.run(ME, "tenant.list", ListTenants(search=search)).items] == found


def test_given_a_change_that_names_one_field_then_the_others_stay(hub: Hub) -> None:
    hub.tenant("acme", session_idle_seconds=600, acceptance_rules=({"template": "pass_through_known"},))
    after = hub.built.operations.run(ME, "tenant.save", ChangeTenant("acme", name="Acme & Co"))
    assert (after.name, after.session_idle_seconds, len(after.acceptance_rules), after.version) == ("Acme & Co", 600, 1, 2)
