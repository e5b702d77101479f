"""Causes of what can be wrong with the answer of a SAML identity provider."""

from __future__ import annotations

from broker.domain.errors import Act
from broker.domain.messages import translatable
from broker.services.diagnosis.model import ADFS, ENTRA, GOOGLE, OKTA, Cause, Refined

_CLOCK = translatable("Let the identity provider’s machine set its clock from a time server; our clock stands beside the check.")

_WRONG_KEY = Cause(
    translatable("The identity provider signed with a certificate that is not the one registered here."),
    translatable("Import the identity provider’s current metadata, or add its new signing certificate, to this connection."),
    Act.CUSTOMER_IT,
)
_CHANGED = Cause(
    translatable("The message was changed after the identity provider had signed it."),
    translatable("Look for a proxy or browser extension that changes pages. If there is none, treat it as an attempt to break in."),
    Act.CUSTOMER_IT,
)
_ALGORITHM = Cause(
    translatable("The identity provider signs with an outdated method."),
    translatable("Choose RSA with SHA-256 as signature algorithm at the identity provider."),
    Act.CUSTOMER_IT,
)
_FORM = Cause(
    translatable("The signature in the message is not built as the standard demands; an attack looks like this, too."),
    translatable("Update the identity provider’s software. If it is a well-known product, treat it as an attempt to break in."),
    Act.CUSTOMER_IT,
)
_OTHER_PROVIDER = Cause(
    translatable("The answer comes from another identity provider than the one that is registered here."),
    translatable("Import the metadata of the identity provider that really answers, or sign in at the right one."),
    Act.CUSTOMER_IT,
)
_SHAPE = Cause(
    translatable("The message has parts where none belong, as attacks have that hide a second message."),
    translatable("Treat it as an attempt to break in, unless the identity provider is being built or tested."),
    Act.CUSTOMER_IT,
)
_FUTURE = Cause(translatable("The identity provider’s clock is ahead of ours."), _CLOCK, Act.CUSTOMER_IT)
_DECRYPTION = Cause(
    translatable("The answer was encrypted with a certificate that is not ours, or not ours any more."),
    translatable("Import our current metadata at the identity provider, so that it encrypts with our current certificate."),
    Act.CUSTOMER_IT,
)

