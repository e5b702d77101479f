"""May the browser's session answer this request? Every reason for "no" is written on the trace."""

from __future__ import annotations

from datetime import datetime, timedelta

from broker.domain import claims as c
from broker.domain.email import domain_of, normalise, realm_of
from broker.domain.http import Outgoing, Redirect
from broker.domain.messages import filled, translatable
from broker.domain.request import AuthenticationRequest
from broker.domain.session import Session
from broker.domain.transaction import Reuse
from broker.domain.trust import Application
from broker.login import directory, sessions
from broker.login.boundary import standing
from broker.login.context import BROWSER_COOKIE, SESSION_COOKIE, Login, hash_handle


def reuse(login: Login) -> Outgoing | None:
    """Leaves `reuse`: the session's id, or None and why not. Pauses once for a request that arrived by cross-site POST."""
    cookies = login.incoming.cookies
    if not login.resumed and login.incoming.method == "POST" and BROWSER_COOKIE in cookies and SESSION_COOKIE not in cookies:
        # A known browser, and a session cookie would be SameSite=Lax: it comes with a page that is asked for by GET.
        login.trace.decide("single sign-on", "the request came by POST, without the session cookie: asked again by GET")
        return Redirect(f"/login/{login.transaction.handle}")
    session = sessions.current(login.hub, login.incoming)
    why = translatable("this browser has no session") if session is None else _objection(login, session)
    if session is None or why:
        handle = cookies.get(SESSION_COOKIE)
        login.leave(reuse=Reuse(None, why, None if not handle else hash_handle(handle).hex()))
        login.trace.decide("single sign-on", filled("not reused: %(why)s", why=why))
        return None
    login.session = session
    login.leave(reuse=Reuse(session.id, "the session answers this request"))
    login.trace.decide(
        "single sign-on", filled("session of %(time)s UTC answers this request", time=f"{session.created_at:%Y-%m-%d %H:%M}")
    )
    return None


def _objection(login: Login, session: Session) -> str:
    request, application = login.transaction.request, login.application.application
    if not login.hub.catalog.enabled(session.tenant_id, session.connector_id):
        return translatable("its tenant or connector is switched off")
    return (
        _out_of_reach(application, session)
        or _taken_back(login, session)
        or directory.objection(login, session)
        or _too_old(request, session, login.hub.clock.now())
        or _other_home_realm(login, request, session)
    )


def _out_of_reach(application: Application, session: Session) -> str:
    if not application.serves(session.tenant_id):
        return translatable("the application does not serve its tenant")
    if not application.accepts_connector(session.connector_id):
        return translatable("the application does not accept its connector")
    return ""


def _taken_back(login: Login, session: Session) -> str:
    """What held when the session began may have been taken back since: a domain, the admission of guests, its time."""
    catalog = login.hub.catalog
    tenant, connector = catalog.tenant(session.tenant_id), catalog.connector(session.connector_id)
    if tenant is None or connector is None:
        return translatable("its tenant or connector is gone")
    if session.created_at + timedelta(seconds=tenant.tenant.session_absolute_seconds) <= login.hub.clock.now():
        return translatable("it is older than its tenant allows by now")
    email = session.claims.first(c.EMAIL)
    if email is None:
        return "" if connector.connector.admits_guests else translatable("its connector admits no guests any more")
    owned, admitted = standing(catalog, connector.connector, email)
    if not admitted or (not owned and session.claims.first(c.EMAIL_VERIFIED) == "true"):
        return translatable("the domain of its address is not its tenant's any more")
    return ""


def _too_old(request: AuthenticationRequest, session: Session, now: datetime) -> str:
    if request.force_authentication:
        return translatable("the application asks for a fresh authentication")
    if request.select_account:
        return translatable("the application asks for the choice of an account")
    # OIDC Core 3.1.2.1 max_age: measured from the authentication at the identity provider.
    max_age = request.max_age_seconds
    if max_age is not None and session.context.authenticated_at + timedelta(seconds=max_age) < now:
        return translatable("the authentication is older than the application allows")
    if request.requested_contexts and session.context.class_ref not in request.requested_contexts:
        return translatable("the application asks for another authentication context")
    return ""


def _other_home_realm(login: Login, request: AuthenticationRequest, session: Session) -> str:
    hints = request.hints
    if hints.tenant_id is not None and hints.tenant_id != session.tenant_id:
        return translatable("the request came to another tenant's endpoint")
    connector = login.hub.catalog.connector(session.connector_id)
    if connector is None:
        return translatable("its connector is gone")
    if hints.connector is not None and hints.connector not in {connector.connector.id, connector.connector.slug}:
        return translatable("the request hints at another connector")
    if hints.idp_list and not {connector.provider_id, connector.tools.addresses.entity_id} & set(hints.idp_list):
        return translatable("the request lists other identity providers")
    if hints.domain is not None and not login.hub.catalog.owns_domain(session.tenant_id, hints.domain.lower()):
        return translatable("the request hints at another domain")
    if hints.login_hint:
        return _other_person(login, hints.login_hint, session)
    return ""


def _other_person(login: Login, login_hint: str, session: Session) -> str:
    email = session.claims.first(c.EMAIL)
    hinted = normalise(login_hint.strip())
    if hinted is not None and email is not None and domain_of(hinted) == domain_of(email):
        return "" if hinted.lower() == email.lower() else translatable("the request hints at another person")
    realm = realm_of(login_hint)
    if realm is not None and not login.hub.catalog.owns_domain(session.tenant_id, realm):
        return translatable("the request hints at another organisation")
    return ""
