"""What the customer's directory says about the person: may they sign in, and which groups are they in?

A connector without a directory costs nothing here. With one, the person is found by what they were recognised as before, else
by the directory's matching rule: by what the identity provider stated, before any rule of ours touches it. Somebody whom the
directory has switched off or deleted ends here; so does whoever it does not know, where that is what the customer wants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from broker.catalog.prepare import PreparedConnector
from broker.domain import claims as c
from broker.domain.authentication import UpstreamAuthentication
from broker.domain.claims import Claim, Claims
from broker.domain.directory import DirectoryPolicy, DirectoryStanding, Matching, UnknownPeople, name_key
from broker.domain.directory_errors import SwitchedOffInDirectory, UnknownInDirectory
from broker.domain.email import domain_of, normalise
from broker.domain.http import Outgoing
from broker.domain.identity import Identity
from broker.domain.messages import filled, translatable
from broker.domain.session import Session
from broker.login.context import Login
from broker.login.upstream import connector_of
from broker.rules.aliases import canonicalise
from broker.store.tables import directory_logins, sessions
from broker.store.tables.directory_logins import Found, leaver_key
from broker.store.tables.identities import link_key

_claims = msgspec.json.Decoder(tuple[Claim, ...])
_NOBODY = DirectoryStanding()
ORIGIN = "urn:vestibule:directory"
"""Original issuer of every claim that comes from a directory."""


@dataclass(frozen=True, slots=True)
class _Person:
    """Who signs in, in the terms of a directory: the provider's key, and an address of a domain that the tenant has proved."""

    tenant_id: str
    connector_id: str
    key_hash: bytes
    subject: str
    email: str | None


def consult(login: Login) -> Outgoing | None:
    """Leaves `directory`. Raises SwitchedOffInDirectory, UnknownInDirectory."""
    authentication = login.transaction.authentication
    if authentication is None:
        raise RuntimeError("no authentication yet")
    prepared = connector_of(login)
    policy = prepared.directory
    if policy is None or login.session is not None:
        login.leave(directory=_NOBODY)  # a session that is reused has been asked about by `objection`
        return None
    person = _person(login, prepared, authentication)
    with login.hub.database.reading() as connection:
        found, remembered = _find(connection, policy, person)
        login.trace.decide("directory", _words(policy, found, remembered=remembered))
        if found is None:
            _admit_unknown(login, connection, policy, person)
            login.leave(directory=_NOBODY)
            return None
        _check_active(login, found)
        groups = directory_logins.groups_of(connection, person.tenant_id, person.connector_id, found.id)
    said = (*_claims.decode(found.claims), *(Claim(c.GROUP, name, properties={"id": group_id}) for group_id, name in groups))
    login.leave(directory=DirectoryStanding(found.id, _stamped(said, prepared.connector.slug), remembered))
    return None


def objection(login: Login, session: Session) -> str:
    """Why a session may not be reused: the directory says something else by now; "" when it does not. For `sso`."""
    prepared = login.hub.catalog.connector(session.connector_id)
    if prepared is None or prepared.directory is None:
        return ""
    with login.hub.database.reading() as connection:
        found = directory_logins.by_identity(connection, session.tenant_id, session.connector_id, session.identity_id)
        # Whom it does not know it may have deleted a moment ago, and ended the session that was read before.
        ended = found is None and sessions.find_by_id(connection, session.tenant_id, session.id) is None
    if ended:
        return translatable("it has just ended")
    if found is None:
        refuses = prepared.directory.unknown_people is UnknownPeople.REFUSE
        return translatable("its person has not been found in their organisation's directory yet") if refuses else ""
    return "" if found.active else translatable("its person is switched off in their organisation's directory")


def remember(login: Login, identity: Identity) -> None:
    """Whom the directory's person became; inside the unit of work that commits the answer."""
    standing, home_realm = login.transaction.directory, login.transaction.home_realm
    if standing is None or standing.person_id is None or standing.remembered or home_realm is None:
        return
    tenant_id, connector_id = home_realm.tenant_id, home_realm.connector_id
    with login.hub.database.unit_of_work() as connection:
        now = login.hub.clock.now()
        directory_logins.remember(connection, tenant_id, connector_id, identity.id, standing.person_id, now)


