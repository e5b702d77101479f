"""The declarative file: YAML to typed entries, references to files and environment resolved. Nothing is written here.

tenants:
  - slug: acme
    name: Acme
    domains: [acme.example, {name: acme.fr, connectors: [adfs]}]
    acceptance: [{template: pass_through_known}]
    connectors:
      - slug: adfs
        type: adfs
        name: Acme sign-in
        enabled: true
        metadata: {file: FederationMetadata.xml}      # or {url: https://…}
        settings: {client_secret: {env: ACME_SECRET}}  # any setting may be a reference
applications:
  - slug: wiki
    name: Wiki
    protocol: oidc
    tenants: all                                       # or a list of slugs
    settings: {client_id: wiki, redirect_uris: [https://wiki.example/cb]}
    client_secrets: [{file: wiki.secret}]
    authorization: [{template: permit_all}]
    transform: [{template: pass_through, claim: email}]
    release: [email, name]
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from broker.domain.errors import InvalidSettings

MAX_BYTES = 4 * 1024 * 1024
Rules = list[dict[str, Any]]


class DomainEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    connectors: list[str] = msgspec.field(default_factory=list)


class ConnectorEntry(msgspec.Struct, forbid_unknown_fields=True):
    slug: str
    type: str
    name: str
    enabled: bool = True
    metadata: dict[str, str] | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    acceptance: Rules | None = None
    admits_guests: bool = False
    tenant: str | None = None


class TenantEntry(msgspec.Struct, forbid_unknown_fields=True):
    slug: str
    name: str
    enabled: bool = True
    session_idle_seconds: int = 8 * 3600
    session_absolute_seconds: int = 24 * 3600
    domains: list[str | DomainEntry] = msgspec.field(default_factory=list)
    acceptance: Rules = msgspec.field(default_factory=list)
    connectors: list[ConnectorEntry] = msgspec.field(default_factory=list)


class ApplicationEntry(msgspec.Struct, forbid_unknown_fields=True):
    slug: str
    name: str
    protocol: str
    enabled: bool = True
    tenants: str | list[str] = msgspec.field(default_factory=list)
    connectors: list[str] | None = None
    default_connector: str | None = None
    metadata: dict[str, str] | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    client_secrets: list[dict[str, str]] = msgspec.field(default_factory=list)
    subject_kind: str = "pairwise"
    authorization: Rules = msgspec.field(default_factory=lambda: [{"template": "permit_all"}])
    transform: Rules = msgspec.field(default_factory=lambda: [{"template": "pass_through_known"}])
    release: list[str] | None = None


class Federation(msgspec.Struct, forbid_unknown_fields=True):
    tenants: list[TenantEntry] = msgspec.field(default_factory=list)
    connectors: list[ConnectorEntry] = msgspec.field(default_factory=list)
    applications: list[ApplicationEntry] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file and the folder that its file references are relative to."""

    federation: Federation
    folder: Path
    environment: dict[str, str] = field(repr=False, default_factory=lambda: dict(os.environ))

    def resolve(self, value: Any, where: str) -> Any:
        """A value, or what `{file: …}` or `{env: …}` refers to; lists are resolved item by item."""
        if isinstance(value, dict) and len(value) == 1 and (value.keys() & {"file", "env"}):
            return self.text(value, where)
        if isinstance(value, list):
            return [self.resolve(item, where) for item in value]
        return value

    def text(self, reference: dict[str, str], where: str) -> str:
        if "env" in reference:
            found = self.environment.get(reference["env"])
            if found is None:
                raise InvalidSettings(f"The environment variable {reference['env']} is not set.", field=where)
            return found
        return self.bytes(reference, where).decode("utf-8").strip()

    def bytes(self, reference: dict[str, str], where: str) -> bytes:
        path = self.folder / reference["file"]
        try:
            return path.read_bytes()
        except OSError as error:
            raise InvalidSettings(f"The file {path} cannot be read.", field=where) from error


def read(path: Path) -> Source:
    """Raises InvalidSettings with the place of the mistake."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"The file {path} cannot be read.", field="file") from error
    return parse(data, path.absolute().parent)


def parse(data: bytes, folder: Path) -> Source:
    """See `read`. `folder` is where relative file references point."""
    if len(data) > MAX_BYTES:
        raise InvalidSettings("The file is larger than 4 MiB.", field="file")
    try:
        content = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"This is not YAML: {error}", field="file") from error
    try:
        federation = msgspec.convert(content or {}, Federation)
    except msgspec.ValidationError as error:
        raise InvalidSettings(str(error), field="file") from error
    _nest(federation)
    return Source(federation, folder)


def _nest(federation: Federation) -> None:
    """Connectors may also stand at the top with a `tenant` key; afterwards every one stands under its tenant."""
    tenants = {tenant.slug: tenant for tenant in federation.tenants}
    for connector in federation.connectors:
        if connector.tenant not in tenants:
            raise InvalidSettings(
                f"Connector {connector.slug!r} names a tenant that is not in the file.", field="connectors.tenant"
            )
        tenants[connector.tenant].connectors.append(connector)
    federation.connectors = []
    for kind, slugs in (
        ("tenant", [t.slug for t in federation.tenants]),
        ("application", [a.slug for a in federation.applications]),
    ):
        if duplicates := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
            raise InvalidSettings(f"The {kind} {duplicates[0]!r} occurs twice.", field=f"{kind}s")
