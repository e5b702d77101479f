"""What a person who is signed in may see and do about themselves: their own identity, nobody else's, and no verb for more."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.account import ACCOUNT_ID
from broker.domain.branding import Branding
from broker.domain.claims import Claim
from broker.domain.session import Session
from broker.login import sessions
from broker.services.actor import Actor
from broker.services.context import Workbench
from broker.services.identities import Identities, Link, Person, SeenSession


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`branding` is the tenant's."""

    person: Person
    profile: tuple[Claim, ...]
    links: tuple[Link, ...]
    sessions: tuple[SeenSession, ...]
    branding: Branding


class Account:
    def __init__(self, bench: Workbench, identities: Identities) -> None:
        self._bench = bench
        self._identities = identities

    def session(self, handle: str | None, host: str = "") -> Session | None:
        """The browser's session, if the pipeline has let the account page into it and nothing was taken back since.

        `host`: as `Incoming` has it; at a tenant's host only that tenant's people have an account. Raises NotFound.
        """
        bench = self._bench
        found = sessions.by_handle(bench.database, handle, bench.clock.now()) if handle else None
        if found is None or not any(each.application_id == ACCOUNT_ID for each in found.participants):
            return None
        if bench.places.at(None, host).tenant_id not in (None, found.tenant_id):
            return None
        if not bench.catalog.enabled(found.tenant_id, found.connector_id):
            return None
        return found if self._identities.get(found.tenant_id, found.identity_id)[0].enabled else None

    def show(self, session: Session) -> OwnAccount:
        who = session.tenant_id, session.identity_id
        person, profile = self._identities.get(*who)
        tenant = self._bench.catalog.tenant(session.tenant_id)
        return OwnAccount(
            person,
            profile,
            tuple(self._identities.links(*who)),
            tuple(self._identities.sessions(*who)),
            tenant.tenant.branding if tenant is not None else Branding(),
        )

    def end_session(self, session: Session, session_id: str) -> None:
        """One of one's own. Raises UnknownObject for any other."""
        self._identities.end_session_as(_oneself(session), session.tenant_id, session.identity_id, session_id)

    def end_others(self, session: Session) -> None:
        """Every other browser."""
        self._identities.sign_out_as(_oneself(session), session.tenant_id, session.identity_id, keep=session.id)

    def end_all(self, session: Session) -> None:
        """This browser too."""
        self._identities.sign_out_as(_oneself(session), session.tenant_id, session.identity_id)


def _oneself(session: Session) -> Actor:
    return Actor(f"person:{session.identity_id}", frozenset(), session.tenant_id)
