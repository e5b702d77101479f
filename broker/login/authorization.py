"""May this person use this application? Issuance authorization rules; default deny."""

from __future__ import annotations

from broker.domain.errors import AccessDenied
from broker.domain.http import Outgoing
from broker.domain.messages import filled
from broker.login.context import Login
from broker.rules.evaluate import authorize as evaluate


def authorize(login: Login) -> Outgoing | None:
    """Leaves `permitted`. Raises AccessDenied."""
    claims, home_realm, application = login.transaction.claims, login.transaction.home_realm, login.application.application
    if claims is None or home_realm is None:
        raise RuntimeError("no claims yet")
    serves = (
        application.enabled and application.serves(home_realm.tenant_id) and application.accepts_connector(home_realm.connector_id)
    )
    login.trace.check("application.serves_tenant", passed=serves)
    if not serves:
        raise AccessDenied(cause="the application does not serve this tenant or connector", check="application.serves_tenant")
    verdict = evaluate(login.application.authorization, claims)
    login.trace.check("application.authorization", passed=verdict.permitted, reason=verdict.rule)
    if not verdict.permitted:
        raise AccessDenied(cause=filled("issuance authorization: %(rule)s", rule=verdict.rule), check="application.authorization")
    login.leave(permitted=True)
    return None
