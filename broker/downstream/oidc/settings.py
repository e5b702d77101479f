"""What an application registers as an OpenID Connect client, and the rules for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from broker.domain.errors import InvalidSettings
from broker.domain.settings_fields import setting
from broker.protocols.oidc.names import AUTH_BASIC, AUTH_METHODS, AUTH_NONE, OPENID, SCOPES

WEB, NATIVE = "web", "native"
ALGORITHMS = ("RS256", "ES256")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_MAX_LIFETIME = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClientSettings:
    """Lifetimes in seconds."""

    client_id: str = setting("Client id, unique among all applications")
    client_secret_hashes: tuple[str, ...] = setting("Keyed hashes of the client secrets in force", default=())
    token_endpoint_auth_method: str = setting(
        "How the client authenticates; none is a public client and needs PKCE", default=AUTH_BASIC, choices=AUTH_METHODS
    )
    redirect_uris: tuple[str, ...] = setting("Addresses to answer at, compared byte for byte")
    post_logout_redirect_uris: tuple[str, ...] = setting("Addresses to return to after signing out", default=())
    application_type: str = setting(
        "native allows loopback addresses with any port, and schemes of its own", default=WEB, choices=(WEB, NATIVE)
    )
    require_pkce: bool = setting("Demand PKCE (S256); a public client always needs it", default=True)
    id_token_signed_response_alg: str = setting("Signature algorithm of ID tokens", default="RS256", choices=ALGORITHMS)
    id_token_lifetime_seconds: int = setting("How long an ID token is valid", default=300)
    access_token_lifetime_seconds: int = setting("How long an access token works at userinfo", default=3600)
    scopes: tuple[str, ...] = setting("Scopes that the client may have", default=SCOPES)


def validate(settings: OidcClientSettings, *, production: bool) -> None:
    """Raises InvalidSettings naming the field."""
    if not settings.client_id or len(settings.client_id) > 255 or any(not "!" <= c <= "~" for c in settings.client_id):
        raise InvalidSettings("1 to 255 printable characters without spaces.", field="client_id")
    _require_choice(settings.token_endpoint_auth_method, AUTH_METHODS, "token_endpoint_auth_method")
    _require_choice(settings.application_type, (WEB, NATIVE), "application_type")
    _require_choice(settings.id_token_signed_response_alg, ALGORITHMS, "id_token_signed_response_alg")
    public = settings.token_endpoint_auth_method == AUTH_NONE
    if public == bool(settings.client_secret_hashes):
        sentence = "A public client has no secret." if public else "Give the client a secret, or make it a public client."
        raise InvalidSettings(sentence, field="client_secret_hashes")
    if public and not settings.require_pkce:
        raise InvalidSettings("A public client always needs PKCE.", field="require_pkce")
    if not settings.redirect_uris:
        raise InvalidSettings("Register at least one address.", field="redirect_uris")
    for uri in settings.redirect_uris:
        _check_redirect_uri(uri, settings.application_type, production, "redirect_uris")
    for uri in settings.post_logout_redirect_uris:
        _check_redirect_uri(uri, settings.application_type, production, "post_logout_redirect_uris")
    if OPENID not in settings.scopes or not set(settings.scopes) <= set(SCOPES):
        raise InvalidSettings(f"openid, and what is wanted of {', '.join(SCOPES[1:])}.", field="scopes")
    for name in ("id_token_lifetime_seconds", "access_token_lifetime_seconds"):
        if not 60 <= getattr(settings, name) <= _MAX_LIFETIME:
            raise InvalidSettings("Between one minute and one day.", field=name)


def _require_choice(value: str, choices: tuple[str, ...], field: str) -> None:
    if value not in choices:
        raise InvalidSettings(f"Choose one of {', '.join(choices)}.", field=field)


def _check_redirect_uri(uri: str, application_type: str, production: bool, field: str) -> None:
    """RFC 9700 2.1, RFC 8252 7: absolute, no fragment, no credentials, nothing that browsers and parsers read differently."""
    if len(uri) > 2000 or any(not "!" <= c <= "~" or c in '\\"<>^`{|}' for c in uri):
        raise InvalidSettings(f"{uri[:100]!r} contains characters that do not belong in an address.", field=field)
    parts = _split(uri, field)
    if "#" in uri or "@" in parts.netloc:
        raise InvalidSettings(f"{uri[:100]!r} must have neither a fragment nor credentials.", field=field)
    if "*" in uri:
        raise InvalidSettings("Addresses are compared byte for byte: there are no wildcards.", field=field)
    if parts.scheme == "https" and parts.hostname:
        return
    native = application_type == NATIVE
    if parts.scheme == "http" and parts.hostname:
        if not production or (native and parts.hostname in LOOPBACK_HOSTS):
            return
        raise InvalidSettings(f"{uri[:100]!r} must be https.", field=field)
    # RFC 8252 7.1: a private-use scheme is a reversed domain name; the dot keeps javascript:, data: and file: out.
    if native and "." in parts.scheme:
        return
    raise InvalidSettings(f"{uri[:100]!r} must be an absolute https address.", field=field)


def _split(uri: str, field: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise InvalidSettings(f"{uri[:100]!r} is not an address.", field=field) from error
    return parts
