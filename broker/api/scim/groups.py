"""`/Groups` (RFC 7644 3): a group of the directory as a document, and back."""

from __future__ import annotations

from dataclasses import replace as with_changes
from typing import Any

from flask import Response

from broker.api.scim import answers, wanted
from broker.api.scim.face import Asked, Resources, ScimFace, expected_version
from broker.api.scim.people import meta
from broker.api.scim.wanted import MAX_GROUPS_WITH_MEMBERS, MAX_MEMBERS_SHOWN, Listing
from broker.protocols.scim import groups as grammar
from broker.protocols.scim import names, patch
from broker.services.provisioning import Group
from broker.services.provisioning.groups import ChangeGroup


def index(face: ScimFace, asked: Asked, listing: Listing) -> Response:
    total, found = page(face, asked, listing)
    return answers.listed(found, total, listing.start)


def page(face: ScimFace, asked: Asked, listing: Listing) -> tuple[int, list[dict[str, Any]]]:
    members = listing.shows("members")
    if members:
        listing = with_changes(listing, count=min(listing.count, MAX_GROUPS_WITH_MEMBERS))
    total, found = face.groups.search(
        asked.caller,
        wanted.groups(listing.filter),
        skip=listing.start - 1,
        limit=listing.count,
        members=MAX_MEMBERS_SHOWN if members else 0,
    )
    return total, [wanted.project(document(group, asked.base), listing) for group in found]


def create(face: ScimFace, asked: Asked) -> Response:
    made = face.groups.create(asked.caller, _command(grammar.read_group(asked.body())))
    return _shown(face, asked, made.id, status=201)


def show(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    return _shown(face, asked, resource_id)


def replace(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    return _change(face, asked, resource_id, grammar.read_group(asked.body()))


def modify(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    return _change(face, asked, resource_id, grammar.apply_to_group(patch.read(asked.body())))


def _change(face: ScimFace, asked: Asked, group_id: str, change: grammar.GroupChange) -> Response:
    face.groups.change(asked.caller, group_id, _command(change), expected_version=expected_version(asked))
    return _shown(face, asked, group_id)


def remove(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    face.groups.delete(asked.caller, resource_id, expected_version=expected_version(asked))
    return answers.nothing()


def _command(change: grammar.GroupChange) -> ChangeGroup:
    return ChangeGroup(change.name, change.external_id, change.emptied, frozenset(change.added), frozenset(change.removed))


def _shown(face: ScimFace, asked: Asked, group_id: str, *, status: int = 200) -> Response:
    listing = wanted.listing(asked.query)
    group = face.groups.get(asked.caller, group_id, members=MAX_MEMBERS_SHOWN if listing.shows("members") else 0)
    return answers.shown(wanted.project(document(group, asked.base), listing), asked, status=status)


def document(group: Group, base: str) -> dict[str, Any]:
    """RFC 7643 8.4."""
    found: dict[str, Any] = {"schemas": [names.GROUP], "id": group.id, "displayName": group.name}
    if group.external_id:
        found["externalId"] = group.external_id
    if group.members:
        found["members"] = [
            {"value": person_id, "$ref": f"{base}/Users/{person_id}", "type": "User"} for person_id in group.members
        ]
    address = f"{base}/Groups/{group.id}"
    return {**found, "meta": meta("Group", address, group.version, group.created_at, group.changed_at)}


GROUPS = Resources(index, page, create, show, replace, modify, remove)
