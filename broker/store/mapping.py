"""Row → domain object and back: the only bridge between what is stored and what logins see."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from typing import Any

import msgspec
from sqlalchemy import Row

from broker.domain.branding import Branding
from broker.domain.directory import DirectoryPolicy, Matching, UnknownPeople
from broker.domain.errors import InvalidSettings
from broker.domain.host import Host, HostState
from broker.domain.trust import Application, Connector, Domain, Tenant


def tenant(row: Row[Any]) -> Tenant:
    return Tenant(
        id=row.id,
        slug=row.slug,
        name=row.name,
        enabled=row.enabled,
        session_idle_seconds=row.session_idle_seconds,
        session_absolute_seconds=row.session_absolute_seconds,
        acceptance_rules=tuple(row.acceptance_rules),
        branding=branding(row.branding),
        trace_days=row.trace_days,
        version=row.version,
    )


def domain(row: Row[Any]) -> Domain:
    return Domain(row.name, row.tenant_id, row.proof, tuple(row.connector_ids), row.checked_at, row.missing_since)


def host(row: Row[Any]) -> Host:
    return Host(row.id, row.name, row.tenant_id, HostState(row.state))


def connector(row: Row[Any], settings_type: type, secrets: dict[str, Any]) -> Connector:
    """`secrets` are the opened values of the settings' secret fields."""
    return Connector(
        id=row.id,
        tenant_id=row.tenant_id,
        slug=row.slug,
        name=row.name,
        type=row.type,
        settings=settings_from(settings_type, {**row.settings, **secrets}),
        enabled=row.enabled,
        version=row.version,
        acceptance_rules=None if row.acceptance_rules is None else tuple(row.acceptance_rules),
        admits_guests=row.admits_guests,
        held=row.held,
    )


def directory_policy(row: Row[Any]) -> DirectoryPolicy | None:
    """None while the directory is switched off."""
    return DirectoryPolicy(Matching(row.matching), UnknownPeople(row.unknown_people)) if row.enabled else None


def application(row: Row[Any], settings_type: type) -> Application:
    return Application(
        id=row.id,
        slug=row.slug,
        name=row.name,
        protocol=row.protocol,
        settings=settings_from(settings_type, row.settings),
        enabled=row.enabled,
        version=row.version,
        tenant_ids=None if row.tenant_ids is None else frozenset(row.tenant_ids),
        connector_ids=None if row.connector_ids is None else frozenset(row.connector_ids),
        default_connector_id=row.default_connector_id,
        subject_kind=row.subject_kind,
        authorization_rules=tuple(row.authorization_rules),
        transform_rules=tuple(row.transform_rules),
        release=None if row.release is None else frozenset(row.release),
        branding=branding(row.branding),
    )


def branding(stored: dict[str, Any] | None) -> Branding:
    """A later version may have stored more than this one knows."""
    return msgspec.convert(stored or {}, Branding)


def settings_from(settings_type: type, values: dict[str, Any]) -> Any:
    """Builds a Settings dataclass from plain values, with types checked. Raises InvalidSettings naming the field."""
    known = {item.name for item in fields(settings_type)}
    for name in values:
        if name not in known:
            raise InvalidSettings(f"There is no setting {name!r}. Known: {', '.join(sorted(known))}.", field=name)
    try:
        return msgspec.convert(values, settings_type, strict=True)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`").partition("[")[0]
        raise InvalidSettings("This value is missing or of the wrong kind.", field=name or "settings", cause=str(error)) from error


def plain(settings: Any) -> dict[str, Any]:
    """The settings dataclass as JSON-ready values, secrets included: split with `split_secrets` before storing."""
    if not is_dataclass(settings) or isinstance(settings, type):
        raise TypeError("settings must be a dataclass instance")
    converted = msgspec.to_builtins(asdict(settings))
    assert isinstance(converted, dict)
    return converted


def split_secrets(settings_type: type, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what may be stored in the open, what must be sealed)."""
    secret = {item.name for item in fields(settings_type) if item.metadata.get("secret")}
    return (
        {name: value for name, value in values.items() if name not in secret},
        {name: value for name, value in values.items() if name in secret and value},
    )
