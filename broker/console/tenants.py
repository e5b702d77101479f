"""Tenants: the list, a new one, its settings and claim rules, and its end. The overview of one is `tenant_page`."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask import Blueprint, Response

from broker.console import door, forms, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.domain_claims import ListDomainConflicts
from broker.services.operations.tenants import ChangeTenant, ListTenants, OneTenant

NAME = Control("name", translatable("Name"), help=translatable("As people see it: the organisation’s own name."), required=True)
SLUG = Control(
    "slug",
    translatable("Short name"),
    help=translatable("Stands in addresses and in declarative files, and stays for ever. Empty: made from the name."),
)
ENABLED = Control(
    "enabled",
    translatable("People of this tenant can sign in"),
    "check",
    help=translatable("Off: nobody of this tenant gets in, from the next request on. Nothing is deleted."),
)
IDLE = Control(
    "session_idle_minutes",
    translatable("Session ends after this long without use (minutes)"),
    "number",
    help=translatable("From 5 minutes up; at most as long as the session itself."),
)
ABSOLUTE = Control(
    "session_absolute_minutes",
    translatable("Session ends at the latest after (minutes)"),
    "number",
    help=translatable("At most 43,200: thirty days."),
)
TRACE_DAYS = Control(
    "trace_days",
    translatable("What support can see of a sign-in is kept for (days)"),
    "number",
    help=translatable("0: as long as everywhere. A shorter time also holds for what is there already."),
)
RULES = Control("acceptance_rules", translatable("Acceptance rules (JSON)"), "code")
CONFIRM = Control("confirm", translatable("Type the short name to confirm"), required=True)

DOES_NOT_MATCH = translatable("This is not its short name. Nothing was deleted.")


def address(slug: str, *more: str) -> str:
    return "/".join(("/console/tenants", slug, *more))


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants")
    def tenants() -> Response:
        search = pages.asked("search").strip()
        found = face.run("tenant.list", ListTenants(search, pages.asked("after"), 50))
        context = {"tenants": found, "search": search, "first": not pages.asked("after"), "conflicts": _disputed(face)}
        return pages.show("console/tenants/list.html", **context)

    @views.get("/new/tenant")
    def new_tenant() -> Response:
        return _new(None)

    @views.post("/new/tenant")
    def create_tenant() -> Response:
        return pages.changed(lambda typed: _create(face, typed), _new)

    @views.get("/tenants/<tenant>/settings")
    def tenant_settings(tenant: str) -> Response:
        return _settings(face, tenant, None)

    @views.post("/tenants/<tenant>/settings")
    def save_tenant(tenant: str) -> Response:
        return pages.changed(lambda typed: _save(face, tenant, typed), lambda problem: _settings(face, tenant, problem))

    @views.get("/tenants/<tenant>/rules")
    def tenant_rules(tenant: str) -> Response:
        return _rules(face, tenant, None)

    @views.post("/tenants/<tenant>/rules")
    def save_tenant_rules(tenant: str) -> Response:
        return pages.changed(lambda typed: _save_rules(face, tenant, typed), lambda problem: _rules(face, tenant, problem))

    @views.post("/tenants/<tenant>/delete")
    def delete_tenant(tenant: str) -> Response:
        return pages.changed(lambda typed: _delete(face, tenant, typed), lambda problem: _settings(face, tenant, problem))


def _disputed(face: ConsoleFace) -> bool:
    """Whether two tenants want one domain: nobody but the hub's own staff hears of it."""
    return door.actor().tenant_id is None and bool(face.run("domain.conflicts", ListDomainConflicts(limit=1)).items)


# --- a new one ----------------------------------------------------------------------------------------------------------


def _new(problem: Problem | None) -> Response:
    door.actor().require(Verb.CONFIGURE, None)
    form = forms.filled((NAME, SLUG), problem)
    return pages.show("console/tenants/new.html", status=problem.status if problem else 200, form=form, here="/console/tenants")


def _create(face: ConsoleFace, typed: dict[str, str]) -> tuple[str, str]:
    slug = typed.get("slug", "").strip().lower() or slug_of(typed.get("name", ""))
    made = forms.as_new(lambda: face.run("tenant.save", ChangeTenant(slug, typed.get("name", ""), expected_version=0)))
    return address(made.slug), translatable("The tenant has been made. Next: send its administrator a set-up link.")


def slug_of(name: str) -> str:
    """ "Société Générale" → "societe-generale"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:63].strip("-")


# --- settings -----------------------------------------------------------------------------------------------------------


def _settings(face: ConsoleFace, slug: str, problem: Problem | None) -> Response:
    tenant = face.run("tenant.show", OneTenant(slug))
    door.actor().require(Verb.CONFIGURE, tenant.id)
    deleting = problem is not None and problem.field == CONFIRM.name
    form = forms.filled(_controls(tenant), None if deleting else problem)
    danger = forms.filled((CONFIRM,), problem if deleting else None)
    status = problem.status if problem else 200
    return pages.show("console/tenants/settings.html", status=status, tenant=tenant, form=form, danger=danger)


def _controls(tenant: Any) -> tuple[Control, ...]:
    return (
        forms.storing(NAME, tenant.name),
        forms.storing(ENABLED, "yes" if tenant.enabled else ""),
        forms.storing(IDLE, f"{tenant.session_idle_seconds / 60:g}"),
        forms.storing(ABSOLUTE, f"{tenant.session_absolute_seconds / 60:g}"),
        forms.storing(TRACE_DAYS, str(tenant.trace_days)),
    )


def _save(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    change = ChangeTenant(
        slug,
        name=typed.get("name", ""),
        enabled="enabled" in typed,
        session_idle_seconds=_seconds(typed, "session_idle_minutes"),
        session_absolute_seconds=_seconds(typed, "session_absolute_minutes"),
        trace_days=round(forms.read_number(typed.get(TRACE_DAYS.name, ""), TRACE_DAYS.name)),
        expected_version=forms.read_version(typed),
    )
    face.run("tenant.save", change)
    return address(slug, "settings"), translatable("Saved. It holds from the next request on.")


def _seconds(typed: dict[str, str], name: str) -> int:
    return round(forms.read_number(typed.get(name, ""), name) * 60)


# --- rules --------------------------------------------------------------------------------------------------------------


def _rules(face: ConsoleFace, slug: str, problem: Problem | None) -> Response:
    tenant = face.run("tenant.show", OneTenant(slug))
    door.actor().require(Verb.CONFIGURE, tenant.id)
    form = forms.filled((forms.storing(RULES, forms.shown_rules(tenant.acceptance_rules)),), problem)
    status = problem.status if problem else 200
    return pages.show("console/tenants/rules.html", status=status, tenant=tenant, form=form)


def _save_rules(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    rules = forms.read_rules(typed.get(RULES.name, ""), RULES.name)
    change = ChangeTenant(slug, acceptance_rules=rules, expected_version=forms.read_version(typed))
    face.run("tenant.save", change)
    return address(slug, "rules"), translatable("The rules are saved. They hold from the next sign-in on.")


# --- its end ------------------------------------------------------------------------------------------------------------


def _delete(face: ConsoleFace, slug: str, typed: dict[str, str]) -> tuple[str, str]:
    if typed.get(CONFIRM.name, "").strip() != slug:
        raise InvalidSettings(DOES_NOT_MATCH, field=CONFIRM.name)
    face.run("tenant.delete", OneTenant(slug))
    return "/console/tenants", translatable("The tenant has been deleted, with everything that belonged to it.")
