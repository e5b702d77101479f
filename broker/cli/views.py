"""What operations answer, for people: tables of pages, one object line by line, a sentence for what is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

import click
import msgspec

from broker.cli import show
from broker.domain.messages import plain
from broker.services.operations.model import Deleted, Operation, Page
from connectors.contract import SetupSheet

Column = tuple[str, Callable[[Any], Any]]
_MOST_COLUMNS = 6
_LONG, _FEW = 60, 3


def _field(name: str, heading: str = "") -> Column:
    return heading or name.replace("_", " "), lambda item: getattr(item, name)


def _state(item: Any) -> str:
    return "on" if item.enabled else "off"


def _serves(item: Any) -> str:
    return "all tenants" if item.tenants is None else f"{len(item.tenants)} tenants"


def _connectors(item: Any) -> str:
    return ", ".join(f"{one.slug} ({one.type}{'' if one.enabled else ', off'})" for one in item.connectors)


def _role(item: Any) -> str:
    return f"{item.role} of {item.administers}" if item.administers else str(item.role)


def _last_sign_in(item: Any) -> str:
    return f"{item.last_sign_in_at:%Y-%m-%d %H:%M}" if item.last_sign_in_at else "never"


def _failed(item: Any) -> str:
    return "" if item.error_rate_week is None else f"{item.error_rate_week:g} % of {item.logins_week}"


def _answers(item: Any) -> str:
    if item.reachable is None:
        return ""
    return "yes" if item.reachable and not item.reach_problem else str(item.reach_cause)


def _why(item: Any) -> str:
    return " ".join(item.waits) or str(item.problem)


_OF_TENANT: tuple[Column, ...] = (_field("tenant"), _field("connector"))
STATE: Column = ("state", _state)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "TenantView": (_field("slug", "tenant"), _field("name"), STATE),
    "TenantLine": (_field("slug", "tenant"), _field("name"), STATE, _field("domains"), ("connectors", _connectors)),
    "ConnectorView": (_field("slug", "connector"), _field("name"), _field("type"), STATE, _field("ready"), _field("warnings")),
    "ConnectorTypeView": (_field("name", "type"), _field("label"), _field("protocol"), _field("reads_metadata", "metadata")),
    "ApplicationView": (_field("slug", "application"), _field("name"), _field("protocol"), STATE, ("serves", _serves)),
    "ApplicationTypeView": (_field("protocol"),),
    "ServedApplication": (_field("slug", "application"), _field("name"), _field("protocol"), STATE),
    "PersonView": (
        _field("id", "person"),
        _field("tenant"),
        _field("name"),
        _field("email"),
        STATE,
        _field("last_seen_at", "last seen"),
    ),
    "TokenView": (
        _field("id", "token"),
        _field("name"),
        _field("kind"),
        _field("only_tenant", "tenant"),
        _field("verbs"),
        _field("state"),
        _field("expires_at", "expires"),
        _field("last_used_at", "last used"),
    ),
    "TraceSummary": (
        _field("code"),
        _field("started_at", "when"),
        _field("outcome"),
        _field("tenant"),
        _field("connector"),
        _field("application"),
        _field("cause"),
    ),
    "HealthView": (
        _field("connector"),
        _field("type"),
        _field("state"),
        _field("last_success_at", "last success"),
        ("failed in a week", _failed),
        ("answers", _answers),
        _field("certificate_days", "certificate (days)"),
    ),
    "UnreachableView": (*_OF_TENANT, _field("since"), _field("cause", "why"), _field("act", "who must act")),
    "TroubleView": (*_OF_TENANT, ("why", _why), _field("good_at", "last read")),
    "AuditView": (
        _field("at", "when"),
        _field("actor", "who"),
        _field("tenant"),
        _field("action"),
        _field("object_id", "what"),
        ("fields", lambda item: [one.name for one in item.fields]),
    ),
    "KeyView": (
        _field("key"),
        _field("owner"),
        _field("use"),
        _field("algorithm"),
        _field("state"),
        _field("may_promote_at", "may sign from"),
        _field("ends_at", "gone"),
        _field("not_after", "certificate until"),
    ),
    "StaffView": (_field("email", "address"), _field("name"), ("role", _role), STATE, ("last sign-in", _last_sign_in)),
}
"""By the name of the view. Views that do not stand here show their first plain fields."""

NOTHING: dict[str, str] = {
    "tenant.list": "There are no tenants yet: vestibule tenant add --help",
    "staff.list": "Nobody yet: vestibule staff invite --help",
    "application.list": "There are no applications yet: vestibule application add --help",
}


RENDERED: dict[type, Callable[[Any], None]] = {SetupSheet: show.sheet}
"""Answers that have a form of their own."""


def columns_of(kind: type) -> tuple[Column, ...]:
    if kind.__name__ in COLUMNS:
        return COLUMNS[kind.__name__]
    hints = get_type_hints(kind)
    names = [item.name for item in fields(kind) if _is_plain(hints[item.name]) and item.name != "version"]
    return tuple(_field(name) for name in names[:_MOST_COLUMNS])


def _is_plain(hint: Any) -> bool:
    parts = get_args(hint) if get_origin(hint) not in {None, tuple} else (hint,)
    return all(one in {str, int, float, bool, datetime, type(None)} or one == tuple[str, ...] for one in parts)


def output(operation: Operation, value: Any) -> None:
    """Anything that an operation answers."""
    if isinstance(value, Page):
        (kind,) = get_args(operation.output)
        page(kind, value, empty=NOTHING.get(operation.name, "Nothing found."))
    elif isinstance(value, Deleted):
        click.echo(f"Deleted {value.kind.replace('_', ' ')} {show.safe(value.name)}.")
    elif type(value) in RENDERED:
        RENDERED[type(value)](value)
    elif isinstance(value, str):
        click.echo(value)
    else:
        details(value)


def page(kind: type, found: Page[Any], *, empty: str = "Nothing found.") -> None:
    columns = columns_of(kind)
    rows = [[_in_short(read(item)) for _, read in columns] for item in found.items]
    show.table([heading for heading, _ in columns], rows, empty=empty)
    if found.next:
        click.secho(f"There is more: --after {show.safe(found.next)}, or --all.", dim=True, err=True)


def _in_short(value: Any) -> str:
    """The first few of a long list: a line of a table stays a line."""
    if isinstance(value, tuple | list) and len(value) > _FEW + 1:
        return f"{cell(value[:_FEW])} and {len(value) - _FEW} more"
    return cell(value)


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, tuple | list):
        return ", ".join(cell(one) for one in value)
    if is_dataclass(value) or isinstance(value, dict):
        return msgspec.json.encode(value, enc_hook=plain).decode()
    return str(value)


def details(value: Any) -> None:
    """One line a field; what has parts stands below its name."""
    if not is_dataclass(value):
        click.echo(show.safe(cell(value)))
        return
    once = {item.name for item in fields(value) if item.metadata.get("secret")}
    width = max((len(item.name) for item in fields(value)), default=0) + 2
    for item in fields(value):
        _tree(item.name, msgspec.to_builtins(getattr(value, item.name), enc_hook=plain), width, once=item.name in once)


def _tree(name: str, value: Any, width: int = 0, *, indent: str = "", once: bool = False) -> None:
    """A name and its value; values with parts are indented below. `once`: nobody can read it again."""
    label = f"{indent}{name.replace('_', ' ') if not indent else name}"
    if isinstance(value, dict) and value:
        click.secho(label, bold=not indent)
        for key, inner in value.items():
            _tree(show.safe(str(key)), inner, indent=f"{indent}    ")
    elif isinstance(value, list | tuple) and any(_has_parts(one) for one in value):
        click.secho(label, bold=not indent)
        for number, one in enumerate(value, 1):
            if (line := _line(one)) is not None:
                click.echo(f"{indent}    - {line}")
            else:
                _tree(f"{number}", one, indent=f"{indent}    ")
    elif isinstance(value, str) and "\n" in value.strip():
        click.secho(label, bold=not indent)
        for line in value.strip().splitlines():
            click.echo(f"{indent}    {show.safe(line)}")
    else:
        click.secho(label.ljust(width) if width else f"{label}: ", bold=not indent, nl=False)
        click.echo(show.safe(_word(value)) + ("   (shown once)" if once and value else ""))


def _line(value: Any) -> str | None:
    """A short part of a list on one line: a rule, a sentence. None when it is no such thing."""
    if isinstance(value, dict) and not any(_has_parts(one) for one in value.values()):
        return ", ".join(f"{show.safe(str(key))}: {show.safe(_word(one))}" for key, one in value.items())
    return show.safe(value) if isinstance(value, str) and "\n" not in value else None


def _has_parts(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) or (isinstance(value, str) and ("\n" in value or len(value) > _LONG))


def _word(value: Any) -> str:
    return "null" if value is None else ("none" if value in ([], (), {}) else cell(value))
