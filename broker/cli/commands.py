"""Every verb of `vestibule`. Output is for people; exit code 1 means refused, with the reason on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from broker import __version__, opening
from broker.app import Vestibule
from broker.cli import show
from broker.cli.application_commands import application
from broker.cli.caller import SERVER
from broker.cli.care_commands import doctor, master_key
from broker.cli.completion import completion
from broker.cli.generated import register
from broker.cli.layout import ON_THE_MACHINE, Sections, Shorthand
from broker.cli.sentences import me, sentences
from broker.cli.staff_commands import staff
from broker.domain.errors import UnknownObject
from broker.services import declarative
from broker.services.configuration import summary
from broker.services.connectors import SaveConnector
from broker.services.operations import table
from broker.services.tenants import SaveDomain, SaveTenant


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
    """Make the state folder, master key, database, keys, secrets, and a link for the first owner. Safe to repeat."""
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
    """Start with the demonstration federation: two companies, two identity providers, two applications."""
    from broker.demo import start

    start.run(port)


@main.command()
@click.option("-f", "--file", "path", required=True, type=click.Path(path_type=Path), help="The declarative file (YAML).")
@click.option("--dry-run", is_flag=True, help="Show the plan; change nothing.")
@click.option("--prune", is_flag=True, help="Delete what the file does not name.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@sentences
def apply(path: Path, dry_run: bool, prune: bool, yes: bool) -> None:
    """Make configuration equal to a file. Everything in it, or nothing."""
    built = opening.open_hub()
    source = declarative.read(path)
    if prune and not dry_run and not yes:
        plan = built.configuration.apply(me(), source, dry_run=True, prune=True)
        doomed = [change for change in plan if change.action == "deleted"]
        if doomed:
            show.changes(doomed)
            click.confirm("Delete these?", abort=True)
    changes = built.configuration.apply(me(), source, dry_run=dry_run, prune=prune)
    show.changes(changes)
    click.echo(("Plan: " if dry_run else "Done: ") + summary(changes) + ".")


# --- tenants ----------------------------------------------------------------------------------------------------------


@main.group()
def tenant() -> None:
    """Customer organisations."""


@tenant.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="Name that people see.")
@click.option("--domain", "domains", multiple=True, help="Email domain that you vouch for; may be repeated.")
@sentences
def tenant_add(slug: str, name: str, domains: tuple[str, ...]) -> None:
    """Create a tenant, or change its name."""
    built = opening.open_hub()
    with built.database.unit_of_work():
        change = built.tenants.save(me(), _renamed(built, slug, name))
        have = {domain.name for domain in built.tenants.domains(change.object_id)}
        new = [domain for domain in domains if domain.strip().lower() not in have]
        changes = [change, *(built.tenants.save_domain(me(), SaveDomain(change.object_id, domain)) for domain in new)]
    show.changes(changes)


def _renamed(built: Vestibule, slug: str, name: str) -> SaveTenant:
    """Everything else about an existing tenant stays as it is."""
    try:
        found = built.tenants.get(slug)
    except UnknownObject:
        return SaveTenant(slug, name)
    kept = (found.enabled, found.session_idle_seconds, found.session_absolute_seconds, found.acceptance_rules)
    return SaveTenant(slug, name, *kept)


# --- connectors -------------------------------------------------------------------------------------------------------


@main.group()
def connector() -> None:
    """Upstream trusts: the identity providers of tenants."""


@connector.command("import-metadata")
@click.argument("source", metavar="FILE|URL")
@click.option("--tenant", "tenant_slug", help="Save for this tenant; without it nothing is saved.")
@click.option("--type", "type_name", default="saml", show_default=True, help="Connector type.")
@click.option("--slug", help="Short name of the connector; default: its type.")
@click.option("--name", help="Name that people see; default: the tenant's name.")
@click.option("--enable", is_flag=True, help="Switch it on at once.")
@click.option("--yes", is_flag=True, help="Do not ask before saving.")
@sentences
def import_metadata(
    source: str, tenant_slug: str | None, type_name: str, slug: str | None, name: str | None, enable: bool, yes: bool
) -> None:
    """Say in words what an identity provider's metadata means; then save it, if you say so."""
    built = opening.open_hub()
    is_url = source.startswith(("http://", "https://"))
    document = built.connectors.fetch_metadata(source) if is_url else opening.read_file(Path(source))
    show.understood(built.connectors.read_metadata(type_name, document))
    if tenant_slug is None:
        click.echo("Nothing was saved. Say --tenant to save it.")
        return
    found = built.tenants.get(tenant_slug)
    existing = built.connectors.find(found.id, slug or type_name)
    if not yes:
        click.confirm(f"Save as connector {slug or type_name!r} of {found.name}?", abort=True)
    settings: dict[str, Any] = {"metadata_url": source} if is_url else {}
    command = SaveConnector(
        tenant_id=found.id,
        slug=slug or type_name,
        type=type_name,
        name=name or (existing.name if existing else found.name),
        settings=settings,
        metadata=document,
        enabled=enable or (existing.enabled if existing else False),
        acceptance_rules=existing.acceptance_rules if existing else None,
        admits_guests=existing.admits_guests if existing else False,
    )
    show.changes([built.connectors.save(me(), command)])
    show.sheet(built.connectors.setup_sheet(built.connectors.get(found.id, command.slug)))


