"""Operations on the hub's own staff: who they are, in which role, and how they get in. Their own credentials are theirs alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType

from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Role, Verb
from broker.services.operations.model import (
    AFTER,
    LIMIT,
    VERSION,
    Call,
    Deleted,
    Operation,
    Page,
    argument,
    check_limit,
    given,
    page_of,
)
from broker.services.staff.accounts import ChangeStaff
from broker.services.staff.model import StaffMember

STAFF = "Id or email address of the account."
NAME = "Name that colleagues see."
EMAIL = "Email address; they sign in with it."
ROLE = "What they may do."
ADMINISTERS = "Short name of the one tenant that a tenant administrator sees; for nobody else."
KEEP_TOKENS = "Risk: let the API tokens that they made go on working, although they may know the secrets."
ROLES = tuple(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class StaffView:
    id: str = argument("Id of the account.")
    email: str = argument(EMAIL)
    name: str = argument(NAME)
    role: str = argument(ROLE, choices=ROLES)
    administers: str = argument(ADMINISTERS)
    enabled: bool = argument("Whether they can sign in.")
    has_password: bool = argument("Whether they can sign in with a password and codes.")
    passkeys: int = argument("How many passkeys they have.")
    linked: bool = argument("Whether they can sign in through a connector of the hub.")
    created_at: datetime = argument("Since when there is the account.")
    last_sign_in_at: datetime | None = argument("When they last signed in.")
    version: int = argument("Rises with every change.")


@dataclass(frozen=True, slots=True)
class StaffSessionView:
    id: str = argument("Id of the session.")
    method: str = argument("How they signed in: password, passkey or connector.")
    created_at: datetime = argument("When it began.")
    seen_at: datetime = argument("When it was last used, to the minute.")
    user_agent: str = argument("What the browser calls itself.")
    address: str = argument("Network address of the browser when the session began.")


@dataclass(frozen=True, slots=True)
class StaffDetail:
    staff: StaffView = argument("The account.")
    sessions: tuple[StaffSessionView, ...] = argument("Browsers that are signed in to the console, the last used first.")
    tokens: tuple[str, ...] = argument("Names of the API tokens that they made and that work; the oldest first.")
    version: int = argument("Of the account; rises with every change.")


@dataclass(frozen=True, slots=True)
class ListStaff:
    search: str = argument("Only accounts whose name or email address contains this.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OneStaff:
    staff: str = argument(STAFF)


@dataclass(frozen=True, slots=True)
class EndStaff:
    """API tokens that they made are revoked with it, since they may know the secrets."""

    staff: str = argument(STAFF)
    keep_tokens: bool = argument(KEEP_TOKENS, default=False)


@dataclass(frozen=True, slots=True)
class OneStaffSession:
    staff: str = argument(STAFF)
    session: str = argument("Id of the session.")


@dataclass(frozen=True, slots=True)
class SaveStaff:
    """What is not given stays as it is."""

    staff: str = argument(STAFF)
    name: str | UnsetType = argument(NAME, default=UNSET)
    role: str | UnsetType = argument(ROLE, default=UNSET, choices=ROLES)
    administers: str | UnsetType = argument(ADMINISTERS, default=UNSET)
    keep_tokens: bool = argument(KEEP_TOKENS, default=False)
    expected_version: int | None = argument(VERSION, default=None)


@dataclass(frozen=True, slots=True)
class AskSignIn:
    pass


@dataclass(frozen=True, slots=True)
class SignInWith:
    """Whoever may change such a connector may become anybody who is linked through it; so from then on only owners may."""

    connectors: tuple[str, ...] = argument("The connectors, each written tenant/connector; empty: none.", default=())


@dataclass(frozen=True, slots=True)
class SignInView:
    connectors: tuple[str, ...] = argument("The connectors through which linked staff may sign in, each written tenant/connector.")


def view(call: Call, member: StaffMember) -> StaffView:
    return StaffView(
        id=member.id,
        email=member.email,
        name=member.name,
        role=member.role.value,
        administers="" if member.tenant_id is None else call.services.tenants.by_id(member.tenant_id).slug,
        enabled=member.enabled,
        has_password=member.has_password,
        passkeys=member.passkeys,
        linked=member.identity_id is not None,
        created_at=member.created_at,
        last_sign_in_at=member.last_sign_in_at,
        version=member.version,
    )


def _list(call: Call, asked: ListStaff) -> Page[StaffView]:
    limit = check_limit(asked.limit)
    found = call.services.staff.accounts.search(asked.search, after_email=asked.after, limit=limit + 1)
    return page_of([view(call, member) for member in found], limit, lambda item: item.email)


def _show(call: Call, asked: OneStaff) -> StaffDetail:
    staff = call.services.staff
    member = staff.accounts.named(asked.staff)
    sessions = tuple(
        StaffSessionView(item.id, item.method, item.created_at, item.seen_at, item.user_agent, item.address)
        for item in staff.sessions.of(member.id)
    )
    tokens = tuple(token.name for token in staff.accounts.tokens_of(member))
    return StaffDetail(view(call, member), sessions, tokens, member.version)


def role_of(name: str) -> Role:
    """Raises InvalidSettings."""
    try:
        return Role(name)
    except ValueError as error:
        raise InvalidSettings(translatable("Choose a role."), field="role") from error


def tenant_id_of(call: Call, slug: str) -> str | None:
    return call.services.tenants.get(slug).id if slug else None


def _save(call: Call, asked: SaveStaff) -> StaffView:
    now = call.services.staff.accounts.named(asked.staff)
    role = role_of(given(asked.role, now.role.value))
    # Another role than tenant administrator leaves the tenant behind, unless the caller says otherwise and is told.
    before = now.tenant_id if role is Role.TENANT_ADMIN else None
    tenant_id = before if isinstance(asked.administers, UnsetType) else tenant_id_of(call, asked.administers)
    command = ChangeStaff(
        now.id, given(asked.name, now.name), role, tenant_id, now.enabled, asked.expected_version, asked.keep_tokens
    )
    return view(call, call.services.staff.accounts.save(call.actor, command))


def _switch(call: Call, staff_id: str, *, enabled: bool, keep_tokens: bool = False) -> StaffView:
    now = call.services.staff.accounts.named(staff_id)
    command = ChangeStaff(now.id, now.name, now.role, now.tenant_id, enabled, keep_tokens=keep_tokens)
    return view(call, call.services.staff.accounts.save(call.actor, command))


def _disable(call: Call, asked: EndStaff) -> StaffView:
    return _switch(call, asked.staff, enabled=False, keep_tokens=asked.keep_tokens)


def _enable(call: Call, asked: OneStaff) -> StaffView:
    return _switch(call, asked.staff, enabled=True)


def _end_session(call: Call, asked: OneStaffSession) -> Deleted:
    accounts = call.services.staff.accounts
    accounts.end_session(call.actor, accounts.named(asked.staff), asked.session)
    return Deleted("staff session", asked.session)


def _end_sessions(call: Call, asked: OneStaff) -> Deleted:
    accounts = call.services.staff.accounts
    accounts.end_sessions(call.actor, accounts.named(asked.staff))
    return Deleted("staff sessions", asked.staff)


def _delete(call: Call, asked: EndStaff) -> Deleted:
    accounts = call.services.staff.accounts
    doomed = accounts.named(asked.staff)
    return Deleted("staff", accounts.delete(call.actor, doomed.id, keep_tokens=asked.keep_tokens).email)


def _sign_in(call: Call, asked: AskSignIn) -> SignInView:
    return SignInView(tuple(item.reference for item in call.services.staff.chosen.all()))


def _sign_in_with(call: Call, asked: SignInWith) -> SignInView:
    call.services.staff.chosen.choose(call.actor, asked.connectors)
    return _sign_in(call, AskSignIn())


ONE = "/staff/{staff}"
DO = Verb.ADMINISTER

OPERATIONS: tuple[Operation, ...] = (
    Operation("staff.list", "The hub's own staff", DO, "GET", "/staff", ListStaff, Page[StaffView], _list),
    Operation("staff.show", "One account, with its sessions", DO, "GET", ONE, OneStaff, StaffDetail, _show),
    Operation("staff.save", "Change name, role or tenant", DO, "PUT", ONE, SaveStaff, StaffView, _save, sensitive=True),
    Operation(
        "staff.disable",
        "Switch an account off: sessions end at once",
        DO,
        "POST",
        f"{ONE}/disable",
        EndStaff,
        StaffView,
        _disable,
    ),
    Operation(
        "staff.enable",
        "Let somebody sign in again",
        DO,
        "POST",
        f"{ONE}/enable",
        OneStaff,
        StaffView,
        _enable,
        sensitive=True,
    ),
    Operation(
        "staff.end_session",
        "End one session of an account",
        DO,
        "DELETE",
        f"{ONE}/sessions/{{session}}",
        OneStaffSession,
        Deleted,
        _end_session,
    ),
    Operation(
        "staff.end_sessions",
        "End every session of an account",
        DO,
        "DELETE",
        f"{ONE}/sessions",
        OneStaff,
        Deleted,
        _end_sessions,
    ),
    Operation(
        "staff.sign_in",
        "Through which connectors of the hub staff may sign in",
        DO,
        "GET",
        "/staff-sign-in",
        AskSignIn,
        SignInView,
        _sign_in,
    ),
    Operation(
        "staff.sign_in_with",
        "Choose the connectors of the hub through which staff may sign in",
        DO,
        "PUT",
        "/staff-sign-in",
        SignInWith,
        SignInView,
        _sign_in_with,
        sensitive=True,
    ),
    Operation("staff.delete", "Delete an account", DO, "DELETE", ONE, EndStaff, Deleted, _delete, sensitive=True),
)
