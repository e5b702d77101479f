"""Operations on the proof of domains: claim, look for the proof, conflicts between tenants, passing a domain on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.errors import InvalidSettings
from broker.services.actor import Verb
from broker.services.domain_proof import Claim
from broker.services.operations.model import (
    AFTER,
    LIMIT,
    TENANT,
    Call,
    Deleted,
    Operation,
    Page,
    argument,
    check_limit,
    page_of,
)

_NAME = "The domain, like example.com."
_RESULT = (
    "What the last look found: proved, no_domain, no_record, wrong_value, server_failure, timeout (all of the DNS), "
    "conflict (another tenant holds it) or revoked (record and file were gone for too long); null: nobody has looked yet."
)
_WEB_RESULT = (
    "What the last look found at the web site: proved, no_file, wrong_value, page (a web page instead of the file), redirect, "
    "certificate, unreachable, not_public, server_failure or timeout; null: nobody has looked there."
)


@dataclass(frozen=True, slots=True)
class DomainClaimView:
    domain: str = argument(_NAME)
    host: str = argument("Name of the TXT record to make; the domain itself will do as well.")
    value: str = argument("What the record, or the file, must say.")
    file_address: str = argument("Where a file with this value proves it as well; empty: only the record does.")
    result: str | None = argument(_RESULT)
    web_result: str | None = argument(_WEB_RESULT)
    created_at: datetime = argument("When it was claimed.")
    checked_at: datetime | None = argument("When it was last looked for; null: never.")


@dataclass(frozen=True, slots=True)
class DomainConflictView:
    domain: str = argument(_NAME)
    claimed_by: str = argument("Short name of the tenant that has proved it now.")
    held_by: str = argument("Short name of the tenant that holds it.")
    checked_at: datetime | None = argument("When the proof was seen.")


@dataclass(frozen=True, slots=True)
class DomainTransferred:
    domain: str = argument(_NAME)
    held_by: str = argument("Short name of the tenant that holds it now.")
    proof: str = argument('How it is proved there: "dns", "http" (a file on its web site), or "operator" who vouched for it.')


@dataclass(frozen=True, slots=True)
class ListDomainClaims:
    tenant: str = argument(TENANT)
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class ClaimDomain:
    tenant: str = argument(TENANT)
    domain: str = argument(_NAME)


@dataclass(frozen=True, slots=True)
class ListDomainConflicts:
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class TransferDomain:
    domain: str = argument(_NAME)
    to: str = argument("Short name of the tenant that shall hold it.")


def _view(claim: Claim) -> DomainClaimView:
    results = (claim.result, claim.web_result)
    return DomainClaimView(claim.name, claim.host, claim.value, claim.address, *results, claim.created_at, claim.checked_at)


def _list(call: Call, asked: ListDomainClaims) -> Page[DomainClaimView]:
    limit = check_limit(asked.limit)
    found = call.services.domain_proof.claims(call.tenant.id, after=asked.after, limit=limit + 1)
    return page_of([_view(claim) for claim in found], limit, lambda item: item.domain)


def _claim(call: Call, asked: ClaimDomain) -> DomainClaimView:
    return _view(call.services.domain_proof.claim(call.actor, call.tenant.id, asked.domain))


def _check(call: Call, asked: ClaimDomain) -> DomainClaimView:
    return _view(call.services.domain_proof.check(call.actor, call.tenant.id, asked.domain))


def _withdraw(call: Call, asked: ClaimDomain) -> Deleted:
    call.services.domain_proof.withdraw(call.actor, call.tenant.id, asked.domain)
    return Deleted("domain_claim", asked.domain)


def _conflicts(call: Call, asked: ListDomainConflicts) -> Page[DomainConflictView]:
    limit = check_limit(asked.limit)
    name, _, tenant_id = asked.after.partition(" ")
    found = call.services.domain_proof.conflicts(after=(name, tenant_id), limit=limit + 1)
    slugs = call.services.tenants.slugs({claim.tenant_id for claim, _ in found} | {holder for _, holder in found})
    page = page_of(found, limit, lambda item: f"{item[0].name} {item[0].tenant_id}")
    views = (
        DomainConflictView(claim.name, slugs[claim.tenant_id], slugs.get(holder, ""), claim.checked_at)
        for claim, holder in page.items
    )
    return Page(tuple(views), page.next)


def _transfer(call: Call, asked: TransferDomain) -> DomainTransferred:
    if not asked.to:
        raise InvalidSettings("Say which tenant shall hold it.", field="to")
    to = call.services.tenants.get(asked.to)
    proof = call.services.domain_proof.transfer(call.actor, asked.domain, to.id)
    return DomainTransferred(asked.domain, to.slug, proof)


_ALL = "/tenants/{tenant}/domain-claims"
_ONE = f"{_ALL}/{{domain}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "domain.claims", "Domains that wait for their proof", Verb.READ, "GET", _ALL, ListDomainClaims, Page[DomainClaimView], _list
    ),
    Operation(
        "domain.claim",
        "Claim a domain: gives the TXT record, or the file, that proves it",
        Verb.SET_UP,
        "PUT",
        _ONE,
        ClaimDomain,
        DomainClaimView,
        _claim,
    ),
    Operation(
        "domain.check",
        "Look for the record and the file now",
        Verb.SET_UP,
        "POST",
        f"{_ONE}/check",
        ClaimDomain,
        DomainClaimView,
        _check,
    ),
    Operation("domain.withdraw", "Withdraw a claim", Verb.SET_UP, "DELETE", _ONE, ClaimDomain, Deleted, _withdraw),
    Operation(
        "domain.conflicts",
        "Domains that one tenant has proved and another one holds",
        Verb.READ,
        "GET",
        "/domain-conflicts",
        ListDomainConflicts,
        Page[DomainConflictView],
        _conflicts,
    ),
    Operation(
        "domain.transfer",
        "Pass a domain on to another tenant: people of the old one cannot sign in with it any more",
        Verb.CONFIGURE,
        "POST",
        "/domains/{domain}/transfer",
        TransferDomain,
        DomainTransferred,
        _transfer,
        sensitive=True,
    ),
)
