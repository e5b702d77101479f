"""OpenID Connect as the pipeline sees it: prepare a client, answer with a code, refuse with an OAuth error (RFC 6749 4.1.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.domain.errors import BrokerError, InvalidSettings
from broker.domain.http import Incoming, Outgoing
from broker.domain.keys import HUB
from broker.domain.response import AuthenticationResponse
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Application
from broker.downstream.oidc import errors, records
from broker.downstream.oidc import request as requests
from broker.downstream.oidc.claims import person_claims
from broker.downstream.oidc.client import RegisteredClient, VerifySecret
from broker.downstream.oidc.request import PROTOCOL
from broker.downstream.oidc.response import deliver
from broker.downstream.oidc.settings import OidcClientSettings, validate
from broker.store.transient.contract import TransientStore


class OidcProtocol:
    """Implements `broker.login.downstream.DownstreamProtocol`. `verify_secret(secret, stored_hash)` compares in constant time."""

    name, surveyed = PROTOCOL, "authorization_request"
    Settings: type = OidcClientSettings

    def __init__(self, *, transient: TransientStore, clock: Clock, verify_secret: VerifySecret, production: bool) -> None:
        self._transient = transient
        self._clock = clock
        self._verify_secret = verify_secret
        self._production = production

    def prepare(self, application: Application) -> RegisteredClient:
        """Raises InvalidSettings."""
        if not isinstance(application.settings, OidcClientSettings):
            raise InvalidSettings("These are not the settings of an OpenID Connect client.", field="settings")
        validate(application.settings, production=self._production)
        return RegisteredClient(application, application.settings, self._verify_secret)

    def lookup_keys(self, application: Application) -> tuple[str, ...]:
        return (application.settings.client_id,)

    def survey(
        self, incoming: Incoming, address: str, application: Application, catalog: Any, places: Any, trace: Trace
    ) -> None:
        """What the endpoint would say about a request that somebody pasted. Raises what it would raise."""
        place = places.named(address)
        expected = f"{place.oidc_issuer}/oauth2/authorize"
        if address:
            trace.check("oidc.endpoint", address == expected, "", expected=expected, received=address[:500])
        read = requests.read(incoming, place, catalog, trace)
        here = trace.application_id == application.id
        trace.check("oidc.client", here, "" if here else "the request is of another application")
        if read.error is not None:
            raise read.error

    def answers_at(self, address: str, application: Application, prepared: RegisteredClient) -> bool:
        return prepared.check_redirect_uri(address)

    def answer(
        self,
        transaction: LoginTransaction,
        application: Application,
        prepared: RegisteredClient,
        response: AuthenticationResponse,
        trace: Trace,
    ) -> Outgoing:
        """A single-use code, good for a minute, bound to client, address, issuer and challenge (RFC 6749 4.1.2)."""
        request = transaction.request
        state = request.protocol_state
        scope = state.get("scope", "")
        grant = records.Grant(
            client_id=prepared.client_id,
            application_id=application.id,
            tenant_id=response.tenant_id,
            identity_id=response.identity_id,
            connector_id=response.connector_id,
            issuer=state["issuer"],
            key_owner=state.get("key_owner", HUB),
            redirect_uri=request.reply_address,
            scope=scope,
            subject=response.subject,
            auth_time=int(response.context.authenticated_at.timestamp()),
            issued_at=response.issued_at,
            session_ends_at=int(response.session_ends_at.timestamp()),
            trace_code=transaction.trace_code,
            claims=person_claims(response.claims, frozenset(scope.split())),
            sid=response.session_index,
            nonce=state.get("nonce"),
            acr=response.context.class_ref,
            amr=response.context.methods,
            code_challenge=state.get("code_challenge"),
        )
        code = random_ids.handle()
        expires_at = self._clock.now() + timedelta(seconds=records.CODE_SECONDS)
        self._transient.put(records.CODE, code, records.encode(grant), expires_at)
        trace.decide("claims for the application", ", ".join(sorted(grant.claims)) or "none beside sub")
        return deliver(request, {"code": code})

    def refuse(
        self,
        transaction: LoginTransaction,
        application: Application,
        prepared: RegisteredClient,
        error: BrokerError,
        trace: Trace,
    ) -> Outgoing:
        name = errors.oauth_error(error)
        trace.hop("told the application", transaction.request.reply_address, error=name)
        parameters = {"error": name, "error_description": errors.description(error, trace.code)}
        return deliver(transaction.request, parameters)
