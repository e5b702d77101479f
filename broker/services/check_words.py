"""What each check asks, in words of somebody who has never heard of SAML. `docs/checks.md` is its list for experts."""

from __future__ import annotations

from broker.domain.messages import translatable

_OURS = translatable("The answer came back to the right place, in the right browser")
_FORM = translatable("The answer has the right form")
_STATUS = translatable("Your system signed the person in")
_SIGNED = translatable("The answer is signed with a certificate that we know")
_FROM = translatable("The answer comes from your system")
_ADDRESSED = translatable("The answer is addressed to us")
_ASKED = translatable("The answer belongs to this sign-in")
_TIME = translatable("The clocks agree")
_ENCRYPTED = translatable("What is encrypted can be read by us")
_WHO = translatable("It says who the person is, in a way that lasts")
_EMAIL = translatable("It contains exactly one email address")
_DOMAIN = translatable("The email address belongs to your organisation")
_EXCHANGE = translatable("Your system accepts our client ID and client secret")
_FRESH = translatable("The person has just signed in, where that is demanded")
_ACCOUNT = translatable("The account belongs to your organisation")
_APPLICATION = translatable("The application lets this person in")
_ADDED = translatable("Your directory lets this person in")
_RULES = translatable("The rules for what is taken over can be applied")

WORDS: dict[str, str] = {
    "transaction.browser": _OURS,
    "transaction.host": _OURS,
    "transaction.time": _OURS,
    "upstream.address": _OURS,
    "upstream.expected": _OURS,
    "upstream.subject": _WHO,
    "upstream.used_once": translatable("The answer has not been used before"),
    "saml.binding": _FORM,
    "saml.relay_state": _FORM,
    "saml.xml": _FORM,
    "saml.shape": _FORM,
    "saml.response_signature": _SIGNED,
    "saml.response_issuer": _FROM,
    "saml.destination": _ADDRESSED,
    "saml.response_in_response_to": _ASKED,
    "saml.response_issued": _TIME,
    "saml.status": _STATUS,
    "saml.decryption": _ENCRYPTED,
    "saml.assertion_signature": _SIGNED,
    "saml.signed": _SIGNED,
    "saml.assertion_issuer": _FROM,
    "saml.assertion_issued": _TIME,
    "saml.subject_confirmation": _ADDRESSED,
    "saml.conditions": _TIME,
    "saml.audience": _ADDRESSED,
    "saml.authn_statement": _STATUS,
    "saml.session": _TIME,
    "saml.force_authn": _FRESH,
    "saml.name_id": _WHO,
    "saml.attributes": _FORM,
    "saml.subject": _WHO,
    "oidc.state": _ASKED,
    "oidc.response_issuer": _FROM,
    "oidc.provider_consent": _STATUS,
    "oidc.code": _FORM,
    "oidc.code_exchange": _EXCHANGE,
    "oidc.signature": _SIGNED,
    "oidc.issuer": _FROM,
    "oidc.audience": _ADDRESSED,
    "oidc.audience_only": _ADDRESSED,
    "oidc.authorized_party": _ADDRESSED,
    "oidc.expiry": _TIME,
    "oidc.issued_at": _TIME,
    "oidc.not_before": _TIME,
    "oidc.nonce": _ASKED,
    "oidc.subject": _WHO,
    "oidc.at_hash": _ASKED,
    "oidc.auth_time_form": _FRESH,
    "oidc.auth_time": _FRESH,
    "oidc.userinfo": translatable("Your system tells us more about the person when we ask"),
    "oidc.userinfo_subject": _WHO,
    "entra.identifiers": _WHO,
    "entra.tenant": _ACCOUNT,
    "google.hosted_domain": _ACCOUNT,
    "directory.active": _ADDED,
    "directory.known": _ADDED,
    "tenant.email": _EMAIL,
    "tenant.email_form": _EMAIL,
    "tenant.email_domain": _DOMAIN,
    "rules.claims": _RULES,
    "application.serves_tenant": _APPLICATION,
    "application.authorization": _APPLICATION,
}

ORDER = tuple(dict.fromkeys(WORDS.values()))


def words_for(check: str) -> str:
    """A third-party connector's own check is shown under its name."""
    return WORDS.get(check, check)
