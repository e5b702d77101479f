"""Operations on people: find them, see them as last seen, sign them out, switch them off, unlink them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.claims import Claim
from broker.services.actor import Verb
from broker.services.identities import Link, Person, SeenSession
from broker.services.operations.model import AFTER, LIMIT, Call, Deleted, Operation, Page, argument, check_limit

_TENANT = "Short name of the person's tenant."
_PERSON = "Id of the person."


@dataclass(frozen=True, slots=True)
class PersonView:
    id: str = argument(_PERSON)
    tenant: str = argument(_TENANT)
    tenant_name: str = argument("Name of the tenant.")
    subject: str = argument("The hub's own, unchanging name for the person.")
    name: str = argument("As last seen; empty when the identity provider says none.")
    email: str = argument("As last seen; empty when the identity provider says none.")
    enabled: bool = argument("Whether the person can sign in.")
    created_at: datetime = argument("First sign-in.")
    last_seen_at: datetime = argument("When the person last came from an identity provider, to the hour.")
    signed_out_at: datetime | None = argument("When the person was last signed out everywhere.")


@dataclass(frozen=True, slots=True)
class LinkView:
    id: str = argument("Id of the link.")
    connector: str = argument("Short name of the connector.")
    connector_name: str = argument("Name of the connector.")
    connector_type: str = argument("Its type.")
    issuer: str = argument("The identity provider's own name.")
    subject: str = argument("What the identity provider calls the person.")
    mutable: bool = argument("The provider may give this key to somebody else one day (an email address).")
    created_at: datetime = argument("Since when.")


@dataclass(frozen=True, slots=True)
class ReachedView:
    application: str = argument("Id of the application.")
    name: str = argument("Its name.")
    at: datetime = argument("When the session first opened it.")


@dataclass(frozen=True, slots=True)
class SessionView:
    id: str = argument("Id of the session.")
    connector_id: str = argument("The connector that it came by.")
    created_at: datetime = argument("When it began.")
    authenticated_at: datetime = argument("When the identity provider saw the person.")
    ends_at: datetime = argument("When it ends at the latest.")
    user_agent: str = argument("What the browser calls itself.")
    address: str = argument("Network address of the browser when the session began.")
    applications: tuple[ReachedView, ...] = argument("The applications that it opened.")


@dataclass(frozen=True, slots=True)
class PersonDetail:
    person: PersonView = argument("Who it is.")
    profile: tuple[Claim, ...] = argument("What the identity provider said of the person, as accepted, when last seen.")
    links: tuple[LinkView, ...] = argument("How identity providers know the person.")
    sessions: tuple[SessionView, ...] = argument("Where the person is signed in now.")


@dataclass(frozen=True, slots=True)
class SignedOut:
    sessions: int = argument("How many sessions were ended.")


@dataclass(frozen=True, slots=True)
class ListPeople:
    search: str = argument("The beginning of an email address or of a word of the name; or a whole id.", default="")
    of_tenant: str = argument("Only people of the tenant with this short name.", default="")
    after: str = argument(AFTER, default="")
    limit: int = argument(LIMIT, default=50)


@dataclass(frozen=True, slots=True)
class OnePerson:
    tenant: str = argument(_TENANT)
    person: str = argument(_PERSON)


@dataclass(frozen=True, slots=True)
class OneSession:
    tenant: str = argument(_TENANT)
    person: str = argument(_PERSON)
    session: str = argument("Id of the session.")


@dataclass(frozen=True, slots=True)
class OneLink:
    tenant: str = argument(_TENANT)
    person: str = argument(_PERSON)
    link: str = argument("Id of the link.")


def view(person: Person) -> PersonView:
    return PersonView(
        person.id,
        person.tenant_slug,
        person.tenant_name,
        person.subject,
        person.name,
        person.email,
        person.enabled,
        person.created_at,
        person.last_seen_at,
        person.signed_out_at,
    )


def link_view(link: Link) -> LinkView:
    return LinkView(
        link.id,
        link.connector_slug,
        link.connector_name,
        link.connector_type,
        link.issuer,
        link.subject,
        link.mutable,
        link.created_at,
    )


def session_view(seen: SeenSession) -> SessionView:
    session = seen.session
    return SessionView(
        session.id,
        session.connector_id,
        session.created_at,
        session.context.authenticated_at,
        session.ends_at,
        session.user_agent,
        session.address,
        tuple(ReachedView(each.application_id, each.name, each.at) for each in seen.applications),
    )


def _list(call: Call, asked: ListPeople) -> Page[PersonView]:
    limit, services = check_limit(asked.limit), call.services
    tenant_id = call.actor.tenant_id
    if asked.of_tenant:
        tenant_id = services.tenants.visible(call.actor, asked.of_tenant, Verb.READ_PEOPLE).id
    found = services.identities.search(asked.search, tenant_id=tenant_id, after=asked.after, limit=limit + 1)
    more = found[limit - 1].cursor if len(found) > limit else ""
    return Page(tuple(view(person) for person in found[:limit]), more)


def _show(call: Call, asked: OnePerson) -> PersonDetail:
    identities, tenant_id = call.services.identities, call.tenant.id
    person, profile = identities.get(tenant_id, asked.person)
    return PersonDetail(
        view(person),
        profile,
        tuple(link_view(link) for link in identities.links(tenant_id, asked.person)),
        tuple(session_view(seen) for seen in identities.sessions(tenant_id, asked.person)),
    )


def _disable(call: Call, asked: OnePerson) -> PersonView:
    return view(call.services.identities.disable(call.actor, call.tenant.id, asked.person))


def _enable(call: Call, asked: OnePerson) -> PersonView:
    return view(call.services.identities.enable(call.actor, call.tenant.id, asked.person))


def _sign_out(call: Call, asked: OnePerson) -> SignedOut:
    return SignedOut(call.services.identities.sign_out(call.actor, call.tenant.id, asked.person))


def _end_session(call: Call, asked: OneSession) -> Deleted:
    call.services.identities.end_session(call.actor, call.tenant.id, asked.person, asked.session)
    return Deleted("session", asked.session)


def _unlink(call: Call, asked: OneLink) -> Deleted:
    call.services.identities.unlink(call.actor, call.tenant.id, asked.person, asked.link)
    return Deleted("link", asked.link)


_ONE = "/tenants/{tenant}/people/{person}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "person.list", "Find people", Verb.READ_PEOPLE, "GET", "/people", ListPeople, Page[PersonView], _list, narrowed=True
    ),
    Operation(
        "person.show", "One person: profile, links, sessions", Verb.READ_PEOPLE, "GET", _ONE, OnePerson, PersonDetail, _show
    ),
    Operation(
        "person.disable",
        "Switch a person off: sessions end and tokens stop at once",
        Verb.MANAGE_PEOPLE,
        "POST",
        f"{_ONE}/disable",
        OnePerson,
        PersonView,
        _disable,
    ),
    Operation(
        "person.enable", "Let a person sign in again", Verb.MANAGE_PEOPLE, "POST", f"{_ONE}/enable", OnePerson, PersonView, _enable
    ),
    Operation(
        "person.sign_out",
        "Sign a person out everywhere: sessions end and tokens stop",
        Verb.MANAGE_PEOPLE,
        "POST",
        f"{_ONE}/sign-out",
        OnePerson,
        SignedOut,
        _sign_out,
    ),
    Operation(
        "person.end_session",
        "End one session of a person",
        Verb.MANAGE_PEOPLE,
        "DELETE",
        f"{_ONE}/sessions/{{session}}",
        OneSession,
        Deleted,
        _end_session,
    ),
    Operation(
        "person.unlink",
        "Forget how an identity provider knows a person: the next sign-in there makes a new person",
        Verb.MANAGE_PEOPLE,
        "DELETE",
        f"{_ONE}/links/{{link}}",
        OneLink,
        Deleted,
        _unlink,
        sensitive=True,
    ),
)