BY_CHECK: dict[str, Cause] = {
    "saml.binding": Cause(
        translatable("The answer did not arrive as a form from the identity provider, or not in one piece."),
        translatable("Start again from the application, not from a bookmark. If it happens to everybody, choose HTTP-POST there."),
        Act.USER,
    ),
    "saml.relay_state": Cause(
        translatable("The application’s own note beside the message (RelayState) is too long."),
        translatable("Shorten the RelayState that the application sends."),
        Act.APPLICATION_OWNER,
    ),
    "saml.xml": Cause(
        translatable("The message is no XML that we accept: damaged, cut short, or with parts that only attacks have."),
        translatable("Send the message again, unchanged; look for a proxy or mail filter that changes it."),
        Act.CUSTOMER_IT,
    ),
    "saml.shape": _SHAPE,
    "saml.response_signature": _WRONG_KEY,
    "saml.assertion_signature": _WRONG_KEY,
    "signature.value": _WRONG_KEY,
    "signature.digest": _CHANGED,
    "signature.algorithm": _ALGORITHM,
    **dict.fromkeys(("signature.present", "signature.form", "signature.reference", "signature.transforms"), _FORM),
    "saml.signed": Cause(
        translatable("The identity provider does not sign its answers."),
        translatable("Switch on signing of assertions or responses at the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "saml.response_issuer": _OTHER_PROVIDER,
    "saml.assertion_issuer": _OTHER_PROVIDER,
    "saml.destination": Cause(
        translatable("The message was meant for another address than the one where it arrived."),
        translatable("Enter the address that stands under “expected” at the sender."),
        Act.CUSTOMER_IT,
    ),
    "saml.response_in_response_to": Cause(
        translatable("The answer does not belong to this sign-in: it was started at the identity provider, or in another window."),
        translatable("Start from the application; set a link to the application’s own start page at the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "saml.response_issued": _FUTURE,
    "saml.assertion_issued": _FUTURE,
    "saml.status": Cause(
        translatable("The identity provider itself refused to sign the person in."),
        translatable("Look at the identity provider’s own log for this person and time; its words stand beside the check."),
        Act.CUSTOMER_IT,
    ),
    "saml.decryption": _DECRYPTION,
    "saml.subject_confirmation": Cause(
        translatable("The identity provider made its answer for another address, another sign-in, or another time."),
        translatable("Compare our address (ACS, reply URL) in the identity provider’s settings with the one under “expected”."),
        Act.CUSTOMER_IT,
    ),
    "saml.conditions": Cause(
        translatable("The answer is not valid at this time, or carries a condition that we do not know."),
        _CLOCK,
        Act.CUSTOMER_IT,
    ),
    "saml.audience": Cause(
        translatable("The identity provider made its answer for another service than this connection."),
        translatable("Enter exactly the text under “expected” as entity ID (audience, identifier) at the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "saml.authn_statement": Cause(
        translatable("The answer does not say properly when and how the person signed in."),
        translatable("Update the identity provider’s software, or ask its vendor; it must send one AuthnStatement."),
        Act.CUSTOMER_IT,
    ),
    "saml.session": Cause(
        translatable("The person’s session at the identity provider had already ended when the answer was made."),
        translatable("Sign out at the identity provider and in again; if it happens to everybody, check its clock."),
        Act.USER,
    ),
    "saml.force_authn": Cause(
        translatable("The application demanded a fresh sign-in, but the identity provider reused an old one."),
        translatable("Have the identity provider honour ForceAuthn, or do not demand it for this connection."),
        Act.CUSTOMER_IT,
    ),
    "saml.name_id": Cause(
        translatable("The identifier of the person (NameID) is empty, double, or cannot be read."),
        translatable("Send one NameID with a value that never changes for a person."),
        Act.CUSTOMER_IT,
    ),
    "saml.attributes": Cause(
        translatable("The attributes in the answer are not well formed."),
        translatable("Give every attribute a name in the identity provider’s settings for this application."),
        Act.CUSTOMER_IT,
    ),
    "saml.subject": Cause(
        translatable("The answer has no identifier that stays the same for a person."),
        translatable("Send a persistent NameID, or name an attribute that identifies people in this connection’s settings."),
        Act.CUSTOMER_IT,
    ),
}

_SIGNATURES = ("saml.response_signature", "saml.assertion_signature")


def _either(cause: Cause, **when: object) -> tuple[Refined, ...]:
    return tuple(Refined(check, cause, **when) for check in _SIGNATURES)  # type: ignore[arg-type]


REFINED: tuple[Refined, ...] = (
    *_either(_CHANGED, said="changed since it was signed"),
    *_either(_CHANGED, said="the digest of the covered element differs"),
    *_either(_ALGORITHM, said="algorithm not accepted"),
    *_either(_FORM, said="does not consist of"),
    *_either(_FORM, said="transforms"),
    *_either(_FORM, said="reference is not"),
    *_either(_FORM, said="exc-c14n"),
    *_either(_FORM, said="signatures in"),
    *_either(
        Cause(
            translatable("AD FS signed with a token-signing certificate that is not registered here; it replaces it every year."),
            translatable("Import FederationMetadata.xml of AD FS again into this connection."),
            Act.CUSTOMER_IT,
        ),
        types=ADFS,
    ),
    *_either(
        Cause(
            translatable("Entra ID signed with a SAML certificate that is not registered here; it is a new one after three years."),
            translatable("Download “Federation Metadata XML” of the enterprise application in Entra ID and import it here again."),
            Act.CUSTOMER_IT,
        ),
        types=ENTRA,
    ),
    *_either(
        Cause(
            translatable("Google signed with a certificate that is not registered here."),
            translatable("Download the IdP metadata of the web app in the Google Admin console and import it here again."),
            Act.CUSTOMER_IT,
        ),
        types=GOOGLE,
    ),
    *_either(
        Cause(
            translatable("Okta signed with a certificate that is not registered here."),
            translatable("Import the metadata of the active certificate (Sign On, SAML Signing Certificates) here again."),
            Act.CUSTOMER_IT,
        ),
        types=OKTA,
    ),
    Refined(
        "saml.subject_confirmation",
        Cause(translatable("The answer was too old when it arrived, or a clock is wrong."), _CLOCK, Act.CUSTOMER_IT),
        said="has passed",
    ),
    Refined(
        "saml.conditions",
        Cause(translatable("The identity provider’s clock is ahead of ours."), _CLOCK, Act.CUSTOMER_IT),
        said="NotBefore",
    ),
    Refined(
        "saml.conditions",
        Cause(translatable("The answer was too old when it arrived, or a clock is wrong."), _CLOCK, Act.CUSTOMER_IT),
        said="NotOnOrAfter",
    ),
    Refined(
        "saml.subject",
        Cause(
            translatable("The identity provider sends another identifier at every sign-in (transient NameID)."),
            translatable("Send a persistent NameID, or name an attribute that identifies people in this connection’s settings."),
            Act.CUSTOMER_IT,
        ),
        said="transient",
    ),
    Refined(
        "saml.subject",
        Cause(
            translatable("AD FS sends no Name ID: the claim rule for it is missing."),
            translatable("Add the rule from the set-up page to the relying party trust in AD FS, as an issuance transform rule."),
            Act.CUSTOMER_IT,
        ),
        said="no NameID",
        types=ADFS,
    ),
    Refined(
        "saml.response_in_response_to",
        Cause(
            translatable("The sign-in was started at the identity provider instead of at the application."),
            translatable("Start from the application; set a link to the application’s own start page at the identity provider."),
            Act.CUSTOMER_IT,
        ),
        said="missing",
    ),
    Refined(
        "saml.status",
        Cause(
            translatable("The identity provider cannot send the kind of identifier that this connection asks for."),
            translatable("Leave the NameID format of this connection empty, or configure that format at the identity provider."),
            Act.CUSTOMER_IT,
        ),
        said="InvalidNameIDPolicy",
    ),
    Refined(
        "saml.status",
        Cause(
            translatable("The identity provider cannot sign people in with the strength that was asked for."),
            translatable("Enrol the person for it at the identity provider, or do not ask for an authentication context."),
            Act.CUSTOMER_IT,
        ),
        said="NoAuthnContext",
    ),
    Refined(
        "saml.status",
        Cause(
            translatable("The identity provider does not accept our request: it does not know us, or wants it signed."),
            translatable("Import our metadata there again. If it wants signed requests, switch signing on for this connection."),
            Act.CUSTOMER_IT,
        ),
        said="Requester",
    ),
)
