"""From an authorization request to an `AuthenticationRequest`, or to an error that may travel to the application."""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.catalog.catalog import Catalog
from broker.catalog.prepare import PreparedApplication
from broker.domain.errors import InvalidAuthenticationRequest, UnknownApplication, UnregisteredReplyAddress
from broker.domain.http import Incoming
from broker.domain.messages import filled
from broker.domain.place import Place
from broker.domain.request import AuthenticationRequest, Hints
from broker.domain.trace import Trace
from broker.downstream.oidc.client import RegisteredClient
from broker.login.own_place import require_own_place
from broker.protocols.oidc import authorization
from broker.protocols.oidc.authorization import AuthorizationRequest

PROTOCOL = "oidc"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request whose client and reply address are proved. `error`: what else is wrong with it, to be told there."""

    request: AuthenticationRequest
    error: InvalidAuthenticationRequest | None = None


def read(incoming: Incoming, place: Place, catalog: Catalog, trace: Trace) -> ReadRequest:
    """Raises UnknownApplication, UnregisteredReplyAddress, MalformedRequest, RepeatedParameter: pages, never redirects."""
    address = authorization.read_address(incoming)
    client = _client(address.unverified_client_id, catalog, trace)
    trace.application_id = client.application_id
    require_own_place(place, client.application_id, trace)
    redirect_uri = address.unverified_redirect_uri
    # RFC 9700 4.1.3: nothing is ever sent to an address that is not registered, an error least of all.
    registered = client.check_redirect_uri(redirect_uri)
    trace.check(
        "oidc.redirect_uri",
        registered,
        "" if registered else filled("%(address)s is not registered", address=repr(redirect_uri[:300])),
    )
    if not registered:
        raise UnregisteredReplyAddress(
            cause=filled("%(address)s is not registered", address=repr(redirect_uri[:300])), check="oidc.redirect_uri"
        )
    state, response_mode = authorization.read_reply_parameters(incoming)
    proved = AuthenticationRequest(
        application_id=client.application_id,
        protocol=PROTOCOL,
        reply_address=redirect_uri,
        hints=Hints(tenant_id=place.tenant_id),
        protocol_state=_state(
            issuer=place.oidc_issuer, key_owner=place.key_owner, state=state, response_mode=response_mode
        ),
    )
    try:
        parsed = authorization.read_request(incoming)
        _require_allowed(parsed, client, redirect_uri)
    except InvalidAuthenticationRequest as error:
        trace.check("oidc.request", False, error.cause)
        return ReadRequest(proved, error)
    trace.check("oidc.request", True)
    return ReadRequest(_complete(proved, parsed, client))


def _client(client_id: str, catalog: Catalog, trace: Trace) -> RegisteredClient:
    found: PreparedApplication | None = catalog.application_by(PROTOCOL, client_id)
    trace.check(
        "oidc.client",
        found is not None,
        "" if found else filled("no application has the client id %(client_id)s", client_id=repr(client_id[:100])),
    )
    if found is None:
        raise UnknownApplication(
            cause=filled("no application has the client id %(client_id)s", client_id=repr(client_id[:100])), check="oidc.client"
        )
    client: RegisteredClient = found.prepared
    return client


def _require_allowed(parsed: AuthorizationRequest, client: RegisteredClient, redirect_uri: str) -> None:
    if client.requires_pkce and parsed.code_challenge is None:
        raise InvalidAuthenticationRequest(
            "code_challenge is missing: this client needs PKCE (S256)",
            fix="Switch PKCE on in the application; for a confidential client that cannot, set require_pkce to false.",
        )
    if parsed.response_mode == "form_post" and not redirect_uri.startswith(("https://", "http://")):
        raise InvalidAuthenticationRequest("form_post needs an http address")


def _complete(proved: AuthenticationRequest, parsed: AuthorizationRequest, client: RegisteredClient) -> AuthenticationRequest:
    return replace(
        proved,
        hints=replace(
            proved.hints, connector=parsed.connector_hint, domain=parsed.domain_hint, login_hint=parsed.login_hint
        ),
        passive="none" in parsed.prompts,
        # OIDC Core 3.1.2.1: max_age=0 is prompt=login in other words.
        force_authentication="login" in parsed.prompts or parsed.max_age_seconds == 0,
        select_account="select_account" in parsed.prompts,
        max_age_seconds=parsed.max_age_seconds,
        requested_contexts=parsed.contexts,
        locale=parsed.locale,
        protocol_state=_state(
            **proved.protocol_state,
            scope=client.get_allowed_scope(" ".join(parsed.scopes)),
            nonce=parsed.nonce,
            code_challenge=parsed.code_challenge,
        ),
    )


def _state(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
