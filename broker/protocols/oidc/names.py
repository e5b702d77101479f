"""Names of OpenID Connect that both sides use."""

from __future__ import annotations

OPENID = "openid"
PROFILE = "profile"
EMAIL = "email"
PHONE = "phone"
SCOPES = (OPENID, PROFILE, EMAIL, PHONE)

AUTH_BASIC = "client_secret_basic"
AUTH_POST = "client_secret_post"
AUTH_NONE = "none"
AUTH_METHODS = (AUTH_BASIC, AUTH_POST, AUTH_NONE)

DISCOVERY_PATH = "/.well-known/openid-configuration"

# Claims that belong to the protocol (OIDC Core 2, RFC 7519 4.1, and the extensions that we and others use). A rule or an
# identity provider can neither set nor shadow them, and a relying party does not take them for statements about a person.
PROTOCOL_CLAIMS = frozenset(
    {
        "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash",
        "sid", "tid", "email_verified", "phone_number_verified", "events", "cnf", "act", "may_act", "scope", "client_id", "typ",
        "session_state", "updated_at", "_claim_names", "_claim_sources",
    }
)

# Errors that mean "a page is needed" (OIDC Core 3.1.2.6).
INTERACTION_ERRORS = frozenset({"login_required", "interaction_required", "account_selection_required", "consent_required"})
