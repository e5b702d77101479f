"""`vestibule trace CODE|EMAIL`: one login, step by step. Lists with filters are made from the table: `vestibule trace list`."""

from __future__ import annotations

import click

from broker.cli import views
from broker.cli.caller import call
from broker.cli.layout import Shorthand
from broker.cli.sentences import sentences
from broker.cli.show import safe, table
from broker.domain.errors import InvalidSettings, UnknownObject
from broker.domain.trace import EventKind, Outcome
from broker.services.operations.traces import ListTraces, OneTrace, TraceDetail, TraceStep, TraceSummary
from broker.services.traces import NO_TRACE

_EARLIER = 20
_ACTS = {
    "user": "the person",
    "customer_it": "the customer's IT",
    "application_owner": "whoever runs the application",
    "operator": "whoever runs the hub",
}


@click.group(cls=Shorthand, default="find")
def trace() -> None:
    """Sign-ins, step by step; `vestibule trace CODE` finds one."""


@trace.command("find")
@click.argument("query", metavar="CODE|EMAIL")
@sentences
def trace_find(query: str) -> None:
    """Print one login, by the reference code of its error page, or the newest ones of an email address."""
    try:
        found = _of_address(query.strip()) if "@" in query else ()
        shown: TraceDetail = call("trace.show", OneTrace(found[0].code if found else query))
    except InvalidSettings as error:
        if error.field not in {"code", "email"}:
            raise  # not what was typed, but this installation
        # Too long, or no address: whatever was typed, it names no trace.
        raise UnknownObject(NO_TRACE, field="trace") from error
    one(shown)
    if len(found) > 1:
        click.echo("\nEarlier logins of this address:")
        rows = [(item.code, f"{item.started_at:%Y-%m-%d %H:%M:%S}", item.outcome, item.cause) for item in found[1:]]
        table(("code", "when", "outcome", ""), rows)


def _of_address(address: str) -> tuple[TraceSummary, ...]:
    found: tuple[TraceSummary, ...] = call("trace.list", ListTraces(email=address, limit=_EARLIER)).items
    if not found:
        raise UnknownObject(NO_TRACE, field="trace")
    return found


def one(found: TraceDetail) -> None:
    """The verdict first, then event by event."""
    summary, verdict = found.summary, found.verdict
    click.secho(f"{summary.code}  {summary.outcome}  {summary.started_at:%Y-%m-%d %H:%M:%S} UTC", bold=True)
    check = f" (check {verdict.check})" if verdict.check else ""
    click.secho(f"  {safe(verdict.cause)}{check}", fg="green" if summary.outcome == Outcome.SUCCEEDED else "yellow")
    _said("what was seen", verdict.reason)
    _said("what to do", verdict.fix)
    _said("who can do it", _ACTS.get(verdict.act, ""))
    for label in ("tenant", "connector", "application"):
        _said(label, _named(summary, label))
    for step in found.steps:
        _step(step, f"+{(step.at - summary.started_at).total_seconds() * 1000:8.0f} ms")


def _named(summary: TraceSummary, label: str) -> str:
    name, slug = getattr(summary, f"{label}_name"), getattr(summary, label)
    return f"{name} ({slug})" if name and slug else name or slug


def _said(label: str, value: str) -> None:
    if value:
        click.echo(f"  {label}: {safe(value)}")


def _step(step: TraceStep, when: str) -> None:
    name, detail = safe(step.name), safe(step.detail)
    if step.kind == EventKind.CHECK:
        click.secho(f"{when}  {'✓' if step.passed else '✗'} {name}  {detail}".rstrip(), fg="green" if step.passed else "red")
        return
    click.secho(f"{when}  {step.kind:8} {name}", nl=False, fg="red" if step.kind == EventKind.ERROR else None)
    if step.kind == EventKind.MESSAGE:
        click.echo()
        for line in step.detail.splitlines():
            click.secho(f"                {safe(line)}", dim=True)
    else:
        click.echo(f"  {detail}".rstrip())
    for field, value in step.data.items():
        _data(safe(field), value)


def _data(name: str, value: str) -> None:
    for number, line in enumerate(value.splitlines()):
        click.secho(f"                {name if number == 0 else ' ' * len(name)} {safe(line)}", dim=True)


views.RENDERED[TraceDetail] = one