@connector.command("enable")
@click.argument("tenant_slug", metavar="TENANT")
@click.argument("slug", metavar="CONNECTOR")
@click.option("--off", is_flag=True, help="Switch it off instead.")
@sentences
def connector_enable(tenant_slug: str, slug: str, off: bool) -> None:
    """Switch a connector on or off; takes effect with the next request."""
    built = opening.open_hub()
    show.changes([built.connectors.set_enabled(me(), built.tenants.get(tenant_slug).id, slug, enabled=not off)])


@connector.command("sheet")
@click.argument("tenant_slug", metavar="TENANT")
@click.argument("slug", metavar="CONNECTOR")
@sentences
def connector_sheet(tenant_slug: str, slug: str) -> None:
    """What the identity provider's administrator must enter."""
    built = opening.open_hub()
    show.sheet(built.connectors.setup_sheet(built.connectors.get(built.tenants.get(tenant_slug).id, slug)))


# --- set-up links -----------------------------------------------------------------------------------------------------


@main.command("setup-link")
@click.argument("tenant_slug", metavar="TENANT")
@click.option("--days", default=14, show_default=True, help="How long the link works.")
@click.option("--list", "listing", is_flag=True, help="Show the tenant's links instead of making one.")
@click.option("--revoke", metavar="ID", help="Revoke a link instead of making one.")
@sentences
def setup_link(tenant_slug: str, days: int, listing: bool, revoke: str | None) -> None:
    """Print a link with which the customer's administrator connects their identity provider, without an account."""
    built = opening.open_hub()
    found = built.tenants.get(tenant_slug)
    if listing:
        rows = [
            (link.id, f"{link.expires_at:%Y-%m-%d %H:%M} UTC", "revoked" if link.revoked else "")
            for link in built.setup_links.all(found.id)
        ]
        show.table(("link", "expires", ""), rows, empty="This tenant has no set-up links.")
    elif revoke:
        built.setup_links.revoke(me(), found.id, revoke)
        click.echo("Revoked.")
    else:
        link = built.setup_links.create(me(), found.id, days=days)
        click.echo(f"{built.settings.public_url}/setup/{link.token}")
        click.echo(f"For {found.name}; works until {link.expires_at:%Y-%m-%d %H:%M} UTC; revoke with --revoke {link.id}", err=True)


# --- traces -----------------------------------------------------------------------------------------------------------


@main.group(cls=Shorthand, default="find")
def trace() -> None:
    """Sign-ins, step by step; `vestibule trace CODE` finds one."""


@trace.command("find")
@click.argument("query", metavar="CODE|EMAIL")
@sentences
def trace_find(query: str) -> None:
    """Print one login, by the reference code of its error page, or the newest ones of an email address."""
    built = opening.open_hub()
    found = built.traces.find(me(), query)
    for view in found[:1]:
        show.trace(view)
    if len(found) > 1:
        click.echo("\nEarlier logins of this address:")
        show.table(
            ("code", "when", "outcome", ""),
            [(v.code, f"{v.started_at:%Y-%m-%d %H:%M:%S}", v.outcome, v.verdict) for v in found[1:]],
        )


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


for command in (application, completion, doctor, master_key, staff):
    main.add_command(command)
register(main, table.ALL)
