"""Domains of a tenant: vouched for, waiting for their proof, disputed between two tenants."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from broker.console import pages
from broker.console.face import ConsoleFace
from broker.console.pages import Problem
from broker.console.tenant_page import CLAIM, DOMAIN, overview
from broker.console.tenants import address
from broker.domain.messages import translatable
from broker.services.operations.domain_claims import ClaimDomain, ListDomainConflicts, TransferDomain
from broker.services.operations.domains import OneDomain, VouchDomain

PROVED = translatable("The proof is there: the domain belongs to this tenant now.")
NOT_PROVED = translatable("Looked. Neither record nor file is as it should be yet; what was found stands beside the domain.")

CLAIMED = translatable("Now the record has to be made in the DNS of that domain, or the file put on its website.")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.post("/tenants/<tenant>/domains")
    def add_domain(tenant: str) -> Response:
        return pages.changed(lambda typed: _vouch(face, tenant, typed), lambda problem: overview(face, tenant, problem))

    @views.post("/tenants/<tenant>/domains/<domain>/remove")
    def remove_domain(tenant: str, domain: str) -> Response:
        face.run("domain.remove", OneDomain(tenant, domain))
        return pages.done(address(tenant), translatable("The domain has been removed. Its people cannot sign in any more."))

    @views.post("/tenants/<tenant>/claims")
    def claim_domain(tenant: str) -> Response:
        return pages.changed(lambda typed: _claim(face, tenant, typed), lambda problem: overview(face, tenant, _at_claim(problem)))

    @views.post("/tenants/<tenant>/claims/<domain>/check")
    def check_domain(tenant: str, domain: str) -> Response:
        return pages.changed(
            lambda _: _check(face, tenant, domain), lambda problem: overview(face, tenant, replace(problem, field="claims"))
        )

    @views.post("/tenants/<tenant>/claims/<domain>/withdraw")
    def withdraw_domain(tenant: str, domain: str) -> Response:
        face.run("domain.withdraw", ClaimDomain(tenant, domain))
        return pages.done(f"{address(tenant)}#domains", translatable("The claim has been withdrawn."))

    @views.get("/domain-conflicts")
    def domain_conflicts() -> Response:
        return _conflicts(face)

    @views.post("/domain-conflicts/<domain>/transfer")
    def transfer_domain(domain: str) -> Response:
        return pages.changed(lambda typed: _transfer(face, domain, typed), lambda problem: _conflicts(face, problem))


def _vouch(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    face.run("domain.vouch", VouchDomain(slug, typed.get(DOMAIN.name, "")))
    return f"{address(slug)}#domains", translatable("The domain has been added.")


def _claim(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    face.run("domain.claim", ClaimDomain(slug, typed.get(CLAIM.name, "")))
    return f"{address(slug)}#domains", CLAIMED


def _at_claim(problem: Problem) -> Problem:
    """The service names the field as its own input does; two forms of the page ask for a domain."""
    return replace(problem, field=CLAIM.name)


def _check(face: ConsoleFace, slug: str, domain: str) -> tuple[str, str]:
    found = face.run("domain.check", ClaimDomain(slug, domain))
    return f"{address(slug)}#domains", PROVED if found.result == "proved" else NOT_PROVED


def _conflicts(face: ConsoleFace, problem: Problem | None = None) -> Response:
    found = face.run("domain.conflicts", ListDomainConflicts(pages.asked("after"), 50))
    context = {"conflicts": found, "first": not pages.asked("after"), "problem": problem, "here": "/console/tenants"}
    return pages.show("console/tenants/conflicts.html", status=problem.status if problem else 200, **context)


def _transfer(face: ConsoleFace, domain: str, typed: dict[str, str]) -> tuple[str, str]:
    made = face.run("domain.transfer", TransferDomain(domain, typed.get("to", "")))
    return address(made.held_by), translatable("The domain has been passed on. It belongs to this tenant now.")
