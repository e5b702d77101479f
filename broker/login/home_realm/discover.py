"""The order of discovery on one page. The first rule that leaves one connector wins; several become a chooser."""

from __future__ import annotations

from collections.abc import Callable

from broker.domain.email import is_domain, realm_of
from broker.domain.errors import InteractionRequired, NoHomeRealm, UnknownDomain
from broker.domain.home_realm import Candidate, HomeRealm
from broker.domain.http import Outgoing, Page
from broker.domain.messages import filled
from broker.login.context import Login
from broker.login.home_realm import remembered

MAX_CHOICES = 100
"""Of the connectors that one rule finds; the chooser's list is as long as it is, a page at a time."""

PAGE_SIZE, SEARCHABLE = 20, 8
MAX_SEARCH, MAX_CURSOR = 100, 500
Finder = Callable[[Login], "list[Candidate] | None"]


def discover(login: Login) -> Outgoing | None:
    """Leaves `home_realm`, or pauses with the home realm page. Raises NoHomeRealm, InteractionRequired, UnknownDomain."""
    if login.session is not None:
        login.leave(home_realm=HomeRealm(login.session.tenant_id, login.session.connector_id, "session"))
        return None
    choices: list[Candidate] = []
    for rule, find in RULES:
        found = find(login)
        if found is None:
            continue
        if len(found) == 1:
            _choose(login, found[0], rule)
            return None
        if found:
            choices = found
            break
        login.trace.decide("home realm", filled("%(rule)s: no connector that this application may use", rule=rule))
    if login.transaction.request.passive:
        raise InteractionRequired(cause="no single home realm is known, and the request is passive")
    if not choices and not _anything(login):
        raise NoHomeRealm(cause="no enabled connector serves this application")
    return page(login, choices=choices)


def by_email(login: Login, typed: str) -> Outgoing | None:
    """The person typed an address. Raises UnknownDomain, worded the same whatever the reason (FEATURES G11)."""
    found = _of_realm(login, realm_of(typed))
    if not found:
        raise UnknownDomain(cause="no connector of this application serves the typed address's domain")
    if len(found) > 1:
        return page(login, choices=found)
    _choose(login, found[0], "typed address", typed.strip())
    return None


def by_choice(login: Login, connector_id: str) -> Outgoing | None:
    """The person pressed a button of the chooser. Raises UnknownDomain if it is none of this application's."""
    found = _one(login, connector_id)
    if not found:
        raise UnknownDomain(cause="the chosen connector is not available to this application")
    _choose(login, found[0], "chooser")
    return None


def _choose(login: Login, candidate: Candidate, rule: str, typed: str | None = None) -> None:
    login.leave(home_realm=HomeRealm(candidate.tenant_id, candidate.connector_id, rule, typed))
    login.trace.tenant_id, login.trace.connector_id = candidate.tenant_id, candidate.connector_id
    login.trace.decide(
        "home realm", filled("%(rule)s: %(label)s (%(type)s)", rule=rule, label=candidate.label, type=candidate.connector_type)
    )


def browse(login: Login, search: str, after: str) -> Page:
    """Another page of the chooser, or what a search finds. Moves nothing: the login stays where it is."""
    return page(login, choices=[], search=search.strip()[:MAX_SEARCH], after=after[:MAX_CURSOR])


def page(
    login: Login, *, choices: list[Candidate], problem: str | None = None, typed: str = "", search: str = "", after: str = ""
) -> Page:
    """The home realm page: an email field, and buttons where the application may show them, with a search for many."""
    listed, more = (choices, "") if choices else _listable(login, search, after)
    of_one_tenant = login.transaction.request.hints.tenant_id is not None
    return Page(
        "interaction/home_realm.html",
        {
            "application_name": login.application.application.name,
            "branding": login.branding,
            "handle": login.transaction.handle,
            "candidates": listed,
            # At a tenant's own endpoint the choice is among its connectors: an address would say nothing more.
            "show_email": problem is not None or not (choices or (of_one_tenant and (listed or search or after))),
            "more": more,
            "search": search,
            "after": after,
            "searchable": bool(more or search or after) or len(listed) > SEARCHABLE,
            "problem": problem,
            "locale": login.transaction.request.locale,
            "login_hint": typed or login.transaction.request.hints.login_hint or "",
        },
        status=200 if problem is None else 400,
    )


# --- the rules, in order ----------------------------------------------------------------------------------------------


