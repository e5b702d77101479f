"""What can be set about a SAML identity provider. Form, API schema, CLI help and docs page are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import setting

MAX_SKEW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Settings:
    """Usually all made from the provider's metadata (`settings_from_metadata`)."""

    entity_id: str = setting("The identity provider's entityID (issuer), exactly as its messages carry it.", default="")
    signing_certificates: tuple[str, ...] = setting(
        "PEM certificates of all keys that may sign the provider's messages now. Expiry is not checked, the key counts.",
        default=(),
        multiline=True,
    )
    sso_redirect_url: str = setting("Single sign-on address for the HTTP-Redirect binding.", default="")
    sso_post_url: str = setting("Single sign-on address for the HTTP-POST binding.", default="")
    metadata_url: str = setting("Where the provider publishes its metadata. It is read again from there by the clock.", default="")
    follow_metadata: bool = setting("Take over what the metadata address says by the clock: certificates, addresses.", default=True)
    metadata_signing_certificates: tuple[str, ...] = setting(
        "PEM certificates of the keys that sign the metadata at its address; then only what one of them has signed is taken over. "
        "Empty: the address itself is trusted, over TLS.",
        default=(),
        multiline=True,
    )
    take_over_replacements: bool = setting(
        "Take over without a person looking, too, when unsigned metadata lists none of the known certificates, or sends people "
        "to another host.",
        default=False,
        risk="Whoever gets hold of that web address or its name in the DNS can then replace all keys at once, unseen.",
    )
    valid_until: str = setting("Until when the imported metadata says to be valid (UTC), for warnings.", default="")

    request_binding: str = setting(
        "Binding of our requests; auto takes Redirect when there is an address for it.",
        default="auto",
        choices=("auto", "redirect", "post"),
    )
    sign_requests: bool = setting("Sign our requests. Follows WantAuthnRequestsSigned at import.", default=False)
    name_id_format: str = setting("NameID format to ask for; empty sends no NameIDPolicy, which AD FS needs.", default="")
    allow_create: bool = setting("AllowCreate in the NameIDPolicy; LemonLDAP::NG and authentic need it.", default=True)
    requested_contexts: tuple[str, ...] = setting(
        "Authentication context classes always asked for. Entra ID fails PasswordProtectedTransport for passwordless people.",
        default=(),
    )
    forward_requested_contexts: bool = setting("Pass on the context classes that the application asks for.", default=False)
    forward_force_authentication: bool = setting(
        "Pass on that the person must authenticate afresh, and check it.",
        default=True,
        risk="Without it an application that demands fresh authentication may get an old one.",
    )
    forward_passive: bool = setting("Ask the provider too when an application must not show a page (IsPassive).", default=False)
    forward_login_hint: str = setting(
        "How the typed address is passed on: not, as a login_hint parameter, or as the request's Subject.",
        default="off",
        choices=("off", "query", "subject"),
    )
    subject_attribute: str = setting(
        "Name of the attribute that identifies a person for ever; empty takes the NameID. Must never be an email address.",
        default="",
    )
    offer_encryption: bool = setting("Publish an encryption certificate; many providers then encrypt assertions.", default=False)
    skew_seconds: int | None = setting(
        "How far the provider's clock may differ, at most 300 seconds; empty means what the hub is set to.", default=None
    )
    accept_unsigned_cbc: bool = setting(
        "Decrypt AES-CBC although no signature is around it. AD FS encrypts like that.",
        default=False,
        risk="AES-CBC without a signature outside can leak plaintext to somebody who may send many altered messages.",
    )
    allow_sha1_until: str = setting(
        "Accept SHA-1 signatures until this day (YYYY-MM-DD); empty never does.",
        default="",
        risk="SHA-1 signatures can be forged at a cost that organisations can pay.",
    )
