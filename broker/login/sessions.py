"""The browser's single sign-on session: found by its cookie, created, used, ended."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from broker.domain import random_ids
from broker.domain.http import Cookie, Incoming
from broker.domain.session import Participant, Session
from broker.login.context import SESSION_COOKIE, Hub, Login, hash_handle
from broker.store.db import Database
from broker.store.tables import sessions

log = logging.getLogger("vestibule.login")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Session)
MAX_PARTICIPANTS = 100


def current(hub: Hub, incoming: Incoming) -> Session | None:
    """The session that this browser's cookie names, if it has neither idled out nor ended."""
    handle = incoming.cookies.get(SESSION_COOKIE)
    return by_handle(hub.database, handle, hub.clock.now()) if handle else None


def by_handle(database: Database, handle: str, now: datetime) -> Session | None:
    """The living session whose secret handle a browser holds."""
    with database.reading() as connection:
        value = sessions.find(connection, hash_handle(handle))
    session = None if value is None else _read(value)
    return session if session is not None and session.living(now) else None


def of_person(database: Database, tenant_id: str, identity_id: str, now: datetime) -> list[Session]:
    """The living sessions of one person, newest first."""
    with database.reading() as connection:
        values = sessions.of_identity(connection, tenant_id, identity_id)
    found = [session for value in values if (session := _read(value)) is not None and session.living(now)]
    return sorted(found, key=lambda session: session.created_at, reverse=True)


def _read(value: bytes) -> Session | None:
    try:
        return _decoder.decode(value)
    except msgspec.DecodeError:
        # Written by another version during an upgrade: the person signs in once more.
        log.warning("a session of another version is not used")
        return None


def open_session(login: Login, now: datetime) -> Session:
    """A new session for what was just authenticated; an older one of this browser ends (its id must not survive a login)."""
    hub, transaction = login.hub, login.transaction
    authentication, identity, claims = transaction.authentication, transaction.identity, transaction.claims
    if authentication is None or identity is None or claims is None:
        raise RuntimeError("a session needs authentication, identity and claims")
    prepared = hub.catalog.tenant(identity.tenant_id)
    if prepared is None:
        raise RuntimeError("the tenant vanished during a login")
    ends_at = now + timedelta(seconds=prepared.tenant.session_absolute_seconds)
    if authentication.session_ends_at is not None:
        ends_at = min(ends_at, authentication.session_ends_at)  # SAML Core 2.7.2 SessionNotOnOrAfter
    session = Session(
        id=random_ids.object_id("ses"),
        tenant_id=identity.tenant_id,
        connector_id=authentication.subject.connector_id,
        identity_id=identity.id,
        claims=claims,
        context=authentication.context,
        created_at=now,
        ends_at=ends_at,
        idle_ends_at=min(ends_at, now + timedelta(seconds=prepared.tenant.session_idle_seconds)),
        upstream_session_index=authentication.session_index,
        user_agent=login.incoming.headers.get("user-agent", "")[:200],
        address=login.incoming.remote_address,
    )
    handle = random_ids.handle()
    with hub.database.unit_of_work() as connection:
        for older in _older(login):
            sessions.end(connection, older)
        session = _with_participant(session, login, now)
        sessions.create(
            connection,
            session.tenant_id,
            hash_handle(handle),
            session_id=session.id,
            identity_id=session.identity_id,
            value=_encoder.encode(session),
            ends_at=session.ends_at,
        )
    login.cookies.append(Cookie(SESSION_COOKIE, handle))
    return session


def _older(login: Login) -> set[bytes]:
    """The hashes of what this browser had before: now, and when the login began."""
    cookie, reuse = login.incoming.cookies.get(SESSION_COOKIE), login.transaction.reuse
    older = {hash_handle(cookie)} if cookie else set()
    if reuse is not None and reuse.older is not None:
        older.add(bytes.fromhex(reuse.older))
    return older


def use_session(login: Login, session: Session, now: datetime) -> Session:
    """Moves the idle limit and notes that the application was reached."""
    prepared = login.hub.catalog.tenant(session.tenant_id)
    idle = prepared.tenant.session_idle_seconds if prepared else 0
    session = replace(session, idle_ends_at=min(session.ends_at, now + timedelta(seconds=idle)))
    session = _with_participant(session, login, now)
    with login.hub.database.unit_of_work() as connection:
        sessions.replace(connection, session.tenant_id, session.id, _encoder.encode(session))
    return session


def _with_participant(session: Session, login: Login, now: datetime) -> Session:
    application_id = login.application.application.id
    if any(participant.application_id == application_id for participant in session.participants):
        return session
    participant = Participant(application_id, random_ids.xml_id(), now)
    return replace(session, participants=(*session.participants, participant)[-MAX_PARTICIPANTS:])


def session_index(session: Session, application_id: str) -> str:
    for participant in session.participants:
        if participant.application_id == application_id:
            return participant.session_index
    return session.id


def end(hub: Hub, incoming: Incoming) -> Cookie:
    """Local sign-out: the session row goes, and the cookie with it."""
    if handle := incoming.cookies.get(SESSION_COOKIE):
        with hub.database.unit_of_work() as connection:
            sessions.end(connection, hash_handle(handle))
    return Cookie(SESSION_COOKIE, None)
