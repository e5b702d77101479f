"""The two verbs toward one OpenID provider."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.authentication import AuthenticationContext, OneTimeId, UpstreamAuthentication, UpstreamSubject
from broker.domain.errors import BrokerError, InteractionRequired, InvalidUpstreamResponse, UpstreamRefused
from broker.domain.http import Incoming, Redirect
from broker.domain.messages import filled, translatable
from broker.domain.trace import Trace
from broker.domain.transaction import Expectation
from broker.protocols import jose
from broker.protocols.oidc import pkce
from broker.protocols.oidc.names import INTERACTION_ERRORS
from broker.protocols.oidc.tokens import IdToken, IdTokenRules, validate_id_token
from connectors.contract import USERINFO_NOT_ASKED, Tools, UpstreamRequest
from connectors.oidc.claims import to_claims
from connectors.oidc.deviations import Deviations
from connectors.oidc.exchange import Client, exchange_code, fetch_userinfo
from connectors.oidc.keys import ProviderKeys
from connectors.oidc.settings import OidcSettings
from connectors.oidc.survey import survey_token

_MAX_CODE = 4096


@dataclass(frozen=True, slots=True)
class OidcUpstream:
    """One connector, prepared. `settings` were validated; `keys` is the only part that changes, by itself."""

    connector_id: str
    settings: OidcSettings
    tools: Tools
    keys: ProviderKeys
    deviations: Deviations

    def begin(self, request: UpstreamRequest, trace: Trace) -> tuple[Redirect, Expectation]:
        """Sends the browser to the provider (OIDC Core 3.1.2.1) with state, nonce and PKCE."""
        nonce, verifier, now = random_ids.handle(), pkce.new_verifier(), self.tools.clock.now()
        url, _state = Client(self.settings, self.tools).create_authorization_url(
            self.settings.authorization_endpoint,
            state=request.handle,
            code_verifier=verifier,
            nonce=nonce,
            login_hint=request.login_hint,
            ui_locales=request.locale,
            **_prompting(request),
            **self.deviations.authorization_parameters,
        )
        trace.decide("prompt for the identity provider", _prompting(request).get("prompt", translatable("none asked for")))
        expectation = Expectation(
            connector_id=self.connector_id,
            request_id=request.handle,
            recipient=self.tools.addresses.redirect_uri,
            sent_at=now,
            nonce=nonce,
            verifier=verifier,
            forced_at=_authenticated_after(request, now),
            extra={"passive": "1"} if request.passive else {},
        )
        return Redirect(url), expectation

    def survey(self, message: bytes, trace: Trace) -> UpstreamAuthentication | None:
        """See `connectors.contract.Surveys`."""
        id_token = survey_token(message, self, trace)
        if self.settings.use_userinfo and self.settings.userinfo_endpoint:
            trace.decide(USERINFO_NOT_ASKED, "a login asks the provider for more about the person")
        try:
            return None if id_token is None else self._authentication(id_token, id_token.claims, "", trace)
        except BrokerError:
            return None  # on the trace already

    @property
    def skew_seconds(self) -> int:
        """The connector's own, or the hub's."""
        return self.tools.skew_seconds if self.settings.skew_seconds is None else self.settings.skew_seconds

    def reply_handle(self, incoming: Incoming) -> str | None:
        return incoming.one("state")

    def complete(self, incoming: Incoming, expected: Expectation, trace: Trace) -> UpstreamAuthentication:
        """Raises UpstreamRefused, InteractionRequired, InvalidUpstreamResponse, ConnectorUnavailable."""
        self._check_state(incoming, expected, trace)
        self._check_response_issuer(incoming, trace)
        _raise_provider_error(incoming, expected, trace)
        code = incoming.one("code")
        if not code or len(code) > _MAX_CODE or expected.verifier is None or expected.nonce is None:
            raise _failed(trace, "oidc.code", "the answer carries no usable code")
        client = Client(self.settings, self.tools)
        text, access_token = exchange_code(client, self.settings, code, expected.verifier, trace)
        id_token = self._validated(text, access_token, expected, trace)
        self._check_template_issuer(incoming, id_token, trace)
        received = self._with_userinfo(id_token, access_token, trace)
        return self._authentication(id_token, received, code, trace)

    def _check_state(self, incoming: Incoming, expected: Expectation, trace: Trace) -> None:
        state = incoming.one("state") or ""
        same = hmac.compare_digest(state.encode(), expected.request_id.encode())
        trace.check("oidc.state", same, "" if same else "state is not the one of this login")
        if not same:
            raise InvalidUpstreamResponse(cause="state is not the one of this login", check="oidc.state")

    def _check_response_issuer(self, incoming: Incoming, trace: Trace) -> None:
        # RFC 9207 2.4: when the provider names itself, it must be this one; when it promises to, it must.
        issuer = incoming.one("iss")
        if issuer is None:
            if self.settings.authorization_response_iss_parameter_supported:
                raise _failed(trace, "oidc.response_issuer", "iss is missing although the provider promises it (RFC 9207)")
            return
        if self.deviations.issuer_of is not None:
            return  # a template: compared once the ID token says which tenant it is
        if issuer != self.settings.issuer:
            raise _failed(
                trace, "oidc.response_issuer", filled("the answer names the issuer %(issuer)s", issuer=repr(issuer[:200]))
            )
        trace.check("oidc.response_issuer", True)

    def _check_template_issuer(self, incoming: Incoming, id_token: IdToken, trace: Trace) -> None:
        issuer = incoming.one("iss")
        if issuer is None or self.deviations.issuer_of is None:
            return
        if issuer != id_token.issuer:
            raise _failed(
                trace,
                "oidc.response_issuer",
                filled(
                    "the answer names %(issuer)s, the token %(other_issuer)s",
                    issuer=repr(issuer[:200]),
                    other_issuer=repr(id_token.issuer),
                ),
            )
        trace.check("oidc.response_issuer", True)

    def _validated(self, text: str, access_token: str, expected: Expectation, trace: Trace) -> IdToken:
        try:
            token = jose.read_header(text)
            signed = jose.verify(token, self.keys.for_token(token, trace), frozenset(self.settings.id_token_signing_algs))
        except jose.InvalidToken as error:
            raise _failed(trace, "oidc.signature", filled("ID token: %(cause)s", cause=error)) from error
        trace.check("oidc.signature", True)
        issued = jose.numeric_date(signed.claims.get("iat"))
        if issued is not None:
            trace.clock_seen(datetime.fromtimestamp(issued, UTC))
        rules = IdTokenRules(
            issuer_of=self.deviations.issuer_of or (lambda _claims: self.settings.issuer),
            client_id=self.settings.client_id,
            nonce=expected.nonce or "",
            now=self.tools.clock.now(),
            skew_seconds=self.skew_seconds,
            access_token=access_token,
            authenticated_after=expected.forced_at,
        )
        id_token = validate_id_token(signed, rules, trace)
        self.deviations.check(id_token.claims, trace)
        return id_token

    def _with_userinfo(self, id_token: IdToken, access_token: str, trace: Trace) -> dict[str, Any]:
        if not self.settings.use_userinfo or not self.settings.userinfo_endpoint:
            return id_token.claims
        userinfo = fetch_userinfo(self.settings, self.tools, access_token, id_token.subject, trace)
        return {**userinfo, **id_token.claims}  # what was signed is never overridden

    def _authentication(self, id_token: IdToken, received: dict[str, Any], code: str, trace: Trace) -> UpstreamAuthentication:
        subject = self._subject(id_token, trace)
        claims = to_claims(received, subject=subject, connector_id=self.connector_id, issuer=id_token.issuer)
        acr, amr, sid = (id_token.claims.get(name) for name in ("acr", "amr", "sid"))
        context = AuthenticationContext(
            authenticated_at=id_token.authenticated_at or id_token.issued_at,
            class_ref=acr if isinstance(acr, str) else None,
            methods=tuple(method for method in amr if isinstance(method, str)) if isinstance(amr, list) else (),
        )
        remember_until = id_token.expires_at + timedelta(seconds=self.skew_seconds)
        return UpstreamAuthentication(
            subject=UpstreamSubject(self.connector_id, id_token.issuer, subject, mutable="@" in subject),
            claims=claims,
            context=context,
            one_time_id=OneTimeId("code:" + hashlib.sha256(code.encode()).hexdigest(), remember_until),
            session_index=sid if isinstance(sid, str) else None,
            asserted_email_verified=self._email_verified(received),
        )

    def _subject(self, id_token: IdToken, trace: Trace) -> str:
        if self.deviations.subject_of is not None:
            return self.deviations.subject_of(id_token.claims)
        # Only the signed token may say who this is, whichever claim was chosen.
        value = id_token.claims.get(self.settings.subject_claim)
        if not isinstance(value, str) or not value.strip():
            raise _failed(
                trace, "oidc.subject", filled("the ID token has no claim %(name)s of text", name=repr(self.settings.subject_claim))
            )
        return value

    def _email_verified(self, received: dict[str, Any]) -> bool | None:
        """The provider's word: True only for the boolean true of a trusted provider, False for any other value, None for none."""
        if self.deviations.email_verified is not None:
            return self.deviations.email_verified(received)
        if "email_verified" not in received:
            return None
        if received["email_verified"] is not True:
            return False
        return True if self.settings.trust_email_verified else None


