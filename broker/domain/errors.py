"""The error tree. Every error says four things to four people.

    BrokerError            code      stable name, in docs/errors.md, traces and logs
    │                      sentence  for the person at the browser; constant, never contains anything that was received
    │                      act       who can do something about it
    │                      fix       for support: what to change, where
    │                      cause     for support: what exactly was seen (private: trace and log only)
    ├─ RequestError        what arrived is no acceptable request of a known application: a page, never a redirect
    │   MalformedRequest  RepeatedParameter  MessageTooLarge  UnknownApplication  UnregisteredReplyAddress
    │   InvalidRequestSignature  NotFound  WrongMethod
    ├─ TransactionError    the browser came back with something that fits no waiting login
    │   UnknownTransaction  ExpiredTransaction  WrongBrowser  CompletedTransaction
    ├─ LoginError          a login of a known application that must end; the application may be told
    │   InvalidAuthenticationRequest  InteractionRequired  NoHomeRealm  UnknownDomain  ConnectorUnavailable
    │   UpstreamRefused  InvalidUpstreamResponse  ReplayedResponse  ForeignEmail  MissingClaim  IdentityDisabled
    │   AccessDenied  Disabled  SubjectFormatUnavailable
    ├─ ConfigurationError  a change of configuration that is refused; carries the field
    │   InvalidSettings  InvalidMetadata  UnknownObject  Conflict  Forbidden  InvalidSetupLink
    └─ FetchError          an outbound request that did not give an answer
        AddressRefused  FetchTimeout  FetchTooLarge  FetchFailed  MailNotSent

Call sites give the private `cause` and, where it differs, `fix`; the rest belongs to the class.
"""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """Who must act."""

    USER = "user"
    CUSTOMER_IT = "customer_it"
    APPLICATION_OWNER = "application_owner"
    OPERATOR = "operator"


class BrokerError(Exception):
    """See the module."""

    code = "internal_error"
    sentence = "Something went wrong on our side. Please try again in a moment."
    act = Act.OPERATOR
    fix = "Look up the reference code in the log."
    status = 400
    """The HTTP status of the page, when this error becomes a page."""
    expected = ""
    received = ""
    """What support should compare, for the check on the trace; neither is private."""

    def __init__(self, cause: str = "", *, fix: str | None = None, check: str | None = None) -> None:
        super().__init__(self.code)
        self.cause = cause
        self.reference: str | None = None
        """Reference code of the trace that recorded this, once it has been saved."""
        self.again_handle: str | None = None
        """Handle of a completed login that the same browser may take up again."""
        self.check = check
        """Name of the check that failed, as it appears on the trace."""
        if fix is not None:
            self.fix = fix

    def __str__(self) -> str:
        # A constant: a diagnostic cannot reach a browser by accident. Support reads `cause` from trace and log.
        return self.code


def by_code(code: str | None) -> type[BrokerError]:
    """The class with that code; `LoginError` when there is none."""
    waiting: list[type[BrokerError]] = [BrokerError]
    while waiting:
        candidate = waiting.pop()
        if candidate.code == code:
            return candidate
        waiting.extend(candidate.__subclasses__())
    return LoginError


class InternalError(BrokerError):
    """An unexpected exception, caught at the edge."""

    status = 500


# --- what arrived is no acceptable request ---------------------------------------------------------------------------


class RequestError(BrokerError):
    code = "bad_request"
    sentence = "The application sent a sign-in request that we cannot read."
    act = Act.APPLICATION_OWNER
    fix = "Compare the application's request with the trace."


class MalformedRequest(RequestError):
    code = "malformed_request"


class RepeatedParameter(RequestError):
    code = "repeated_parameter"
    fix = "Send each parameter exactly once."


class MessageTooLarge(RequestError):
    code = "message_too_large"
    sentence = "The message is larger than we accept."
    status = 413


class UnknownApplication(RequestError):
    code = "unknown_application"
    sentence = "The application that sent you here is not registered with us."
    fix = "Register the application, or correct the client id or entityID that it sends."


