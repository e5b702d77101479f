"""The attributes that are kept of people and groups (RFC 7643 4), as data: reading, PATCH and `/Schemas` go by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from broker.protocols.scim import names


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `index`: its sub-attributes by name in lower case, for names are not case sensitive (RFC 7643 2.1)."""

    name: str
    description: str
    type: str = "string"
    multi: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    uniqueness: str = "none"
    sub: tuple[Attribute, ...] = ()
    canonical: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    index: Mapping[str, Attribute] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", by_name(self.sub))

    @property
    def read_only(self) -> bool:
        return self.mutability == "readOnly"

    def document(self) -> dict[str, Any]:
        """As `/Schemas` shows it (RFC 7643 7)."""
        shown: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi,
            "description": self.description,
            "required": self.required,
            "mutability": self.mutability,
            "returned": "default",
        }
        if self.type == "complex":
            return {**shown, "subAttributes": [each.document() for each in self.sub]}
        shown |= {"caseExact": self.case_exact, "uniqueness": self.uniqueness}
        if self.canonical:
            shown["canonicalValues"] = list(self.canonical)
        if self.references:
            shown["referenceTypes"] = list(self.references)
        return shown


def by_name(attributes: tuple[Attribute, ...]) -> Mapping[str, Attribute]:
    return MappingProxyType({each.name.lower(): each for each in attributes})


def _plural(name: str, description: str, *kinds: str, value_type: str = "string") -> Attribute:
    """Several values, each with a type and a mark which one is the main one (RFC 7643 2.4)."""
    return Attribute(
        name,
        description,
        "complex",
        multi=True,
        sub=(
            Attribute("value", "The value itself.", value_type, references=("external",) if value_type == "reference" else ()),
            Attribute("display", "How people see it."),
            Attribute("type", "What it is for.", canonical=kinds),
            Attribute("primary", "Whether it is the main one.", "boolean"),
        ),
    )


EXTERNAL_ID = Attribute("externalId", "The directory's own key of this object.", case_exact=True)

_NAME = Attribute(
    "name",
    "The parts of the name.",
    "complex",
    sub=(
        Attribute("formatted", "The whole name."),
        Attribute("familyName", "The family name."),
        Attribute("givenName", "The given name."),
        Attribute("middleName", "Middle names."),
        Attribute("honorificPrefix", "A title before the name."),
        Attribute("honorificSuffix", "What follows the name."),
    ),
)
_ADDRESSES = Attribute(
    "addresses",
    "Postal addresses.",
    "complex",
    multi=True,
    sub=(
        Attribute("formatted", "The whole address."),
        Attribute("streetAddress", "Street and number."),
        Attribute("locality", "Town."),
        Attribute("region", "Region or state."),
        Attribute("postalCode", "Postal code."),
        Attribute("country", "Country, two letters."),
        Attribute("type", "What it is for.", canonical=("work", "home", "other")),
        Attribute("primary", "Whether it is the main one.", "boolean"),
    ),
)
_GROUPS = Attribute(
    "groups",
    "The groups that the person belongs to; changed at the groups.",
    "complex",
    multi=True,
    mutability="readOnly",
    sub=(
        Attribute("value", "Id of the group.", mutability="readOnly"),
        Attribute("$ref", "Address of the group.", "reference", mutability="readOnly", references=("Group",)),
        Attribute("display", "Its name.", mutability="readOnly"),
        Attribute("type", "direct: there are no groups in groups.", mutability="readOnly", canonical=("direct",)),
    ),
)
_MANAGER = Attribute(
    "manager",
    "Whom the person reports to.",
    "complex",
    sub=(
        Attribute("value", "Id of that person."),
        Attribute("$ref", "Address of that person.", "reference", references=("User",)),
        Attribute("displayName", "That person's name.", mutability="readOnly"),
    ),
)

USER_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("userName", "What the person signs in as; unique in this directory.", required=True, uniqueness="server"),
    _NAME,
    Attribute("displayName", "The name to show."),
    Attribute("nickName", "What people call them."),
    Attribute("profileUrl", "A page about the person.", "reference", references=("external",)),
    Attribute("title", "Job title."),
    Attribute("userType", "Kind of employment."),
    Attribute("preferredLanguage", "Language that the person prefers."),
    Attribute("locale", "How dates and numbers are written for them."),
    Attribute("timezone", "Time zone."),
    Attribute("active", "Whether the person may sign in.", "boolean"),
    _plural("emails", "E-mail addresses.", "work", "home", "other"),
    _plural("phoneNumbers", "Telephone numbers.", "work", "home", "mobile", "fax", "pager", "other"),
    _plural("photos", "Pictures.", "photo", "thumbnail", value_type="reference"),
    _ADDRESSES,
    _GROUPS,
    _plural("entitlements", "What the person is entitled to."),
    _plural("roles", "The person's roles."),
)
ENTERPRISE_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("employeeNumber", "Number at the employer."),
    Attribute("costCenter", "Cost centre."),
    Attribute("organization", "Organisation."),
    Attribute("division", "Division."),
    Attribute("department", "Department."),
    _MANAGER,
)
MEMBERS = Attribute(
    "members",
    "The people of the group.",
    "complex",
    multi=True,
    sub=(
        Attribute("value", "Id of the person.", mutability="immutable"),
        Attribute("$ref", "Address of the person.", "reference", mutability="immutable", references=("User",)),
        Attribute("type", "User: there are no groups in groups.", mutability="immutable", canonical=("User",)),
    ),
)
GROUP_ATTRIBUTES: tuple[Attribute, ...] = (Attribute("displayName", "Name of the group.", required=True), MEMBERS)

USER_INDEX = by_name((*USER_ATTRIBUTES, EXTERNAL_ID))
ENTERPRISE_INDEX = by_name(ENTERPRISE_ATTRIBUTES)
GROUP_INDEX = by_name((*GROUP_ATTRIBUTES, EXTERNAL_ID))

SCHEMAS: dict[str, tuple[str, str, tuple[Attribute, ...]]] = {
    names.USER: ("User", "A person of the directory.", USER_ATTRIBUTES),
    names.ENTERPRISE_USER: ("EnterpriseUser", "What an employer knows of a person.", ENTERPRISE_ATTRIBUTES),
    names.GROUP: ("Group", "A group of people.", GROUP_ATTRIBUTES),
}
"""URN → name, description, attributes."""
