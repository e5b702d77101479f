"""The audit log: who did what, with before and after side by side; and the same to take along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response

from broker.console import door, pages
from broker.console.face import ConsoleFace
from broker.domain.errors import ConfigurationError, InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.audit import Entry
from broker.services.operations.audit import ListAudit, wanted_of

FIELDS = ("tenant", "actor", "action", "kind", "object", "since", "until")
HEADINGS = ("at", "actor", "tenant", "action", "kind", "object_id", "field", "before", "after")
_FORMAT = translatable("Choose csv or jsonl.")
# A spreadsheet takes such a cell for a formula (OWASP, CSV injection); the apostrophe makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/audit")
    def audit() -> Response:
        typed = {name: pages.asked(name).strip() for name in FIELDS}
        after = pages.asked("after")
        try:
            found, problem = face.run("audit.list", _asked(typed, after)), None
        except ConfigurationError as error:
            found, problem = None, pages.problem_of(error, typed)
        query = urlencode({name: value for name, value in typed.items() if value})
        more = "" if found is None or not found.next else "?" + urlencode({**_given(typed), "after": found.next})
        return pages.show(
            "console/audit/list.html",
            status=problem.status if problem else 200,
            found=found,
            typed=typed,
            query=query,
            more=more,
            first=not after,
            problem=problem,
            plain=plain,
        )

    @views.get("/audit/export")
    def audit_export() -> Response:
        door.only(Verb.READ_AUDIT)
        typed, kind = {name: pages.asked(name).strip() for name in FIELDS}, pages.asked("format")
        if kind not in {"csv", "jsonl"}:
            raise InvalidSettings(_FORMAT, field="format")
        actor = door.actor()
        asked = _asked(typed, "")
        face.run("audit.list", replace(asked, limit=1))  # through the door of the list: nobody may take along what they may not see
        entries = face.audit.export(actor, asked.tenant_slug, wanted_of(asked))
        body, mimetype = (as_csv(entries), "text/csv") if kind == "csv" else (as_lines(entries), "application/jsonl")
        headers = {"Content-Disposition": f"attachment; filename=audit.{kind}"}
        return Response(body, mimetype=mimetype, headers=headers)


def _given(typed: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if value}


def _asked(typed: dict[str, str], after: str) -> ListAudit:
    return ListAudit(
        tenant_slug=typed["tenant"],
        actor=typed["actor"],
        action=typed["action"],
        kind=typed["kind"],
        object_id=typed["object"],
        since=typed["since"],
        until=typed["until"],
        after=after,
    )


def plain(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def cell(text: str) -> str:
    """A cell of a table that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A line for every field that changed, or one for an entry without any. Made as it is read: memory stays small."""
    yield _row(HEADINGS)
    for entry in entries:
        head = (entry.at.isoformat(), entry.actor, entry.tenant, entry.action, entry.kind, entry.object_id)
        for name, (before, after) in entry.fields.items() or [("", (None, None))]:
            yield _row((*head, name, "" if before is None else plain(before), "" if after is None else plain(after)))


def as_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """JSON lines: one entry each."""
    for entry in entries:
        said = {"at": entry.at.isoformat(), "actor": entry.actor, "tenant": entry.tenant, "action": entry.action}
        fields = {name: {"before": before, "after": after} for name, (before, after) in entry.fields.items()}
        yield json.dumps({**said, "kind": entry.kind, "object_id": entry.object_id, "fields": fields}, ensure_ascii=False) + "\n"


def _row(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([cell(value) for value in values])
    return line.getvalue()
