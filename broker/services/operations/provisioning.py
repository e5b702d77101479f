"""Operations on a connector's directory: what it decides, its tokens, and whom it has pushed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from broker.domain.directory import Matching, UnknownPeople
from broker.domain.errors import InvalidSettings
from broker.domain.trust import Connector
from broker.services.actor import Verb
from broker.services.operations.model import (
    AFTER,
    LIMIT,
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
from broker.services.provisioning import Directory, DirectoryPerson, DirectoryToken, Group, SaveDirectory
from broker.services.provisioning.directories import DEFAULT_DAYS, MAX_DAYS

_SLUG = "Short name of the connector within its tenant."
_MATCHING = "How people who sign in are found: email, by the verified address; subject, by the provider's own key."
_UNKNOWN = "What happens to people whom the directory does not know: admit or refuse."
MATCHINGS = tuple(each.value for each in Matching)
UNKNOWN = tuple(each.value for each in UnknownPeople)
STATES = ("working", "expired", "revoked")


@dataclass(frozen=True, slots=True)
class TokenOfDirectory:
    id: str = argument("Stable id, to revoke it.")
    state: str = argument("working, expired or revoked.", choices=STATES)
    created_by: str = argument("Who made it.")
    created_at: datetime = argument("When it was made.")
    expires_at: datetime = argument("Until when it works.")
    last_used_at: datetime | None = argument("When it was last used, to the minute; null: never.")


@dataclass(frozen=True, slots=True)
class NewDirectoryToken:
    id: str = argument("Stable id, to revoke it.")
    secret: str = argument("The token. It is shown this once; only a hash is stored.", secret=True)
    base_url: str = argument("The address that the directory is given together with it.")
    expires_at: datetime = argument("Until when it works.")


@dataclass(frozen=True, slots=True)
class RefusalView:
    """Requests of the directory that were refused alike."""

    at: datetime = argument("When the last of them came.")
    request: str = argument("Method and kind of address.")
    status: int = argument("HTTP status of the answer.")
    detail: str = argument("What was wrong, in words.")
    count: int = argument("How many in a row.")


@dataclass(frozen=True, slots=True)
class DirectoryView:
    """What there is of a connector's directory; one that was never switched on has version 0."""

    enabled: bool = argument("Whether it decides who may sign in, and whether it may push.")
    base_url: str = argument("The address for the directory (SCIM 2.0 base URL, tenant URL).")
    matching: str = argument(_MATCHING, choices=MATCHINGS)
    unknown_people: str = argument(_UNKNOWN, choices=UNKNOWN)
    people: int = argument("How many people it has pushed.")
    active: int = argument("How many of them are switched on.")
    groups: int = argument("How many groups it has pushed.")
    last_contact_at: datetime | None = argument("When a token was last used, to the minute; null: never.")
    token_days: int | None = argument("How many days the last of its tokens works for; null: none does.")
    refusals: tuple[RefusalView, ...] = argument("The last requests that were refused, newest first.")
    version: int = argument("Rises with every change of these settings; 0: never switched on.")


@dataclass(frozen=True, slots=True)
class DirectoryPersonView:
    id: str = argument("Id, as the directory knows it too.")
    user_name: str = argument("What the directory calls the person.")
    external_id: str = argument("The directory's own key.")
    name: str = argument("Name to show.")
    email: str = argument("Main address.")
    active: bool = argument("Whether the directory has switched the person on.")
    groups: tuple[str, ...] = argument("Names of the person's groups.")
    changed_at: datetime = argument("When the directory last changed something.")


@dataclass(frozen=True, slots=True)
class DirectoryPersonDetail:
    person: DirectoryPersonView = argument("The person.")
    attributes: dict[str, Any] = argument("Everything that the directory says of them.")
    claims: tuple[str, ...] = argument("What logins learn, one `type: value` a line.")
    became: tuple[str, ...] = argument("Ids of the people of this hub whom they became when they signed in.")


@dataclass(frozen=True, slots=True)
class DirectoryGroupView:
    id: str = argument("Id, as the directory knows it too.")
    name: str = argument("Name of the group.")
    external_id: str = argument("The directory's own key.")
    people: int = argument("How many people are in it.")
    changed_at: datetime = argument("When the directory last changed something.")


@dataclass(frozen=True, slots=True)
class OneDirectory:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)


