"""Pages of the audit log and of usage: filters, what changed, and what can be taken along without harm."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest

from broker.console.audit import as_csv, cell
from broker.services.actor import Role
from broker.services.audit import Audit
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, Hub


@pytest.fixture
def filled(hub: Hub) -> Hub:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex")
    hub.built.tenants.save(ME, SaveTenant("acme", '=HYPERLINK("https://evil.example")'))
    return hub


def test_given_a_change_then_before_and_after_stand_side_by_side(filled: Hub) -> None:
    page = desk(filled, Role.AUDITOR).page("/console/audit?tenant=acme&action=updated")
    assert "tenant.updated" in page
    assert "<del>Acme</del>" in page
    assert "=HYPERLINK(&#34;https://evil.example&#34;)" in page


@pytest.mark.parametrize(("query", "rows"), [("?tenant=globex", 1), ("?action=domain", 1), ("?actor=nobody-at-all", 0), ("?kind=tenant", 3)])
def test_given_filters_then_only_those_entries_stand_there(filled: Hub, query: str, rows: int) -> None:
    assert desk(filled, Role.AUDITOR).page(f"/console/audit{query}").count('<th scope="row">') == rows


@pytest.mark.parametrize("query", ["?since=soon", "?tenant=nowhere", "?after=x"])
def test_given_a_filter_that_cannot_be_then_the_page_says_why(filled: Hub, query: str) -> None:
    response = desk(filled, Role.AUDITOR).get(f"/console/audit{query}")
    assert response.status_code in {400, 404}
    assert 'role="alert"' in response.get_data(as_text=True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_given_a_cell_that_a_spreadsheet_would_calculate_then_it_is_text(start: str) -> None:
    assert cell(f"{start}1+1").startswith("'")
    assert cell("plain") == "plain"


def test_given_the_csv_then_every_line_is_harmless_and_complete(filled: Hub) -> None:
    response = desk(filled, Role.AUDITOR).get("/console/audit/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    assert response.headers["Content-Disposition"].endswith("audit.csv")
    names = [row for row in rows if row["action"] == "tenant.updated" and row["field"] == "name"]
    assert [(row["before"], row["after"]) for row in names] == [("Acme", "'=HYPERLINK(\"https://evil.example\")")]
    assert {row["action"] for row in rows} >= {"tenant.created", "domain.created", "audit.exported"}


def test_given_json_lines_then_each_is_an_entry_and_the_export_itself_is_one(filled: Hub) -> None:
    response = desk(filled, Role.AUDITOR).get("/console/audit/export?format=jsonl&tenant=acme")
    entries = [json.loads(line) for line in response.get_data(as_text=True).splitlines()]
    assert {entry["tenant"] for entry in entries} == {"acme"}
    assert entries[0]["action"] == "audit.exported"
    assert desk(filled, Role.OWNER).get("/console/audit/export?format=xls").status_code == 400


def test_given_a_long_log_then_the_export_is_made_page_by_page(filled: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.services.audit.PAGE", 2)
    asked: list[int | None] = []
    original = Audit.search

    def counted(self: Audit, *given: object, before_id: int | None, limit: int) -> object:
        asked.append(before_id)
        return original(self, *given, before_id=before_id, limit=limit)  # type: ignore[arg-type]

    monkeypatch.setattr(Audit, "search", counted)
    from broker.services.audit import Wanted

    lines: Iterator[str] = as_csv(filled.built.services.audit.export(ME, "", Wanted()))
    next(lines)
    next(lines)
    assert len(asked) == 1, "only what was read has been fetched"
    assert len(list(lines)) > 3
    assert len(asked) > 2


def test_given_a_tenants_own_people_then_page_and_export_are_about_them_only(filled: Hub) -> None:
    admin = desk(filled, Role.TENANT_ADMIN, "globex")
    assert "acme" not in admin.page("/console/audit")
    exported = admin.get("/console/audit/export?format=jsonl").get_data(as_text=True)
    assert {json.loads(line)["tenant"] for line in exported.splitlines()} == {"globex"}
    assert admin.get("/console/audit/export?format=csv&tenant=acme").status_code == 404


def test_given_support_then_the_audit_log_is_not_for_them(filled: Hub) -> None:
    mine = desk(filled, Role.SUPPORT)
    assert mine.get("/console/audit").status_code == 403
    assert mine.get("/console/audit/export?format=csv").status_code == 403


def test_given_people_who_sign_in_then_usage_shows_them_by_tenant_and_over_time(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    app.sign_in(hub.browser(), idp)
    mine = desk(hub, Role.SUPPORT)
    listed = pages.text(mine.page("/console/usage"))
    assert "Acme 1" in listed
    shown = mine.page("/console/usage/acme")
    assert "1 active people in 2026-03" in pages.text(shown)
    assert shown.count('<svg class="bars"') == 2
    exported = list(csv.DictReader(io.StringIO(mine.get("/console/usage/acme?format=csv").get_data(as_text=True))))
    assert (exported[-1]["logins"], exported[-1]["peak_per_minute"]) == ("1", "1")
    assert mine.get("/console/usage?month=soon").status_code == 400
    assert desk(hub, Role.AUDITOR).get("/console/usage").status_code == 403
