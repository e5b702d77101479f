"""`/Users` (RFC 7644 3): a person of the directory as a document, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from broker.api.scim import answers, wanted
from broker.api.scim.face import Asked, Resources, ScimFace, expected_version
from broker.api.scim.learned import claims_of
from broker.api.scim.wanted import Listing
from broker.protocols.scim import names, patch, values
from broker.services.provisioning import DirectoryPerson, PersonRecord
from broker.services.provisioning.people import addresses_of


def index(face: ScimFace, asked: Asked, listing: Listing) -> Response:
    total, found = page(face, asked, listing)
    return answers.listed(found, total, listing.start)


def page(face: ScimFace, asked: Asked, listing: Listing) -> tuple[int, list[dict[str, Any]]]:
    total, found = face.people.search(
        asked.caller, wanted.people(listing.filter), skip=listing.start - 1, limit=listing.count, groups=listing.shows("groups")
    )
    return total, [wanted.project(document(person, asked.base), listing) for person in found]


def create(face: ScimFace, asked: Asked) -> Response:
    person = face.people.create(asked.caller, record_of({"active": True, **values.read_user(asked.body())}))
    return _shown(person, asked, status=201)


def show(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    return _shown(face.people.get(asked.caller, resource_id), asked)


def replace(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    user, version = values.read_user(asked.body()), expected_version(asked)

    def rewrite(before: PersonRecord) -> PersonRecord:
        # Whoever is switched off is not switched on by a change that does not speak of it.
        return record_of({"active": before.active, **user})

    return _shown(face.people.change(asked.caller, resource_id, rewrite, expected_version=version), asked)


def modify(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    operations, version = patch.read(asked.body()), expected_version(asked)

    def rewrite(before: PersonRecord) -> PersonRecord:
        return record_of(patch.apply_to_user(before.attributes, operations), active=before.active)

    return _shown(face.people.change(asked.caller, resource_id, rewrite, expected_version=version), asked)


def remove(face: ScimFace, asked: Asked, resource_id: str) -> Response:
    face.people.delete(asked.caller, resource_id, expected_version=expected_version(asked))
    return answers.nothing()


def _shown(person: DirectoryPerson, asked: Asked, *, status: int = 200) -> Response:
    return answers.shown(wanted.project(document(person, asked.base), wanted.listing(asked.query)), asked, status=status)


def record_of(user: dict[str, Any], *, active: bool = True) -> PersonRecord:
    """From what `broker.protocols.scim` made of a request. `active`: what holds when it does not say."""
    return PersonRecord(
        user_name=user["userName"],
        active=user.get("active", active),
        external_id=user.get("externalId"),
        display_name=user.get("displayName") or _whole_name(user.get("name", {})),
        addresses=addresses_of(user),
        claims=claims_of(user),
        attributes=user,
    )


def _whole_name(name: dict[str, str]) -> str | None:
    parts = (name.get("givenName", ""), name.get("familyName", ""))
    return name.get("formatted") or " ".join(part for part in parts if part) or None


def document(person: DirectoryPerson, base: str) -> dict[str, Any]:
    """RFC 7643 8.2. What is stored stands between what is ours: nothing stored can take its place."""
    attributes = person.record.attributes
    schemas = [names.USER, *([names.ENTERPRISE_USER] if names.ENTERPRISE_USER in attributes else [])]
    found = {**attributes, "schemas": schemas, "id": person.id}
    if person.groups:
        found["groups"] = [
            {"value": group_id, "$ref": f"{base}/Groups/{group_id}", "display": name, "type": "direct"}
            for group_id, name in person.groups
        ]
    address = f"{base}/Users/{person.id}"
    return {**found, "meta": meta("User", address, person.version, person.created_at, person.changed_at)}


def meta(kind: str, location: str, version: int, created_at: datetime, changed_at: datetime) -> dict[str, str]:
    return {
        "resourceType": kind,
        "created": _moment(created_at),
        "lastModified": _moment(changed_at),
        "location": location,
        "version": f'W/"{version}"',
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


PEOPLE = Resources(index, page, create, show, replace, modify, remove)
