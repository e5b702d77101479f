"""The declarative file of what is configured. Applying it where it came from changes nothing; applying it to an empty hub makes
the same configuration there.

Only what differs from a default stands in it. Secrets stand there as references, and the result lists what they stand for.
"""

from __future__ import annotations

import base64
import re
from dataclasses import MISSING, asdict, dataclass, fields
from textwrap import wrap
from typing import Any

import msgspec
import yaml

from broker.domain.branding import Branding
from broker.domain.errors import ConfigurationError
from broker.domain.host import HostState
from broker.domain.trust import Application, Connector, Domain, Tenant
from broker.services import brand_style
from broker.services.actor import Actor, Verb
from broker.services.applications import PASS_KNOWN, PERMIT_ALL, Applications
from broker.services.branding import Brandings
from broker.services.connectors import Connectors
from broker.services.context import Workbench
from broker.services.declarative import PICTURES, DirectoryEntry
from broker.services.intake import Intake, Intakes
from broker.services.staff.connectors import ChosenConnectors
from broker.services.tenants import Tenants
from broker.store import mapping
from broker.store.tables import brand_images, directory_queries, hosts, trust_queries
from connectors import registry

_AT_ONCE = 500
_COLUMNS = 100
_HASHES = "client_secret_hashes"
_TENANT_DEFAULTS = Tenant("", "", "")
_NO_NAME = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """`secrets`: name of the environment variable → what it has to hold."""

    document: str
    secrets: dict[str, str]


