"""Operations on applications: the downstream trusts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from broker.domain import random_ids
from broker.domain.access_errors import StaleVersion
from broker.domain.branding import Branding
from broker.domain.errors import InvalidSettings, UnknownObject
from broker.domain.messages import translatable
from broker.domain.place import Place
from broker.domain.trust import Application
from broker.services.actor import Verb
from broker.services.applications import SaveApplication, command_of
from broker.services.operations.application_views import (
    HASHES,
    ApplicationTypeView,
    ApplicationView,
    DeveloperSheet,
    NewSecret,
    SavedApplication,
    ServedApplication,
    application_views,
    developer_sheet,
    served_view,
    type_view,
)
from broker.services.operations.connectors import NoChoice
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

_SLUG = "Short name of the application."
_TRIES = 3


@dataclass(frozen=True, slots=True)
class ListApplications:
    search: str = argument("Only applications whose name or short name contains this.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class ListServedApplications:
    tenant: str = argument(TENANT)
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneApplication:
    application: str = argument(_SLUG)


@dataclass(frozen=True, slots=True)
class OneSecret:
    application: str = argument(_SLUG)
    secret: str = argument("Id of the client secret.")


@dataclass(frozen=True, slots=True)
class ShowSheet:
    application: str = argument(_SLUG)
    at: str = argument("Tenant whose own addresses to show; empty: the common ones, or those of its only tenant.", default="")
    own: bool = argument(
        "Show the application's own addresses: an issuer and entityID that are of no other application.", default=False
    )


@dataclass(frozen=True, slots=True)
class ChangeApplication:
    """What is not given stays as it is, or is the default of a new application."""

    application: str = argument(_SLUG)
    protocol: str | UnsetType = argument("What it speaks: oidc, saml; needed for a new one.", default=UNSET)
    name: str | UnsetType = argument("Name that people see.", default=UNSET)
    enabled: bool | UnsetType = argument("Whether people can sign in to it.", default=UNSET)
    settings: dict[str, Any] | UnsetType = argument("Settings by name (see application.types).", default=UNSET)
    metadata: str | UnsetType = argument("SAML: the service provider's metadata, as text.", default=UNSET, multiline=True)
    metadata_url: str | UnsetType = argument("SAML: address to fetch the service provider's metadata from.", default=UNSET)
    tenants: tuple[str, ...] | UnsetType | None = argument("Tenants that may use it; null: all of them.", default=UNSET)
    connectors: tuple[str, ...] | UnsetType | None = argument(
        "Connectors that may be used, as tenant/connector; null: any.", default=UNSET
    )
    default_connector: str | UnsetType | None = argument(
        "Connector for sign-ins that an identity provider begins, as tenant/connector.", default=UNSET
    )
    subject_kind: str | UnsetType = argument(
        "pairwise: people have a subject of their own at it; public: the same everywhere.",
        default=UNSET,
        choices=("pairwise", "public"),
    )
    authorization_rules: tuple[dict[str, Any], ...] | UnsetType = argument(f"{RULES} Who may use it.", default=UNSET)
    transform_rules: tuple[dict[str, Any], ...] | UnsetType = argument(f"{RULES} What it is told.", default=UNSET)
    release: tuple[str, ...] | UnsetType | None = argument(
        "Claims that it may receive at most; null: whatever the rules make.", default=UNSET
    )
    branding: Branding | UnsetType = argument("How its pages look.", default=UNSET)
    expected_version: int | None = argument(VERSION, default=None)


def _list(call: Call, asked: ListApplications) -> Page[ApplicationView]:
    limit = check_limit(asked.limit)
    found = call.services.applications.page(search=asked.search, after_slug=asked.after, limit=limit + 1)
    return page_of(application_views(call, found), limit, lambda item: item.slug)


def _served(call: Call, asked: ListServedApplications) -> Page[ServedApplication]:
    limit = check_limit(asked.limit)
    found = call.services.applications.page(serving=call.tenant.id, after_slug=asked.after, limit=limit + 1)
    return page_of([served_view(item) for item in found], limit, lambda item: item.slug)


def _show(call: Call, asked: OneApplication) -> ApplicationView:
    return application_views(call, [call.services.applications.get(asked.application)])[0]


def _save(call: Call, asked: ChangeApplication) -> SavedApplication:
    document = _metadata(call, asked)  # first: what is read afterwards is newer than the answer
    for _ in range(_TRIES - 1):
        try:
            return _saved(call, asked, document)
        except StaleVersion:
            if asked.expected_version is not None:
                raise
    return _saved(call, asked, document)


def _saved(call: Call, asked: ChangeApplication, document: bytes | None) -> SavedApplication:
    """Raises StaleVersion when somebody else changed it since it was read here: theirs is not undone."""
    applications = call.services.applications
    now = applications.find(asked.application)
    settings = _settings(asked, now)
    protocol = given(asked.protocol, "" if now is None else now.protocol)
    if now is None and protocol == "oidc":
        settings.setdefault("client_id", f"{asked.application}-{random_ids.object_id('')[1:13]}")
    confidential = protocol == "oidc" and settings.get("token_endpoint_auth_method") != "none"
    secret = random_ids.secret() if confidential and not getattr(now and now.settings, HASHES, ()) else ""
    changes: dict[str, Any] = {
        "settings": settings,
        "metadata": document,
        "client_secrets": (secret,) if secret else (),
        "expected_version": (0 if now is None else now.version) if asked.expected_version is None else asked.expected_version,
        **_targets(call, asked),
    }
    for name in ("name", "enabled", "subject_kind", "authorization_rules", "transform_rules", "release", "branding"):
        if not isinstance(value := getattr(asked, name), UnsetType):
            changes[name] = value
    if now is not None:
        command = command_of(now, protocol=protocol, **changes)
    else:
        command = SaveApplication(asked.application, changes.pop("name", asked.application), protocol, **changes)
    applications.save(call.actor, command)
    view = _show(call, OneApplication(asked.application))
    return SavedApplication(**{name: getattr(view, name) for name in ApplicationView.__dataclass_fields__}, client_secret=secret)


def _settings(asked: ChangeApplication, now: Application | None) -> dict[str, Any]:
    """What is stored, with what is asked on top. Hashes are the service's own matter: nobody sets them."""
    settings = {} if now is None else {name: msgspec.to_builtins(getattr(now.settings, name)) for name in _names(now)}
    asked_settings = given(asked.settings, {})
    if HASHES in asked_settings:
        raise InvalidSettings("Client secrets have operations of their own.", field=HASHES)
    settings.update(asked_settings)
    if settings.get("token_endpoint_auth_method") == "none" and now is not None:
        settings[HASHES] = []
    if asked.metadata is not UNSET or asked.metadata_url is not UNSET:
        # What the description says is taken over; only what is asked now goes on top of it.
        kept = {"name_id_format", "force_name_id_format", "attribute_names", "sign", "encrypt_assertions"}
        settings = {name: value for name, value in settings.items() if name in kept or name in asked_settings}
    return settings