@dataclass(frozen=True, slots=True)
class ChangeDirectory:
    """What is not given stays as it is, or is the default of a new directory."""

    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    enabled: bool | UnsetType = argument("Whether it decides who may sign in, and whether it may push.", default=UNSET)
    matching: str | UnsetType = argument(_MATCHING, default=UNSET, choices=MATCHINGS)
    unknown_people: str | UnsetType = argument(_UNKNOWN, default=UNSET, choices=UNKNOWN)
    expected_version: int | None = argument(VERSION, default=None)


@dataclass(frozen=True, slots=True)
class MakeDirectoryToken:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    days: int = argument(f"How long it works, 1 to {MAX_DAYS} days.", default=DEFAULT_DAYS)


@dataclass(frozen=True, slots=True)
class OneDirectoryToken:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    token: str = argument("Id of the token.")


@dataclass(frozen=True, slots=True)
class ListDirectoryPeople:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    search: str = argument("Only people of whom a name or address begins like this.", default="")
    state: str = argument("Only people who are on, or off.", default="", choices=("", "on", "off"))
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneDirectoryPerson:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    person: str = argument("Id of the person in the directory.")


@dataclass(frozen=True, slots=True)
class ListDirectoryGroups:
    tenant: str = argument(TENANT)
    connector: str = argument(_SLUG)
    search: str = argument("Only groups whose name begins like this.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


def _connector(call: Call, slug: str) -> Connector:
    return call.services.connectors.get(call.tenant.id, slug)


def directory_view(found: Directory) -> DirectoryView:
    return DirectoryView(
        enabled=found.enabled,
        base_url=found.base_url,
        matching=found.matching.value,
        unknown_people=found.unknown_people.value,
        people=found.people,
        active=found.active,
        groups=found.groups,
        last_contact_at=found.last_contact_at,
        token_days=found.token_days,
        refusals=tuple(RefusalView(each.at, each.request, each.status, each.said, each.count) for each in found.refusals),
        version=found.version,
    )


def _show(call: Call, asked: OneDirectory) -> DirectoryView:
    return directory_view(call.services.directories.show(_connector(call, asked.connector)))


def _save(call: Call, asked: ChangeDirectory) -> DirectoryView:
    connector = _connector(call, asked.connector)
    now = call.services.directories.show(connector)
    command = SaveDirectory(
        enabled=given(asked.enabled, now.enabled),
        matching=Matching(_one_of(given(asked.matching, now.matching.value), MATCHINGS, "matching")),
        unknown_people=UnknownPeople(_one_of(given(asked.unknown_people, now.unknown_people.value), UNKNOWN, "unknown_people")),
        expected_version=asked.expected_version,
    )
    call.services.directories.save(call.actor, connector, command)
    return _show(call, OneDirectory(asked.tenant, asked.connector))


def _one_of(value: str, known: tuple[str, ...], field: str) -> str:
    if value not in known:
        raise InvalidSettings(f"Choose one of: {', '.join(each for each in known if each)}.", field=field)
    return value


def _remove(call: Call, asked: OneDirectory) -> Deleted:
    call.services.directories.remove(call.actor, _connector(call, asked.connector))
    return Deleted("directory", asked.connector)


def _tokens(call: Call, asked: OneDirectory) -> Page[TokenOfDirectory]:
    """There are never many."""
    found = call.services.directories.show(_connector(call, asked.connector)).tokens
    return Page(tuple(token_view(each) for each in found))


def token_view(found: DirectoryToken) -> TokenOfDirectory:
    return TokenOfDirectory(found.id, found.state, found.created_by, found.created_at, found.expires_at, found.last_used_at)


def _make_token(call: Call, asked: MakeDirectoryToken) -> NewDirectoryToken:
    connector = _connector(call, asked.connector)
    made = call.services.directories.make_token(call.actor, connector, days=asked.days)
    return NewDirectoryToken(made.id, made.secret, call.services.directories.show(connector).base_url, made.expires_at)


def _revoke_token(call: Call, asked: OneDirectoryToken) -> Deleted:
    call.services.directories.revoke_token(call.actor, _connector(call, asked.connector), asked.token)
    return Deleted("directory_token", asked.token)


def _people(call: Call, asked: ListDirectoryPeople) -> Page[DirectoryPersonView]:
    limit, connector = check_limit(asked.limit), _connector(call, asked.connector)
    active = {"": None, "on": True, "off": False}[_one_of(asked.state, ("", "on", "off"), "state")]
    found = call.services.directory_people.page(
        call.tenant.id, connector.id, search=asked.search, active=active, after=asked.after, limit=limit + 1
    )
    return page_of([_person_view(each) for each in found], limit, lambda item: item.user_name)


def _person_view(found: DirectoryPerson) -> DirectoryPersonView:
    said = found.record
    return DirectoryPersonView(
        id=found.id,
        user_name=said.user_name,
        external_id=said.external_id or "",
        name=said.display_name or "",
        email=said.addresses[0][0] if said.addresses else "",
        active=said.active,
        groups=tuple(name for _, name in found.groups),
        changed_at=found.changed_at,
    )


def _person(call: Call, asked: OneDirectoryPerson) -> DirectoryPersonDetail:
    connector = _connector(call, asked.connector)
    found, became = call.services.directory_people.one(call.tenant.id, connector.id, asked.person)
    claims = tuple(f"{claim.type}: {claim.value}" for claim in found.record.claims)
    return DirectoryPersonDetail(_person_view(found), found.record.attributes, claims, tuple(became))


def _groups(call: Call, asked: ListDirectoryGroups) -> Page[DirectoryGroupView]:
    limit, connector = check_limit(asked.limit), _connector(call, asked.connector)
    found = call.services.directory_groups.page(
        call.tenant.id, connector.id, search=asked.search, after=asked.after, limit=limit + 1
    )
    cursors = {group.id: cursor for group, cursor in found}
    return page_of([_group_view(group) for group, _ in found], limit, lambda item: cursors[item.id])


def _group_view(found: Group) -> DirectoryGroupView:
    return DirectoryGroupView(found.id, found.name, found.external_id or "", found.people, found.changed_at)


_AT = "/tenants/{tenant}/connectors/{connector}/provisioning"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "provisioning.show",
        "A connector's directory: settings, counts, refusals",
        Verb.READ,
        "GET",
        _AT,
        OneDirectory,
        DirectoryView,
        _show,
    ),
    Operation(
        "provisioning.save",
        "Switch a directory on or off, or change what it decides",
        Verb.SET_UP,
        "PUT",
        _AT,
        ChangeDirectory,
        DirectoryView,
        _save,
    ),
    Operation(
        "provisioning.remove",
        "Remove a directory with everybody that it pushed, and its tokens",
        Verb.CONFIGURE,
        "DELETE",
        _AT,
        OneDirectory,
        Deleted,
        _remove,
        sensitive=True,
    ),
    Operation(
        "provisioning.tokens",
        "Tokens of a directory",
        Verb.READ,
        "GET",
        f"{_AT}/tokens",
        OneDirectory,
        Page[TokenOfDirectory],
        _tokens,
    ),
    Operation(
        "provisioning.make_token",
        "Make a token for a directory; it is shown once",
        Verb.SET_UP,
        "POST",
        f"{_AT}/tokens",
        MakeDirectoryToken,
        NewDirectoryToken,
        _make_token,
        sensitive=True,
    ),
    Operation(
        "provisioning.revoke_token",
        "Revoke a token of a directory",
        Verb.SET_UP,
        "DELETE",
        f"{_AT}/tokens/{{token}}",
        OneDirectoryToken,
        Deleted,
        _revoke_token,
        sensitive=True,
    ),
    Operation(
        "provisioning.people",
        "People that a directory has pushed",
        Verb.READ_PEOPLE,
        "GET",
        f"{_AT}/people",
        ListDirectoryPeople,
        Page[DirectoryPersonView],
        _people,
    ),
    Operation(
        "provisioning.person",
        "One of them, with everything that the directory says",
        Verb.READ_PEOPLE,
        "GET",
        f"{_AT}/people/{{person}}",
        OneDirectoryPerson,
        DirectoryPersonDetail,
        _person,
    ),
    Operation(
        "provisioning.groups",
        "Groups that a directory has pushed",
        Verb.READ_PEOPLE,
        "GET",
        f"{_AT}/groups",
        ListDirectoryGroups,
        Page[DirectoryGroupView],
        _groups,
    ),
)
