"""`vestibule doctor` and `vestibule master-key …`: the health of this installation, on its own machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from broker import opening
from broker.cli.sentences import me, sentences
from broker.services.doctor import Health

_MARKS = {Health.GOOD: ("✓", "green"), Health.WARNING: ("!", "yellow"), Health.BAD: ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@sentences
def doctor(as_json: bool) -> None:
    """Examine this installation and say what to do. Settings, database, keys, clock, certificates, public address; exit code 1 if
    something is bad."""
    findings = opening.open_for_examination().services.doctor.examine(me())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        topic = ""
        for finding in findings:
            if finding.topic != topic:
                topic = finding.topic
                click.secho(topic, bold=True)
            mark, colour = _MARKS[finding.health]
            click.secho(f"  {mark} {finding.sentence}", fg=colour)
            if finding.remedy:
                click.echo(f"      {finding.remedy}")
    if any(finding.health is Health.BAD for finding in findings):
        sys.exit(1)


@click.group("master-key")
def master_key() -> None:
    """The key under which everything secret in the database is sealed."""


@master_key.command("create")
@click.argument("file", type=click.Path(path_type=Path))
@sentences
def create(file: Path) -> None:
    """Make a new master key in FILE. Nothing uses it until the settings name it."""
    opening.make_master_key(file)
    click.echo(f"Made {file}. Next: VESTIBULE_MASTER_KEY_FILE={file}, VESTIBULE_PREVIOUS_MASTER_KEY_FILE=the old file; restart;")
    click.echo("then run `vestibule master-key rewrap`.")


@master_key.command("status")
@sentences
def status() -> None:
    """How many sealed values are under which master key."""
    for count in opening.open_hub().services.master_key.count():
        state = f"{count.previous} still under the previous key" if count.previous else "all under the current key"
        click.echo(f"{count.words}: {count.total}, {state}")


@master_key.command("rewrap")
@sentences
def rewrap() -> None:
    """Bring every sealed value under the current master key. May be stopped and run again."""
    service = opening.open_hub().services.master_key
    total = sum(count.total for count in service.count())
    with click.progressbar(length=total, label="Re-wrapping", file=sys.stderr) as bar:
        done = service.rewrap(me(), bar.update)
    click.echo(f"Re-wrapped {done} of {total} values. The previous master key is not needed any more; keep it with old backups.")
