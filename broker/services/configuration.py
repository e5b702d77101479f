"""Plan and apply of the declarative file: the same commands that every other face builds, in one unit of work.

A plan is an apply that is rolled back, so it cannot promise what applying would refuse.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any, NoReturn

from broker.domain.access_errors import StaleVersion
from broker.domain.branding import BrandImage, Branding
from broker.domain.errors import ConfigurationError, InvalidSettings, UnknownObject
from broker.services import branding_rules
from broker.services.actor import Actor, Verb
from broker.services.applications import Applications, SaveApplication
from broker.services.branding import Brandings
from broker.services.connectors import Connectors
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
from broker.services.declared import Read, Reading, Unnamed, save_command
from broker.services.hosts import Hosts
from broker.services.intake import Intake, Intakes
from broker.services.provisioning import Directories, SaveDirectory
from broker.services.pruning import Pruning
from broker.services.references import KEEP
from broker.services.staff.connectors import ChosenConnectors
from broker.services.tenants import SaveDomain, SaveTenant, Tenants
from broker.store import mapping
from connectors import registry

_TRIES = 3


class _RollBackError(Exception):
    """Ends the unit of work of a plan."""


def _roll_back() -> NoReturn:
    raise _RollBackError


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
        self._reading = Reading(tenants, connectors)
        self._pruning = Pruning(tenants, connectors, applications, hosts)
        self._intakes, self._brandings = Intakes(bench), Brandings(bench)
        self._staff_connectors = ChosenConnectors(bench)

    def apply(self, actor: Actor, source: Source, *, dry_run: bool = False, prune: bool = False) -> list[Change]:
        """Everything in the file, or nothing. Absent objects stay unless `prune`. Raises ConfigurationError."""
        actor.require(Verb.CONFIGURE, None)
        return self._read_and_made(actor, source, dry_run=dry_run, prune=prune)[0]

    def plan(self, actor: Actor, source: Source, *, prune: bool = False) -> tuple[list[Change], list[Unnamed]]:
        """What `apply` would do, and the drift that it would leave. Changes nothing."""
        actor.require(Verb.CONFIGURE, None)
        changes, read = self._read_and_made(actor, source, dry_run=True, prune=prune)
        return changes, self._reading.unnamed(read)

    def _read_and_made(
        self, actor: Actor, source: Source, *, dry_run: bool, prune: bool
    ) -> tuple[list[Change], dict[tuple[str, str], Read]]:
        """Again, when somebody changes a connector between the two: reading asks providers, writing must wait for nobody."""

        def once() -> tuple[list[Change], dict[tuple[str, str], Read]]:
            read = self._reading.read_all(source)
            return self._made(actor, source, read, dry_run=dry_run, prune=prune), read

        for _ in range(_TRIES - 1):
            with suppress(StaleVersion):
                return once()
        return once()

    def _made(self, actor: Actor, source: Source, read: dict[tuple[str, str], Read], *, dry_run: bool, prune: bool) -> list[Change]:
        described = {entry.slug: self._reading.description(source, entry) for entry in source.federation.applications}
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
                    changes += self._pruning.prune(actor, source)
                if dry_run:
                    _roll_back()
        except _RollBackError:
            pass
        return changes

    # --- tenants and connectors ---------------------------------------------------------------------------------------

    def _tenant(self, actor: Actor, source: Source, entry: TenantEntry, read: dict[tuple[str, str], Read]) -> list[Change]:
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
                save = save_command(tenant_id, connector, found.type, found.settings, found.metadata)
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
