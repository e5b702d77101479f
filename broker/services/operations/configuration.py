"""Operations on all configuration at once: as a file, compared with a file, made equal to a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.services.actor import Verb
from broker.services.configuration import summary
from broker.services.context import Action, Change
from broker.services.declarative import MAX_BYTES, Source, parsed
from broker.services.declared import Unnamed
from broker.services.operations.model import Call, Operation, argument
from broker.services.references import Sent

_DOCUMENT = "The declarative file, as text (YAML or JSON)."
_REFERENCES = 'Values of the file\'s references, by "env:NAME" and "file:PATH". The hub reads nothing of its own machine.'
_KEEP = "A secret whose reference is not given stays as it is stored."
_PRUNE = "Delete what the file does not name: applications, tenants, and connectors and domains of tenants that it names."


@dataclass(frozen=True, slots=True)
class ExportConfiguration:
    only: str = argument("Short name of a tenant: only what is its own.", default="")


@dataclass(frozen=True, slots=True)
class NeededSecret:
    name: str = argument("The environment variable that the file refers to.")
    meaning: str = argument("What it has to hold.")


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    document: str = argument("The declarative file.")
    secrets: tuple[NeededSecret, ...] = argument("What has to be provided where it is applied.")


@dataclass(frozen=True, slots=True)
class PlanConfiguration:
    document: str = argument(_DOCUMENT, multiline=True)
    references: dict[str, str] = argument(_REFERENCES, default_factory=dict, holds_secrets=True)
    keep_secrets: bool = argument(_KEEP, default=False)
    prune: bool = argument(_PRUNE, default=False)


@dataclass(frozen=True, slots=True)
class FieldChange:
    name: str = argument("Which field.")
    before: Any = argument("Its value before; secrets are not shown.")
    after: Any = argument("Its value after; secrets are not shown.")


@dataclass(frozen=True, slots=True)
class ChangeView:
    kind: str = argument("What it is: tenant, intake, domain, connector, application, hub.")
    name: str = argument("Its short name.")
    action: Action = argument("created, updated, unchanged or deleted.")
    fields: tuple[FieldChange, ...] = argument("What an update changes.")
    notes: tuple[str, ...] = argument("What somebody should look at.")


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[ChangeView, ...] = argument("One for each object, in the order of the file.")
    unnamed: tuple[Unnamed, ...] = argument(
        "Settings of connectors that are neither in the file nor at their default; applying leaves them as they are."
    )
    summary: str = argument("The same in a few words.")


@dataclass(frozen=True, slots=True)
class Applied:
    changes: tuple[ChangeView, ...] = argument("One for each object, in the order of the file.")
    summary: str = argument("The same in a few words.")


def _export(call: Call, asked: ExportConfiguration) -> ConfigurationFile:
    made = call.services.export.export(call.actor, only=asked.only)
    return ConfigurationFile(made.document, tuple(NeededSecret(*pair) for pair in made.secrets.items()))


def _source(asked: PlanConfiguration) -> Source:
    return Source(parsed(asked.document), Sent(asked.references), asked.keep_secrets)


def change_view(change: Change) -> ChangeView:
    changed = tuple(FieldChange(name, before, after) for name, (before, after) in change.fields.items())
    return ChangeView(change.kind, change.name, change.action, changed, change.notes)


def _plan(call: Call, asked: PlanConfiguration) -> Plan:
    changes, unnamed = call.services.configuration.plan(call.actor, _source(asked), prune=asked.prune)
    return Plan(tuple(map(change_view, changes)), tuple(unnamed), summary(changes))


def _apply(call: Call, asked: PlanConfiguration) -> Applied:
    changes = call.services.configuration.apply(call.actor, _source(asked), prune=asked.prune)
    return Applied(tuple(map(change_view, changes)), summary(changes))


_ALL = "/configuration"
_MAX_BYTES = 4 * MAX_BYTES
"""The file, escaped as JSON, and the values of its references."""

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "configuration.export",
        "All configuration as a declarative file, secrets by reference",
        Verb.READ,
        "GET",
        _ALL,
        ExportConfiguration,
        ConfigurationFile,
        _export,
    ),
    Operation(
        "configuration.plan",
        "What applying a file would change; changes nothing",
        Verb.CONFIGURE,
        "POST",
        f"{_ALL}/plan",
        PlanConfiguration,
        Plan,
        _plan,
        max_bytes=_MAX_BYTES,
    ),
    Operation(
        "configuration.apply",
        "Make configuration equal to a file: everything in it, or nothing",
        Verb.CONFIGURE,
        "POST",
        f"{_ALL}/apply",
        PlanConfiguration,
        Applied,
        _apply,
        sensitive=True,
        max_bytes=_MAX_BYTES,
    ),
)
