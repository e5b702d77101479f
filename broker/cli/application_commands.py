"""`vestibule application …`: downstream trusts, with a snippet for a stock library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from broker import opening
from broker.cli import show
from broker.cli.caller import call
from broker.cli.completion import NamesFor
from broker.cli.sentences import sentences
from broker.domain.errors import InvalidSettings, UnknownObject
from broker.services.operations.application_views import DeveloperSheet, SavedApplication
from broker.services.operations.applications import ChangeApplication, OneApplication, ShowSheet
from broker.services.operations.tenants import OneTenant

_SHORT = {
    "Issuer": "issuer",
    "Discovery": "discovery",
    "Client id": "client id",
    "Redirect URI": "redirect URI",
    "Identity provider's entityID": "entityID",
    "Metadata": "metadata",
    "Single sign-on (HTTP-Redirect and HTTP-POST)": "single sign-on",
    "The application's own entityID": "its entityID",
}


@click.group()
def application() -> None:
    """Downstream trusts: the applications that people use."""


@application.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="Name that people see.")
@click.option("--protocol", type=click.Choice(["oidc", "saml"]), required=True, help="What the application speaks.")
@click.option(
    "--tenant", "tenants", multiple=True, help="Tenant that may use it; may be repeated.", shell_complete=NamesFor("tenant")
)
@click.option("--all-tenants", is_flag=True, help="Every tenant may use it.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="OpenID Connect: exact redirect URI; may be repeated.")
@click.option("--public", is_flag=True, help="OpenID Connect: a public client (browser, native), without a secret.")
@click.option("--metadata", "metadata", metavar="FILE|URL", help="SAML: the service provider's metadata.")
@click.option("--entity-id", help="SAML without metadata: the application's entityID.")
@click.option(
    "--acs", "acs_urls", multiple=True, help="SAML without metadata: assertion consumer service address; may be repeated."
)
@sentences
def application_add(
    slug: str,
    name: str,
    protocol: str,
    tenants: tuple[str, ...],
    all_tenants: bool,
    redirect_uris: tuple[str, ...],
    public: bool,
    metadata: str | None,
    entity_id: str | None,
    acs_urls: tuple[str, ...],
) -> None:
    """Register an application and print what its developer needs."""
    if _exists(slug):
        raise InvalidSettings("There is an application of this name already; change it with vestibule apply.", field="slug")
    if all_tenants == bool(tenants):
        raise InvalidSettings("Say which tenants may use it: --tenant SLUG (repeatable) or --all-tenants.", field="tenant")
    for tenant in tenants:
        call("tenant.show", OneTenant(tenant))
    settings: dict[str, Any] = {}
    document: dict[str, Any] = {}
    if protocol == "oidc":
        method = "none" if public else "client_secret_basic"
        settings = {"redirect_uris": list(redirect_uris), "token_endpoint_auth_method": method}
    elif metadata is not None:
        is_url = metadata.startswith(("http://", "https://"))
        document = {"metadata_url": metadata} if is_url else {"metadata": opening.read_text(Path(metadata))}
    else:
        settings = {"entity_id": entity_id or "", "acs_urls": list(acs_urls)}
    change = ChangeApplication(
        slug, protocol, name, settings=settings, tenants=None if all_tenants else tenants, expected_version=0, **document
    )
    made = call("application.save", change)
    show.saved("application", slug, {}, {"name": made.name})
    _print_sheet(call("application.sheet", ShowSheet(slug)), made)


def _exists(slug: str) -> bool:
    try:
        call("application.show", OneApplication(slug))
    except UnknownObject:
        return False
    return True


def _print_sheet(sheet: DeveloperSheet, made: SavedApplication) -> None:
    """What to enter at the application, with the first snippet: `vestibule application sheet` shows them all."""
    lines = [(_SHORT.get(line.label, line.label), line.value) for line in sheet.lines]
    if made.client_secret:
        lines.append(("client secret", f"{made.client_secret}   (shown once; only a hash is stored)"))
    width = max(len(label) for label, _ in lines) + 3
    click.echo()
    for label, value in lines:
        first, *more = value.splitlines() or [""]
        click.echo(f"  {label.ljust(width)}{show.safe(first)}")
        for line in more:
            click.echo(f"  {' ' * width}{show.safe(line)}")
    snippet = sheet.snippets[0]
    click.echo(f"\n  {snippet.title} (others: vestibule application sheet {made.slug}):\n")
    for line in snippet.text.splitlines():
        click.echo(f"      {show.safe(line)}".rstrip())
