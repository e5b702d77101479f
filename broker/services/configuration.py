"""Plan and apply of the declarative file: the same commands that every other face builds, in one unit of work.

A plan is an apply that is rolled back, so it cannot promise what applying would refuse.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, NoReturn

from broker.domain.branding import BrandImage, Branding
from broker.domain.errors import ConfigurationError, InvalidSettings, UnknownObject
from broker.domain.trust import Connector
from broker.services import branding_rules
from broker.services.actor import Actor, Verb
from broker.services.applications import Applications, SaveApplication
from broker.services.branding import Brandings
from broker.services.connectors import Connectors, SaveConnector, Understood
from broker.services.context import Action, Change, Workbench, difference
from broker.services.declarative import (
    PICTURES,
    ApplicationEntry,
    ConnectorEntry,
    DirectoryEntry,
    DomainEntry,
    HostEntry,
    Source,
    TenantEntry,
)
from broker.services.hosts import Hosts, tidy
from broker.services.intake import Intake, Intakes
from broker.services.provisioning import Directories, SaveDirectory
from broker.services.references import KEEP
from broker.services.staff.connectors import ChosenConnectors
from broker.services.tenants import SaveDomain, SaveTenant, Tenants
from broker.store import mapping
from connectors import registry
from connectors.contract import Discovers


class _RollBackError(Exception):
    """Ends the unit of work of a plan."""


def _roll_back() -> NoReturn:
    raise _RollBackError


@dataclass(frozen=True, slots=True)
class _Read:
    """A connector entry, understood before the unit of work begins: understanding may need the network."""

    entry: ConnectorEntry
    type: str
    settings: dict[str, Any] = field(repr=False)
    metadata: bytes | None = field(repr=False)
    understood: Understood


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A setting of a connector that is neither what the file says nor its default: applying the file would not change it."""

    connector: str
    setting: str
    value: Any


