"""Our own description as an OpenID provider (OpenID Connect Discovery 1.0 section 3, RFC 8414, RFC 9207)."""

from __future__ import annotations

import msgspec


def write_discovery(issuer: str) -> bytes:
    """The document for one issuer. `issuer` is copied byte for byte: clients compare it with `iss`."""
    base = issuer + "/oauth2"
    return msgspec.json.encode(
        {
            "issuer": issuer,
            "authorization_endpoint": base + "/authorize",
            "token_endpoint": base + "/token",
            "userinfo_endpoint": base + "/userinfo",
            "jwks_uri": base + "/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["pairwise", "public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email", "phone"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "amr", "sid", "tid",
                "name", "given_name", "family_name", "preferred_username", "locale", "picture",
                "email", "email_verified", "phone_number", "groups", "roles",
            ],
            "prompt_values_supported": ["none", "login", "select_account", "consent"],
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "authorization_response_iss_parameter_supported": True,
        }
    )
