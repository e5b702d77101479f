"""What operations show of connectors: never a secret, always the words that were said when they were saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.services.connectors import Said, Understood
from broker.services.operations.described import SettingView, described, shown_secrets, shown_settings
from broker.services.operations.model import RULES, argument
from connectors import registry


@dataclass(frozen=True, slots=True)
class ConnectorView:
    id: str = argument("Stable id, as it stands in the addresses that the identity provider knows.")
    slug: str = argument("Short name within the tenant.")
    name: str = argument("Name that people see.")
    type: str = argument("Which kind of identity provider; see connector.types.")
    protocol: str = argument("What it speaks: saml, oidc. Empty when its type is not installed here.")
    enabled: bool = argument("Whether people can sign in through it.")
    ready: bool = argument("Whether it has been told about its identity provider; false for a mere draft.")
    settings: dict[str, Any] = argument("Its settings by name, without secrets.")
    secrets: dict[str, str] = argument('Of each secret setting: "set" or "not set".')
    understood: tuple[str, ...] = argument("What the identity provider's description says, in words.")
    warnings: tuple[str, ...] = argument("What somebody should look at.")
    acceptance_rules: tuple[dict[str, Any], ...] | None = argument(f"{RULES} Null: those of its tenant.")
    admits_guests: bool = argument("Whether people whose email is outside the tenant's domains may enter.")
    version: int = argument("Rises with every change.")


@dataclass(frozen=True, slots=True)
class ConnectorTypeView:
    name: str = argument("Name of the type.")
    label: str = argument("For people.")
    protocol: str = argument("What it speaks: saml, oidc.")
    reads_metadata: bool = argument("Whether its settings can be made from a metadata document.")
    settings: tuple[SettingView, ...] = argument("The settings that it has.")


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What a description means. Nothing has been saved."""

    type: str = argument("The connector type that understood it.")
    settings: dict[str, Any] = argument("The settings that it would have, without secrets.")
    understood: tuple[str, ...] = argument("The same in words.")
    warnings: tuple[str, ...] = argument("What somebody should look at.")


def connector_view(said: Said) -> ConnectorView:
    connector = said.connector
    return ConnectorView(
        id=connector.id,
        slug=connector.slug,
        name=connector.name,
        type=connector.type,
        protocol=registry.connector_type(connector.type).protocol if said.available else "",
        enabled=connector.enabled,
        ready=bool(said.understood),
        settings=shown_settings(connector.settings) if said.available else {},
        secrets=shown_secrets(connector.settings) if said.available else {},
        understood=said.understood,
        warnings=said.warnings,
        acceptance_rules=connector.acceptance_rules,
        admits_guests=connector.admits_guests,
        version=connector.version,
    )


def type_view(name: str) -> ConnectorTypeView:
    kind = registry.connector_type(name)
    reads = hasattr(kind, "settings_from_metadata")
    return ConnectorTypeView(kind.name, kind.label, kind.protocol, reads, described(kind.Settings))


def preview_view(type_name: str, understood: Understood) -> PreviewView:
    return PreviewView(type_name, shown_settings(understood.settings), understood.understood, understood.warnings)