class Configuration:
    def __init__(
        self,
        bench: Workbench,
        tenants: Tenants,
        connectors: Connectors,
        applications: Applications,
        hosts: Hosts,
        directories: Directories,
    ) -> None:
        self._bench = bench
        self._directories = directories
        self._hosts = hosts
        self._tenants = tenants
        self._connectors = connectors
        self._applications = applications
        self._intakes, self._brandings = Intakes(bench), Brandings(bench)
        self._staff_connectors = ChosenConnectors(bench)

    def apply(self, actor: Actor, source: Source, *, dry_run: bool = False, prune: bool = False) -> list[Change]:
        """Everything in the file, or nothing. Absent objects stay unless `prune`. Raises ConfigurationError."""
        actor.require(Verb.CONFIGURE, None)
        return self._made(actor, source, self._read_all(source), dry_run=dry_run, prune=prune)

    def plan(self, actor: Actor, source: Source, *, prune: bool = False) -> tuple[list[Change], list[Unnamed]]:
        """What `apply` would do, and the drift that it would leave. Changes nothing."""
        actor.require(Verb.CONFIGURE, None)
        read = self._read_all(source)
        return self._made(actor, source, read, dry_run=True, prune=prune), self._unnamed(read)

    def _made(
        self, actor: Actor, source: Source, read: dict[tuple[str, str], _Read], *, dry_run: bool, prune: bool
    ) -> list[Change]:
        described = {entry.slug: self._description(source, entry) for entry in source.federation.applications}
        changes: list[Change] = []
        try:
            with self._bench.database.unit_of_work():
                for tenant in source.federation.tenants:
                    changes += self._tenant(actor, source, tenant, read)
                for application in source.federation.applications:
                    changes.append(self._application(actor, source, application, described[application.slug]))
                if source.federation.branding is not None:
                    changes.append(self._brandings.save_hub(actor, *_branding(source, "hub", source.federation.branding)))
                if source.federation.staff_sign_in is not None:
                    changes.append(self._staff_sign_in(actor, tuple(source.federation.staff_sign_in)))
                if prune:
                    changes += self._prune(actor, source)
                if dry_run:
                    _roll_back()
        except _RollBackError:
            pass
        return changes

    def _unnamed(self, entries: dict[tuple[str, str], _Read]) -> list[Unnamed]:
        """Drift that a plan cannot show, because a setting that the file leaves out keeps the value that is stored."""
        found: list[Unnamed] = []
        for (tenant_slug, slug), read in entries.items():
            existing = self._connectors.find(self._tenant_id(tenant_slug), slug)
            if existing is None or existing.type != read.type:
                continue
            differing = _differing(existing.settings, read.settings, self._plain_defaults(read))
            if differing and isinstance(registry.connector_type(read.type), Discovers):
                # The provider's own description may be the reason: asked only now, because it lies in the network.
                differing = _differing(existing.settings, read.settings, self._fresh(read, existing))
            found += [Unnamed(f"{tenant_slug}/{slug}", name, value) for name, value in differing.items()]
        return found

    def _plain_defaults(self, read: _Read) -> dict[str, Any]:
        """Settings as the entry's document alone makes them, or the defaults."""
        if read.metadata is not None:
            return mapping.plain(self._connectors.read_metadata(read.type, read.metadata).settings)
        return mapping.plain(mapping.settings_from(registry.connector_type(read.type).Settings, {}))

    def _fresh(self, read: _Read, existing: Connector) -> dict[str, Any]:
        """Settings as a new connector of this entry would have them."""
        _, secrets = mapping.split_secrets(type(existing.settings), mapping.plain(existing.settings))
        command = self._command("", read.entry, read.type, {**secrets, **read.settings}, read.metadata)
        return mapping.plain(self._connectors.understand(command).settings)

    # --- tenants and connectors ---------------------------------------------------------------------------------------

    def _read_all(self, source: Source) -> dict[tuple[str, str], _Read]:
        """Every connector entry but drafts, which say nothing yet."""
        return {
            (tenant.slug, entry.slug): self._read(source, tenant, entry)
            for tenant in source.federation.tenants
            for entry in tenant.connectors
            if not entry.draft
        }

    def _read(self, source: Source, tenant: TenantEntry, entry: ConnectorEntry) -> _Read:
        where = f"{tenant.slug}/{entry.slug}"
        settings = source.settings(entry.settings, where)
        type_name = registry.resolve(entry.type, metadata=entry.metadata is not None)
        metadata: bytes | None = None
        if entry.metadata is not None and "url" in entry.metadata:
            metadata = self._connectors.fetch_metadata(entry.metadata["url"])
            settings.setdefault("metadata_url", entry.metadata["url"])
        elif entry.metadata is not None:
            metadata = source.document(entry.metadata, f"{where}.metadata")
        try:
            command = self._command(self._tenant_id(tenant.slug), entry, type_name, settings, metadata)
            return _Read(entry, type_name, settings, metadata, self._connectors.understand(command))
        except ConfigurationError as error:
            error.field = f"{where}.{error.field}"
            raise

    def _tenant_id(self, slug: str) -> str:
        try:
            return self._tenants.get(slug).id
        except UnknownObject:
            return ""

    @staticmethod
    def _command(
        tenant_id: str, entry: ConnectorEntry, type_name: str, settings: dict[str, Any], metadata: bytes | None
    ) -> SaveConnector:
        return SaveConnector(
            tenant_id=tenant_id,
            slug=entry.slug,
            type=type_name,
            name=entry.name,
            settings=settings,
            metadata=metadata,
            enabled=entry.enabled,
            acceptance_rules=None if entry.acceptance is None else tuple(entry.acceptance),
            admits_guests=entry.admits_guests,
        )

    def _tenant(self, actor: Actor, source: Source, entry: TenantEntry, read: dict[tuple[str, str], _Read]) -> list[Change]:
        branding, pictures = _branding(source, entry.slug, entry.branding)
        command = SaveTenant(
            entry.slug,
            entry.name,
            entry.enabled,
            entry.session_idle_seconds,
            entry.session_absolute_seconds,
            tuple(entry.acceptance),
            branding,
            pictures,
            trace_days=entry.trace_days,
        )
        changes = [self._tenants.save(actor, command)]
        tenant_id = changes[0].object_id
        if entry.intake is not None:
            changes.append(self._intake(actor, tenant_id, entry.slug, entry.intake))
        ids: dict[str, str] = {}
        for connector in entry.connectors:
            if connector.draft:
                change = self._draft(actor, tenant_id, entry.slug, connector)
            else:
                found = read[(entry.slug, connector.slug)]
                save = self._command(tenant_id, connector, found.type, found.settings, found.metadata)
                change = self._connectors.save(actor, save, found.understood)
            ids[connector.slug] = change.object_id
            changes.append(change)
            if connector.provisioning is not None:
                changes.append(self._directory(actor, tenant_id, connector.slug, connector.provisioning))
        for domain in entry.domains:
            named = DomainEntry(domain) if isinstance(domain, str) else domain
            if unknown := [slug for slug in named.connectors if slug not in ids]:
                raise UnknownObject(
                    f"The domain names the connector {unknown[0]!r}, which is not in the file.", field=f"{entry.slug}.domains"
                )
            connector_ids = tuple(ids[slug] for slug in named.connectors)
            changes.append(self._tenants.save_domain(actor, SaveDomain(tenant_id, named.name, connector_ids)))
        return changes + [self._host(actor, tenant_id, entry.slug, host) for host in entry.hosts]

    def _directory(self, actor: Actor, tenant_id: str, slug: str, entry: DirectoryEntry) -> Change:
        command = SaveDirectory(entry.enabled, entry.matching, entry.unknown_people)
        return self._directories.save(actor, self._connectors.get(tenant_id, slug), command)

    def _host(self, actor: Actor, tenant_id: str, slug: str, entry: str | HostEntry) -> Change:
        named = HostEntry(entry) if isinstance(entry, str) else entry
        try:
            return self._hosts.save(actor, tenant_id, named.name, enabled=named.enabled)
        except ConfigurationError as error:
            error.field = f"{slug}.hosts"
            raise

    def _intake(self, actor: Actor, tenant_id: str, slug: str, values: dict[str, str]) -> Change:
        before = self._intakes.of(tenant_id)
        try:
            after = self._intakes.save(actor, tenant_id, mapping.settings_from(Intake, values))
        except ConfigurationError as error:
            error.field = f"{slug}.intake.{error.field}"
            raise
        changed = difference(None if before is None else asdict(before), asdict(after))
        action = Action.CREATED if before is None else Action.UPDATED if changed else Action.UNCHANGED
        return Change("intake", slug, tenant_id, action, changed)

    def _draft(self, actor: Actor, tenant_id: str, tenant_slug: str, entry: ConnectorEntry) -> Change:
        """Made when it is missing. After that it belongs to whoever completes it, and the file leaves it alone."""
        if entry.settings or entry.metadata is not None:
            raise InvalidSettings("A draft knows nothing of its provider yet.", field=f"{tenant_slug}/{entry.slug}.draft")
        existing = self._connectors.find(tenant_id, entry.slug)
        if existing is not None:
            return Change("connector", existing.slug, existing.id, Action.UNCHANGED)
        type_name = registry.resolve(entry.type, metadata=False)
        made = self._connectors.draft(actor, tenant_id, entry.slug, type_name, entry.name)
        return Change("connector", made.slug, made.id, Action.CREATED)

    # --- applications -------------------------------------------------------------------------------------------------

    def _application(self, actor: Actor, source: Source, entry: ApplicationEntry, metadata: bytes | None) -> Change:
        settings, (branding, pictures) = source.settings(entry.settings, entry.slug), _branding(source, entry.slug, entry.branding)
        secrets = source.resolve(entry.client_secrets, f"{entry.slug}.client_secrets")
        command = SaveApplication(
            slug=entry.slug,
            name=entry.name,
            protocol=entry.protocol,
            settings=settings,
            metadata=metadata,
            client_secrets=() if secrets is KEEP else tuple(secrets),
            enabled=entry.enabled,
            tenant_ids=self._tenant_ids(entry),
            connector_ids=None if entry.connectors is None else tuple(self._connector_id(name) for name in entry.connectors),
            default_connector_id=None if entry.default_connector is None else self._connector_id(entry.default_connector),
            subject_kind=entry.subject_kind,
            authorization_rules=tuple(entry.authorization),
            transform_rules=tuple(entry.transform),
            release=None if entry.release is None else tuple(entry.release),
            branding=branding,
            brand_images=pictures,
        )
        try:
            return self._applications.save(actor, command)
        except ConfigurationError as error:
            error.field = f"{entry.slug}.{error.field}"
            raise

    def _description(self, source: Source, entry: ApplicationEntry) -> bytes | None:
        """A service provider's metadata, read before the unit of work begins: it may come over the network."""
        if entry.metadata is None:
            return None
        if "url" in entry.metadata:
            return self._connectors.fetch_metadata(entry.metadata["url"])
        return source.document(entry.metadata, f"{entry.slug}.metadata")

    def _tenant_ids(self, entry: ApplicationEntry) -> tuple[str, ...] | None:
        if entry.tenants == "all":
            return None
        if isinstance(entry.tenants, str):
            raise ConfigurationError("tenants is the word all, or a list of tenant slugs.", field=f"{entry.slug}.tenants")
        return tuple(self._tenants.get(slug).id for slug in entry.tenants)

    def _connector_id(self, name: str) -> str:
        """`tenant/connector`."""
        tenant_slug, slash, slug = name.partition("/")
        if not slash:
            raise ConfigurationError(f"Write connectors as tenant/connector, not {name!r}.", field="connectors")
        return self._connectors.get(self._tenants.get(tenant_slug).id, slug).id

    # --- the hub itself -----------------------------------------------------------------------------------------------

    def _staff_sign_in(self, actor: Actor, references: tuple[str, ...]) -> Change:
        """Needs ADMINISTER, as everywhere."""
        before = [item.reference for item in self._staff_connectors.all()]
        self._staff_connectors.choose(actor, references)
        after = [item.reference for item in self._staff_connectors.all()]
        action = Action.UNCHANGED if before == after else Action.UPDATED
        return Change("hub", "staff_sign_in", "", action, {} if before == after else {"connectors": (before, after)})

    # --- prune --------------------------------------------------------------------------------------------------------

    def _prune(self, actor: Actor, source: Source) -> list[Change]:
        """Deletes what the file does not name: applications, tenants, and connectors and domains of the tenants it names."""
        changes: list[Change] = []
        applications = {entry.slug for entry in source.federation.applications}
        tenants = {entry.slug: entry for entry in source.federation.tenants}
        doomed = [found.slug for found in self._applications.all(limit=100_000) if found.slug not in applications]
        changes += [self._applications.delete(actor, slug) for slug in doomed]
        for tenant in self._tenants.all(limit=100_000):
            entry = tenants.get(tenant.slug)
            if entry is None:
                changes.append(self._tenants.delete(actor, tenant.slug))
                continue
            connectors = {connector.slug for connector in entry.connectors}
            domains = {(domain if isinstance(domain, str) else domain.name).lower() for domain in entry.domains}
            changes += [
                self._connectors.delete(actor, tenant.id, found.slug)
                for found in self._connectors.all(tenant.id)
                if found.slug not in connectors
            ]
            changes += [
                self._tenants.delete_domain(actor, tenant.id, domain.name)
                for domain in self._tenants.domains(tenant.id)
                if domain.name not in domains
            ]
            changes += self._prune_hosts(actor, tenant.id, entry)
        return changes

    def _prune_hosts(self, actor: Actor, tenant_id: str, entry: TenantEntry) -> list[Change]:
        named = {tidy(host if isinstance(host, str) else host.name) for host in entry.hosts}
        doomed = [host for host in self._hosts.of_tenant(tenant_id) if host.name not in named]
        for host in doomed:
            self._hosts.remove(actor, tenant_id, host.name, despite_use=True)
        return [Change("host", host.name, host.id, Action.DELETED) for host in doomed]


