"""`vestibule application …`: downstream trusts, with a snippet for a stock library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from broker import opening
from broker.app import Vestibule
from broker.cli import show
from broker.cli.sentences import me, sentences
from broker.domain import random_ids
from broker.domain.errors import InvalidSettings
from broker.services.applications import SaveApplication


@click.group()
def application() -> None:
    """Downstream trusts: the applications that people use."""


@application.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="Name that people see.")
@click.option("--protocol", type=click.Choice(["oidc", "saml"]), required=True, help="What the application speaks.")
@click.option("--tenant", "tenants", multiple=True, help="Tenant that may use it; may be repeated.")
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
    built = opening.open_hub()
    if built.applications.find(slug) is not None:
        raise InvalidSettings("There is an application of this name already; change it with vestibule apply.", field="slug")
    if all_tenants == bool(tenants):
        raise InvalidSettings("Say which tenants may use it: --tenant SLUG (repeatable) or --all-tenants.", field="tenant")
    tenant_ids = None if all_tenants else tuple(built.tenants.get(tenant).id for tenant in tenants)
    settings: dict[str, Any] = {}
    secret = ""
    document: bytes | None = None
    if protocol == "oidc":
        secret = "" if public else random_ids.secret()
        settings = {
            "client_id": f"{slug}-{random_ids.handle()[:10].lower().replace('_', 'x').replace('-', 'y')}",
            "redirect_uris": list(redirect_uris),
            "token_endpoint_auth_method": "none" if public else "client_secret_basic",
        }
    elif metadata is not None:
        is_url = metadata.startswith(("http://", "https://"))
        document = built.connectors.fetch_metadata(metadata) if is_url else opening.read_file(Path(metadata))
    else:
        settings = {"entity_id": entity_id or "", "acs_urls": list(acs_urls)}
    command = SaveApplication(
        slug, name, protocol, settings, metadata=document, client_secrets=(secret,) if secret else (), tenant_ids=tenant_ids
    )
    show.changes([built.applications.save(me(), command)])
    only_tenant = tenants[0] if len(tenants) == 1 else None
    _print_oidc(built, settings, secret, only_tenant) if protocol == "oidc" else _print_saml(built, only_tenant)


def _base(built: Vestibule, tenant: str | None) -> str:
    return built.settings.public_url if tenant is None else f"{built.settings.public_url}/t/{tenant}"


def _print_oidc(built: Vestibule, settings: dict[str, Any], secret: str, tenant: str | None) -> None:
    issuer = _base(built, tenant)
    click.echo(f"\n  issuer         {issuer}")
    click.echo(f"  discovery      {issuer}/.well-known/openid-configuration")
    click.echo(f"  client id      {settings['client_id']}")
    if secret:
        click.echo(f"  client secret  {secret}   (shown once; only a hash is stored)")
    click.echo("\n  With Authlib for Flask:\n")
    click.echo(
        f"      oauth.register('vestibule', client_id='{settings['client_id']}', client_secret='{'…' if secret else ''}',\n"
        f"          server_metadata_url='{issuer}/.well-known/openid-configuration',\n"
        "          client_kwargs={'scope': 'openid email profile', 'code_challenge_method': 'S256'})"
    )


def _print_saml(built: Vestibule, tenant: str | None) -> None:
    base = _base(built, tenant)
    click.echo(f"\n  entityID         {base}/saml/metadata")
    click.echo(f"  metadata         {base}/saml/metadata")
    click.echo(f"  single sign-on   {base}/saml/sso   (HTTP-Redirect and HTTP-POST)")
    click.echo("\n  With mod_auth_mellon:\n")
    click.echo(f"      curl -o vestibule.xml {base}/saml/metadata")
    click.echo("      MellonIdPMetadataFile vestibule.xml")
