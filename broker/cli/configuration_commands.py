"""`vestibule export`, `diff` and `apply`: all configuration as a file. References are read here, where the file lies."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from broker.cli import show
from broker.cli.caller import call
from broker.cli.generated import print_json
from broker.cli.progress import working
from broker.cli.sentences import sentences
from broker.services import declarative
from broker.services.context import Action
from broker.services.operations.configuration import Applied, ExportConfiguration, Plan, PlanConfiguration

DIFFERENT = 1
_FILE = click.option("-f", "--file", "path", required=True, type=click.Path(path_type=Path), help="The declarative file (YAML).")
_KEEP = click.option("--keep-secrets", is_flag=True, help="A secret whose variable is not set stays as it is stored.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer of the management API.")


@click.command()
@_FILE
@click.option("--dry-run", is_flag=True, help="Show the plan; change nothing.")
@click.option("--prune", is_flag=True, help="Delete what the file does not name.")
@_KEEP
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@_JSON
@sentences
def apply(path: Path, dry_run: bool, prune: bool, keep_secrets: bool, yes: bool, as_json: bool) -> None:
    """Make configuration equal to a file. Everything in it, or nothing."""
    asked, many = _asked(path, keep_secrets=keep_secrets, prune=prune)
    if dry_run or (prune and not yes):
        with working(f"Planning {many} objects"):
            plan: Plan = call("configuration.plan", asked)
        if dry_run:
            print_json(plan) if as_json else _say("Plan", plan)
            return
        if doomed := [change for change in plan.changes if change.action is Action.DELETED]:
            show.changes(doomed)
            click.confirm("Delete these?", abort=True, err=as_json)
    with working(f"Applying {many} objects"):
        done: Applied = call("configuration.apply", asked)
    print_json(done) if as_json else _say("Done", done)


@click.command()
@_FILE
@_KEEP
@_JSON
@sentences
def diff(path: Path, keep_secrets: bool, as_json: bool) -> None:
    """Say how configuration differs from a file. What apply would change, and what the file lacks; exit code 1 if it differs."""
    asked, many = _asked(path, keep_secrets=keep_secrets, prune=True)
    with working(f"Comparing {many} objects"):
        plan: Plan = call("configuration.plan", asked)
    differing = [change for change in plan.changes if change.action is not Action.UNCHANGED]
    if as_json:
        print_json(plan)
    else:
        show.changes([change for change in differing if change.action is not Action.DELETED])
        for change in differing:
            if change.action is Action.DELETED:
                click.secho(f"- {change.kind} {show.safe(change.name)} is not in the file", fg="red")
        for one in plan.unnamed:
            click.secho(f"? connector {one.connector} {one.setting}: {show.short(one.value)} is not in the file", fg="yellow")
        click.echo("Different." if differing or plan.unnamed else "No difference.")
    if differing or plan.unnamed:
        sys.exit(DIFFERENT)


@click.command()
@click.option("--tenant", default="", help="Only this tenant, with what is its own.")
@_JSON
@sentences
def export(tenant: str, as_json: bool) -> None:
    """Print all configuration as a file. Secrets are references; what they stand for is said at the top."""
    made = call("configuration.export", ExportConfiguration(tenant))
    print_json(made) if as_json else click.echo(made.document, nl=False)


def _asked(path: Path, *, keep_secrets: bool, prune: bool) -> tuple[PlanConfiguration, int]:
    """The file with what it refers to, and how many objects it names. Raises InvalidSettings with the place of a mistake."""
    document = declarative.content(path)
    source = declarative.Source(declarative.parsed(document), declarative.beside(path), keep_secrets)
    federation = source.federation
    named = sum(1 + len(tenant.domains) + len(tenant.connectors) for tenant in federation.tenants) + len(federation.applications)
    return PlanConfiguration(document, source.gather(), keep_secrets, prune), named


def _say(word: str, result: Plan | Applied) -> None:
    show.changes(result.changes)
    click.echo(f"{word}: {result.summary}.")
