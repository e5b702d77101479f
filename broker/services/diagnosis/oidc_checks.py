"""Causes of what can be wrong with the answer of an OpenID provider."""

from __future__ import annotations

from broker.domain.errors import Act
from broker.domain.messages import translatable
from broker.services.diagnosis.model import ENTRA, Cause, Refined

_CLOCK = translatable("Let the identity provider’s machine set its clock from a time server; our clock stands beside the check.")
_TIMES = Cause(translatable("The times in the ID token do not fit our clock."), _CLOCK, Act.CUSTOMER_IT)
_FOR_ANOTHER = Cause(
    translatable("The identity provider made its answer for another client than this connection."),
    translatable("Enter the client id of this registration in the connection, exactly as the identity provider shows it."),
    Act.CUSTOMER_IT,
)
_NOT_OURS = Cause(
    translatable("The answer does not belong to this sign-in: an old window, a second one, or a copied answer."),
    translatable("Start again from the application, in one browser window."),
    Act.USER,
)
_NO_PERSON = Cause(
    translatable("The ID token has no usable identifier of the person."),
    translatable("Choose a claim that identifies people for ever in this connection’s settings, usually sub."),
    Act.CUSTOMER_IT,
)
_FRESH = Cause(
    translatable("The application demanded a fresh sign-in, but the identity provider does not prove one (auth_time)."),
    translatable("Have the identity provider send auth_time, or do not demand a fresh sign-in for this connection."),
    Act.CUSTOMER_IT,
)
_SECRET = Cause(
    translatable("The client secret of this connection is wrong or has expired."),
    translatable("Make a new client secret at the identity provider and enter its value here."),
    Act.CUSTOMER_IT,
)

BY_CHECK: dict[str, Cause] = {
    "oidc.state": _NOT_OURS,
    "oidc.nonce": _NOT_OURS,
    "oidc.response_issuer": Cause(
        translatable("The answer comes from another identity provider than the one that is registered here."),
        translatable("Enter the issuer exactly as the identity provider names itself, and save the connection again."),
        Act.CUSTOMER_IT,
    ),
    "oidc.provider_consent": Cause(
        translatable("The identity provider itself refused to sign the person in."),
        translatable("Look at the identity provider’s own log for this person and time; its words stand beside the check."),
        Act.CUSTOMER_IT,
    ),
    "oidc.code": Cause(
        translatable("The one-time code of this sign-in is missing, unknown, used or too old."),
        translatable("Start again from the application; if it happens to everybody, let it redeem the code at once and only once."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.code_exchange": Cause(
        translatable("The identity provider did not exchange the code of this sign-in for tokens."),
        translatable("Compare client id, client secret and redirect address of this connection with the registration there."),
        Act.CUSTOMER_IT,
    ),
    "oidc.signature": Cause(
        translatable("The ID token is not signed with a key that the identity provider publishes."),
        translatable("Save the connection again, so that the identity provider’s keys are read; then try once more."),
        Act.CUSTOMER_IT,
    ),
    "oidc.issuer": Cause(
        translatable("The ID token names another issuer than this connection; often a slash at the end is the difference."),
        translatable("Enter the issuer exactly as the identity provider names itself, and save the connection again."),
        Act.CUSTOMER_IT,
    ),
    "oidc.audience": _FOR_ANOTHER,
    "oidc.audience_only": _FOR_ANOTHER,
    "oidc.authorized_party": _FOR_ANOTHER,
    "oidc.expiry": _TIMES,
    "oidc.issued_at": _TIMES,
    "oidc.not_before": _TIMES,
    "oidc.subject": _NO_PERSON,
    "oidc.at_hash": Cause(
        translatable("The tokens of the identity provider do not belong together."),
        translatable("Start again; if it happens to everybody, ask the vendor of the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "oidc.auth_time_form": _FRESH,
    "oidc.auth_time": _FRESH,
    "oidc.userinfo": Cause(
        translatable("The identity provider did not tell us about the person (userinfo)."),
        translatable("Allow the scopes profile and email at the identity provider, or switch userinfo off for this connection."),
        Act.CUSTOMER_IT,
    ),
    "oidc.userinfo_subject": Cause(
        translatable("The identity provider told us about another person than the one who signed in."),
        translatable("Ask the vendor of the identity provider; until then switch userinfo off for this connection."),
        Act.CUSTOMER_IT,
    ),
    "entra.identifiers": Cause(
        translatable("Entra ID did not send the two identifiers of the person (tid, oid)."),
        translatable("Use a v2.0 application registration in Entra ID with the scope profile."),
        Act.CUSTOMER_IT,
    ),
    "entra.tenant": Cause(
        translatable("The person signed in with an account of another Microsoft directory than the permitted ones."),
        translatable("Sign in with the work account, or add the directory to the permitted ones of this connection."),
        Act.USER,
    ),
    "google.hosted_domain": Cause(
        translatable("The person signed in with a private Google account or one of another organisation."),
        translatable("Sign in with the work account; an incognito window helps when several accounts are signed in."),
        Act.USER,
    ),
}

REFINED: tuple[Refined, ...] = (
    Refined(
        "oidc.code_exchange",
        Cause(
            translatable("The client secret in Entra ID has expired, or its id was entered instead of its value."),
            translatable("Make a new client secret under “Certificates & secrets” in Entra ID and enter its value here."),
            Act.CUSTOMER_IT,
        ),
        said="AADSTS7000222",
        types=ENTRA,
    ),
    Refined("oidc.code_exchange", _SECRET, said="invalid_client"),
    Refined(
        "oidc.code_exchange",
        Cause(
            translatable("The identity provider did not answer at its token address."),
            translatable("Check that the identity provider can be reached from here, and try again in a moment."),
            Act.CUSTOMER_IT,
        ),
        said="did not answer",
    ),
    Refined(
        "oidc.code_exchange",
        Cause(
            translatable("The identity provider gave no ID token: it treats us as an application for plain OAuth."),
            translatable("Allow the scope openid for our client at the identity provider."),
            Act.CUSTOMER_IT,
        ),
        said="no id_token",
    ),
    Refined(
        "oidc.provider_consent",
        Cause(
            translatable("The person, or the administrator, has not agreed that this application may sign people in."),
            translatable("Give administrator consent for our application at the identity provider, or assign the person to it."),
            Act.CUSTOMER_IT,
        ),
        said="access_denied",
    ),
    Refined(
        "oidc.provider_consent",
        Cause(
            translatable("The identity provider refuses what we ask for: a scope, or the redirect address."),
            translatable("Enter our redirect address and allow the scopes openid, profile and email at the identity provider."),
            Act.CUSTOMER_IT,
        ),
        said="invalid_",
    ),
)