class UnregisteredReplyAddress(RequestError):
    code = "unregistered_reply_address"
    sentence = "The application asked us to answer at an address that is not registered for it."
    fix = "Register exactly this address, or correct it in the application."


class InvalidRequestSignature(RequestError):
    code = "invalid_request_signature"
    sentence = "The application's sign-in request is not signed as it has to be."
    fix = "Sign requests with the key whose certificate is registered for the application (RSA or ECDSA with SHA-256)."


class NotFound(RequestError):
    code = "not_found"
    sentence = "There is no page at this address."
    act = Act.USER
    status = 404


class WrongMethod(RequestError):
    code = "wrong_method"
    sentence = "This address cannot be used in this way."
    status = 405


# --- the browser came back with something that fits no waiting login --------------------------------------------------


class TransactionError(BrokerError):
    code = "transaction_error"
    sentence = "This sign-in cannot be continued. Please start again from the application."
    act = Act.USER
    fix = "Start again from the application."


class UnknownTransaction(TransactionError):
    code = "unknown_transaction"


class ExpiredTransaction(TransactionError):
    code = "expired_transaction"
    sentence = "This sign-in took too long and has expired. Please start again from the application."


class WrongBrowser(TransactionError):
    code = "wrong_browser"
    sentence = "This sign-in was started in another browser, or this browser does not keep cookies."
    fix = "Start and finish in one browser window, with cookies allowed for this site."


class CompletedTransaction(TransactionError):
    code = "completed_transaction"
    sentence = "This sign-in has already been completed."
    status = 409


# --- a login that must end --------------------------------------------------------------------------------------------


class LoginError(BrokerError):
    code = "login_failed"
    status = 403


class InvalidAuthenticationRequest(LoginError):
    """A request whose reply address is proved but which asks for something wrong. `oauth_error`: RFC 6749 4.1.2.1."""

    code = "invalid_authentication_request"
    sentence = "The application sent a sign-in request that we cannot carry out."
    act = Act.APPLICATION_OWNER
    fix = "Correct the request as the cause says."
    status = 400

    def __init__(self, cause: str = "", *, oauth_error: str = "invalid_request", fix: str | None = None) -> None:
        super().__init__(cause, fix=fix)
        self.oauth_error = oauth_error


class InteractionRequired(LoginError):
    code = "interaction_required"
    sentence = "Signing in needs a page, and the application asked for none."
    act = Act.APPLICATION_OWNER
    fix = "Send the person here without prompt=none or IsPassive."
    status = 400


class NoHomeRealm(LoginError):
    code = "no_home_realm"
    sentence = "There is no way to sign in to this application yet."
    fix = "Give the application at least one tenant with an enabled connector."


class UnknownDomain(LoginError):
    code = "unknown_domain"
    sentence = "We cannot sign you in with that address. Check it, or ask your administrator."
    act = Act.USER
    fix = "Add the domain to the tenant, or enable its connector."


class ConnectorUnavailable(LoginError):
    code = "connector_unavailable"
    sentence = "Your organisation's sign-in service does not answer. Please try again in a moment."
    act = Act.CUSTOMER_IT
    fix = "Check that the identity provider is reachable from here and that its addresses are current."
    status = 502


class UpstreamRefused(LoginError):
    """The identity provider said no, in its protocol's own way."""

    code = "upstream_refused"
    sentence = "Your organisation's sign-in service did not sign you in."
    act = Act.CUSTOMER_IT
    fix = "Look at the identity provider's own log for this person and time."


class InvalidUpstreamResponse(LoginError):
    """The identity provider's answer failed a check; `check` names it."""

    code = "invalid_upstream_response"
    sentence = "The answer of your organisation's sign-in service could not be accepted."
    act = Act.CUSTOMER_IT
    fix = "Compare the identity provider's settings with the connector's set-up sheet."


class ReplayedResponse(LoginError):
    code = "replayed_response"
    sentence = "This sign-in has already been used once."
    act = Act.USER
    fix = "Start again from the application. If nobody pressed back or reload, somebody may have copied the answer."