def _differing(stored: Any, named: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Stored settings that are not as expected, although the file says nothing of them. Secrets are nobody's to see."""
    values, skipped = mapping.plain(stored), {"secret", "discovered"}
    told = {item.name for item in fields(stored) if any(item.metadata.get(each) for each in skipped)} | named.keys()
    return {name: value for name, value in values.items() if name not in told and value != expected[name]}


def _branding(source: Source, owner: str, told: dict[str, Any]) -> tuple[Branding, tuple[BrandImage, ...]]:
    """With the pictures that come along. Raises InvalidSettings with the place."""
    where, values, pictures = f"{owner}.branding", dict(told), []
    try:
        for place in PICTURES:
            if isinstance(values.get(place), dict):
                pictures.append(branding_rules.read_image(place, source.picture(values[place], place)))
                values[place] = pictures[-1].id
        if given := values.get("style"):
            body = given.encode() if isinstance(given, str) else source.picture(given, "style")
            pictures.append(branding_rules.read_style(body))
            values["style"] = pictures[-1].id
        found: Branding = mapping.settings_from(Branding, values)
    except ConfigurationError as error:
        error.field = f"{where}.{error.field}"
        raise
    return found, tuple(pictures)


def summary(changes: list[Change]) -> str:
    """`3 created, 1 updated, 4 unchanged`."""
    counts = {action: sum(change.action is action for change in changes) for action in Action}
    return ", ".join(f"{count} {action}" for action, count in counts.items() if count) or "nothing to do"
