"""What to change where, for every check that can fail: rows from check (and a word of the cause) to a place at the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.domain.messages import translatable
from broker.services.vendor_places import Place, place_at
from connectors.contract import Addresses


class Ours(StrEnum):
    """Which of our own values belongs there."""

    ENTITY_ID = "entity_id"
    ACS = "acs"
    REDIRECT_URI = "redirect_uri"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Row:
    """`checks`: names of checks or error codes. `contains`: a word of the cause, lower case, "" for any. First match wins."""

    checks: tuple[str, ...]
    sentence: str
    place: Place | None = None
    value: Ours | None = None
    contains: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do. `seen`: the vendor's own message that it belongs to, for tests whose browser never came back."""

    sentence: str
    where: str = ""
    value: str = ""
    seen: str = ""


_NEWEST = translatable("Your system signs with a certificate that we do not know. Give us its newest metadata.")
_OTHER = translatable("The answer comes from another system, or another application in it, than the one that you told us about.")
_TO_US = translatable("Your system answers at another address than ours. Enter exactly this value.")
_FOR_US = translatable("Your system makes its answer for somebody else. Enter exactly this value.")
_CLOCK = translatable("The clock of your system differs from ours. Let it set its time automatically (NTP), and test again.")
_START_HERE = translatable(
    "This answer belongs to another sign-in. Start the test again here, not in your system or from a bookmark."
)
_ODD = translatable("Your system’s answer has a form that we do not accept. Send the reference code to support.")
_REFUSED = translatable("Your system did not let the person in. Most often they are not assigned to our application there.")
_ASSIGN = translatable("This person may not use our application in your system. Assign them, or a group of theirs.")
_IDENTIFIES = translatable("Send an identifier that never changes and is never given to another person; not an email address.")
_SECRET = translatable(
    "Your system does not accept our client secret: it is wrong or has expired. Make a new one and enter its value here."
)
_REDIRECT = translatable("Your system does not know our redirect URI. Enter exactly this value.")
_CLIENT = translatable("Your system does not know the client ID that you entered here. Compare the two.")
_CONSENT = translatable("Your system wants an administrator to agree to our application first.")
_ISSUER = translatable("The issuer that you entered differs from how your system names itself. Enter it exactly, slashes included.")
_FRESH = translatable(
    "An application demanded a fresh sign-in and your system did not confirm one. Let it send the time of sign-in."
)
_UNREACHABLE = translatable("Your system did not answer us. Check that it can be reached from the internet.")
_ACCOUNT = translatable("The account belongs to another organisation. Sign in with an account of your own organisation.")