def _connector_hint(login: Login) -> list[Candidate] | None:
    hint = login.transaction.request.hints.connector
    if hint is None:
        return None
    return _one(login, hint)


def _idp_list(login: Login) -> list[Candidate] | None:
    """SAML Scoping/IDPList: names of identity providers among those that this application may see."""
    wanted = login.transaction.request.hints.idp_list
    if not wanted:
        return None
    return login.hub.catalog.named(_scope(login), MAX_CHOICES, login.application.application.connector_ids, wanted)


def _domain_hint(login: Login) -> list[Candidate] | None:
    domain = login.transaction.request.hints.domain
    if domain is None:
        return None
    return _of_realm(login, domain.lower() if is_domain(domain.lower()) else None)


def _login_hint(login: Login) -> list[Candidate] | None:
    hint = login.transaction.request.hints.login_hint
    if not hint:
        return None
    return _of_realm(login, realm_of(hint))


def _default(login: Login) -> list[Candidate] | None:
    connector_id = login.application.application.default_connector_id
    return None if connector_id is None else _one(login, connector_id)


def _remembered(login: Login) -> list[Candidate] | None:
    if login.transaction.request.select_account:
        return None
    connector_id = remembered.read(login.hub.keyring, login.incoming)
    return None if connector_id is None else _one(login, connector_id)


def _only_candidate(login: Login) -> list[Candidate] | None:
    found = _all(login, limit=2)
    return found if len(found) == 1 else None


RULES: tuple[tuple[str, Finder], ...] = (
    ("connector hint", _connector_hint),
    ("identity provider list", _idp_list),
    ("domain hint", _domain_hint),
    ("login hint", _login_hint),
    ("remembered choice", _remembered),
    ("application's default", _default),
    ("only candidate", _only_candidate),
)


# --- candidates -------------------------------------------------------------------------------------------------------


def _scope(login: Login) -> frozenset[str] | None:
    """Tenants that can come into question: the application's, narrowed by the tenant endpoint. None means all."""
    tenant_ids = login.application.application.tenant_ids
    hinted = login.transaction.request.hints.tenant_id
    if hinted is None:
        return tenant_ids
    return frozenset({hinted}) if tenant_ids is None or hinted in tenant_ids else frozenset()


def _all(login: Login, limit: int = MAX_CHOICES) -> list[Candidate]:
    return login.hub.catalog.candidates(_scope(login), limit, login.application.application.connector_ids)


def _listable(login: Login, search: str, after: str) -> tuple[list[Candidate], str]:
    """A page of what may be listed without an address, and where the next begins: nothing, when the application serves every
    tenant (no customer list)."""
    application = login.application.application
    named = application.tenant_ids is not None or application.connector_ids is not None
    if not named and login.transaction.request.hints.tenant_id is None:
        return [], ""
    return login.hub.catalog.chooser(_scope(login), application.connector_ids, search=search, after=after, limit=PAGE_SIZE)


def _anything(login: Login) -> bool:
    return bool(_all(login, limit=1))


def _one(login: Login, id_or_slug: str) -> list[Candidate]:
    """The connector with this id (or this slug, where a tenant is known), through the gate; else nothing."""
    catalog, application = login.hub.catalog, login.application.application
    prepared = catalog.connector(id_or_slug)
    scope = _scope(login)
    if prepared is None and scope is not None:
        found = [
            by_slug for tenant_id in sorted(scope)[:MAX_CHOICES] if (by_slug := catalog.connector_by_slug(tenant_id, id_or_slug))
        ]
        prepared = found[0] if len(found) == 1 else None
    if prepared is None:
        return []
    connector = prepared.connector
    if not catalog.enabled(connector.tenant_id, connector.id) or not application.accepts_connector(connector.id):
        return []
    if scope is not None and connector.tenant_id not in scope:
        return []
    return [Candidate(connector.tenant_id, connector.id, connector.type, connector.name)]


def _of_realm(login: Login, realm: str | None) -> list[Candidate]:
    """Connectors that serve an email domain or NetBIOS name: depends on the domain only, never on the person."""
    domain = None if realm is None else login.hub.catalog.domain(realm)
    if domain is None:
        return []
    scope = _scope(login)
    if scope is not None and domain.tenant_id not in scope:
        return []
    application, named = login.application.application, frozenset(domain.connector_ids)
    wanted = named or application.connector_ids
    found = login.hub.catalog.candidates(frozenset({domain.tenant_id}), MAX_CHOICES, wanted)
    return [candidate for candidate in found if application.accepts_connector(candidate.connector_id)]
