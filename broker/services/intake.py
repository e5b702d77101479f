"""The intake: what support needs to know of a customer before the first sign-in, asked once in the set-up walk (K8)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Any

import msgspec

from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, difference, record
from broker.store.tables import trust_queries

PEOPLE: dict[str, str] = {
    "100": translatable("up to 100"),
    "1000": translatable("up to 1,000"),
    "10000": translatable("up to 10,000"),
    "more": translatable("more than 10,000"),
}
AT_ONCE: dict[str, str] = {
    "10": translatable("up to 10 a minute"),
    "100": translatable("up to 100 a minute"),
    "1000": translatable("up to 1,000 a minute"),
    "more": translatable("more, for example when a shift begins"),
}
_LONGEST = {"manager": 200, "contact": 320, "remarks": 2000}


@dataclass(frozen=True, slots=True)
class Intake:
    """`people` and `at_once` are keys of the tables above; the rest is free text. Empty: not said."""

    people: str = ""
    at_once: str = ""
    manager: str = ""
    contact: str = ""
    remarks: str = ""


class Intakes:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def of(self, tenant_id: str) -> Intake | None:
        """What was said, or None when nobody has been asked yet."""
        with self._bench.database.reading() as connection:
            row = trust_queries.tenant(connection, tenant_id)
        return None if row is None or row.intake is None else _stored(row.intake)

    def of_many(self, tenant_ids: Collection[str]) -> dict[str, Intake]:
        """By tenant id, of those that were asked."""
        with self._bench.database.reading() as connection:
            return {row.id: _stored(row.intake) for row in trust_queries.intakes_of_many(connection, tenant_ids)}

    def save(self, actor: Actor, tenant_id: str, intake: Intake) -> Intake:
        """Raises InvalidSettings."""
        actor.require(Verb.SET_UP, tenant_id)
        intake = _checked(intake)
        before, after = self.of(tenant_id), asdict(intake)
        changed: dict[str, tuple[Any, Any]] = difference(None if before is None else asdict(before), after)
        if before is not None and not changed:
            return intake
        with self._bench.database.unit_of_work() as connection:
            trust_queries.set_intake(connection, tenant_id, after)
            action = Action.CREATED if before is None else Action.UPDATED
            record(
                self._bench, actor, kind="intake", object_id=tenant_id, tenant_id=tenant_id, action=action, fields_changed=changed
            )
        return intake


def _stored(values: dict[str, Any]) -> Intake:
    """A later version may have stored more than this one knows."""
    known = {item.name for item in fields(Intake)}
    return msgspec.convert({name: value for name, value in values.items() if name in known}, Intake)


def _checked(intake: Intake) -> Intake:
    tidy = Intake(**{name: value.strip() for name, value in asdict(intake).items()})
    for name, allowed in (("people", PEOPLE), ("at_once", AT_ONCE)):
        if getattr(tidy, name) not in ("", *allowed):
            raise InvalidSettings("Choose one of the answers in the list.", field=name)
    for name, longest in _LONGEST.items():
        if len(getattr(tidy, name)) > longest:
            raise InvalidSettings("This is too long. Say it in fewer words.", field=name)
    return tidy
