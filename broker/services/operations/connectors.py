"""Operations on connectors: a tenant's upstream trusts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET, UnsetType

from broker.domain.errors import InvalidSettings
from broker.domain.trust import Connector
from broker.services.actor import Verb
from broker.services.connectors import SaveConnector
from broker.services.operations.connector_views import (
    ConnectorTypeView,
    ConnectorView,
    PreviewView,
    connector_view,
    preview_view,
    type_view,
)
from broker.services.operations.model import (
    AFTER,
    LIMIT,
    RULES,
    TENANT,
    VERSION,
    Call,
    Deleted,
    Operation,
    Page,
    argument,
    check_limit,
    given,
    page_of,
)
from connectors import registry
from connectors.contract import SetupSheet

_SLUG = "Short name of the connector within its tenant."
_TYPE = "Which kind of identity provider (see connector.types); needed for a new connector."
_SETTINGS = "Settings by name. What is not named stays as it is; so do secrets, which nobody can read back."
_METADATA = "The identity provider's metadata document, as text."
_METADATA_URL = "Address to fetch the identity provider's metadata from."


@dataclass(frozen=True, slots=True)
class ListConnectors:
    tenant: str = argument(TENANT)
    search: str = argument("Only connectors whose name or short name contains this.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneConnector:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)


@dataclass(frozen=True, slots=True)
class DraftConnector:
    tenant: str = argument(TENANT)
    type: str = argument(_TYPE)
    connector: str = argument(f"{_SLUG} Empty: like its type.", default="")
    name: str = argument("Name that people see. Empty: the tenant's name.", default="")


@dataclass(frozen=True, slots=True)
class PreviewConnector:
    tenant: str = argument(TENANT)
    connector: str = argument(f"{_SLUG} It need not exist.")
    type: str | UnsetType = argument(_TYPE, default=UNSET)
    metadata: str | UnsetType = argument(_METADATA, default=UNSET, multiline=True)
    metadata_url: str | UnsetType = argument(_METADATA_URL, default=UNSET)
    settings: dict[str, Any] | UnsetType = argument(_SETTINGS, default=UNSET, holds_secrets=True)


@dataclass(frozen=True, slots=True)
class PreviewMetadata:
    type: str = argument("Which kind of identity provider (see connector.types).")
    metadata: str | UnsetType = argument(_METADATA, default=UNSET, multiline=True)
    metadata_url: str | UnsetType = argument(_METADATA_URL, default=UNSET)


@dataclass(frozen=True, slots=True)
class ChangeConnector:
    """What is not given stays as it is, or is the default of a new connector."""

    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    type: str | UnsetType = argument(_TYPE, default=UNSET)
    name: str | UnsetType = argument("Name that people see.", default=UNSET)
    metadata: str | UnsetType = argument(_METADATA, default=UNSET, multiline=True)
    metadata_url: str | UnsetType = argument(_METADATA_URL, default=UNSET)
    settings: dict[str, Any] | UnsetType = argument(_SETTINGS, default=UNSET, holds_secrets=True)
    enabled: bool | UnsetType = argument("Whether people can sign in through it.", default=UNSET)
    acceptance_rules: tuple[dict[str, Any], ...] | UnsetType | None = argument(f"{RULES} Null: those of its tenant.", default=UNSET)
    admits_guests: bool | UnsetType = argument(
        "Risk: people whose email is outside the tenant's domains may enter, unverified, keyed by subject.", default=UNSET
    )
    expected_version: int | None = argument(VERSION, default=None)


@dataclass(frozen=True, slots=True)
class NoChoice:
    """Nothing to choose."""


def _list(call: Call, asked: ListConnectors) -> Page[ConnectorView]:
    limit = check_limit(asked.limit)
    found = call.services.connectors.page(call.tenant.id, search=asked.search, after_slug=asked.after, limit=limit + 1)
    return page_of([connector_view(said) for said in found], limit, lambda item: item.slug)


def _shown(call: Call, slug: str) -> ConnectorView:
    return connector_view(call.services.connectors.said(call.tenant.id, slug))


def _show(call: Call, asked: OneConnector) -> ConnectorView:
    return _shown(call, asked.connector)


def _draft(call: Call, asked: DraftConnector) -> ConnectorView:
    type_name = registry.resolve(asked.type, metadata=True)
    slug = asked.connector or type_name
    call.services.connectors.draft(call.actor, call.tenant.id, slug, type_name, asked.name or call.tenant.name)
    return _shown(call, slug)


def _document(call: Call, asked: ChangeConnector | PreviewConnector | PreviewMetadata) -> bytes | None:
    """Fetched when an address is given for it."""
    if not isinstance(asked.metadata_url, UnsetType):
        if asked.metadata is not UNSET:
            raise InvalidSettings("Give the metadata or its address, not both.", field="metadata")
        return call.services.connectors.fetch_metadata(asked.metadata_url)
    return None if isinstance(asked.metadata, UnsetType) else asked.metadata.encode()


def _command(call: Call, asked: ChangeConnector | PreviewConnector) -> SaveConnector:
    """What is asked, over what is stored."""
    document = _document(call, asked)  # first: what is read afterwards is newer than the answer
    now = call.services.connectors.find(call.tenant.id, asked.connector)
    has_metadata = asked.metadata is not UNSET or asked.metadata_url is not UNSET
    type_name = registry.resolve(given(asked.type, "" if now is None else now.type), metadata=has_metadata)
    if not type_name:
        raise InvalidSettings("Say which type of connector it is.", field="type")
    settings = dict(given(asked.settings, {}))
    if not isinstance(asked.metadata_url, UnsetType):
        settings.setdefault("metadata_url", asked.metadata_url)
    return SaveConnector(
        call.tenant.id,
        asked.connector,
        type_name,
        call.tenant.name if now is None else UNSET,
        settings,
        document,
        enabled=UNSET,
        acceptance_rules=UNSET,
        admits_guests=UNSET,
        of_this_type=now is not None and asked.type is UNSET,
    )


def _preview(call: Call, asked: PreviewConnector) -> PreviewView:
    command = _command(call, asked)
    return preview_view(command.type, call.services.connectors.understand(command))


def _preview_metadata(call: Call, asked: PreviewMetadata) -> PreviewView:
    type_name, document = registry.resolve(asked.type, metadata=True), _document(call, asked)
    if document is None:
        raise InvalidSettings("Give the metadata or its address.", field="metadata")
    return preview_view(type_name, call.services.connectors.read_metadata(type_name, document))


def _save(call: Call, asked: ChangeConnector) -> ConnectorView:
    command = _command(call, asked)
    chosen = replace(
        command,
        name=given(asked.name, command.name),
        enabled=asked.enabled,
        acceptance_rules=asked.acceptance_rules,
        admits_guests=asked.admits_guests,
        expected_version=asked.expected_version,
    )
    call.services.connectors.save(call.actor, chosen)
    return _shown(call, asked.connector)


def _enable(call: Call, asked: OneConnector) -> ConnectorView:
    call.services.connectors.set_enabled(call.actor, call.tenant.id, asked.connector, enabled=True)
    return _shown(call, asked.connector)


def _disable(call: Call, asked: OneConnector) -> ConnectorView:
    call.services.connectors.set_enabled(call.actor, call.tenant.id, asked.connector, enabled=False)
    return _shown(call, asked.connector)


def _delete(call: Call, asked: OneConnector) -> Deleted:
    call.services.connectors.delete(call.actor, call.tenant.id, asked.connector)
    return Deleted("connector", asked.connector)


def _sheet(call: Call, asked: OneConnector) -> SetupSheet:
    connector: Connector = call.services.connectors.get(call.tenant.id, asked.connector)
    return call.services.connectors.setup_sheet(connector)


def _types(call: Call, asked: NoChoice) -> Page[ConnectorTypeView]:
    return Page(tuple(type_view(name) for name in registry.names()))


_ALL = "/tenants/{tenant}/connectors"
_ONE = f"{_ALL}/{{connector}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation("connector.list", "A tenant's connectors", Verb.READ, "GET", _ALL, ListConnectors, Page[ConnectorView], _list),
    Operation("connector.show", "One connector", Verb.READ, "GET", _ONE, OneConnector, ConnectorView, _show),
    Operation(
        "connector.draft",
        "Make an empty connector that is off, so that there are addresses to enter at the identity provider",
        Verb.SET_UP,
        "POST",
        _ALL,
        DraftConnector,
        ConnectorView,
        _draft,
    ),
    Operation(
        "connector.preview",
        "Say what an identity provider's description means; saves nothing",
        Verb.SET_UP,
        "POST",
        f"{_ONE}/preview",
        PreviewConnector,
        PreviewView,
        _preview,
    ),
    Operation(
        "connector.save", "Create or change one", Verb.SET_UP, "PUT", _ONE, ChangeConnector, ConnectorView, _save, sensitive=True
    ),
    Operation("connector.enable", "Switch it on", Verb.SET_UP, "POST", f"{_ONE}/enable", OneConnector, ConnectorView, _enable),
    Operation("connector.disable", "Switch it off", Verb.SET_UP, "POST", f"{_ONE}/disable", OneConnector, ConnectorView, _disable),
    Operation(
        "connector.delete", "Delete a connector", Verb.CONFIGURE, "DELETE", _ONE, OneConnector, Deleted, _delete, sensitive=True
    ),
    Operation(
        "connector.sheet",
        "What the identity provider's administrator must enter",
        Verb.READ,
        "GET",
        f"{_ONE}/sheet",
        OneConnector,
        SetupSheet,
        _sheet,
    ),
    Operation(
        "metadata.preview",
        "Say what a metadata document means, before there is a connector",
        Verb.SET_UP,
        "POST",
        "/connector-types/{type}/preview",
        PreviewMetadata,
        PreviewView,
        _preview_metadata,
        narrowed=True,
    ),
    Operation(
        "connector.types",
        "The kinds of identity providers, with their settings",
        Verb.READ,
        "GET",
        "/connector-types",
        NoChoice,
        Page[ConnectorTypeView],
        _types,
        narrowed=True,
    ),
)
