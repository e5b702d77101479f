"""`vestibule tenant add`, `connector import-metadata`, `connector enable`, `setup-link`: what people do most, in one step each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from msgspec import UNSET, to_builtins

from broker import opening
from broker.cli import show
from broker.cli.caller import call, every_page
from broker.cli.completion import NamesFor
from broker.cli.generated import print_json
from broker.cli.sentences import sentences
from broker.domain.errors import UnknownObject
from broker.domain.messages import LANGUAGES
from broker.services.operations.configuration import PlanConfiguration
from broker.services.operations.connector_views import ConnectorView
from broker.services.operations.connectors import ChangeConnector, OneConnector, PreviewMetadata
from broker.services.operations.domains import ListDomains
from broker.services.operations.setup_links import CreateSetupLink, ListSetupLinks, OneSetupLink
from broker.services.operations.tenants import OneTenant
from broker.services.setup_links import DEFAULT_DAYS

TENANT = click.argument("tenant", metavar="TENANT", shell_complete=NamesFor("tenant"))
CONNECTOR = click.argument("slug", metavar="CONNECTOR", shell_complete=NamesFor("connector"))
_NOT_SHOWN = frozenset({"id", "version", "understood", "warnings", "protocol", "ready"})


@click.group()
def tenant() -> None:
    """Customer organisations."""


@tenant.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="Name that people see.")
@click.option("--domain", "domains", multiple=True, help="Email domain that you vouch for; may be repeated.")
@sentences
def tenant_add(slug: str, name: str, domains: tuple[str, ...]) -> None:
    """Create a tenant, or change its name."""
    entry = {"slug": slug, **_as_it_is(slug), "name": name}
    have = {domain.name for domain in every_page("domain.list", ListDomains(slug)).items} if len(entry) > 2 else set()
    entry["domains"] = [domain for domain in domains if domain.strip().lower() not in have]
    # One file of configuration, so that a domain that is refused leaves no tenant behind.
    done = call("configuration.apply", PlanConfiguration(json.dumps({"tenants": [entry]})))
    show.changes(done.changes)


def _as_it_is(slug: str) -> dict[str, Any]:
    """Everything else about an existing tenant stays as it is."""
    try:
        found = to_builtins(call("tenant.show", OneTenant(slug)))
    except UnknownObject:
        return {}
    kept = ("enabled", "session_idle_seconds", "session_absolute_seconds", "trace_days", "branding")
    return {**{name: found[name] for name in kept}, "acceptance": found["acceptance_rules"]}


@click.group()
def connector() -> None:
    """Upstream trusts: the identity providers of tenants."""


@connector.command("import-metadata")
@click.argument("source", metavar="FILE|URL")
@click.option("--tenant", help="Save for this tenant; without it nothing is saved.", shell_complete=NamesFor("tenant"))
@click.option("--type", "type_name", default="saml", show_default=True, help="Connector type.")
@click.option("--slug", help="Short name of the connector; default: its type.")
@click.option("--name", help="Name that people see; default: the tenant's name.")
@click.option("--enable", is_flag=True, help="Switch it on at once.")
@click.option("--yes", is_flag=True, help="Do not ask before saving.")
@sentences
def import_metadata(
    source: str, tenant: str | None, type_name: str, slug: str | None, name: str | None, enable: bool, yes: bool
) -> None:
    """Say in words what an identity provider's metadata means; then save it, if you say so."""
    is_url = source.startswith(("http://", "https://"))
    document: dict[str, Any] = {"metadata_url": source} if is_url else {"metadata": opening.read_text(Path(source))}
    show.understood(call("metadata.preview", PreviewMetadata(type_name, **document)))
    if tenant is None:
        click.echo("Nothing was saved. Say --tenant to save it.")
        return
    found, wanted = call("tenant.show", OneTenant(tenant)), slug or type_name
    if not yes:
        click.confirm(f"Save as connector {wanted!r} of {show.safe(found.name)}?", abort=True)
    before = _connector(tenant, wanted)
    change = ChangeConnector(tenant, wanted, type_name, name or UNSET, enabled=True if enable else UNSET, **document)
    _changed(before, call("connector.save", change))
    show.sheet(call("connector.sheet", OneConnector(tenant, wanted)))


@connector.command("enable")
@TENANT
@CONNECTOR
@click.option("--off", is_flag=True, help="Switch it off instead.")
@sentences
def connector_enable(tenant: str, slug: str, off: bool) -> None:
    """Switch a connector on or off; takes effect with the next request."""
    one = OneConnector(tenant, slug)
    before = call("connector.show", one)
    _changed(before, call("connector.disable" if off else "connector.enable", one))


def _connector(tenant: str, slug: str) -> ConnectorView | None:
    try:
        found: ConnectorView = call("connector.show", OneConnector(tenant, slug))
    except UnknownObject:
        return None
    return found


def _changed(before: ConnectorView | None, after: ConnectorView) -> None:
    old, new = ({} if one is None else _told(one) for one in (before, after))
    show.saved("connector", after.slug, old, new, notes=after.warnings)


def _told(found: ConnectorView) -> dict[str, Any]:
    return {name: value for name, value in to_builtins(found).items() if name not in _NOT_SHOWN}


@click.command("setup-link")
@TENANT
@click.option("--days", default=DEFAULT_DAYS, show_default=True, help="How long the link works.")
@click.option("--label", default="", help="For whom it is; only staff see it.")
@click.option("--list", "listing", is_flag=True, help="Show the tenant's links instead of making one.")
@click.option("--revoke", metavar="ID", help="Revoke a link instead of making one.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the management API.")
@click.option("--return-url", default="", help="Page of your own product to which its pages lead back.")
@click.option("--mail-to", default="", help="Mail it to this address as well; needs a mail server (VESTIBULE_SMTP_URL).")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help="Of that mail.")
@sentences
def setup_link(
    tenant: str,
    days: int,
    label: str,
    listing: bool,
    revoke: str | None,
    as_json: bool,
    return_url: str,
    mail_to: str,
    language: str,
) -> None:
    """Print a link with which a customer connects its identity provider. Whoever has it needs no account."""
    if listing:
        found = every_page("setup_link.list", ListSetupLinks(tenant))
        print_json(found) if as_json else _list_links(found.items)
    elif revoke:
        gone = call("setup_link.revoke", OneSetupLink(tenant, revoke))
        print_json(gone) if as_json else click.echo("Revoked.")
    else:
        name = call("tenant.show", OneTenant(tenant)).name
        link = call("setup_link.create", CreateSetupLink(tenant, days, label, return_url, mail_to, language))
        print_json(link) if as_json else click.echo(link.url)
        until = f"{link.expires_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"For {show.safe(name)}; works until {until}; revoke with --revoke {link.id}", err=True)
        if mail_to:
            click.echo(link.mail_problem or f"Mailed to {show.safe(link.mailed_to)}.", err=True)


def _list_links(links: tuple[Any, ...]) -> None:
    rows = [(link.id, f"{link.expires_at:%Y-%m-%d %H:%M} UTC", link.state, link.label, link.created_by) for link in links]
    show.table(("link", "expires", "state", "label", "made by"), rows, empty="This tenant has no set-up links.")
