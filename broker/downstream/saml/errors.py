"""What a service provider is told: our error codes as SAML Status codes (SAML Core 3.2.2.2)."""

from __future__ import annotations

from broker.domain import errors as e
from broker.domain.directory_errors import SwitchedOffInDirectory, UnknownInDirectory
from broker.protocols.saml import names

_STATUS: tuple[tuple[type[e.BrokerError], str, str], ...] = (
    (e.InteractionRequired, names.RESPONDER, names.NO_PASSIVE),
    (e.SubjectFormatUnavailable, names.REQUESTER, names.INVALID_NAMEID_POLICY),
    (e.InvalidAuthenticationRequest, names.REQUESTER, names.REQUEST_UNSUPPORTED),
    (e.AccessDenied, names.RESPONDER, names.REQUEST_DENIED),
    (e.Disabled, names.RESPONDER, names.REQUEST_DENIED),
    (e.IdentityDisabled, names.RESPONDER, names.UNKNOWN_PRINCIPAL),
    (SwitchedOffInDirectory, names.RESPONDER, names.UNKNOWN_PRINCIPAL),
    (UnknownInDirectory, names.RESPONDER, names.UNKNOWN_PRINCIPAL),
    (e.NoHomeRealm, names.RESPONDER, names.NO_AVAILABLE_IDP),
    (e.UnknownDomain, names.RESPONDER, names.NO_AVAILABLE_IDP),
    (e.ConnectorUnavailable, names.RESPONDER, names.NO_AVAILABLE_IDP),
)


def status_of(error: e.BrokerError) -> tuple[str, str]:
    """(top-level code, second-level code)."""
    for kind, code, second in _STATUS:
        if isinstance(error, kind):
            return code, second
    return names.RESPONDER, names.AUTHN_FAILED
