"""Every verb of `vestibule`. Output is for people; exit code 1 means refused, with the reason on standard error."""

from __future__ import annotations

import click

from broker import __version__, opening
from broker.cli.application_commands import application
from broker.cli.caller import SERVER
from broker.cli.care_commands import doctor, master_key
from broker.cli.completion import completion
from broker.cli.configuration_commands import apply, diff, export
from broker.cli.generated import register
from broker.cli.layout import ON_THE_MACHINE, Sections
from broker.cli.sentences import sentences
from broker.cli.staff_commands import staff
from broker.cli.trace_commands import trace
from broker.cli.trust_commands import connector, setup_link, tenant
from broker.services.operations import table


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--server", envvar=SERVER, metavar="URL", help="Work on the hub at this address, with a token; see docs/cli.md.")
@click.version_option(__version__, prog_name="vestibule")
@click.pass_context
def main(context: click.Context, server: str | None) -> None:
    """Vestibule, an identity hub. Settings come from VESTIBULE_* variables; see docs/settings.md."""
    if server and context.invoked_subcommand in ON_THE_MACHINE:
        raise click.UsageError(
            f"{context.invoked_subcommand} works on the hub's own machine only: leave out --server, and unset {SERVER}."
        )


@main.command()
@sentences
def init() -> None:
    """Make state folder, database, keys, and a link for the first owner. Safe to repeat."""
    done = opening.initialise()
    for line in done.made:
        click.echo(line)
    if done.first_owner is not None:
        click.echo("\nNobody owns the console yet. Start the hub and open this link; it works once, for 24 hours:")
        click.echo(done.first_owner.url)


@main.command()
@sentences
def migrate() -> None:
    """Bring the database to this version's shape."""
    before, after = opening.migrate()
    click.echo(f"The database is at {after}." if before == after else f"Migrated the database from {before or 'empty'} to {after}.")


@main.command()
@click.option("--bind", default="127.0.0.1:8080", show_default=True, help="Address to listen on.")
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads per process: identity providers answer slowly.")
@sentences
def run(bind: str, workers: int, threads: int) -> None:
    """Serve with gunicorn."""
    opening.check_ready()
    opening.serve(bind, workers=workers, threads=threads)


@main.command()
@click.option("--port", default=8080, show_default=True, help="Preferred port; a free one is taken when it is in use.")
@sentences
def demo(port: int) -> None:
    """Start with the demonstration federation. Two companies, two identity providers, two applications."""
    from broker.demo import start

    start.run(port)


@main.command()
@sentences
def upkeep() -> None:
    """Purge what has expired, now. A running server does this by itself every minute."""
    tidied = opening.open_hub().upkeep.run()
    if tidied is None:
        click.echo("Another process is doing this.")
    else:
        click.echo(
            f"Removed {tidied.transients} short-lived entries, {tidied.sessions} sessions, {tidied.traces} traces; "
            f"{tidied.abandoned} logins diagnosed as never returned."
        )


for command in (apply, diff, export, tenant, setup_link, connector, application, completion, doctor, master_key, staff, trace):
    main.add_command(command)
register(main, table.ALL)
