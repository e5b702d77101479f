"""The audit log: nobody changes it, everybody sees their own part, and it can be taken along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from broker.domain.errors import Forbidden, UnknownObject
from broker.services.actor import ROLES, Actor, Role
from broker.services.operations.audit import AuditView, ListAudit
from broker.services.tenants import SaveTenant
from tests.support.hub import ME, Hub

ROOT = Path(__file__).resolve().parents[2]


def entries(hub: Hub, who: Actor = ME, **asked: object) -> list[AuditView]:
    return list(hub.built.operations.run(who, "audit.list", ListAudit(**asked)).items)  # type: ignore[arg-type]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_given_an_entry_then_the_database_itself_refuses_to_change_or_delete_it(hub: Hub, statement: str) -> None:
    hub.tenant("acme")
    with pytest.raises(DBAPIError, match="append-only"), hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql(statement)
    assert entries(hub)[0].actor == "cli:test"


def test_given_the_code_then_no_path_updates_or_deletes_an_entry() -> None:
    for path in (ROOT / "broker").rglob("*.py"):
        if "migrations" not in path.parts:
            found = re.findall(r"(?:update|delete)\(\s*(?:_?audit(?:\.\w+)?|AuditRow\b)", path.read_text("utf-8"))
            assert not found, path


def test_given_a_deleted_tenant_then_its_entries_stay(hub: Hub) -> None:
    tenant_id = hub.tenant("acme")
    hub.built.tenants.delete(ME, "acme")
    assert [(item.action, item.tenant) for item in entries(hub)][:2] == [("tenant.deleted", tenant_id), ("tenant.created", tenant_id)]


def test_given_a_change_then_it_stands_there_before_and_after(hub: Hub) -> None:
    hub.tenant("acme")
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme & Co"))
    newest = entries(hub)[0]
    assert (newest.action, newest.kind, newest.tenant) == ("tenant.updated", "tenant", "acme")
    assert [(item.name, item.before, item.after) for item in newest.fields] == [("name", "Acme", "Acme & Co")]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"tenant_slug": "acme"}, 2),
        ({"tenant_slug": "globex"}, 1),
        ({"action": "created"}, 3),
        ({"action": "domain"}, 1),
        ({"kind": "tenant"}, 2),
        ({"actor": "test"}, 3),
        ({"actor": "somebody"}, 0),
        ({"actor": "%"}, 0),
        ({"since": "2026-03-02", "until": "2026-03-02"}, 3),
        ({"until": "2026-03-01"}, 0),
    ],
)
def test_given_filters_then_only_those_entries_are_shown(hub: Hub, asked: dict[str, object], found: int) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex")
    assert len(entries(hub, **asked)) == found


def test_given_more_than_a_page_then_the_cursor_leads_through_all(hub: Hub) -> None:
    for number in range(5):
        hub.tenant(f"t{number}")
    seen: list[int] = []
    after = ""
    for _ in range(5):
        page = hub.built.operations.run(ME, "audit.list", ListAudit(after=after, limit=2))
        seen += [item.id for item in page.items]
        after = page.next
        if not after:
            break
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


def test_given_a_tenants_own_people_then_they_see_that_tenants_entries_only(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex")
    theirs = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["acme"])
    assert {item.tenant for item in entries(hub, theirs)} == {"acme"}
    with pytest.raises(UnknownObject):
        entries(hub, theirs, tenant_slug="globex")


@pytest.mark.parametrize("role", [Role.SUPPORT])
def test_given_a_role_without_the_audit_log_then_it_is_refused(hub: Hub, role: Role) -> None:
    with pytest.raises(Forbidden):
        entries(hub, Actor("x", ROLES[role]))
