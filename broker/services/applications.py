"""Applications: the downstream trusts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from broker.domain import random_ids
from broker.domain.branding import BrandImage, Branding
from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.domain.trust import Application
from broker.login.downstream import configurable
from broker.rules.aliases import canonical_type
from broker.rules.templates import AUTHORIZATION_TEMPLATES, compile_rules
from broker.services import branding_rules
from broker.services.actor import Actor, Verb
from broker.services.context import HIDDEN, Action, Change, Workbench, check_version, difference, record, stored_branding
from broker.services.tenants import check_name, check_slug, check_transform_rules
from broker.store import mapping
from broker.store.tables import key_queries, trust_queries

PERMIT_ALL: tuple[dict[str, Any], ...] = ({"template": "permit_all"},)
MAX_SECRETS = 5
PASS_KNOWN: tuple[dict[str, Any], ...] = ({"template": "pass_through_known"},)


@dataclass(frozen=True, slots=True)
class SaveApplication:
    """Creates or changes the application with this slug. `tenant_ids` None means every tenant.

    `metadata`: a SAML service provider's description. `client_secrets`: in the open, hashed before anything is stored;
    empty keeps those that exist. Without `authorization_rules` everybody of the served tenants is permitted, and that
    rule is written down explicitly.
    """

    slug: str
    name: str
    protocol: str
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    metadata: bytes | None = field(default=None, repr=False)
    client_secrets: tuple[str, ...] = field(default=(), repr=False)
    enabled: bool = True
    tenant_ids: tuple[str, ...] | None = ()
    connector_ids: tuple[str, ...] | None = None
    default_connector_id: str | None = None
    subject_kind: str = "pairwise"
    authorization_rules: tuple[dict[str, Any], ...] = PERMIT_ALL
    transform_rules: tuple[dict[str, Any], ...] = PASS_KNOWN
    release: tuple[str, ...] | None = None
    branding: Branding = Branding()
    brand_images: tuple[BrandImage, ...] = field(default=(), repr=False)
    expected_version: int | None = None


class Applications:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._preparer = bench.catalog.preparer

    def get(self, slug: str) -> Application:
        """Raises UnknownObject."""
        found = self.find(slug)
        if found is None:
            raise UnknownObject(f"There is no application {slug!r}.", field="application")
        return found

    def slugs(self, application_ids: Collection[str]) -> dict[str, str]:
        """Id → slug of many at once."""
        with self._bench.database.reading() as connection:
            return {row.id: row.slug for row in trust_queries.application_names(connection, application_ids)}

    def find(self, slug: str) -> Application | None:
        with self._bench.database.reading() as connection:
            row = trust_queries.application_by_slug(connection, slug)
        return None if row is None else self._preparer.read_application(row)

    def all(self, *, after_slug: str = "", limit: int = 1000) -> list[Application]:
        with self._bench.database.reading() as connection:
            rows = trust_queries.list_applications(connection, after_slug=after_slug, limit=limit)
        return [self._preparer.read_application(row) for row in rows]

    def page(self, *, search: str = "", serving: str | None = None, after_slug: str = "", limit: int = 50) -> list[Application]:
        """By slug. `serving`: the id of a tenant; only those that it may use."""
        with self._bench.database.reading() as connection:
            rows = trust_queries.applications_page(
                connection, search=search.strip(), serving=serving, after=after_slug, limit=limit
            )
        return [self._preparer.read_application(row) for row in rows]

    def settings_type(self, protocol: str) -> type:
        """The settings of applications that speak it. Raises InvalidSettings."""
        if protocol not in self.protocols:
            raise InvalidSettings(f"protocol is one of {', '.join(self.protocols)}.", field="protocol")
        found: type = self._preparer.downstream[protocol].Settings
        return found

    @property
    def protocols(self) -> tuple[str, ...]:
        return tuple(configurable(self._preparer.downstream))

    def save(self, actor: Actor, command: SaveApplication) -> Change:
        """Raises InvalidSettings, InvalidMetadata, Conflict (two applications with one client id or entityID)."""
        actor.require(Verb.CONFIGURE, None)
        self._check(command)
        protocol = self._preparer.downstream[command.protocol]
        bench = self._bench
        with bench.database.unit_of_work() as connection:
            row = trust_queries.application_to_change(connection, command.slug)
            existing = None if row is None else self._preparer.read_application(row)
            check_version(command.expected_version, None if existing is None else existing.version)
            if existing is not None and existing.protocol != command.protocol:
                raise Conflict("The protocol of an application cannot change; make a new one.", field="protocol")
            application = Application(
                id=random_ids.object_id("app") if existing is None else existing.id,
                slug=command.slug,
                name=check_name(command.name),
                protocol=command.protocol,
                settings=self._settings(command, existing),
                enabled=command.enabled,
                version=1 if existing is None else existing.version + 1,
                tenant_ids=None if command.tenant_ids is None else frozenset(command.tenant_ids),
                connector_ids=None if command.connector_ids is None else frozenset(command.connector_ids),
                default_connector_id=command.default_connector_id,
                subject_kind=command.subject_kind,
                authorization_rules=command.authorization_rules,
                transform_rules=command.transform_rules,
                release=None if command.release is None else frozenset(canonical_type(name) for name in command.release),
                branding=branding_rules.check(command.branding),
            )
            self._preparer.application(application)
            branding_rules.store_images(connection, application.id, application.branding, command.brand_images, bench.clock)
            changed = _without_hashes(difference(None if existing is None else _shown(existing), _shown(application)))
            if existing is not None and not changed:
                return Change("application", command.slug, existing.id, Action.UNCHANGED)
            keys = protocol.lookup_keys(application)
            for key in keys:
                owner = trust_queries.application_id_by_key(connection, application.protocol, key)
                if owner not in (None, application.id):
                    raise Conflict("Another application has this client id or entityID already.", field="settings", cause=key)
            values = {**_shown(application), "id": application.id, "slug": application.slug, "version": application.version}
            if existing is None:
                values["created_at"] = bench.clock.now()
            trust_queries.save_application(connection, values, exists=existing is not None)
            trust_queries.set_application_keys(connection, application.protocol, application.id, keys)
            action = Action.CREATED if existing is None else Action.UPDATED
            record(
                bench, actor, kind="application", object_id=application.id, tenant_id=None, action=action, fields_changed=changed
            )
        return Change("application", command.slug, application.id, action, changed)

    def delete(self, actor: Actor, slug: str) -> Change:
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            application = self.get(slug)
            trust_queries.delete_application(connection, application.id)
            key_queries.remove_keys_of(connection, application.id)
            record(
                self._bench,
                actor,
                kind="application",
                object_id=application.id,
                tenant_id=None,
                action=Action.DELETED,
                fields_changed={},
            )
        return Change("application", slug, application.id, Action.DELETED)

    # --- client secrets -----------------------------------------------------------------------------------------------

    def add_secret(self, actor: Actor, slug: str, *, retire_others: bool = False) -> tuple[str, str]:
        """(its id, the secret). Both old and new work until the old one is removed, so that nothing stops meanwhile."""
        actor.require(Verb.CONFIGURE, None)
        secret = random_ids.secret()
        made = self._bench.keyring.hash_client_secret(secret)
        with self._bench.database.unit_of_work() as connection:
            trust_queries.application_to_change(connection, slug)
            kept = self._hashes(slug)
            if not retire_others and len(kept) >= MAX_SECRETS:
                raise Conflict(f"An application has at most {MAX_SECRETS} client secrets; remove one first.", field="secret")
            self._store_hashes(actor, slug, (made,) if retire_others else (*kept, made))
        return secret_id(made), secret

    def remove_secret(self, actor: Actor, slug: str, wanted: str) -> None:
        """Raises UnknownObject; Conflict for the last one."""
        actor.require(Verb.CONFIGURE, None)
        with self._bench.database.unit_of_work() as connection:
            trust_queries.application_to_change(connection, slug)
            hashes = self._hashes(slug)
            kept = tuple(stored for stored in hashes if secret_id(stored) != wanted)
            if len(kept) == len(hashes):
                raise UnknownObject("The application has no such client secret.", field="secret")
            if not kept:
                raise Conflict("This is the last client secret. Add another one first.", field="secret")
            self._store_hashes(actor, slug, kept)

    def _hashes(self, slug: str) -> tuple[str, ...]:
        settings = self.get(slug).settings
        if not getattr(settings, "client_secret_hashes", ()):
            raise InvalidSettings("This application has no client secrets: it is a public client, or speaks SAML.", field="secret")
        return tuple(settings.client_secret_hashes)

    def _store_hashes(self, actor: Actor, slug: str, hashes: tuple[str, ...]) -> None:
        now = self.get(slug)
        settings = {**mapping.plain(now.settings), "client_secret_hashes": list(hashes)}
        self.save(actor, command_of(now, settings=settings))

    def _check(self, command: SaveApplication) -> None:
        check_slug(command.slug)
        self.settings_type(command.protocol)
        if command.subject_kind not in {"pairwise", "public"}:
            raise InvalidSettings("subject_kind is pairwise or public.", field="subject_kind")
        check_transform_rules(command.transform_rules, "transform")
        compile_rules(command.authorization_rules, field="authorization")
        for number, rule in enumerate(command.authorization_rules, 1):
            if rule["template"] not in AUTHORIZATION_TEMPLATES:
                raise InvalidSettings(f"{rule['template']} is no authorization rule.", field=f"authorization[{number}]")

    def _settings(self, command: SaveApplication, existing: Application | None) -> Any:
        protocol = self._preparer.downstream[command.protocol]
        values: dict[str, Any] = {}
        if command.metadata is not None:
            if not hasattr(protocol, "settings_from_metadata"):
                raise InvalidSettings(f"An application of protocol {command.protocol} takes no metadata.", field="metadata")
            values = dict(protocol.settings_from_metadata(command.metadata, self._bench.clock.now()))
        values.update(command.settings)
        if command.client_secrets:
            values["client_secret_hashes"] = [self._bench.keyring.hash_client_secret(secret) for secret in command.client_secrets]
        elif existing is not None and (kept := getattr(existing.settings, "client_secret_hashes", None)):
            values.setdefault("client_secret_hashes", list(kept))
        return mapping.settings_from(protocol.Settings, values)


def secret_id(stored: str) -> str:
    """By what a client secret is named without saying anything about it: a piece of the hash of its keyed hash."""
    return f"sec_{hashlib.sha256(stored.encode()).hexdigest()[:12]}"


def command_of(now: Application, **changes: Any) -> SaveApplication:
    """Saves the application as it is, but for `changes`."""
    held: dict[str, Any] = {
        "slug": now.slug,
        "name": now.name,
        "protocol": now.protocol,
        "settings": mapping.plain(now.settings),
        "enabled": now.enabled,
        "tenant_ids": None if now.tenant_ids is None else tuple(sorted(now.tenant_ids)),
        "connector_ids": None if now.connector_ids is None else tuple(sorted(now.connector_ids)),
        "default_connector_id": now.default_connector_id,
        "subject_kind": now.subject_kind,
        "authorization_rules": now.authorization_rules,
        "transform_rules": now.transform_rules,
        "release": None if now.release is None else tuple(sorted(now.release)),
        "branding": now.branding,
    }
    return SaveApplication(**{**held, **changes})


def _without_hashes(changed: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Plans and the audit log say that secrets changed, and keep nothing of them."""
    name = "settings.client_secret_hashes"
    if name not in changed:
        return changed
    before, after = changed[name]
    return {**changed, name: (HIDDEN if before else None, f"{HIDDEN} (new)" if after else None)}


def _shown(application: Application) -> dict[str, Any]:
    return {
        "name": application.name,
        "protocol": application.protocol,
        "enabled": application.enabled,
        "settings": mapping.plain(application.settings),
        "tenant_ids": None if application.tenant_ids is None else sorted(application.tenant_ids),
        "connector_ids": None if application.connector_ids is None else sorted(application.connector_ids),
        "default_connector_id": application.default_connector_id,
        "subject_kind": application.subject_kind,
        "authorization_rules": list(application.authorization_rules),
        "transform_rules": list(application.transform_rules),
        "release": None if application.release is None else sorted(application.release),
        "branding": stored_branding(application.branding),
    }
