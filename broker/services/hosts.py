"""Host names of tenants' own: adding one, seeing that it leads here, switching, taking it away.

Only operators do this: the name must lead to the hub's proxy, which needs a certificate for it. Nobody signs in at a host
before the hub has asked itself for a secret through it, so that nothing is ever handed over to a machine that is not ours.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from broker.domain import random_ids
from broker.domain.email import is_domain
from broker.domain.errors import AddressRefused, Conflict, FetchError, InvalidSettings, UnknownObject
from broker.domain.host import HostState
from broker.domain.messages import translatable
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Change, Workbench, record
from broker.services.throttle import Limit, Throttle
from broker.store.tables import hosts
from broker.store.transient.contract import TransientStore

log = logging.getLogger("vestibule.hosts")
PROOF_PATH = "/.well-known/vestibule-host"
AGAIN_AFTER = timedelta(hours=1)
SOONER = timedelta(minutes=10)
"""While looks fail, for a day: who is out of order for longer does not come back within minutes either."""
GRACE = timedelta(hours=3)
"""How long a host stays on without proof. Whoever took the name over may answer the hub with an error, or not at all, and
everybody else with a sign-in page; the hub's own proxy may be restarted, and a name server may be out of order for a while."""
MAX_HOSTS = 20
MAX_USES = 50
BATCH = 20
"""Even if none of them answers in time, all are looked at within the lease of the upkeep."""
LATELY = timedelta(days=30)
SOON = timedelta(days=21)
_PROOF_SECONDS = 60
_KIND = "host.proof"
_CHECKS = Limit("host check", 30, 600)

NO_HOST = translatable("This is no host name. Enter one like login.example.com, without a path or port.")
OUR_OWN = translatable("This is the hub’s own name. A tenant needs another one.")
LOCAL_ONLY = translatable("This hub runs on one machine only: its hosts end in .localhost, like acme.localhost.")
IN_USE = translatable(
    "Applications signed people in there during the last 30 days; they stand with the host. Confirm that they may stop working."
)


class Problem(StrEnum):
    """What a check found wrong; the words of each are the faces'."""

    NO_NAME = "no_name"  # DNS knows no address for it
    PRIVATE = "private"  # it leads to an address that the hub may not ask
    CERTIFICATE = "certificate"
    NO_ANSWER = "no_answer"
    ELSEWHERE = "elsewhere"  # somebody answers, and it is not this hub


@dataclass(frozen=True, slots=True)
class Use:
    """An application that signed people in there, and when it last did."""

    slug: str
    name: str
    used_at: datetime


@dataclass(frozen=True, slots=True)
class TenantHost:
    """`base`: what its addresses begin with, and its issuer."""

    id: str
    tenant_id: str
    name: str
    base: str
    state: HostState
    created_at: datetime
    checked_at: datetime | None = None
    problem: Problem | None = None
    failing_since: datetime | None = None
    certificate_ends_at: datetime | None = None

    @property
    def stops_at(self) -> datetime | None:
        """From when on it is no longer on, unless a look succeeds before."""
        return self.failing_since + GRACE if self.state is HostState.ON and self.failing_since is not None else None


@dataclass(frozen=True, slots=True)
class Troubled:
    """A host that needs somebody."""

    tenant: str
    tenant_name: str
    host: TenantHost


@dataclass(frozen=True, slots=True)
class _Look:
    problem: Problem | None
    certificate_ends_at: datetime | None = None


