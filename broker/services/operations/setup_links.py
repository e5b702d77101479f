"""Operations on set-up links: how a customer's administrator is let in without an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.messages import LANGUAGES
from broker.services import letters
from broker.services.actor import Verb
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
from broker.services.setup_links import DEFAULT_DAYS, MAX_DAYS, SetupLink


@dataclass(frozen=True, slots=True)
class SetupLinkView:
    id: str = argument("Stable id.")
    label: str = argument("For whom it is, in the words of whoever made it.")
    state: str = argument("working, expired or revoked.", choices=("working", "expired", "revoked"))
    created_by: str = argument("Who made it.")
    created_at: datetime | None = argument("When it was made.")
    expires_at: datetime = argument("Until when it works.")
    last_used_at: datetime | None = argument("When it was last opened; null: never.")


@dataclass(frozen=True, slots=True)
class NewSetupLink:
    id: str = argument("Stable id, to revoke it.")
    url: str = argument("The link itself. It is shown this once; nobody can read it again.", secret=True)
    expires_at: datetime = argument("Until when it works.")
    mailed_to: str = argument("The address that it was mailed to; empty: to none.")
    mail_problem: str = argument("Why the mail was not sent, if it was wanted; the link works all the same.")


@dataclass(frozen=True, slots=True)
class ListSetupLinks:
    tenant: str = argument(TENANT)
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class CreateSetupLink:
    tenant: str = argument(TENANT)
    days: int = argument(f"How long it works, 1 to {MAX_DAYS} days.", default=DEFAULT_DAYS)
    label: str = argument("For whom it is; only staff see it.", default="")
    return_url: str = argument("Address of your own product, to which its pages lead back.", default="")
    mail_to: str = argument("Email address that the link is sent to at once.", default="")
    language: str = argument("Language of that mail.", default="en", choices=tuple(LANGUAGES))


@dataclass(frozen=True, slots=True)
class OneSetupLink:
    tenant: str = argument(TENANT)
    link: str = argument("Id of the link.")


def _view(link: SetupLink, now: datetime) -> SetupLinkView:
    state = "revoked" if link.revoked else "expired" if link.expires_at <= now else "working"
    return SetupLinkView(link.id, link.label, state, link.created_by, link.created_at, link.expires_at, link.last_used_at)


def _list(call: Call, asked: ListSetupLinks) -> Page[SetupLinkView]:
    limit, now = check_limit(asked.limit), call.services.bench.clock.now()
    found = call.services.setup_links.all(call.tenant.id, after_id=asked.after, limit=limit + 1)
    return page_of([_view(link, now) for link in found], limit, lambda item: item.id)


def _create(call: Call, asked: CreateSetupLink) -> NewSetupLink:
    services, tenant = call.services, call.tenant
    with services.bench.database.unit_of_work():
        link = services.setup_links.create(call.actor, tenant.id, days=asked.days, label=asked.label, return_url=asked.return_url)
        to = services.post.check(call.actor, asked.mail_to, asked.language) if asked.mail_to.strip() else ""
    url = f"{services.bench.settings.public_url}/setup/{link.token}"
    if not to:
        return NewSetupLink(link.id, url, link.expires_at, "", "")
    about = ("setup_link", link.id, tenant.id)
    problem = services.post.send(call.actor, to, letters.setup_link(url, link.expires_at), asked.language, about)
    return NewSetupLink(link.id, url, link.expires_at, "" if problem else to, problem)


def _revoke(call: Call, asked: OneSetupLink) -> Deleted:
    call.services.setup_links.revoke(call.actor, call.tenant.id, asked.link)
    return Deleted("setup_link", asked.link)


_ALL = "/tenants/{tenant}/setup-links"

OPERATIONS: tuple[Operation, ...] = (
    Operation("setup_link.list", "A tenant's set-up links", Verb.READ, "GET", _ALL, ListSetupLinks, Page[SetupLinkView], _list),
    Operation(
        "setup_link.create",
        "Make a set-up link; it is shown once",
        Verb.CONFIGURE,
        "POST",
        _ALL,
        CreateSetupLink,
        NewSetupLink,
        _create,
    ),
    Operation("setup_link.revoke", "Revoke one", Verb.CONFIGURE, "DELETE", f"{_ALL}/{{link}}", OneSetupLink, Deleted, _revoke),
)
