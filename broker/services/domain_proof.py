"""Proof of domains, by DNS or by a file on their web site: a claim with a challenge, a look at both places, looking again every
day, passing a domain on.

The first tenant that proves a domain holds it. Whether somebody else does is told only to whoever has shown control of it:
asking about domains must not reveal who our customers are.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.domain.errors import Conflict, InvalidSettings, UnknownObject
from broker.services import public_domains
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Workbench, record
from broker.services.domain_looks import LABEL, PREFIX, Found, Looks, Result
from broker.services.throttle import Limit, Throttle
from broker.store.tables import domain_claims, domain_proofs, trust_queries

log = logging.getLogger("vestibule.domains")
MAX_CLAIMS = 50
AGAIN_AFTER = timedelta(days=1)
GRACE = timedelta(days=7)
"""A record or file that is taken away by mistake has time to come back; people sign in meanwhile."""
BATCH = 15
"""Even if neither DNS nor web sites answer in time, all are looked at within the lease of the upkeep."""
UPKEEP = Actor("upkeep", frozenset())
_CHECKS = Limit("domain check", 30, 600)


@dataclass(frozen=True, slots=True)
class Claim:
    """A domain that a tenant says is its own. `host` and `value`: the TXT record that proves it; `address`: where a file that
    says the same does so too, or empty. `result` is about the DNS and about the claim as a whole, `web_result` about the file.
    """

    tenant_id: str
    name: str
    host: str
    value: str
    address: str
    created_at: datetime
    checked_at: datetime | None = None
    result: Result | None = None
    web_result: Result | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A domain that a tenant holds. `ends_at`: when the proof becomes void unless the record comes back."""

    name: str
    proof: str
    host: str
    value: str
    address: str
    checked_at: datetime | None
    missing_since: datetime | None

    @property
    def ends_at(self) -> datetime | None:
        return None if self.missing_since is None else self.missing_since + GRACE