def _names(now: Application) -> list[str]:
    return [name for name in now.settings.__dataclass_fields__ if name != HASHES]


def _metadata(call: Call, asked: ChangeApplication) -> bytes | None:
    if not isinstance(asked.metadata_url, UnsetType):
        if asked.metadata is not UNSET:
            raise InvalidSettings("Give the metadata or its address, not both.", field="metadata")
        return call.services.connectors.fetch_metadata(asked.metadata_url)
    return None if isinstance(asked.metadata, UnsetType) else asked.metadata.encode()


def _targets(call: Call, asked: ChangeApplication) -> dict[str, Any]:
    """Which tenants and connectors, by their names. Raises UnknownObject."""
    found: dict[str, Any] = {}
    if not isinstance(asked.tenants, UnsetType):
        ids = call.services.tenants.ids(asked.tenants or ())
        found["tenant_ids"] = None if asked.tenants is None else tuple(ids[slug] for slug in asked.tenants)
    if not isinstance(asked.connectors, UnsetType):
        found["connector_ids"] = None if asked.connectors is None else tuple(_connector(call, name) for name in asked.connectors)
    if not isinstance(asked.default_connector, UnsetType):
        found["default_connector_id"] = asked.default_connector and _connector(call, asked.default_connector)
    return found


def _connector(call: Call, name: str) -> str:
    tenant, slash, slug = name.partition("/")
    if not slash:
        raise InvalidSettings(f"Write connectors as tenant/connector, not {name!r}.", field="connectors")
    return call.services.connectors.get(call.services.tenants.get(tenant).id, slug).id