class Hosts:
    def __init__(self, bench: Workbench, transient: TransientStore, throttle: Throttle) -> None:
        self._bench = bench
        self._transient = transient
        self._throttle = throttle

    # --- reading ------------------------------------------------------------------------------------------------------

    def of_tenant(self, tenant_id: str, *, after: str = "", limit: int = MAX_HOSTS) -> list[TenantHost]:
        with self._bench.database.reading() as connection:
            return [self._read(row) for row in hosts.of_tenant(connection, tenant_id, after=after, limit=limit)]

    def get(self, tenant_id: str, name: str) -> TenantHost:
        """Raises UnknownObject."""
        with self._bench.database.reading() as connection:
            row = hosts.find(connection, tenant_id, tidy(name))
        if row is None:
            raise UnknownObject("The tenant has no such host.", field="host")
        return self._read(row)

    def uses(self, host: TenantHost) -> list[Use]:
        with self._bench.database.reading() as connection:
            return [Use(row.slug, row.name, row.used_at) for row in hosts.used(connection, host.tenant_id, host.id, MAX_USES)]

    def troubled(self, tenant_id: str | None, limit: int) -> list[Troubled]:
        """Hosts of this tenant, or of every one, whose check fails or whose certificate ends soon."""
        with self._bench.database.reading() as connection:
            rows = hosts.troubled(connection, tenant_id, self._bench.clock.now() + SOON, limit)
        return [Troubled(row.tenant_slug, row.tenant_name, self._read(row)) for row in rows]

    def awaits_certificate(self, name: str) -> bool:
        """Whether a proxy may get a certificate for this name: it is a host that is not switched off."""
        host = self._bench.catalog.hosts().get(name.lower())
        return host is not None and host.state is not HostState.OFF

    # --- the operator's side ------------------------------------------------------------------------------------------

    def add(self, actor: Actor, tenant_id: str, typed: str) -> TenantHost:
        """It waits for its check. Adding one that the tenant has already changes nothing. Raises InvalidSettings, Conflict."""
        actor.require(Verb.CONFIGURE, None)
        name, bench = self._check_name(typed), self._bench
        with bench.database.unit_of_work() as connection:
            if hosts.find(connection, tenant_id, name) is not None:
                return self.get(tenant_id, name)
            if len(hosts.of_tenant(connection, tenant_id, limit=MAX_HOSTS)) >= MAX_HOSTS:
                raise Conflict(f"A tenant has at most {MAX_HOSTS} hosts.", field="host")
            host_id = random_ids.object_id("hst")
            values = {"id": host_id, "name": name, "state": HostState.WAITING.value, "created_at": bench.clock.now()}
            if not hosts.add(connection, tenant_id, values):
                raise Conflict("Another tenant has this host.", field="host")
            self._record(actor, tenant_id, host_id, Action.CREATED, name=(None, name))
        return self.get(tenant_id, name)

    def check(self, actor: Actor, tenant_id: str, name: str) -> TenantHost:
        """Asks through the host now; one that waits is on when it leads here. Raises UnknownObject, TooManyAttempts."""
        actor.require(Verb.CONFIGURE, None)
        host = self.get(tenant_id, name)
        self._throttle.attempt(_CHECKS, host.id)
        self._looked(actor, host, self._look(host))
        return self.get(tenant_id, name)

    def switch(self, actor: Actor, tenant_id: str, name: str, *, on: bool, despite_use: bool = False) -> TenantHost:
        """Off at once; on again after a check. Raises UnknownObject, Conflict while applications use it."""
        actor.require(Verb.CONFIGURE, None)
        host = self.get(tenant_id, name)
        if on is (host.state is not HostState.OFF):
            return host
        if not on:
            self._check_unused(host, despite_use)
        self._change(actor, host, HostState.WAITING if on else HostState.OFF, {"problem": None, "failing_since": None})
        return self.check(actor, tenant_id, name) if on else self.get(tenant_id, name)

    def save(self, actor: Actor, tenant_id: str, name: str, *, enabled: bool) -> Change:
        """As a declarative file says it, which is purpose enough: asks nobody, and leaves the look to the clock."""
        actor.require(Verb.CONFIGURE, None)
        known = {host.name for host in self.of_tenant(tenant_id)}
        host = self.add(actor, tenant_id, name)
        before = "waiting" if host.name not in known else host.state.value
        if enabled is (host.state is HostState.OFF):
            self._change(actor, host, HostState.WAITING if enabled else HostState.OFF, {"problem": None, "failing_since": None})
        after = self.get(tenant_id, name).state.value
        changed = {} if before == after else {"state": (before, after)}
        action = Action.CREATED if host.name not in known else Action.UPDATED if changed else Action.UNCHANGED
        return Change("host", host.name, host.id, action, changed)

    def remove(self, actor: Actor, tenant_id: str, name: str, *, despite_use: bool = False) -> None:
        """Raises UnknownObject, Conflict while applications use it."""
        actor.require(Verb.CONFIGURE, None)
        host = self.get(tenant_id, name)
        self._check_unused(host, despite_use)
        with self._bench.database.unit_of_work() as connection:
            if hosts.remove(connection, tenant_id, host.id):
                self._record(actor, tenant_id, host.id, Action.DELETED, name=(host.name, None))

    # --- by the clock -------------------------------------------------------------------------------------------------

    def look_again(self, limit: int = BATCH) -> None:
        """Hosts whose last look is an hour old, those that wait included; sooner those that began to fail today."""
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            rows = hosts.due(connection, now - AGAIN_AFTER, limit, failing=(now - SOONER, now - timedelta(days=1)))
            due = [self._read(row) for row in rows]
        for host in due:
            self._looked(Actor("upkeep", frozenset()), host, self._look(host))

    # --- the question that goes round -----------------------------------------------------------------------------------

    def prove(self, token: str, name: str) -> bytes | None:
        """The secret that a check waits for, once and at the host that it asks; None for everybody else."""
        value = self._transient.get(_KIND, token)
        if value is None or not hmac.compare_digest(value.partition(b" ")[0], name.encode()):
            return None
        value = self._transient.take(_KIND, token)
        return None if value is None else value.partition(b" ")[2]

    def _look(self, host: TenantHost) -> _Look:
        token, secret = random_ids.handle(), random_ids.secret().encode()
        expires_at = self._bench.clock.now() + timedelta(seconds=_PROOF_SECONDS)
        self._transient.put(_KIND, token, host.name.encode() + b" " + secret, expires_at)
        try:
            # The hub sends nobody on from there: whoever does so is somebody else, wherever it would lead.
            answer = self._bench.fetcher.get(f"{host.base}{PROOF_PATH}/{token}", follow=False)
        except FetchError as error:
            return _Look(_problem(error))
        finally:
            self._transient.delete(_KIND, token)
        if answer.status == 200 and hmac.compare_digest(answer.body, secret):
            return _Look(None, answer.certificate_ends_at)
        # The hub behind a proxy that is just being restarted is no other machine.
        return _Look(Problem.NO_ANSWER if answer.status >= 500 else Problem.ELSEWHERE, answer.certificate_ends_at)

    def _looked(self, actor: Actor, host: TenantHost, look: _Look) -> None:
        """A host that leads elsewhere stops at once, for answers must not go there. One that proves nothing keeps its place for
        a while, for it may be back in a minute; it waits afterwards, until it has been proved again."""
        now, state = self._bench.clock.now(), host.state
        failing_since = None if look.problem is None else host.failing_since or now
        if state is HostState.WAITING and look.problem is None:
            state = HostState.ON
        elif state is HostState.ON and failing_since is not None:
            over = look.problem is Problem.ELSEWHERE or now - failing_since >= GRACE
            state = HostState.WAITING if over else state
        values: dict[str, Any] = {"problem": look.problem, "checked_at": now, "failing_since": failing_since}
        if look.problem is None or look.certificate_ends_at is not None:
            values["certificate_ends_at"] = look.certificate_ends_at
        # Who waited for an answer in vain knows nothing of a proof that another look found meanwhile.
        unless = {"checked_at": host.checked_at} if look.problem is Problem.NO_ANSWER else {}
        self._change(actor, host, state, values, **unless)
        if look.problem is not None:
            fields = {"host": host.name, "tenant": host.tenant_id, "problem": look.problem.value, "state": state.value}
            log.warning("a host does not lead here", extra=fields)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _check_name(self, typed: str) -> str:
        """Raises InvalidSettings."""
        name, places = tidy(typed), self._bench.places
        if not is_domain(name) or len(name) > 253 or name.rpartition(".")[2].isdigit():
            raise InvalidSettings(NO_HOST, field="host")
        if name == places.own_name:
            raise InvalidSettings(OUR_OWN, field="host")
        if not self._bench.settings.secure_context_only and not name.endswith(".localhost"):
            raise InvalidSettings(LOCAL_ONLY, field="host")  # browsers drop our Secure cookies at other http addresses
        return name

    def _check_unused(self, host: TenantHost, despite_use: bool) -> None:
        lately = self._bench.clock.now() - LATELY
        if not despite_use and host.state is HostState.ON and any(use.used_at >= lately for use in self.uses(host)):
            raise Conflict(IN_USE, field="despite_use")

    def _change(self, actor: Actor, host: TenantHost, state: HostState, values: dict[str, Any], **as_it_was: Any) -> None:
        with self._bench.database.unit_of_work() as connection:
            values["state"] = state.value
            if not hosts.change(connection, host.tenant_id, host.id, values, state=host.state.value, **as_it_was):
                return  # switched, removed or checked meanwhile
            if state is not host.state:
                changed = {"state": (host.state.value, state.value)}
                self._record(actor, host.tenant_id, host.id, Action.UPDATED, name=(host.name, host.name), **changed)

    def _record(self, actor: Actor, tenant_id: str, host_id: str, action: Action, **changed: tuple[Any, Any]) -> None:
        record(self._bench, actor, kind="host", object_id=host_id, tenant_id=tenant_id, action=action, fields_changed=changed)

    def _read(self, row: Any) -> TenantHost:
        return TenantHost(
            id=row.id,
            tenant_id=row.tenant_id,
            name=row.name,
            base=self._bench.places.base_of(row.name),
            state=HostState(row.state),
            created_at=row.created_at,
            checked_at=row.checked_at,
            problem=None if row.problem is None else Problem(row.problem),
            failing_since=row.failing_since,
            certificate_ends_at=row.certificate_ends_at,
        )


def tidy(typed: str) -> str:
    """The host name that people mean: of a web address, with capitals, spaces or letters beyond ASCII."""
    text = typed.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0].rstrip(".")
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return text[:255]


def _problem(error: FetchError) -> Problem:
    if isinstance(error, AddressRefused):
        return Problem.PRIVATE
    if error.problem == "no_name":
        return Problem.NO_NAME
    if error.problem in ("too_large", "encoding"):
        return Problem.ELSEWHERE  # an answer, and none of ours
    return Problem.CERTIFICATE if error.problem.startswith("tls") else Problem.NO_ANSWER
