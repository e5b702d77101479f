"""Following identity providers: metadata and discovery are read again by the clock, and on request, and taken over.

What was good stays until something better has been read, verified and prepared: a web page, another entity's document, a
signature that is not the pinned one, an expired document change nothing but the note on the connector's health.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from broker.domain.errors import BrokerError, InvalidSettings
from broker.domain.messages import translatable
from broker.domain.trust import Connector
from broker.services import fingerprints
from broker.services.actor import Actor, Verb
from broker.services.clockwork import about, in_parallel
from broker.services.connectors import Connectors, Understood
from broker.services.context import Action, Workbench, difference
from broker.services.followed import followed_address, sentence_of
from broker.services.setup_links import unchanged
from broker.services.throttle import Limit, Throttle
from broker.services.turns import Turns
from broker.store import mapping
from broker.store.tables import turns
from broker.store.tables.following import LONGEST_ADDRESS, connector_following
from connectors import registry
from connectors.contract import FollowsProvider, Reading, Validators

log = logging.getLogger("vestibule.following")
USUAL = timedelta(hours=6)
LEAST, MOST = timedelta(hours=1), timedelta(hours=24)
"""Whatever `cacheDuration` says: 0 would be an attack on its server, a year a rollover that we miss."""
HURRY = timedelta(minutes=15)
"""After a failure, twice as long each time; and the least before metadata ends."""
PER_RUN = 200
CLOCK = Actor("watch", frozenset(Verb))
"""In the audit log. It decides nothing: what it writes, whoever configured the address has asked for."""
NOTHING_TO_READ = translatable("There is no address from which this could be read again.")
CHANGED_MEANWHILE = translatable("It has changed since you looked. Look again at what would be taken over.")
_ASKED = Limit("following", 20, 600)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """`outcome`: "unchanged", "changed", "waits" for a person, or "planned". `changes`: name → (before, after)."""

    outcome: str
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    understood: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    digest: str = ""
    """Of what would be taken over, for whoever says yes to it."""


@dataclass(frozen=True, slots=True)
class _Task:
    connector: Connector
    address: str
    known: Validators

    @property
    def id(self) -> str:
        return self.connector.id


class Following:
    def __init__(self, bench: Workbench, connectors: Connectors, throttle: Throttle) -> None:
        self._bench = bench
        self._connectors = connectors
        self._throttle = throttle
        self._turns = Turns(bench, connector_following, USUAL)

    # --- by the clock -------------------------------------------------------------------------------------------------

    def read_due(self, limit: int = PER_RUN) -> int:
        """Reads what is due and takes it over. How many were read."""
        connectors = self._turns.take(limit)
        with self._bench.database.reading() as connection:
            rows = turns.of_connectors(connection, connector_following, [each.id for each in connectors])
        tasks = [_task(connector, followed_address(connector), rows.get(connector.id)) for connector in connectors]
        idle = [(task.connector.tenant_id, task.id) for task in tasks if not task.address]
        self._turns.postpone(idle, good_at=None, valid_until=None, problem="", waits="", failures=0)
        count = 0
        for task, found in in_parallel([task for task in tasks if task.address], self._read, lambda _: BrokerError(), log):
            count += 1
            try:
                self._settle(CLOCK, task, _good(found), accept="")
            except BrokerError as error:
                self._failed(task, error)
            except Exception:
                # One of them must not keep the others waiting.
                log.exception("what was read of a connector could not be taken over", extra={"connector": task.id})
                self._turns.postpone([(task.connector.tenant_id, task.id)])
        return count

    # --- when somebody asks -------------------------------------------------------------------------------------------

    def refresh(self, actor: Actor, tenant_id: str, slug: str, *, plan: bool = False, accept: str = "") -> Refreshed:
        """Reads now. `plan`: only says what would change. `accept`: the digest of a plan that waits for a person, who has looked.

        Raises FetchError, InvalidMetadata, InvalidSettings, TooManyAttempts.
        """
        actor.require(Verb.SET_UP, tenant_id)
        connector = self._connectors.get(tenant_id, slug)
        address = followed_address(connector)
        if not address:
            raise InvalidSettings(NOTHING_TO_READ, field="metadata_url")
        self._throttle.attempt(_ASKED, connector.id)
        task = _Task(connector, address, Validators())
        found = self._read(task)
        if plan:
            return _plan(connector, _good(found))
        if isinstance(found, BrokerError):
            self._failed(task, found)
        return self._settle(actor, task, _good(found), accept=accept)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _read(self, task: _Task) -> Reading | BrokerError:
        kind = registry.connector_type(task.connector.type)
        if not isinstance(kind, FollowsProvider):
            return InvalidSettings(NOTHING_TO_READ, field="metadata_url")
        try:
            return kind.read_again(task.connector.settings, self._bench.catalog.preparer.tools(task.id), task.known)
        except BrokerError as error:
            return error

    def _settle(self, actor: Actor, task: _Task, reading: Reading, *, accept: str) -> Refreshed:
        planned, version = _plan(task.connector, reading), task.connector.version
        if planned.outcome == "unchanged":
            self._note(task, reading, version)
            return planned
        if accept and accept != planned.digest:
            raise InvalidSettings(CHANGED_MEANWHILE, field="accept")
        if planned.waits and not accept:
            # Without validators: whoever says yes reads the whole document again.
            self._note(task, replace(reading, validators=Validators()), version, waits=" ".join(planned.waits))
            return replace(planned, outcome="waits")
        # Refused when somebody changed the connector meanwhile; then the next reading starts from what they made of it.
        command = replace(unchanged(task.connector, {}), expected_version=version)
        change = self._connectors.save(actor, command, Understood(reading.settings, reading.understood, reading.warnings))
        if change.action is not Action.UNCHANGED:
            version += 1
        self._note(task, reading, version, changed_at=self._bench.clock.now())
        log.info("metadata taken over", extra={"connector": task.id, "fields": sorted(change.fields)})
        return replace(planned, outcome="changed")

    def _note(self, task: _Task, reading: Reading, version: int, *, waits: str = "", **values: datetime) -> None:
        now, known = self._bench.clock.now(), reading.validators
        noted: dict[str, Any] = {"read_at": now, "good_at": now, "failures": 0, "problem": "", "waits": waits, **values}
        noted |= {"address": _marked(task.address), "version": version, "etag": known.etag, "last_modified": known.last_modified}
        if reading.settings is not None:
            noted["valid_until"] = reading.valid_until
        self._put(task, now + _wait(reading, now), noted)

    def _failed(self, task: _Task, error: BrokerError) -> None:
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            row = turns.of_connectors(connection, connector_following, [task.id]).get(task.id)
        failures = 1 if row is None else row.failures + 1
        wait = min(HURRY * 2 ** min(failures - 1, 10), USUAL)
        noted = {"read_at": now, "failures": failures, "problem": sentence_of(error)[:500]}
        self._put(task, now + about(wait), noted)
        log.warning("metadata could not be read; what was good stays", extra={"connector": task.id, "cause": error.cause})

    def _put(self, task: _Task, due_at: datetime, values: dict[str, Any]) -> None:
        due = {"due_at": due_at} if task.connector.enabled else {}
        with self._bench.database.unit_of_work() as connection:
            turns.put(connection, task.connector.tenant_id, connector_following, task.id, {**values, **due})


def _good(found: Reading | BrokerError) -> Reading:
    """Errors cross from thread to thread as values."""
    if isinstance(found, BrokerError):
        raise found
    return found


def _task(connector: Connector, address: str, row: Any) -> _Task:
    """Validators belong to one address, and to the connector as that document made it: whoever changed it since is corrected."""
    same = row is not None and (row.address, row.version) == (_marked(address), connector.version)
    return _Task(connector, address, Validators(row.etag, row.last_modified) if same else Validators())


def _marked(address: str) -> str:
    """By which it is known again. Anybody who sets a connector up may enter any text, and not every text fits into a column."""
    fits = len(address) <= LONGEST_ADDRESS and address.isprintable()
    return address if fits else hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def _plan(connector: Connector, reading: Reading) -> Refreshed:
    if reading.settings is None or reading.settings == connector.settings:
        return Refreshed("unchanged", understood=reading.understood, warnings=reading.warnings)
    then = _opened(reading.settings)
    changes = fingerprints.told(difference(_opened(connector.settings), then))
    digest = hashlib.sha256(msgspec.json.encode(then, order="sorted")).hexdigest()[:32]
    return Refreshed("planned", changes, reading.understood, reading.warnings, reading.waits, digest)


def _opened(settings: Any) -> dict[str, Any]:
    opened, _ = mapping.split_secrets(type(settings), mapping.plain(settings))
    return dict(opened)


def _wait(reading: Reading, now: datetime) -> timedelta:
    """As the document asks for, within reason, and long before it ends."""
    usual = min(max(USUAL if reading.cache_for is None else reading.cache_for, LEAST), MOST)
    if reading.valid_until is not None:
        usual = max(min(usual, (reading.valid_until - now) / 2), HURRY)
    return about(usual)
