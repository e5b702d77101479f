"""Operations that let staff in: an account with a link, a new link, a link in place of everything they had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from broker.domain.messages import LANGUAGES
from broker.services import letters
from broker.services.actor import Actor
from broker.services.operations.model import Call, Operation, argument
from broker.services.operations.staff import (
    ADMINISTERS,
    DO,
    EMAIL,
    KEEP_TOKENS,
    NAME,
    ONE,
    ROLE,
    ROLES,
    STAFF,
    StaffView,
    role_of,
    tenant_id_of,
    view,
)
from broker.services.staff.invitations import Invitation
from broker.services.staff.model import StaffMember

_MAIL = "Whether to mail the link to them at once."
_LANGUAGE = "Language of that mail."


@dataclass(frozen=True, slots=True)
class InvitationView:
    """The one answer that contains a link; it cannot be asked for again."""

    staff: StaffView = argument("The account.")
    link: str = argument("Send it to them. It works once.", secret=True)
    expires_at: datetime = argument("Until when it works.")
    mailed: bool = argument("Whether it was mailed to them.")
    mail_problem: str = argument("Why the mail was not sent, if it was wanted; the link works all the same.")


@dataclass(frozen=True, slots=True)
class InviteStaff:
    email: str = argument(EMAIL)
    name: str = argument(NAME)
    role: str = argument(ROLE, choices=ROLES)
    administers: str = argument(ADMINISTERS, default="")
    mail: bool = argument(_MAIL, default=False)
    language: str = argument(_LANGUAGE, default="en", choices=tuple(LANGUAGES))


@dataclass(frozen=True, slots=True)
class ResetStaff:
    """API tokens that they made are revoked with it, since whoever stole their credentials may have made them."""

    staff: str = argument(STAFF)
    mail: bool = argument(_MAIL, default=False)
    language: str = argument(_LANGUAGE, default="en", choices=tuple(LANGUAGES))
    keep_tokens: bool = argument(KEEP_TOKENS, default=False)


@dataclass(frozen=True, slots=True)
class LinkStaff:
    staff: str = argument(STAFF)
    mail: bool = argument(_MAIL, default=False)
    language: str = argument(_LANGUAGE, default="en", choices=tuple(LANGUAGES))


def _invite(call: Call, asked: InviteStaff) -> InvitationView:
    staff = call.services.staff
    with call.services.bench.database.unit_of_work():
        what = (role_of(asked.role), tenant_id_of(call, asked.administers))
        member = staff.accounts.create(call.actor, asked.email, asked.name, *what)
        made = staff.invitations.create(call.actor, member.id)
        _check_mail(call, member, asked)
    return _invitation(call, member.id, made, asked)


def _check_mail(call: Call, member: StaffMember, asked: InviteStaff | LinkStaff | ResetStaff) -> None:
    """Before the link stands: it is not made when it cannot be mailed as was asked. Raises InvalidSettings, TooManyAttempts."""
    if asked.mail:
        call.services.post.check(call.actor, member.email, asked.language)


def _invitation(call: Call, staff_id: str, made: Invitation, asked: InviteStaff | LinkStaff | ResetStaff) -> InvitationView:
    services = call.services
    member, problem = services.staff.accounts.get(staff_id), ""
    if asked.mail:
        letter = letters.invitation(made.url, made.expires_at, urlsplit(services.bench.settings.public_url).netloc)
        about = ("staff", member.id, member.tenant_id)
        problem = services.post.send(call.actor, member.email, letter, asked.language, about)
    return InvitationView(view(call, member), made.url, made.expires_at, asked.mail and not problem, problem)


def _link(call: Call, asked: LinkStaff) -> InvitationView:
    return _made(call, asked, call.services.staff.invitations.create)


def _reset(call: Call, asked: ResetStaff) -> InvitationView:
    return _made(call, asked, partial(call.services.staff.invitations.reset, keep_tokens=asked.keep_tokens))


def _made(call: Call, asked: LinkStaff | ResetStaff, make: Callable[[Actor, str], Invitation]) -> InvitationView:
    with call.services.bench.database.unit_of_work():
        member = call.services.staff.accounts.named(asked.staff)
        made = make(call.actor, member.id)
        _check_mail(call, member, asked)
    return _invitation(call, member.id, made, asked)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "staff.invite",
        "Make an account, and a link with which they set up how they sign in",
        DO,
        "POST",
        "/staff",
        InviteStaff,
        InvitationView,
        _invite,
        sensitive=True,
    ),
    Operation(
        "staff.link",
        "A new link, to set up another way to sign in; what there is stays",
        DO,
        "POST",
        f"{ONE}/link",
        LinkStaff,
        InvitationView,
        _link,
        sensitive=True,
    ),
    Operation(
        "staff.reset",
        "Take every credential away, end every session, and make a new link",
        DO,
        "POST",
        f"{ONE}/reset",
        ResetStaff,
        InvitationView,
        _reset,
        sensitive=True,
    ),
)
