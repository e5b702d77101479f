"""What a connector to an OpenID provider needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.errors import InvalidSettings
from broker.protocols.jose import ALGORITHMS
from broker.protocols.oidc.names import AUTH_METHODS, OPENID
from connectors.contract import setting
from metadata.oidc_read import is_address

MAX_SKEW_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Entered by a person: issuer, client id and secret. The rest comes from discovery or has a good default.

    Everything has a default, because a draft exists before anything was entered; `validate` says what is missing.
    """

    issuer: str = setting("The provider's address, exactly as it names itself (iss)", default="", receives_secrets=True)
    client_id: str = setting("Client id that the provider gave us", default="")
    client_secret: str = setting("Client secret that the provider gave us; none for a public client", default="", secret=True)
    scopes: tuple[str, ...] = setting("Scopes to ask for", default=("openid", "profile", "email"))
    authorization_endpoint: str = setting("Where people sign in (from discovery)", default="", discovered=True)
    token_endpoint: str = setting("Where codes are exchanged (from discovery)", default="", discovered=True, receives_secrets=True)
    userinfo_endpoint: str = setting("Where details about people come from (from discovery)", default="", discovered=True)
    jwks_uri: str = setting("Where the provider publishes its keys (from discovery)", default="", discovered=True)
    jwks: str = setting("The provider's keys as last seen (from discovery)", default="", multiline=True, discovered=True)
    token_endpoint_auth_method: str = setting(
        "How we authenticate at the token endpoint", default="client_secret_basic", choices=AUTH_METHODS
    )
    id_token_signing_algs: tuple[str, ...] = setting(
        "Signature algorithms accepted in ID tokens (from discovery)", default=("RS256",), discovered=True
    )
    authorization_response_iss_parameter_supported: bool = setting(
        "The provider names itself in every answer (RFC 9207); then an answer without it is refused",
        default=False,
        discovered=True,
    )
    use_userinfo: bool = setting("Ask the userinfo endpoint; many providers put only sub into the ID token", default=True)
    subject_claim: str = setting("Claim of the ID token that identifies a person for ever", default="sub")
    trust_email_verified: bool = setting(
        "Believe the provider's email_verified",
        default=False,
        risk="The provider may mark addresses as verified that it never checked.",
    )
    forward_passive: bool = setting("Ask the provider too when an application must not show a page (prompt=none)", default=False)
    skew_seconds: int | None = setting(
        "Tolerated difference of clocks in seconds, at most 300; empty means what the hub is set to", default=None
    )


def validate(settings: OidcSettings, *, production: bool) -> None:
    """Raises InvalidSettings. Touches no network."""
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"):
        _require_address(settings, name, production)
    if settings.userinfo_endpoint:
        _require_address(settings, "userinfo_endpoint", production)
    if not settings.client_id.strip():
        raise InvalidSettings("Enter the client id.", field="client_id")
    if settings.token_endpoint_auth_method not in AUTH_METHODS:
        raise InvalidSettings(f"Choose one of {', '.join(AUTH_METHODS)}.", field="token_endpoint_auth_method")
    if settings.token_endpoint_auth_method != "none" and not settings.client_secret:
        raise InvalidSettings("Enter the client secret.", field="client_secret")
    if OPENID not in settings.scopes:
        raise InvalidSettings("The scopes must contain openid.", field="scopes")
    if not settings.id_token_signing_algs or not set(settings.id_token_signing_algs) <= ALGORITHMS:
        raise InvalidSettings(f"Choose among {', '.join(sorted(ALGORITHMS))}.", field="id_token_signing_algs")
    if not settings.subject_claim:
        raise InvalidSettings("Name the claim that identifies a person, usually sub.", field="subject_claim")
    if settings.skew_seconds is not None and not 0 <= settings.skew_seconds <= MAX_SKEW_SECONDS:
        raise InvalidSettings(f"Between 0 and {MAX_SKEW_SECONDS} seconds.", field="skew_seconds")


def _require_address(settings: OidcSettings, name: str, production: bool) -> None:
    value = getattr(settings, name)
    if not value:
        raise InvalidSettings("Missing. Save the connector so that its provider is asked, or enter it.", field=name)
    if not is_address(value, require_https=production):
        raise InvalidSettings("Enter an https address.", field=name)
