"""Authorization requests, read strictly (RFC 6749 4.1.1, OIDC Core 3.1.2.1).

In two steps, because an error may travel to the application only after its address was proved: `read_address` reads what
finds client and reply address; once both are known to be good, `read_request` reads the rest, and what it raises may be
sent there.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.errors import InvalidAuthenticationRequest, MalformedRequest, MessageTooLarge
from broker.domain.http import Incoming
from broker.domain.messages import filled
from broker.protocols.oidc import pkce
from broker.protocols.oidc.names import OPENID

MAX_VALUE = 4096
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_RESPONSE_MODES = frozenset({"query", "form_post"})


@dataclass(frozen=True, slots=True)
class UnverifiedAddress:
    """Who asks and where the answer is wanted, as claimed."""

    unverified_client_id: str
    unverified_redirect_uri: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A well-formed request for a code. Scopes and prompts in the order they came, without repetition."""

    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    response_mode: str
    code_challenge: str | None
    prompts: frozenset[str]
    max_age_seconds: int | None
    login_hint: str | None
    domain_hint: str | None
    connector_hint: str | None
    locale: str | None
    contexts: tuple[str, ...]


def read_address(incoming: Incoming) -> UnverifiedAddress:
    """Raises MalformedRequest, RepeatedParameter, MessageTooLarge: all become pages."""
    client_id, redirect_uri = incoming.one("client_id"), incoming.one("redirect_uri")
    if not client_id:
        raise MalformedRequest(cause="client_id is missing")
    # OIDC Core 3.1.2.1 makes it REQUIRED, even for a client that has registered only one.
    if not redirect_uri:
        raise MalformedRequest(cause="redirect_uri is missing")
    if len(client_id) > MAX_VALUE or len(redirect_uri) > MAX_VALUE:
        raise MessageTooLarge(cause="client_id or redirect_uri is too long")
    return UnverifiedAddress(client_id, redirect_uri)


def read_reply_parameters(incoming: Incoming) -> tuple[str | None, str]:
    """`state` and `response_mode` as far as they can be used, so that an error about anything else still reaches the client."""
    states = [value for name, value in incoming.parameters if name == "state"]
    modes = [value for name, value in incoming.parameters if name == "response_mode"]
    state = states[0] if len(states) == 1 and len(states[0]) <= MAX_VALUE else None
    return state or None, modes[0] if len(modes) == 1 and modes[0] in _RESPONSE_MODES else "query"


def read_request(incoming: Incoming) -> AuthorizationRequest:
    """Raises InvalidAuthenticationRequest with the OAuth error to send (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6)."""
    values = _single_values(incoming)
    # RFC 9101, OIDC Core 6: said plainly rather than ignored, because the parameters inside would be ignored with them.
    for name, error in (("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")):
        if name in values:
            raise InvalidAuthenticationRequest(filled("%(name)s is not supported", name=name), oauth_error=error)
    if "registration" in values:
        raise InvalidAuthenticationRequest("registration is not supported", oauth_error="registration_not_supported")
    response_type = values.get("response_type")
    if response_type is None:
        raise InvalidAuthenticationRequest("response_type is missing")
    if response_type != "code":
        raise InvalidAuthenticationRequest(
            filled("response_type %(response_type)s: only code is supported", response_type=repr(response_type[:60])),
            oauth_error="unsupported_response_type",
        )
    if values.get("response_mode", "query") not in _RESPONSE_MODES:
        raise InvalidAuthenticationRequest("response_mode must be query or form_post")
    scopes = tuple(dict.fromkeys(values.get("scope", "").split()))
    if OPENID not in scopes:
        raise InvalidAuthenticationRequest("scope must contain openid", oauth_error="invalid_scope")
    return AuthorizationRequest(
        scopes=scopes,
        state=values.get("state"),
        nonce=values.get("nonce"),
        response_mode=values.get("response_mode", "query"),
        code_challenge=_code_challenge(values),
        prompts=_prompts(values),
        max_age_seconds=_max_age(values),
        login_hint=values.get("login_hint"),
        domain_hint=values.get("domain_hint") or values.get("hd"),
        connector_hint=values.get("idp_hint") or values.get("connector"),
        locale=next(iter(values.get("ui_locales", "").split()), None),
        contexts=tuple(values.get("acr_values", "").split()),
    )


def _single_values(incoming: Incoming) -> dict[str, str]:
    """Every parameter once (RFC 6749 3.1); an empty value counts as absent (same section)."""
    values: dict[str, str] = {}
    for name, value in incoming.parameters:
        if name in values:
            raise InvalidAuthenticationRequest(filled("parameter %(name)s occurs more than once", name=repr(name[:60])))
        if len(value) > MAX_VALUE:
            raise InvalidAuthenticationRequest(
                filled("parameter %(name)s is longer than %(most)s characters", name=repr(name[:60]), most=MAX_VALUE)
            )
        values[name] = value
    return {name: value for name, value in values.items() if value}


def _code_challenge(values: dict[str, str]) -> str | None:
    challenge, method = values.get("code_challenge"), values.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidAuthenticationRequest("code_challenge_method without code_challenge")
        return None
    # RFC 7636 4.3: an absent method means plain, which is refused like any other method but S256.
    if method != pkce.S256:
        raise InvalidAuthenticationRequest("code_challenge_method must be S256")
    if not pkce.is_challenge(challenge):
        raise InvalidAuthenticationRequest("code_challenge is not base64url of a SHA-256 digest")
    return challenge


def _prompts(values: dict[str, str]) -> frozenset[str]:
    prompts = frozenset(values.get("prompt", "").split())
    if unknown := prompts - _PROMPTS:
        raise InvalidAuthenticationRequest(filled("prompt %(name)s is unknown", name=repr(sorted(unknown)[0][:60])))
    # OIDC Core 3.1.2.1: none stands alone.
    if "none" in prompts and len(prompts) > 1:
        raise InvalidAuthenticationRequest("prompt none cannot be combined")
    return prompts


def _max_age(values: dict[str, str]) -> int | None:
    text = values.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidAuthenticationRequest("max_age is not a number of seconds")
    return int(text)
