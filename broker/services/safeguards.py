"""Safeguards that settings of the process take away, or change: what they are now, and one line in the audit log when they change.

Settings come from the environment, so nobody signs in to change them and no operation writes them down. Whoever starts the hub
with other ones than before is found out at the start, by what was noted at the start before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.messages import translatable
from broker.services.actor import Actor, Verb
from broker.services.context import Workbench, note
from broker.settings import Settings
from broker.store.tables import configuration, hub_settings

log = logging.getLogger("vestibule.safeguards")
SYSTEM = "system"
_LEASE = timedelta(seconds=30)
_USUAL: dict[str, Any] = {item.name: item.default for item in fields(Settings) if item.default is not MISSING}


@dataclass(frozen=True, slots=True)
class Safeguard:
    """One that a setting can take away. `applies`: it does so. `weakens` False: a choice to know about, and none to mend.

    `expected`: needed in some networks, so it is told and not warned of.
    """

    setting: str
    applies: Callable[[Settings], bool]
    sentence: str
    remedy: str = ""
    weakens: bool = True
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A safeguard that is not there now, and the value that says so."""

    safeguard: Safeguard
    value: Any


ALL: tuple[Safeguard, ...] = (
    Safeguard(
        "production",
        lambda settings: not settings.production and not settings.is_loopback,
        translatable("This is not a production start: http addresses of partners are accepted."),
        translatable("Set VESTIBULE_PRODUCTION=true."),
    ),
    Safeguard(
        "no_check_against_guessing",
        lambda settings: settings.no_check_against_guessing,
        translatable(
            "Guessing passwords and domains costs nothing up to the limits: browsers calculate nothing before a further try."
        ),
        translatable("Take VESTIBULE_NO_CHECK_AGAINST_GUESSING away."),
    ),
    Safeguard(
        "check_difficulty",
        lambda settings: settings.check_difficulty < _USUAL["check_difficulty"],
        translatable("Browsers calculate less than usual before a further try, so guessing costs less."),
        translatable("Take VESTIBULE_CHECK_DIFFICULTY away, or make it larger."),
    ),
    Safeguard(
        "skew_seconds",
        lambda settings: settings.skew_seconds > _USUAL["skew_seconds"],
        translatable("Clocks of partners may differ by more than usual, so what they send is accepted for longer."),
        translatable("Take VESTIBULE_SKEW_SECONDS away, or make it smaller."),
    ),
    Safeguard(
        "allow_private_addresses",
        lambda settings: bool(settings.allow_private_addresses),
        translatable("The hub fetches from private addresses that its settings name."),
        translatable("Name no more of them in VESTIBULE_ALLOW_PRIVATE_ADDRESSES than are needed."),
        expected=True,
    ),
    Safeguard(
        "domain_proof_by_http",
        lambda settings: not settings.domain_proof_by_http,
        translatable("Domains are proved by DNS alone: a file on a website counts no more."),
        weakens=False,
    ),
)


class Safeguards:
    def __init__(self, bench: Workbench, owner: str = "") -> None:
        self._bench = bench
        self._owner = owner or random_ids.object_id("run")
        self._noted = False

    def missing(self) -> list[Missing]:
        """In the order of the table."""
        settings = self._bench.settings
        return [Missing(each, _plain(getattr(settings, each.setting))) for each in ALL if each.applies(settings)]

    def shown(self, actor: Actor) -> list[Missing]:
        actor.require(Verb.READ, None)
        return self.missing()

    def note_start(self) -> None:
        """Once in the life of a process; of several that start at once one writes, and the others find nothing to write."""
        if self._noted:
            return
        now, bench = self._bench.clock.now(), self._bench
        after = {each.safeguard.setting: each.value for each in self.missing()}
        with bench.database.unit_of_work() as connection:
            if not configuration.acquire_lease(connection, "safeguards", self._owner, now, now + _LEASE):
                return  # another process is at it: the next run of the upkeep looks again
            before = hub_settings.safeguards(connection)
            if before != after:
                changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
                hub_settings.note_safeguards(connection, after)
                note(
                    bench,
                    SYSTEM,
                    kind="process_settings",
                    object_id="hub",
                    tenant_id=None,
                    action="changed",
                    before={name: before.get(name) for name in changed},
                    after={name: after.get(name) for name in changed},
                )
                log.warning("settings of the process changed what protects it", extra={"settings": changed})
        self._noted = True


def _plain(value: Any) -> Any:
    """As it comes back out of the database."""
    return list(value) if isinstance(value, tuple) else value
