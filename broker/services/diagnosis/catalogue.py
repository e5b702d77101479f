"""Which checks can end in which error: for the catalogue of errors, on its page and in the documentation."""

from __future__ import annotations

from broker.domain.errors import Act, BrokerError
from broker.services.diagnosis.engine import BY_CHECK, possible
from broker.services.diagnosis.model import Cause

_BELONGS: dict[str, str] = {
    "transaction.browser": "wrong_browser",
    "transaction.host": "wrong_browser",
    "transaction.time": "expired_transaction",
    "upstream.used_once": "replayed_response",
    "tenant.email": "missing_claim",
    "saml.subject": "missing_claim",
    "tenant.email_form": "foreign_email",
    "tenant.email_domain": "foreign_email",
    "identity.enabled": "identity_disabled",
    "directory.active": "switched_off_in_directory",
    "directory.known": "unknown_in_directory",
    "application.serves_tenant": "disabled",
    "application.authorization": "access_denied",
    "application.address": "unknown_application",
    "saml.application": "unknown_application",
    "oidc.client": "unknown_application",
    "oidc.endpoint": "invalid_authentication_request",
    "saml.request": "malformed_request",
    "saml.request_signature": "invalid_request_signature",
    "saml.acs": "unregistered_reply_address",
    "oidc.redirect_uri": "unregistered_reply_address",
    "saml.name_id_policy": "subject_format_unavailable",
    "saml.name_id_format": "subject_format_unavailable",
    "oidc.request": "invalid_authentication_request",
    "saml.status": "upstream_refused",
    "oidc.provider_consent": "upstream_refused",
    "oidc.code_exchange": "upstream_refused",
    "oidc.userinfo": "connector_unavailable",
    **dict.fromkeys(
        (
            "oidc.client_authentication",
            "oidc.code_client",
            "oidc.code_issuer",
            "oidc.code_once",
            "oidc.enabled",
            "oidc.access_token",
        ),
        "token_request_refused",
    ),
}
_ONLY_IN_LOGS = ("xml.", "net.")


def code_of(check: str) -> str:
    """The error in which a failure of this check ends; "" for those that stand in logs only."""
    return "" if check.startswith(_ONLY_IN_LOGS) else _BELONGS.get(check, "invalid_upstream_response")


def checks_of(code: str) -> list[str]:
    return [check for check in BY_CHECK if code_of(check) == code]


def causes_of(code: str) -> list[Cause]:
    """Every probable cause of an error, the exact ones first."""
    return possible(code, checks_of(code))


def entries() -> dict[str, tuple[str, Act]]:
    """Code → (what the person sees, who usually acts), of the whole error tree."""
    found: dict[str, tuple[str, Act]] = {}
    waiting: list[type[BrokerError]] = [BrokerError]
    while waiting:
        kind = waiting.pop(0)
        waiting += [each for each in kind.__subclasses__() if each.__module__.startswith("broker.domain.")]
        found.setdefault(kind.code, (kind.sentence, kind.act))
    return found