class ForeignEmail(LoginError):
    code = "foreign_email"
    sentence = "Your organisation's sign-in service sent an email address that does not belong to your organisation."
    act = Act.CUSTOMER_IT
    fix = "Prove the domain for this tenant, or correct the address at the identity provider."


class MissingClaim(LoginError):
    code = "missing_claim"
    sentence = "Your organisation's sign-in service did not say who you are."
    act = Act.CUSTOMER_IT
    fix = "Release a persistent identifier and an email address to us."


class IdentityDisabled(LoginError):
    code = "identity_disabled"
    sentence = "Your account here is switched off."
    act = Act.OPERATOR
    fix = "Enable the identity."


class AccessDenied(LoginError):
    code = "access_denied"
    sentence = "You are signed in, but you may not use this application."
    act = Act.CUSTOMER_IT
    fix = "See the issuance authorization rule named in the cause."


class Disabled(LoginError):
    code = "disabled"
    sentence = "This way of signing in is switched off."
    fix = "Enable the tenant, connector or application named in the cause."


class SubjectFormatUnavailable(LoginError):
    code = "subject_format_unavailable"
    sentence = "The application asked for a kind of identifier that we cannot give."
    act = Act.APPLICATION_OWNER
    fix = "Ask for another NameID format, or release an email address."


# --- a change of configuration that is refused ------------------------------------------------------------------------


class ConfigurationError(BrokerError):
    """A change that is refused. `field` says where, `sentence` says what to do; both are shown to whoever asked."""

    code = "configuration_error"
    sentence = "This configuration cannot be used."

    def __init__(self, sentence: str = "", *, field: str = "", cause: str = "", fix: str | None = None) -> None:
        super().__init__(cause, fix=fix)
        self.field = field
        if sentence:
            self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.field}: {self.sentence}" if self.field else self.sentence


class InvalidSettings(ConfigurationError):
    code = "invalid_settings"


class InvalidMetadata(ConfigurationError):
    """Metadata that cannot be used; `problem` is a stable word ("not_xml", "no_identity_provider", …) for tests and docs."""

    code = "invalid_metadata"

    def __init__(self, sentence: str, *, problem: str, cause: str = "", fix: str | None = None) -> None:
        super().__init__(sentence, field="metadata", cause=cause, fix=fix)
        self.problem = problem


class UnknownObject(ConfigurationError):
    code = "unknown_object"
    status = 404
    hides_another_tenant = False
    """It is there, but whoever asked belongs to another tenant and shall not learn of it."""


class Conflict(ConfigurationError):
    code = "conflict"
    status = 409


class Forbidden(ConfigurationError):
    code = "forbidden"
    sentence = "You may not do this."
    status = 403


class InvalidSetupLink(ConfigurationError):
    code = "invalid_setup_link"
    sentence = "This set-up link is not valid any more. Ask the person who sent it for a new one."
    act = Act.CUSTOMER_IT
    status = 404


# --- an outbound request that did not give an answer ------------------------------------------------------------------


class FetchError(BrokerError):
    """Never contains what the other side answered (SECURITY 5, SSRF)."""

    code = "fetch_failed"
    sentence = "The address could not be read."
    status = 502
    problem = "broken"
    """A stable word for what went wrong on the way: see `broker.net.failure`."""

    def __init__(self, cause: str = "", *, fix: str | None = None, check: str | None = None, problem: str | None = None) -> None:
        super().__init__(cause, fix=fix, check=check)
        if problem is not None:
            self.problem = problem


class AddressRefused(FetchError):
    code = "address_refused"
    problem = "not_allowed"
    sentence = "We do not connect to that address from here. Upload the file instead."
    status = 400


class FetchTimeout(FetchError):
    code = "fetch_timeout"
    problem = "timeout"
    sentence = "The address did not answer in time."


class FetchTooLarge(FetchError):
    code = "fetch_too_large"
    problem = "too_large"
    sentence = "The answer from that address is too large."


class FetchFailed(FetchError):
    pass


class MailNotSent(FetchError):
    code = "mail_not_sent"
    sentence = "The mail could not be sent. Send the link yourself; it works all the same."
    fix = "Run `vestibule doctor`: it signs in to the mail server as for a mail, and says what is wrong."
