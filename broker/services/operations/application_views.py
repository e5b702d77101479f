"""What operations show of applications: settings without secrets, and what their developers need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.domain.branding import Branding
from broker.domain.trust import Application
from broker.services import snippets
from broker.services.applications import secret_id
from broker.services.operations.described import SettingView, described, shown_settings
from broker.services.operations.model import RULES, Call, argument
from broker.services.snippets import Snippet

HASHES = "client_secret_hashes"


@dataclass(frozen=True, slots=True)
class ApplicationView:
    id: str = argument("Stable id.")
    slug: str = argument("Short name.")
    name: str = argument("Name that people see.")
    protocol: str = argument("What it speaks: oidc, saml.")
    enabled: bool = argument("Whether people can sign in to it.")
    settings: dict[str, Any] = argument("Its settings by name, without secrets.")
    client_secrets: tuple[str, ...] = argument("Ids of its client secrets; nobody can read the secrets again.")
    tenants: tuple[str, ...] | None = argument("Short names of the tenants that may use it; null: all of them.")
    connectors: tuple[str, ...] | None = argument("Connectors that may be used, as tenant/connector; null: any.")
    default_connector: str | None = argument("Connector for sign-ins that an identity provider begins, as tenant/connector.")
    subject_kind: str = argument("pairwise: people have a subject of their own at it; public: the same everywhere.")
    authorization_rules: tuple[dict[str, Any], ...] = argument(f"{RULES} Who may use it.")
    transform_rules: tuple[dict[str, Any], ...] = argument(f"{RULES} What it is told.")
    release: tuple[str, ...] | None = argument("Claims that it may receive at most; null: whatever the rules make.")
    branding: Branding = argument("How its pages look.")
    version: int = argument("Rises with every change.")


@dataclass(frozen=True, slots=True)
class SavedApplication(ApplicationView):
    client_secret: str = argument(
        "The client secret that was made with a new confidential client. It is shown this once.", default="", secret=True
    )


@dataclass(frozen=True, slots=True)
class ServedApplication:
    """As much of an application as the tenants that it serves may know."""

    slug: str = argument("Short name.")
    name: str = argument("Name that people see.")
    protocol: str = argument("What it speaks: oidc, saml.")
    enabled: bool = argument("Whether people can sign in to it.")


@dataclass(frozen=True, slots=True)
class NewSecret:
    id: str = argument("Id of the secret, to remove it.")
    client_secret: str = argument("The secret itself. It is shown this once; only a hash is stored.", secret=True)


@dataclass(frozen=True, slots=True)
class ApplicationTypeView:
    protocol: str = argument("What applications of this kind speak.")
    settings: tuple[SettingView, ...] = argument("The settings that they have.")


@dataclass(frozen=True, slots=True)
class SheetLine:
    label: str = argument("What it is.")
    value: str = argument("What to enter.")


@dataclass(frozen=True, slots=True)
class DeveloperSheet:
    """What the application's developer needs to trust this hub."""

    issuer: str = argument("OpenID Connect: the issuer. SAML: our entityID.")
    lines: tuple[SheetLine, ...] = argument("What to enter at the application.")
    snippets: tuple[Snippet, ...] = argument("The same for common libraries.")


def application_views(call: Call, found: list[Application]) -> list[ApplicationView]:
    """Names of all their tenants and connectors are looked up at once."""
    tenants = call.services.tenants.slugs({one for item in found for one in item.tenant_ids or ()})
    wanted = {one for item in found for one in (*(item.connector_ids or ()), *filter(None, (item.default_connector_id,)))}
    connectors = call.services.connectors.names(wanted)
    return [_view(item, tenants, connectors) for item in found]


def _view(item: Application, tenants: dict[str, str], connectors: dict[str, str]) -> ApplicationView:
    return ApplicationView(
        id=item.id,
        slug=item.slug,
        name=item.name,
        protocol=item.protocol,
        enabled=item.enabled,
        settings=shown_settings(item.settings, without=frozenset({HASHES})),
        client_secrets=tuple(secret_id(stored) for stored in getattr(item.settings, HASHES, ())),
        tenants=_named(item.tenant_ids, tenants),
        connectors=_named(item.connector_ids, connectors),
        default_connector=connectors.get(item.default_connector_id or ""),
        subject_kind=item.subject_kind,
        authorization_rules=item.authorization_rules,
        transform_rules=item.transform_rules,
        release=None if item.release is None else tuple(sorted(item.release)),
        branding=item.branding,
        version=item.version,
    )


def _named(ids: frozenset[str] | None, names: dict[str, str]) -> tuple[str, ...] | None:
    """What has been deleted since has no name, and serves nobody."""
    return None if ids is None else tuple(sorted(names[one] for one in ids if one in names))


def served_view(item: Application) -> ServedApplication:
    return ServedApplication(item.slug, item.name, item.protocol, item.enabled)


def type_view(protocol: str, settings: type) -> ApplicationTypeView:
    return ApplicationTypeView(protocol, described(settings, without=frozenset({HASHES})))


def developer_sheet(item: Application, base: str) -> DeveloperSheet:
    """`base` is the hub's public address, or that of one tenant at it."""
    settings = item.settings
    if item.protocol == "oidc":
        public = settings.token_endpoint_auth_method == "none"
        lines = (
            SheetLine("Issuer", base),
            SheetLine("Discovery", f"{base}/.well-known/openid-configuration"),
            SheetLine("Client id", settings.client_id),
            SheetLine("Redirect URI", "\n".join(settings.redirect_uris)),
        )
        made = snippets.oidc(
            issuer=base,
            client_id=settings.client_id,
            redirect_uri=settings.redirect_uris[0],
            scopes=settings.scopes,
            public=public,
        )
        return DeveloperSheet(base, lines, made)
    entity_id = f"{base}/saml/metadata"
    lines = (
        SheetLine("Identity provider's entityID", entity_id),
        SheetLine("Metadata", entity_id),
        SheetLine("Single sign-on (HTTP-Redirect and HTTP-POST)", f"{base}/saml/sso"),
        SheetLine("The application's own entityID", settings.entity_id),
    )
    return DeveloperSheet(entity_id, lines, snippets.saml(base=base, entity_id=settings.entity_id, acs=settings.acs_urls[0]))