class _Secrets:
    """Gives every secret a name of its own."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def reference(self, meaning: str, *parts: str) -> dict[str, str]:
        base = "_".join(_NO_NAME.sub("_", part.upper()).strip("_") for part in parts)
        base = f"_{base}" if base[0].isdigit() else base
        number, name = 1, base
        while name in self.named:  # a-b of c and a of b-c would be called the same
            number += 1
            name = f"{base}_{number}"
        self.named[name] = meaning
        return {"env": name}


class Export:
    def __init__(self, bench: Workbench, tenants: Tenants, connectors: Connectors, applications: Applications) -> None:
        self._bench = bench
        self._preparer = bench.catalog.preparer
        self._tenants = tenants
        self._connectors = connectors
        self._applications = applications

    def export(self, actor: Actor, *, only: str = "") -> Exported:
        """Everything, or one tenant with what is its own. Raises UnknownObject."""
        actor.require(Verb.READ, None)
        secrets = _Secrets()
        content: dict[str, Any] = {}
        if tenants := self._tenant_entries([self._tenants.get(only)] if only else self._every_tenant(), secrets):
            content["tenants"] = tenants
        if not only and (applications := self._application_entries(secrets)):
            content["applications"] = applications
        if not only:
            content |= self._branding_entry(Brandings(self._bench).of_hub()[0])
        if not only and actor.can(Verb.ADMINISTER) and (staff := ChosenConnectors(self._bench).all()):
            content["staff_sign_in"] = [item.reference for item in staff]
        return Exported(_header(secrets) + _yaml(content), secrets.named)

    # --- tenants ------------------------------------------------------------------------------------------------------

    def _every_tenant(self) -> list[Tenant]:
        found: list[Tenant] = []
        while part := self._tenants.all(after_slug=found[-1].slug if found else "", limit=_AT_ONCE):
            found += part
        return found

    def _tenant_entries(self, tenants: list[Tenant], secrets: _Secrets) -> list[dict[str, Any]]:
        ids = [tenant.id for tenant in tenants]
        with self._bench.database.reading() as connection:
            domain_rows = trust_queries.domains_of_many(connection, ids)
            connector_rows = trust_queries.connectors_of_many(connection, ids)
            directories = {row.connector_id: _directory_entry(row) for row in directory_queries.of_many(connection, ids)}
        domains: dict[str, list[Domain]] = {tenant_id: [] for tenant_id in ids}
        connectors: dict[str, list[Connector]] = {tenant_id: [] for tenant_id in ids}
        for row in domain_rows:
            domains[row.tenant_id].append(mapping.domain(row))
        for row in connector_rows:
            connectors[row.tenant_id].append(self._connector(row))
        intakes = Intakes(self._bench).of_many(ids)
        own_hosts = self._hosts(ids)
        return [
            self._tenant_entry(tenant, domains[tenant.id], connectors[tenant.id], secrets, directories)
            | own_hosts.get(tenant.id, {})
            | _intake_entry(intakes.get(tenant.id))
            for tenant in tenants
        ]

    def _hosts(self, tenant_ids: list[str]) -> dict[str, dict[str, Any]]:
        """By tenant, for those that have any. Whether one leads here, the hub finds out again where the file is applied."""
        found: dict[str, dict[str, Any]] = {}
        with self._bench.database.reading() as connection:
            for row in hosts.of_many(connection, tenant_ids):
                named = {"name": row.name, "enabled": False} if row.state == HostState.OFF else row.name
                found.setdefault(row.tenant_id, {"hosts": []})["hosts"].append(named)
        return found

    def _connector(self, row: Any) -> Connector:
        try:
            return self._preparer.read_connector(row)
        except ConfigurationError as error:
            error.field = f"connector {row.slug}"
            raise

    def _tenant_entry(
        self,
        tenant: Tenant,
        domains: list[Domain],
        connectors: list[Connector],
        secrets: _Secrets,
        directories: dict[str, dict[str, Any]],
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {"slug": tenant.slug, "name": tenant.name}
        for name in ("enabled", "session_idle_seconds", "session_absolute_seconds", "trace_days"):
            if getattr(tenant, name) != getattr(_TENANT_DEFAULTS, name):
                entry[name] = getattr(tenant, name)
        slugs = {connector.id: connector.slug for connector in connectors}
        if domains:
            entry["domains"] = [_domain_entry(domain, slugs) for domain in domains]
        if tenant.acceptance_rules:
            entry["acceptance"] = list(tenant.acceptance_rules)
        entry |= self._branding_entry(tenant.branding)
        if connectors:
            entry["connectors"] = [
                _connector_entry(tenant.slug, connector, secrets) | directories.get(connector.id, {}) for connector in connectors
            ]
        return entry

    # --- applications -------------------------------------------------------------------------------------------------

    def _application_entries(self, secrets: _Secrets) -> list[dict[str, Any]]:
        found: list[Application] = []
        while part := self._applications.all(after_slug=found[-1].slug if found else "", limit=_AT_ONCE):
            found += part
        tenants = self._tenants.slugs({one for item in found for one in item.tenant_ids or ()})
        wanted = {one for item in found for one in (*(item.connector_ids or ()), item.default_connector_id) if one}
        connectors = self._connectors.names(wanted)
        return [_application_entry(item, tenants, connectors, secrets) | self._branding_entry(item.branding) for item in found]

    def _branding_entry(self, branding: Branding) -> dict[str, Any]:
        chosen = {name: value for name, value in msgspec.to_builtins(branding).items() if value}
        with self._bench.database.reading() as connection:
            for place in PICTURES:
                if (picture := brand_images.find(connection, chosen.pop(place, ""))) is not None:
                    chosen[place] = {"base64": "\n".join(wrap(base64.b64encode(picture.body).decode(), _COLUMNS))}
            if (sheet := brand_images.find(connection, chosen.pop("style", ""))) is not None:
                chosen["style"] = brand_style.decode(sheet.body)
        return {"branding": chosen} if chosen else {}


def _intake_entry(intake: Intake | None) -> dict[str, Any]:
    said = {} if intake is None else {name: value for name, value in asdict(intake).items() if value}
    return {"intake": said} if said else {}


def _domain_entry(domain: Domain, slugs: dict[str, str]) -> Any:
    served = [slugs[one] for one in domain.connector_ids if one in slugs]
    return {"name": domain.name, "connectors": served} if served else domain.name


def _directory_entry(row: Any) -> dict[str, Any]:
    """What a directory decides; its people come from the customer, and its tokens are made where it is used."""
    default = DirectoryEntry()
    found = {name: getattr(row, name) for name in ("enabled", "matching", "unknown_people")}
    return {"provisioning": {name: value for name, value in found.items() if value != getattr(default, name)}}


def _connector_entry(tenant: str, connector: Connector, secrets: _Secrets) -> dict[str, Any]:
    entry: dict[str, Any] = {"slug": connector.slug, "type": connector.type, "name": connector.name}
    kind = registry.connector_type(connector.type)
    if not connector.enabled and connector.settings == mapping.settings_from(kind.Settings, {}):
        return {**entry, "draft": True}
    if not connector.enabled:
        entry["enabled"] = False
    plain, sealed = mapping.split_secrets(type(connector.settings), mapping.plain(connector.settings))
    settings = _chosen(connector.settings, plain)
    for name in sealed:
        meaning = f"{name} of the connector {connector.slug} of {tenant}"
        settings[name] = secrets.reference(meaning, tenant, connector.slug, name)
    if settings:
        entry["settings"] = settings
    if connector.acceptance_rules is not None:
        entry["acceptance"] = list(connector.acceptance_rules)
    if connector.admits_guests:
        entry["admits_guests"] = True
    return entry


def _application_entry(item: Application, tenants: dict[str, str], connectors: dict[str, str], secrets: _Secrets) -> dict[str, Any]:
    entry: dict[str, Any] = {"slug": item.slug, "name": item.name, "protocol": item.protocol}
    if not item.enabled:
        entry["enabled"] = False
    entry["tenants"] = "all" if item.tenant_ids is None else sorted(tenants[one] for one in item.tenant_ids if one in tenants)
    if item.connector_ids is not None:
        entry["connectors"] = sorted(connectors[one] for one in item.connector_ids if one in connectors)
    if item.default_connector_id in connectors:
        entry["default_connector"] = connectors[item.default_connector_id or ""]
    plain = mapping.plain(item.settings)
    hashes = plain.pop(_HASHES, ())
    entry["settings"] = _chosen(item.settings, plain)
    if hashes:
        meaning = f"client secret of the application {item.slug}"
        entry["client_secrets"] = [secrets.reference(meaning, item.slug, "client_secret") for _ in hashes]
    if item.subject_kind != "pairwise":
        entry["subject_kind"] = item.subject_kind
    if item.authorization_rules != PERMIT_ALL:
        entry["authorization"] = list(item.authorization_rules)
    if item.transform_rules != PASS_KNOWN:
        entry["transform"] = list(item.transform_rules)
    if item.release is not None:
        entry["release"] = sorted(item.release)
    return entry


def _chosen(settings: Any, plain: dict[str, Any]) -> dict[str, Any]:
    """Settings that are not as they would be without saying anything."""
    found = {}
    for item in fields(settings):
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        usual = None if default is MISSING else msgspec.to_builtins(default)
        same = default is not MISSING and _listed(plain.get(item.name)) == _listed(usual)
        if item.name in plain and not same and not item.metadata.get("discovered"):
            found[item.name] = plain[item.name]
    return found


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


# --- as text ----------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Text of several lines, like certificates, stands as it is; lists are indented below their key; nothing is an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(list(value)))


def _yaml(content: dict[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120) if content else "{}\n"


def _header(secrets: _Secrets) -> str:
    lines = ["# Configuration of Vestibule, for `vestibule apply`."]
    if secrets.named:
        lines.append("# Secrets are not in it. These environment variables have to be set, or --keep-secrets said:")
        lines += [f"#   {name}: {meaning}" for name, meaning in secrets.named.items()]
    return "\n".join(lines) + "\n"
