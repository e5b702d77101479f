"""The stable person: found by (connector, issuer, upstream subject), created just in time, never matched by email."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from broker.domain import claims as c
from broker.domain import random_ids
from broker.domain.authentication import UpstreamSubject
from broker.domain.errors import IdentityDisabled
from broker.domain.http import Outgoing
from broker.domain.identity import Identity
from broker.domain.messages import filled
from broker.domain.session import Session
from broker.login import directory
from broker.login.context import Login
from broker.store.db import Database
from broker.store.tables import identities, login_counts

_encoder = msgspec.json.Encoder()
# A profile that has not changed is noted at most this often: a login should not have to write it.
_SEEN_EVERY = timedelta(hours=1)


def identify(login: Login) -> Outgoing | None:
    """Leaves `identity`. Raises IdentityDisabled. Runs inside the unit of work that commits the answer."""
    authentication, home_realm, claims = login.transaction.authentication, login.transaction.home_realm, login.transaction.claims
    if authentication is None or home_realm is None or claims is None:
        raise RuntimeError("no authentication yet")
    if login.session is not None:
        with login.hub.database.reading() as connection:
            identity = identities.find(connection, login.session.tenant_id, login.session.identity_id)
        if identity is not None:
            _count_again(login, login.session, identity)
    else:
        identity = _seen(login, home_realm.tenant_id, authentication.subject, claims)
        directory.remember(login, identity)
    login.trace.identity_id = None if identity is None else identity.id
    if identity is None or not identity.enabled:
        login.trace.check("identity.enabled", passed=False, reason="the identity is switched off or gone")
        raise IdentityDisabled(cause=filled("identity %(id)s", id=identity.id if identity else "gone"), check="identity.enabled")
    login.leave(identity=identity)
    return None


def _count_again(login: Login, session: Session, identity: Identity) -> None:
    """A session from the end of one month is used in the next: the person is active in both."""
    now = login.hub.clock.now()
    if login_counts.month_of(session.created_at) != login_counts.month_of(now):
        with login.hub.database.unit_of_work() as connection:
            login_counts.was_active(connection, identity.tenant_id, identity.id, now)


def _seen(login: Login, tenant_id: str, subject: UpstreamSubject, claims: c.Claims) -> Identity:
    now = login.hub.clock.now()
    email, name, profile = claims.first(c.EMAIL), c.display_name(claims), _encoder.encode(claims.items)
    with login.hub.database.unit_of_work() as connection:
        found = identities.find_linked(connection, tenant_id, subject.connector_id, subject.issuer, subject.value)
        if found is None:
            fresh = Identity(random_ids.object_id("idn"), tenant_id, random_ids.object_id("sub"), enabled=True, created_at=now)
            created = identities.create_linked(
                connection,
                fresh,
                subject.connector_id,
                subject.issuer,
                subject.value,
                mutable=subject.mutable,
                email=email,
                name=name,
                profile=profile,
            )
            if created:
                login_counts.was_active(connection, tenant_id, fresh.id, now)
                login.trace.decide("identity", filled("created just in time: %(id)s", id=fresh.id))
                return fresh
            # Somebody signed this person in for the first time in the same moment.
            found = identities.find_linked(connection, tenant_id, subject.connector_id, subject.issuer, subject.value)
            if found is None:
                raise RuntimeError("an identity link exists but cannot be read")
        new_month = login_counts.month_of(found.last_seen_at) != login_counts.month_of(now)
        if new_month:
            login_counts.was_active(connection, tenant_id, found.identity.id, now)
        changed = found.profile != profile or (found.email, found.name) != (email, name)
        if new_month or changed or now - found.last_seen_at > _SEEN_EVERY:
            identities.saw(connection, tenant_id, found, email=email, name=name, profile=profile, at=now)
    login.trace.decide("identity", filled("known by this provider's subject: %(id)s", id=found.identity.id))
    return found.identity


def still_welcome(database: Database, tenant_id: str, identity_id: str, issued_at: datetime) -> bool:
    """Is what was issued for this person then still good? Not once they are switched off, gone or signed out everywhere."""
    with database.reading() as connection:
        found = identities.standing(connection, tenant_id, identity_id)
    return found is not None and found[0] and (found[1] is None or found[1] < issued_at)
