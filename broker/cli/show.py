"""How the command line shows changes, tables and sheets."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import click

from broker.services.context import Action, difference
from broker.services.operations.configuration import ChangeView, FieldChange
from broker.services.operations.connector_views import PreviewView
from connectors.contract import SetupSheet

_MARKS = {
    Action.CREATED: ("+", "green"),
    Action.UPDATED: ("~", "yellow"),
    Action.DELETED: ("-", "red"),
    Action.UNCHANGED: ("=", None),
}
_VALUE = 60


def changes(items: Sequence[ChangeView]) -> None:
    """One line a change, and a line for each field that an update touches."""
    for change in items:
        mark, colour = _MARKS[change.action]
        click.secho(f"{mark} {change.kind} {safe(change.name)} {change.action}", fg=colour)
        if change.action is Action.UPDATED:
            for field in change.fields:
                click.echo(f"    {field.name}: {short(field.before)} → {short(field.after)}")
        for note in change.notes:
            click.secho(f"    ! {safe(note)}", fg="yellow")


def saved(kind: str, name: str, before: dict[str, Any], after: dict[str, Any], *, notes: tuple[str, ...] = ()) -> None:
    """What saving changed; `before` is empty for what is new."""
    changed = tuple(FieldChange(field, *pair) for field, pair in difference(before, after).items())
    action = (Action.UPDATED if changed else Action.UNCHANGED) if before else Action.CREATED
    changes([ChangeView(kind, name, action, changed, notes)])


def safe(text: str) -> str:
    """Nothing that came from outside may drive the terminal: control characters (ECMA-48) become a mark."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} else each for each in text)


def short(value: object) -> str:
    text = safe(str(value))
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = "Nothing found.") -> None:
    if not rows:
        click.echo(empty)
        return
    cells = [[safe(str(cell)) for cell in row] for row in rows]
    widths = [max(len(headings[i]), *(len(row[i]) for row in cells)) for i in range(len(headings))]
    click.secho("  ".join(text.ljust(width) for text, width in zip(headings, widths, strict=True)).rstrip(), bold=True)
    for row in cells:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def understood(words: PreviewView) -> None:
    for line in words.understood:
        click.secho(f"✓ {safe(line)}", fg="green")
    for line in words.warnings:
        click.secho(f"! {safe(line)}", fg="yellow")


def sheet(steps: SetupSheet) -> None:
    click.secho(f"\n{steps.title}", bold=True)
    for step in steps.steps:
        if step.multiline:
            click.echo(f"  {step.label}:")
            for line in step.value.splitlines():
                click.echo(f"      {line}")
        else:
            click.echo(f"  {step.label}: {step.value}")
        if step.help:
            click.secho(f"      {step.help}", dim=True)