class DomainProof:
    def __init__(self, bench: Workbench, looks: Looks, throttle: Throttle) -> None:
        self._bench = bench
        self.looks = looks
        self._throttle = throttle

    # --- reading ------------------------------------------------------------------------------------------------------

    def held(self, tenant_id: str) -> list[Held]:
        with self._bench.database.reading() as connection:
            rows = trust_queries.domains_of(connection, tenant_id)
        places = {row.name: self._places(row.name, row.challenge or "") for row in rows}
        return [Held(row.name, row.proof, *places[row.name], row.checked_at, row.missing_since) for row in rows]

    def claims(self, tenant_id: str, *, after: str = "", limit: int = MAX_CLAIMS) -> list[Claim]:
        with self._bench.database.reading() as connection:
            return [self._claim_of(row) for row in domain_claims.of_tenant(connection, tenant_id, after=after, limit=limit)]

    def conflicts(self, *, after: tuple[str, str] = ("", ""), limit: int = 50) -> list[tuple[Claim, str]]:
        """Proved claims to domains that another tenant holds, with the id of that tenant; for operators."""
        found = []
        with self._bench.database.reading() as connection:
            for row in domain_claims.with_result(connection, Result.CONFLICT, after=after, limit=limit):
                holder = trust_queries.domain(connection, row.name)
                found.append((self._claim_of(row), "" if holder is None else str(holder.tenant_id)))
        return found

    # --- the tenant's side --------------------------------------------------------------------------------------------

    def claim(self, actor: Actor, tenant_id: str, typed: str) -> Claim:
        """A claim, or the one that is there already. Raises InvalidSettings, Conflict when the tenant holds it."""
        actor.require(Verb.SET_UP, tenant_id)
        name, bench = public_domains.tidy(typed), self._bench
        if why := public_domains.objection(name):
            raise InvalidSettings(why, field="domain")
        with bench.database.unit_of_work() as connection:
            if trust_queries.owns_domain(connection, tenant_id, name):
                raise Conflict("Your organisation holds this domain already.", field="domain")
            found = domain_claims.find(connection, tenant_id, name)
            if found is None:
                if len(domain_claims.of_tenant(connection, tenant_id, limit=MAX_CLAIMS)) >= MAX_CLAIMS:
                    raise Conflict("There are too many domains that wait for their proof. Remove some first.", field="domain")
                domain_claims.add(connection, tenant_id, name, secrets.token_hex(16), bench.clock.now())
                self._record(actor, tenant_id, name, Action.CREATED, kind="domain_claim")
                found = domain_claims.find(connection, tenant_id, name)
        if found is None:
            raise UnknownObject("The claim vanished.", field="domain")
        return self._claim_of(found)

    def withdraw(self, actor: Actor, tenant_id: str, name: str) -> None:
        """Raises UnknownObject."""
        actor.require(Verb.SET_UP, tenant_id)
        with self._bench.database.unit_of_work() as connection:
            if not domain_claims.remove(connection, tenant_id, public_domains.tidy(name)):
                raise UnknownObject("There is no such domain waiting for its proof.", field="domain")
            self._record(actor, tenant_id, public_domains.tidy(name), Action.DELETED, kind="domain_claim")

    def check(self, actor: Actor, tenant_id: str, name: str) -> Claim:
        """Looks at the DNS and at the web site now. A proved claim becomes a domain of the tenant, and its result says so.

        Raises UnknownObject, TooManyAttempts.
        """
        actor.require(Verb.SET_UP, tenant_id)
        name = public_domains.tidy(name)
        with self._bench.database.reading() as connection:
            row = domain_claims.find(connection, tenant_id, name)
        if row is None:
            raise UnknownObject("There is no such domain waiting for its proof.", field="domain")
        self._throttle.attempt(_CHECKS, f"{tenant_id} {name}")
        found, now = self.looks.find(name, row.challenge), self._bench.clock.now()
        result = found.dns if found.proof is None else Result.PROVED
        with self._bench.database.unit_of_work() as connection:
            stands = domain_claims.find(connection, tenant_id, name)
            waits = stands is not None and stands.challenge == row.challenge  # what was looked for, and no later claim's
            if not waits and not trust_queries.owns_domain(connection, tenant_id, name):
                raise UnknownObject("There is no such domain waiting for its proof.", field="domain")
            if found.proof is not None and not self._take(actor, tenant_id, name, found.proof, row.challenge, now):
                result = Result.CONFLICT
            if result is not Result.PROVED and trust_queries.owns_domain(connection, tenant_id, name):
                result = Result.PROVED  # by somebody else's look in the same moment, or the second press of a button
            if result is not Result.PROVED:
                domain_claims.note(connection, tenant_id, name, result, found.web, now)
        return Claim(tenant_id, name, *self._places(name, row.challenge), row.created_at, now, result, found.web)

    def _take(self, actor: Actor, tenant_id: str, name: str, proof: str, challenge: str, now: datetime) -> bool:
        values = {"name": name, "proof": proof, "connector_ids": [], "proved_at": now, "challenge": challenge, "checked_at": now}
        with self._bench.database.unit_of_work() as connection:
            if not domain_proofs.hold(connection, tenant_id, values):
                return False
            domain_claims.remove(connection, tenant_id, name)
            self._record(actor, tenant_id, name, Action.CREATED, proof=(None, proof))
        return True

    # --- the operator's side ------------------------------------------------------------------------------------------

    def transfer(self, actor: Actor, name: str, to_tenant_id: str) -> str:
        """Passes a domain on to another tenant; how it is proved there. Logins of the old one's people stop at once.

        Raises UnknownObject, Conflict.
        """
        actor.require(Verb.CONFIGURE, None)
        name, now = public_domains.tidy(name), self._bench.clock.now()
        with self._bench.database.unit_of_work() as connection:
            row = trust_queries.domain(connection, name)
            if row is None:
                raise UnknownObject("No tenant holds this domain.", field="domain")
            if row.tenant_id == to_tenant_id:
                raise Conflict("This tenant holds the domain already.", field="to")
            claim = domain_claims.find(connection, to_tenant_id, name)
            values: dict[str, Any] = {"proof": "operator", "challenge": None}
            if claim is not None and claim.result == Result.CONFLICT:
                values = {"proof": "http" if claim.web_result == Result.PROVED else "dns", "challenge": claim.challenge}
            values |= {"tenant_id": to_tenant_id, "connector_ids": [], "proved_at": now, "checked_at": None, "missing_since": None}
            domain_proofs.pass_on(connection, row.tenant_id, name, values)
            domain_claims.remove(connection, to_tenant_id, name)
            # Two entries, so that each tenant's part of the log has its own and names nobody else.
            self._record(actor, row.tenant_id, name, Action.DELETED, proof=(row.proof, None), transferred=(None, "away"))
            self._record(actor, to_tenant_id, name, Action.CREATED, proof=(None, values["proof"]), transferred=(None, "here"))
        return str(values["proof"])

    # --- by the clock -------------------------------------------------------------------------------------------------

    def look_again(self, limit: int = BATCH) -> int:
        """Domains whose last look is a day old. How many lost their proof."""
        now, lost = self._bench.clock.now(), 0
        with self._bench.database.reading() as connection:
            due = domain_proofs.due(connection, now - AGAIN_AFTER, limit)
        for row in due:
            lost += self._looked_again(row, self.looks.find(row.name, row.challenge or "", row.proof), now)
        return lost

    def _looked_again(self, row: Any, found: Found, now: datetime) -> bool:
        gone, proof = found.gone(row.proof), found.proof or row.proof
        missing_since = None if found.proof is not None else row.missing_since
        if gone:
            missing_since = row.missing_since or now
        over = gone and missing_since is not None and now - missing_since >= GRACE
        with self._bench.database.unit_of_work() as connection:
            # Nobody else's and still proved in this way: it may have been passed on while we were asking.
            values = {"proof": proof, "checked_at": now, "missing_since": missing_since}
            if not domain_proofs.looked(connection, row.tenant_id, row.name, row.proof, values):
                return False
            if over:
                self._revoke(row, missing_since, now)
            elif proof != row.proof:
                self._record(UPKEEP, row.tenant_id, row.name, Action.UPDATED, proof=(row.proof, proof))
        if over or missing_since is not None:
            fields = {"domain": row.name, "tenant": row.tenant_id, "dns": found.dns, "web": found.web}
            log.warning("a domain lost its proof" if over else "the proof of a domain is missing", extra=fields)
        return over

    def _revoke(self, row: Any, missing_since: datetime | None, now: datetime) -> None:
        """Back to a claim, with the same challenge: putting the record or the file back proves it again."""
        with self._bench.database.unit_of_work() as connection:
            trust_queries.delete_domain(connection, row.tenant_id, row.name)
            domain_claims.remove(connection, row.tenant_id, row.name)
            domain_claims.add(
                connection, row.tenant_id, row.name, row.challenge or secrets.token_hex(16), now, result=Result.REVOKED
            )
            since = missing_since.isoformat() if missing_since else None
            self._record(
                UPKEEP, row.tenant_id, row.name, Action.DELETED, proof=(row.proof, None), missing_since=(since, None)
            )

    # --- inside -------------------------------------------------------------------------------------------------------

    def _places(self, name: str, challenge: str) -> tuple[str, str, str]:
        """Name and value of the record, address of the file."""
        return f"{LABEL}.{name}", PREFIX + challenge, self.looks.address(name)

    def _claim_of(self, row: Any) -> Claim:
        results = (None if word is None else Result(word) for word in (row.result, row.web_result))
        return Claim(row.tenant_id, row.name, *self._places(row.name, row.challenge), row.created_at, row.checked_at, *results)

    def _record(
        self, actor: Actor, tenant_id: str, name: str, action: Action, *, kind: str = "domain", **changed: tuple[Any, Any]
    ) -> None:
        record(self._bench, actor, kind=kind, object_id=name, tenant_id=tenant_id, action=action, fields_changed=changed)