def _person(login: Login, prepared: PreparedConnector, authentication: UpstreamAuthentication) -> _Person:
    subject, connector = authentication.subject, prepared.connector
    email = _address(canonicalise(authentication.claims), asserted=authentication.asserted_email_verified)
    if email is not None and not login.hub.catalog.owns_domain(connector.tenant_id, domain_of(email)):
        email = None
    return _Person(connector.tenant_id, connector.id, link_key(subject.issuer, subject.value), subject.value, email)


def _address(received: Claims, *, asserted: bool | None) -> str | None:
    """The one plain address that the provider stands for; None when there is none, or it doubts it itself."""
    if asserted is False:
        return None
    stated = set(received.values(c.EMAIL)) or {
        claim.value for claim in received.of_type(c.NAME_IDENTIFIER) if claim.properties.get("format") == c.EMAIL_NAME_ID
    }
    stated = stated or set(received.values(c.UPN))
    return normalise(stated.pop()) if len(stated) == 1 else None


def _find(connection: Any, policy: DirectoryPolicy, person: _Person) -> tuple[Found | None, bool]:
    """(the directory's person, whether they are remembered)."""
    of = (person.tenant_id, person.connector_id)
    if (known := directory_logins.by_link(connection, *of, person.key_hash)) is not None:
        return known, True
    if policy.matching is Matching.SUBJECT:
        by_key = directory_logins.by_external_id(connection, *of, person.subject)
        by_name = directory_logins.by_user_name(connection, *of, name_key(person.subject))
        return _only(by_key or [each for each in by_name if each.user_name == person.subject]), False
    if person.email is None:
        return None, False
    folded = name_key(person.email)
    return _only(
        directory_logins.by_email(connection, *of, folded) or directory_logins.by_user_name(connection, *of, folded)
    ), False


def _only(found: list[Found]) -> Found | None:
    """Two people of one address or key are nobody: it cannot be told which of them this is, unless all are switched off."""
    return found[0] if len(found) == 1 or (found and not any(each.active for each in found)) else None


def _words(policy: DirectoryPolicy, found: Found | None, *, remembered: bool) -> str:
    rule = filled("the verified address") if policy.matching is Matching.EMAIL else filled("the provider's key")
    if found is None:
        return filled("nobody, or more than one, matches by %(rule)s", rule=rule)
    if remembered:
        return filled("%(id)s: remembered from an earlier sign-in", id=found.id)
    return filled("%(id)s: matched by %(rule)s", id=found.id, rule=rule)


def _check_active(login: Login, found: Found) -> None:
    login.trace.check("directory.active", passed=found.active, reason="the directory says whether the person is switched on")
    if not found.active:
        raise SwitchedOffInDirectory(cause=filled("the directory has switched off %(id)s", id=found.id), check="directory.active")


def _admit_unknown(login: Login, connection: Any, policy: DirectoryPolicy, person: _Person) -> None:
    """Whoever the directory has deleted stays out, whatever holds for people whom it never knew."""
    of = (person.tenant_id, person.connector_id)
    keys = {leaver_key("external id", person.subject), leaver_key("user name", name_key(person.subject))}
    if person.email is not None:
        keys |= {leaver_key("email", name_key(person.email)), leaver_key("user name", name_key(person.email))}
    identity_id = directory_logins.identity_of(connection, person.connector_id, person.key_hash)
    if identity_id is not None:
        keys.add(leaver_key("identity", identity_id))
    if directory_logins.has_left(connection, *of, keys):
        login.trace.check("directory.active", passed=False, reason="the directory has deleted this person")
        raise SwitchedOffInDirectory(
            cause="the directory has deleted this person",
            check="directory.active",
            fix="Assign the person to this service again in the organisation's own directory.",
        )
    admitted = policy.unknown_people is UnknownPeople.ADMIT
    login.trace.check(
        "directory.known",
        passed=admitted,
        reason=filled("people unknown to the directory: %(setting)s", setting=policy.unknown_people.value),
    )
    if not admitted:
        raise UnknownInDirectory(cause="the directory does not know this person", check="directory.known")


def _stamped(claims: tuple[Claim, ...], issuer: str) -> Claims:
    return Claims(tuple(Claim(one.type, one.value, one.value_type, issuer, ORIGIN, one.properties) for one in claims))