def _delete(call: Call, asked: OneApplication) -> Deleted:
    call.services.applications.delete(call.actor, asked.application)
    return Deleted("application", asked.application)


def _add_secret(call: Call, asked: OneApplication) -> NewSecret:
    return NewSecret(*call.services.applications.add_secret(call.actor, asked.application))


def _rotate_secret(call: Call, asked: OneApplication) -> NewSecret:
    return NewSecret(*call.services.applications.add_secret(call.actor, asked.application, retire_others=True))


def _remove_secret(call: Call, asked: OneSecret) -> Deleted:
    call.services.applications.remove_secret(call.actor, asked.application, asked.secret)
    return Deleted("client_secret", asked.secret)


def _sheet(call: Call, asked: ShowSheet) -> DeveloperSheet:
    item, public_url = call.services.applications.get(asked.application), call.services.bench.settings.public_url
    slug = asked.at
    if asked.own:
        if slug:
            raise InvalidSettings(translatable("Choose the tenant’s addresses or the application’s own, not both."), field="own")
        return developer_sheet(item, Place.of_application(public_url, item.id, item.slug).base)
    if slug and not item.serves(call.services.tenants.get(slug).id):
        raise UnknownObject(f"The application does not serve a tenant {slug!r}.", field="at")
    if not slug and item.tenant_ids is not None and len(item.tenant_ids) == 1:
        slug = next(iter(call.services.tenants.slugs(item.tenant_ids).values()), "")
    return developer_sheet(item, f"{public_url}/t/{slug}" if slug else public_url)


def _types(call: Call, asked: NoChoice) -> Page[ApplicationTypeView]:
    applications = call.services.applications
    return Page(tuple(type_view(protocol, applications.settings_type(protocol)) for protocol in applications.protocols))


_ALL = "/applications"
_ONE = f"{_ALL}/{{application}}"
_SECRETS = f"{_ONE}/secrets"
C, R = Verb.CONFIGURE, Verb.READ

OPERATIONS: tuple[Operation, ...] = (
    Operation("application.list", "All applications", R, "GET", _ALL, ListApplications, Page[ApplicationView], _list),
    Operation("application.show", "One application", R, "GET", _ONE, OneApplication, ApplicationView, _show),
    Operation(
        "application.save",
        "Create or change one; the secret of a new confidential client is shown once",
        C,
        "PUT",
        _ONE,
        ChangeApplication,
        SavedApplication,
        _save,
        sensitive=True,
    ),
    Operation("application.delete", "Delete one", C, "DELETE", _ONE, OneApplication, Deleted, _delete, sensitive=True),
    Operation(
        "application.add_secret",
        "Make another client secret; the old ones go on working",
        C,
        "POST",
        _SECRETS,
        OneApplication,
        NewSecret,
        _add_secret,
        sensitive=True,
    ),
    Operation(
        "application.rotate_secret",
        "Make a client secret in place of all others, which stop working at once",
        C,
        "POST",
        f"{_SECRETS}/rotate",
        OneApplication,
        NewSecret,
        _rotate_secret,
        sensitive=True,
    ),
    Operation(
        "application.remove_secret",
        "Remove one client secret",
        C,
        "DELETE",
        f"{_SECRETS}/{{secret}}",
        OneSecret,
        Deleted,
        _remove_secret,
        sensitive=True,
    ),
    Operation(
        "application.sheet",
        "What the application's developer needs, with lines for common libraries",
        R,
        "GET",
        f"{_ONE}/sheet",
        ShowSheet,
        DeveloperSheet,
        _sheet,
    ),
    Operation(
        "application.types",
        "The protocols of applications, with their settings",
        R,
        "GET",
        "/application-types",
        NoChoice,
        Page[ApplicationTypeView],
        _types,
    ),
    Operation(
        "tenant.applications",
        "The applications that a tenant may use",
        R,
        "GET",
        "/tenants/{tenant}/applications",
        ListServedApplications,
        Page[ServedApplication],
        _served,
    ),
)
