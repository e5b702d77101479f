"""Operations on the intake: what a customer said about itself in the set-up walk."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from broker.services.actor import Verb
from broker.services.intake import AT_ONCE, PEOPLE, Intake
from broker.services.operations.model import TENANT, Call, Operation, argument, given

_CHOICES_PEOPLE, _CHOICES_AT_ONCE = ("", *PEOPLE), ("", *AT_ONCE)


@dataclass(frozen=True, slots=True)
class IntakeView:
    people: str = argument("About how many people will sign in: up to 100, 1000, 10000, or more.", choices=_CHOICES_PEOPLE)
    at_once: str = argument("About how many of them in one minute at most: up to 10, 100, 1000, or more.", choices=_CHOICES_AT_ONCE)
    manager: str = argument("Who looks after the identity provider there.")
    contact: str = argument("How to reach them.")
    remarks: str = argument("Anything else.")


@dataclass(frozen=True, slots=True)
class ShowIntake:
    tenant: str = argument(TENANT)


@dataclass(frozen=True, slots=True)
class SaveIntake:
    """What is not given stays as it is."""

    tenant: str = argument(TENANT)
    people: str | UnsetType = argument("About how many people will sign in.", default=UNSET, choices=_CHOICES_PEOPLE)
    at_once: str | UnsetType = argument("About how many of them in one minute at most.", default=UNSET, choices=_CHOICES_AT_ONCE)
    manager: str | UnsetType = argument("Who looks after the identity provider there.", default=UNSET)
    contact: str | UnsetType = argument("How to reach them.", default=UNSET)
    remarks: str | UnsetType = argument("Anything else.", default=UNSET, multiline=True)


def _view(intake: Intake) -> IntakeView:
    return IntakeView(intake.people, intake.at_once, intake.manager, intake.contact, intake.remarks)


def _show(call: Call, asked: ShowIntake) -> IntakeView:
    return _view(call.services.intakes.of(call.tenant.id) or Intake())


def _save(call: Call, asked: SaveIntake) -> IntakeView:
    now = call.services.intakes.of(call.tenant.id) or Intake()
    intake = Intake(
        given(asked.people, now.people),
        given(asked.at_once, now.at_once),
        given(asked.manager, now.manager),
        given(asked.contact, now.contact),
        given(asked.remarks, now.remarks),
    )
    return _view(call.services.intakes.save(call.actor, call.tenant.id, intake))


_PATH = "/tenants/{tenant}/intake"

OPERATIONS: tuple[Operation, ...] = (
    Operation("intake.show", "What a customer said about itself", Verb.READ, "GET", _PATH, ShowIntake, IntakeView, _show),
    Operation("intake.save", "Note what a customer said", Verb.SET_UP, "PUT", _PATH, SaveIntake, IntakeView, _save),
)