ROWS: tuple[Row, ...] = (
    Row(("saml.audience",), _FOR_US, Place.IDENTIFIER, Ours.ENTITY_ID),
    Row(("saml.destination",), _TO_US, Place.REPLY_ADDRESS, Ours.ACS),
    Row(("saml.subject_confirmation",), _TO_US, Place.REPLY_ADDRESS, Ours.ACS, contains="recipient"),
    Row(("saml.subject_confirmation",), _START_HERE, contains="inresponseto"),
    Row(("saml.subject_confirmation",), _CLOCK, contains="notonorafter"),
    Row(("saml.subject_confirmation",), _ODD),
    Row(("saml.response_in_response_to",), _START_HERE),
    Row(("saml.response_issuer", "saml.assertion_issuer"), _OTHER, Place.METADATA),
    Row(
        ("saml.response_signature", "saml.assertion_signature"),
        translatable("Your system signs with an old algorithm. Choose SHA-256."),
        Place.SIGNING,
        contains="algorithm",
    ),
    Row(("saml.response_signature", "saml.assertion_signature"), _NEWEST, Place.METADATA),
    Row(
        ("saml.signed",),
        translatable("Your system signs neither its answer nor what it says in it. Switch signing on."),
        Place.SIGNING,
    ),
    Row(
        ("saml.decryption",),
        translatable(
            "Your system encrypts for another certificate than ours. Give it our metadata again, or switch encryption off."
        ),
        Place.ENCRYPTION,
        Ours.METADATA,
    ),
    Row(("saml.response_issued", "saml.assertion_issued", "saml.conditions", "saml.session"), _CLOCK),
    Row(("saml.authn_statement",), _CLOCK, contains="future"),
    Row(("saml.authn_statement", "saml.binding", "saml.relay_state", "saml.xml", "saml.shape", "saml.attributes"), _ODD),
    Row(
        ("saml.status",),
        translatable("Your system does not offer the kind of NameID that we ask for. Let it send a persistent one."),
        Place.NAME_ID,
        contains="invalidnameidpolicy",
    ),
    Row(
        ("saml.status",),
        translatable("Your system cannot sign people in in the way that we ask for. Send the reference code to support."),
        contains="noauthncontext",
    ),
    Row(("saml.status",), _REFUSED, Place.ASSIGNED),
    Row(("saml.force_authn",), _FRESH),
    Row(("saml.subject", "saml.name_id"), _IDENTIFIES, Place.NAME_ID),
    Row(("tenant.email",), translatable("Your system sends no email address. Release it to our application."), Place.EMAIL),
    Row(
        ("tenant.email_form",),
        translatable("Your system sends no plain email address, or several. Release exactly one, like ann@example.com."),
        Place.EMAIL,
    ),
    Row(
        ("tenant.email_domain",),
        translatable(
            "The domain of this email address is not proved for your organisation. Add it under “Domains”, or use another account."
        ),
        Place.EMAIL,
    ),
    Row(
        ("rules.claims",),
        translatable("Your system sends too much, most often too many groups. Send only those that applications need."),
    ),
    Row(("oidc.provider_consent",), _CONSENT, Place.CONSENT, contains="consent"),
    Row(("oidc.provider_consent",), _CONSENT, Place.CONSENT, contains="aadsts65"),
    Row(("oidc.provider_consent",), _ASSIGN, Place.ASSIGNED, contains="aadsts50105"),
    Row(("oidc.provider_consent",), _CLIENT, Place.CLIENT, contains="unauthorized_client"),
    Row(
        ("oidc.provider_consent",),
        translatable("Your system does not offer what we ask for. Allow the scopes openid, profile and email."),
        Place.CLAIMS,
        contains="invalid_scope",
    ),
    Row(("oidc.provider_consent",), _REFUSED, Place.ASSIGNED),
    Row(("oidc.code_exchange",), _SECRET, Place.SECRET, contains="invalid_client"),
    Row(("oidc.code_exchange",), _CLIENT, Place.CLIENT, contains="unauthorized_client"),
    Row(("oidc.code_exchange",), _REDIRECT, Place.REPLY_ADDRESS, Ours.REDIRECT_URI, contains="redirect"),
    Row(("oidc.code_exchange",), _START_HERE, contains="invalid_grant"),
    Row(
        ("oidc.code_exchange",),
        translatable("Your system gave us no ID token. Allow the scope openid for our application."),
        Place.CLAIMS,
        contains="no id_token",
    ),
    Row(("oidc.code_exchange", "connector_unavailable"), _UNREACHABLE),
    Row(
        ("oidc.signature",),
        translatable("Your system signs ID tokens in a way, or with a key, that it does not publish."),
        Place.SIGNING,
    ),
    Row(("oidc.issuer", "oidc.response_issuer"), _ISSUER, Place.METADATA),
    Row(("oidc.audience", "oidc.audience_only", "oidc.authorized_party"), _CLIENT, Place.CLIENT),
    Row(("oidc.expiry", "oidc.issued_at", "oidc.not_before"), _CLOCK),
    Row(("oidc.state", "oidc.nonce", "oidc.at_hash", "oidc.code", "upstream.used_once"), _START_HERE),
    Row(("oidc.subject", "oidc.userinfo_subject", "entra.identifiers", "upstream.subject"), _IDENTIFIES, Place.NAME_ID),
    Row(
        ("oidc.userinfo",),
        translatable("Your system does not tell us more about the person when we ask. Allow the scopes profile and email."),
        Place.CLAIMS,
    ),
    Row(("oidc.auth_time", "oidc.auth_time_form"), _FRESH, Place.CLAIMS),
    Row(("entra.tenant", "google.hosted_domain"), _ACCOUNT),
    Row(("transaction.browser", "transaction.host", "transaction.time", "upstream.address", "upstream.expected"), _START_HERE),
    Row(
        ("application.serves_tenant", "application.authorization"),
        translatable(
            "The sign-in works, but this application does not let the person in. Whoever runs the application can change that."
        ),
    ),
    Row(
        ("disabled",),
        translatable("Your organisation, this connection or the application has been switched off in the meantime. Ask support."),
    ),
)

