"""What this application will be told: issuance transform rules, release, subject, session."""

from __future__ import annotations

from broker.domain import claims as c
from broker.domain.claims import Claim, Claims
from broker.domain.http import Outgoing
from broker.domain.response import AuthenticationResponse
from broker.domain.trust import Application
from broker.keys.keyring import Keyring
from broker.login import release, sessions
from broker.login.context import Login
from broker.rules.evaluate import transform


def issue(login: Login) -> Outgoing | None:
    """Leaves `response`, and opens or extends the session."""
    transaction, application = login.transaction, login.application.application
    claims, identity, authentication = transaction.claims, transaction.identity, transaction.authentication
    if claims is None or identity is None or authentication is None:
        raise RuntimeError("no identity yet")
    released = _released(login, claims)
    now = login.hub.clock.now()
    session = login.session
    session = sessions.use_session(login, session, now) if session is not None else sessions.open_session(login, now)
    login.leave(
        response=AuthenticationResponse(
            subject=subject_for(application, identity.subject, login.hub.keyring),
            claims=_with_own_claims(released, claims, identity.tenant_id, session.connector_id),
            context=authentication.context,
            tenant_id=identity.tenant_id,
            connector_id=session.connector_id,
            identity_id=identity.id,
            session_id=session.id,
            session_index=sessions.session_index(session, application.id),
            session_ends_at=session.ends_at,
            issued_at=now,
            email=released.first(c.EMAIL),
        )
    )
    return None


def rehearse(login: Login) -> Outgoing | None:
    """Leaves `rehearsed`, in place of a response: the claims that this application would receive."""
    claims, home_realm = login.transaction.claims, login.transaction.home_realm
    if claims is None or home_realm is None:
        raise RuntimeError("no claims yet")
    released = _released(login, claims)
    login.leave(rehearsed=_with_own_claims(released, claims, home_realm.tenant_id, home_realm.connector_id))
    return None


def _released(login: Login, claims: Claims) -> Claims:
    issued = transform(login.application.transform, claims, login.trace, "issuance")
    return release.release(login.application.application, issued, login.trace)


def subject_for(application: Application, subject: str, keyring: Keyring) -> str:
    """Public: the hub-wide subject. Pairwise (OIDC Core 8.1): another value for every application, the same for ever."""
    return subject if application.subject_kind == "public" else keyring.pairwise_subject(subject, application.id)


def _with_own_claims(released: Claims, accepted: Claims, tenant_id: str, connector_id: str) -> Claims:
    """The hub's own statements come last, so that no rule and no provider can have written them."""
    own = [
        Claim(c.TENANT, tenant_id, issuer="vestibule", original_issuer="vestibule"),
        Claim(c.CONNECTOR, connector_id, issuer="vestibule", original_issuer="vestibule"),
    ]
    email, verified = released.first(c.EMAIL), accepted.first(c.EMAIL_VERIFIED)
    if email is not None:
        # Verified is the address that was accepted; one that a rule made up is not.
        true = verified == "true" and email == accepted.first(c.EMAIL)
        own.append(Claim(c.EMAIL_VERIFIED, "true" if true else "false", c.BOOLEAN, issuer="vestibule", original_issuer="vestibule"))
    return released.without(c.PROTECTED).plus(own)