def _prompting(request: UpstreamRequest) -> dict[str, str]:
    if request.passive:
        return {"prompt": "none"}
    parameters = {}
    if request.force_authentication:
        # max_age=0 obliges the provider to state auth_time (OIDC Core 3.1.2.1), without which we could not check it.
        parameters = {"prompt": "login", "max_age": "0"}
    elif request.select_account:
        parameters = {"prompt": "select_account"}
    if request.max_age_seconds is not None and not request.force_authentication:
        parameters["max_age"] = str(request.max_age_seconds)
    return parameters


def _authenticated_after(request: UpstreamRequest, now: datetime) -> datetime | None:
    if request.force_authentication:
        return now
    if request.max_age_seconds is None:
        return None
    return max(now - timedelta(seconds=request.max_age_seconds), datetime(1970, 1, 2, tzinfo=UTC))


def _raise_provider_error(incoming: Incoming, expected: Expectation, trace: Trace) -> None:
    error = incoming.one("error")
    if error is None:
        return
    description = (incoming.one("error_description") or "")[:300]
    cause = filled("the provider answered %(error)s: %(description)s", error=repr(error[:100]), description=repr(description))
    trace.check("oidc.provider_consent", False, cause)
    if "passive" in expected.extra and error in INTERACTION_ERRORS:
        raise InteractionRequired(cause=cause)
    raise UpstreamRefused(cause=cause, check="oidc.provider_consent")


def _failed(trace: Trace, check: str, reason: str) -> InvalidUpstreamResponse:
    trace.check(check, False, reason)
    return InvalidUpstreamResponse(cause=reason, check=check)