_NOT_KNOWN = translatable("Your system does not know us yet, or under another name. Enter exactly this value.")

SEEN: dict[str, tuple[tuple[str, str, Place | None, Ours | None], ...]] = {
    # What vendors show on a page of their own, from where nobody comes back.
    "adfs": (
        ("MSIS7007", _NOT_KNOWN, Place.IDENTIFIER, Ours.ENTITY_ID),
        ("MSIS3200", _TO_US, Place.REPLY_ADDRESS, Ours.ACS),
        ("MSIS5007", _ASSIGN, Place.ASSIGNED, None),
    ),
    "entra-saml": (
        ("AADSTS50011", _TO_US, Place.REPLY_ADDRESS, Ours.ACS),
        ("AADSTS700016", _NOT_KNOWN, Place.IDENTIFIER, Ours.ENTITY_ID),
        ("AADSTS50105", _ASSIGN, Place.ASSIGNED, None),
    ),
    "entra-oidc": (
        ("AADSTS50011", _REDIRECT, Place.REPLY_ADDRESS, Ours.REDIRECT_URI),
        ("AADSTS700016", _CLIENT, Place.CLIENT, None),
        ("AADSTS50105", _ASSIGN, Place.ASSIGNED, None),
        ("AADSTS65001, AADSTS90094", _CONSENT, Place.CONSENT, None),
    ),
    "google-saml": (
        ("app_not_configured", _NOT_KNOWN, Place.IDENTIFIER, Ours.ENTITY_ID),
        ("app_not_configured_for_user, app_not_enabled_for_user", _ASSIGN, Place.ASSIGNED, None),
    ),
    "google-oidc": (
        ("redirect_uri_mismatch", _REDIRECT, Place.REPLY_ADDRESS, Ours.REDIRECT_URI),
        ("invalid_client", _CLIENT, Place.CLIENT, None),
        ("org_internal", _ACCOUNT, None, None),
    ),
    "okta": (("User is not assigned to this application", _ASSIGN, Place.ASSIGNED, None),),
    "saml": (
        (translatable("Unknown application, service provider or entity"), _NOT_KNOWN, Place.IDENTIFIER, Ours.ENTITY_ID),
        (translatable("Unknown or forbidden reply address"), _TO_US, Place.REPLY_ADDRESS, Ours.ACS),
        (translatable("You have no access"), _ASSIGN, Place.ASSIGNED, None),
    ),
    "oidc": (
        (translatable("Unknown or forbidden redirect URI"), _REDIRECT, Place.REPLY_ADDRESS, Ours.REDIRECT_URI),
        (translatable("Unknown client"), _CLIENT, Place.CLIENT, None),
        (translatable("You have no access"), _ASSIGN, Place.ASSIGNED, None),
    ),
}


def advice_for(check: str, error_code: str, cause: str, *, connector_type: str, protocol: str, ours: Addresses) -> Advice:
    """For a failed test: by check, else by error code, else the reference code has to do."""
    words = cause.lower()
    for wanted in (check, error_code):
        for row in ROWS:
            if wanted and wanted in row.checks and row.contains in words:
                return _at(row.sentence, row.place, row.value, connector_type, protocol, ours)
    return Advice(_ODD)


def if_nobody_came_back(*, connector_type: str, protocol: str, ours: Addresses) -> tuple[Advice, ...]:
    """What the vendor may be showing on a page of its own, and what to do about it."""
    rows = SEEN.get(connector_type) or SEEN.get(protocol, ())
    return tuple(_at(sentence, place, value, connector_type, protocol, ours, seen) for seen, sentence, place, value in rows)


def _at(
    sentence: str, place: Place | None, value: Ours | None, connector_type: str, protocol: str, ours: Addresses, seen: str = ""
) -> Advice:
    where = "" if place is None else place_at(place, connector_type, protocol)
    return Advice(sentence, where, "" if value is None else str(getattr(ours, value.value)), seen)
