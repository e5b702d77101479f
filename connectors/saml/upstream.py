"""One SAML identity provider, prepared: how it is asked and how its answer becomes an authentication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from broker.domain.authentication import AuthenticationContext, OneTimeId, UpstreamAuthentication
from broker.domain.clock import Clock
from broker.domain.errors import MissingClaim, RepeatedParameter
from broker.domain.http import Incoming, Outgoing, PostForm, Redirect
from broker.domain.messages import translatable
from broker.domain.random_ids import xml_id
from broker.domain.trace import Trace
from broker.domain.transaction import Expectation
from broker.protocols import xml, xmldsig
from broker.protocols.saml import bindings
from broker.protocols.saml.messages import AuthnRequestTemplate
from broker.protocols.saml.redaction import redact_in_place
from broker.protocols.saml.validation import Asked, Trust, VerifiedAssertion, receive_response, validate_response
from connectors.contract import Continue, UpstreamRequest
from connectors.saml.person import Person
from connectors.saml.settings import Settings
from connectors.saml.survey import survey_message


@dataclass(frozen=True, slots=True)
class SamlUpstream:
    """See `connectors.contract.Upstream`. Made by `SamlConnectorType.prepare`; holds no secret in its repr."""

    connector_id: str
    settings: Settings
    acs: str
    clock: Clock
    template: AuthnRequestTemplate
    signing: xmldsig.SigningHandle | None
    trust: Trust
    trust_with_sha1: Trust
    sha1_until: date | None
    person: Person

    def begin(self, request: UpstreamRequest, trace: Trace) -> tuple[Outgoing, Expectation]:
        settings, now, request_id = self.settings, self.clock.now(), xml_id()
        # SAML has no max_age: only a fresh authentication is surely young enough.
        fresh = request.force_authentication or request.max_age_seconds is not None
        force = fresh and settings.forward_force_authentication
        forwarded = request.requested_contexts if settings.forward_requested_contexts else ()
        by_redirect = _uses_redirect(settings)
        destination = settings.sso_redirect_url if by_redirect else settings.sso_post_url
        address = self._with_hint(destination, request.login_hint)
        message = self.template.fill(
            request_id,
            now,
            destination,
            force_authn=force,
            is_passive=request.passive,
            requested_contexts=settings.requested_contexts or forwarded,
            subject_hint=request.login_hint if settings.forward_login_hint == "subject" else None,
        )
        if self.signing is not None and not by_redirect:
            xmldsig.sign(message, self.signing)
        expectation = Expectation(self.connector_id, request_id, self.acs, now, forced_at=now if force else None)
        octets = xml.serialise(message)
        trace.message(translatable("SAML AuthnRequest sent"), redact_in_place(message))
        if by_redirect:
            return Redirect(bindings.redirect_url(address, "SAMLRequest", octets, request.handle, self.signing)), expectation
        return PostForm(address, bindings.post_fields("SAMLRequest", octets, request.handle)), expectation

    def complete(self, incoming: Incoming, expected: Expectation, trace: Trace) -> UpstreamAuthentication | Continue:
        now = self.clock.now()
        sha1 = self.sha1_until is not None and now.date() <= self.sha1_until
        unverified = receive_response(incoming, trace)
        asked = Asked(expected.request_id, expected.recipient, expected.forced_at)
        assertion = validate_response(unverified, self.trust_with_sha1 if sha1 else self.trust, asked, now, trace)
        return self._authentication(assertion, trace)

    def survey(self, message: bytes, trace: Trace) -> UpstreamAuthentication | None:
        """See `connectors.contract.Surveys`."""
        assertion = survey_message(message, self.trust, self.acs, self.clock.now(), trace)
        try:
            return None if assertion is None else self._authentication(assertion, trace)
        except MissingClaim:
            return None  # on the trace already

    def _authentication(self, assertion: VerifiedAssertion, trace: Trace) -> UpstreamAuthentication:
        authn = assertion.authn
        return UpstreamAuthentication(
            subject=self.person.subject(assertion, trace),
            claims=self.person.claims(assertion),
            context=AuthenticationContext(authn.authenticated_at, authn.class_ref, authorities=authn.authorities),
            one_time_id=OneTimeId(assertion.id, assertion.usable_until),
            session_index=authn.session_index,
            session_ends_at=authn.session_ends_at,
        )

    def reply_handle(self, incoming: Incoming) -> str | None:
        """RelayState, if it can be one of ours."""
        try:
            relay_state = incoming.one("RelayState")
        except RepeatedParameter:
            return None
        return relay_state if relay_state and len(relay_state) <= bindings.OUR_RELAY_STATE_BYTES else None

    def _with_hint(self, address: str, login_hint: str | None) -> str:
        if not login_hint or self.settings.forward_login_hint != "query":
            return address
        return f"{address}{'&' if '?' in address else '?'}login_hint={quote(login_hint, safe='')}"


def _uses_redirect(settings: Settings) -> bool:
    if settings.request_binding == "auto":
        return bool(settings.sso_redirect_url)
    return settings.request_binding == "redirect"
