"""The declarative file: YAML to typed entries, references to files and environment resolved. Nothing is written here.

tenants:
  - slug: acme
    name: Acme
    domains: [acme.example, {name: acme.fr, connectors: [adfs]}]
    hosts: [login.acme.example, {name: old.acme.example, enabled: false}]
    acceptance: [{template: pass_through_known}]
    connectors:
      - slug: adfs
        type: adfs
        name: Acme sign-in
        enabled: true
        metadata: {file: FederationMetadata.xml}      # or {url: https://…}
        settings: {client_secret: {env: ACME_SECRET}}  # any setting may be a reference
        provisioning: {unknown_people: refuse}         # its directory; tokens are made, never written down
      - {slug: entra, type: entra, name: Acme cloud, draft: true}  # addresses first; a set-up link completes it
    branding: {colour: "#0b6e4f", logo: {file: acme.png}}
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
branding: {logo: {file: hub.png}, colour: "#1c5d4c"}   # of pages that no tenant and no application has made its own
staff_sign_in: [acme/adfs]                             # connectors through which staff may sign in to the console
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from broker.domain.directory import Matching, UnknownPeople
from broker.domain.errors import InvalidSettings
from broker.services import yaml_text
from broker.services.references import KEEP, OnThisMachine, References, from_base64, in_values, is_reference

MAX_BYTES = 4 * 1024 * 1024
PICTURES = ("logo", "favicon")
Rules = list[dict[str, Any]]


class DomainEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    connectors: list[str] = msgspec.field(default_factory=list)


class HostEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    enabled: bool = True


class DirectoryEntry(msgspec.Struct, forbid_unknown_fields=True):
    enabled: bool = True
    matching: Matching = Matching.EMAIL
    unknown_people: UnknownPeople = UnknownPeople.ADMIT


class ConnectorEntry(msgspec.Struct, forbid_unknown_fields=True):
    slug: str
    type: str
    name: str
    enabled: bool = True
    metadata: dict[str, str] | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    acceptance: Rules | None = None
    admits_guests: bool = False
    provisioning: DirectoryEntry | None = None
    """Its directory. None: as it is, because the customer switches it on in the set-up portal."""
    draft: bool = False
    tenant: str | None = None


class TenantEntry(msgspec.Struct, forbid_unknown_fields=True):
    slug: str
    name: str
    enabled: bool = True
    session_idle_seconds: int = 8 * 3600
    session_absolute_seconds: int = 24 * 3600
    trace_days: int = 0
    domains: list[str | DomainEntry] = msgspec.field(default_factory=list)
    hosts: list[str | HostEntry] = msgspec.field(default_factory=list)
    """Host names of its own. A look from the hub itself switches them on."""
    acceptance: Rules = msgspec.field(default_factory=list)
    branding: dict[str, Any] = msgspec.field(default_factory=dict)
    intake: dict[str, str] | None = None
    """What the customer said about itself. None: as it is, because the customer says it in the set-up walk."""
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
    branding: dict[str, Any] = msgspec.field(default_factory=dict)


class Federation(msgspec.Struct, forbid_unknown_fields=True):
    tenants: list[TenantEntry] = msgspec.field(default_factory=list)
    connectors: list[ConnectorEntry] = msgspec.field(default_factory=list)
    applications: list[ApplicationEntry] = msgspec.field(default_factory=list)
    branding: dict[str, Any] | None = None
    """How pages look that belong to no tenant and no application. None: as it is."""
    staff_sign_in: list[str] | None = None
    """Connectors, as tenant/connector, through which staff may sign in to the console. None: as it is."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file and where its references lead. `keep_secrets`: an environment variable or value that is not given leaves
    what is stored as it is, instead of being a mistake."""

    federation: Federation
    references: References
    keep_secrets: bool = False

    def resolve(self, value: Any, where: str) -> Any:
        """A value, or what `{file: …}` or `{env: …}` refers to; lists are resolved item by item. KEEP when it stays as it is."""
        if is_reference(value):
            return self.text(value, where)
        if isinstance(value, list):
            found = [self.resolve(item, where) for item in value]
            return KEEP if any(item is KEEP for item in found) else found
        return value

    def settings(self, values: dict[str, Any], where: str) -> dict[str, Any]:
        """Every setting resolved, without those that stay as they are."""
        found = {name: self.resolve(value, f"{where}.{name}") for name, value in values.items()}
        return {name: value for name, value in found.items() if value is not KEEP}

    def text(self, reference: dict[str, str], where: str) -> Any:
        """The text, or KEEP."""
        data = self._read(reference, where)
        return data if data is KEEP else _decoded(data, where).strip()

    def document(self, reference: dict[str, str], where: str) -> bytes:
        """A document. Raises InvalidSettings when it is not there: documents are no secrets."""
        ((kind, name),) = _one_reference(reference, where)
        data = self.references.read(kind, name, where)
        if data is None:
            raise InvalidSettings(self.references.missing(kind, name), field=where)
        return data

    def picture(self, value: Any, where: str) -> bytes:
        """`{file: PATH}`, or `{base64: TEXT}` as an export has it. Raises InvalidSettings."""
        if isinstance(value, dict) and value.keys() == {"base64"}:
            return from_base64(str(value["base64"]), where)
        ((kind, name),) = _one_reference(value, where)
        if kind != "file":
            raise InvalidSettings("Write {file: PATH} or {base64: TEXT}.", field=where)
        data = self.references.read("picture", name, where)
        if data is None:
            raise InvalidSettings(self.references.missing("picture", name), field=where)
        return data

    def _read(self, reference: dict[str, str], where: str) -> Any:
        ((kind, name),) = _one_reference(reference, where)
        data = self.references.read(kind, name, where)
        if data is not None:
            return data
        if self.keep_secrets:
            return KEEP
        raise InvalidSettings(self.references.missing(kind, name), field=where)

    def gather(self) -> dict[str, str]:
        """Everything that the file refers to, to be sent along with it. Raises InvalidSettings for what is not there."""
        found: dict[str, str] = {}
        for kind, name, where in _references(self.federation):
            value = self.text({kind: name}, where)
            if value is not KEEP:
                found[f"{kind}:{name}"] = value
        for name, where in _pictures(self.federation):
            found[f"picture:{name}"] = base64.b64encode(self.picture({"file": name}, where)).decode()
        return found


def _one_reference(reference: dict[str, str], where: str) -> list[tuple[str, str]]:
    if not is_reference(reference):
        raise InvalidSettings("Write {env: NAME} or {file: PATH}.", field=where)
    return list(reference.items())


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSettings("This file is not text in UTF-8.", field=where) from error


def _references(federation: Federation) -> Iterator[tuple[str, str, str]]:
    for tenant in federation.tenants:
        for entry in tenant.connectors:
            yield from _of_entry(entry, f"{tenant.slug}/{entry.slug}")
    for application in federation.applications:
        yield from _of_entry(application, application.slug)
        yield from in_values(application.client_secrets, f"{application.slug}.client_secrets")


def _pictures(federation: Federation) -> Iterator[tuple[str, str]]:
    """(file, where) of every picture and style sheet of a branding that lies in a file."""
    brandings = [(entry.slug, entry.branding) for entry in federation.tenants]
    brandings += [(entry.slug, entry.branding) for entry in federation.applications]
    brandings.append(("hub", federation.branding or {}))
    for slug, branding in brandings:
        for place in (*PICTURES, "style"):
            value = branding.get(place)
            if isinstance(value, dict) and value.keys() == {"file"}:
                yield str(value["file"]), f"{slug}.branding.{place}"


def _of_entry(entry: ConnectorEntry | ApplicationEntry, where: str) -> Iterator[tuple[str, str, str]]:
    for name, value in entry.settings.items():
        yield from in_values(value, f"{where}.{name}")
    if entry.metadata is not None and "file" in entry.metadata:
        yield from in_values(entry.metadata, f"{where}.metadata")


def read(path: Path) -> Source:
    """Raises InvalidSettings with the place of the mistake."""
    return Source(parsed(content(path)), beside(path))


def content(path: Path) -> str:
    """Raises InvalidSettings."""
    try:
        return _decoded(path.read_bytes(), "file")
    except OSError as error:
        raise InvalidSettings(f"The file {path} cannot be read.", field="file") from error


def beside(path: Path) -> OnThisMachine:
    """References of the file at `path`: relative files lie beside it."""
    return OnThisMachine(path.absolute().parent)


def parse(data: bytes, folder: Path) -> Source:
    """See `read`. `folder` is where relative file references point."""
    return Source(parsed(data), OnThisMachine(folder))


def parsed(data: str | bytes) -> Federation:
    """The entries, connectors each below their tenant. Raises InvalidSettings with the place of the mistake."""
    if len(data) > MAX_BYTES:
        raise InvalidSettings("The file is larger than 4 MiB.", field="file")
    try:
        content = yaml_text.read(data)
    except yaml_text.YamlError as error:
        raise InvalidSettings(f"This is not YAML: {error}", field="file") from error
    try:
        federation = msgspec.convert(content or {}, Federation)
    except msgspec.ValidationError as error:
        raise InvalidSettings(str(error), field="file") from error
    _nest(federation)
    return federation


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
