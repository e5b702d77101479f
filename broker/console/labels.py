"""What settings are called in forms. A setting of a third-party connector that has no entry shows its own name in words."""

from __future__ import annotations

from broker.domain.messages import translatable

LABELS = {
    # SAML, as identity provider of a tenant
    "entity_id": translatable("EntityID"),
    "signing_certificates": translatable("Signing certificates (PEM)"),
    "sso_redirect_url": translatable("Sign-in address (HTTP-Redirect)"),
    "sso_post_url": translatable("Sign-in address (HTTP-POST)"),
    "metadata_url": translatable("Metadata address"),
    "follow_metadata": translatable("Follow the metadata address"),
    "metadata_signing_certificates": translatable("Certificates that sign the metadata (PEM)"),
    "take_over_replacements": translatable("Take over replacements unseen"),
    "valid_until": translatable("Metadata valid until"),
    "request_binding": translatable("How our requests are sent"),
    "sign_requests": translatable("Sign our requests"),
    "name_id_format": translatable("NameID format"),
    "allow_create": translatable("Let the provider create identifiers (AllowCreate)"),
    "requested_contexts": translatable("Ways of authenticating to ask for"),
    "forward_requested_contexts": translatable("Pass on what the application asks for"),
    "forward_force_authentication": translatable("Pass on the wish for fresh authentication"),
    "forward_passive": translatable("Pass on that no page may be shown"),
    "forward_login_hint": translatable("Pass on the typed address"),
    "subject_attribute": translatable("Attribute that identifies a person"),
    "offer_encryption": translatable("Offer encryption"),
    "skew_seconds": translatable("Tolerated difference of clocks (seconds)"),
    "accept_unsigned_cbc": translatable("Accept unsigned AES-CBC encryption"),
    "allow_sha1_until": translatable("Accept SHA-1 signatures until"),
    # OpenID Connect, as identity provider of a tenant
    "issuer": translatable("Issuer"),
    "client_id": translatable("Client ID"),
    "client_secret": translatable("Client secret"),
    "scopes": translatable("Scopes"),
    "authorization_endpoint": translatable("Authorization endpoint"),
    "token_endpoint": translatable("Token endpoint"),
    "userinfo_endpoint": translatable("Userinfo endpoint"),
    "jwks_uri": translatable("Address of the keys (jwks_uri)"),
    "jwks": translatable("Keys as last seen"),
    "token_endpoint_auth_method": translatable("Authentication at the token endpoint"),
    "id_token_signing_algs": translatable("Accepted signature algorithms"),
    "authorization_response_iss_parameter_supported": translatable("Every answer must name its issuer"),
    "use_userinfo": translatable("Ask the userinfo endpoint"),
    "subject_claim": translatable("Claim that identifies a person"),
    "trust_email_verified": translatable("Believe “email_verified”"),
    "tenant": translatable("Directory (tenant) ID"),
    "permitted_tenants": translatable("Permitted directories"),
    "trust_xms_edov": translatable("Believe “xms_edov”"),
    "site": translatable("Sign-in host"),
    "hosted_domains": translatable("Workspace domains"),
    # applications
    "acs_urls": translatable("Reply addresses (ACS)"),
    "acs_indexes": translatable("Indexes of the reply addresses"),
    "encryption_certificate": translatable("Encryption certificate (PEM)"),
    "require_signed_requests": translatable("Insist on signed requests"),
    "encrypt_assertions": translatable("Encrypt assertions"),
    "sign": translatable("What we sign"),
    "force_name_id_format": translatable("Always this NameID format"),
    "attribute_names": translatable("Names of attributes"),
    "redirect_uris": translatable("Redirect URIs"),
    "post_logout_redirect_uris": translatable("Addresses after signing out"),
    "application_type": translatable("Kind of application"),
    "require_pkce": translatable("Insist on PKCE"),
    "id_token_signed_response_alg": translatable("Signature of ID tokens"),
    "id_token_lifetime_seconds": translatable("Lifetime of ID tokens (seconds)"),
    "access_token_lifetime_seconds": translatable("Lifetime of access tokens (seconds)"),
}


def label_of(name: str) -> str:
    return LABELS.get(name) or name.replace("_", " ").capitalize()
