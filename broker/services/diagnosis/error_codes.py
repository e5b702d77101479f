"""Causes of errors that no single check explains: one for every code of the error catalogue."""

from __future__ import annotations

from broker.domain.errors import Act
from broker.domain.messages import translatable
from broker.services.diagnosis.model import Cause

_REQUEST = Cause(
    translatable("The application’s sign-in request cannot be read: damaged, cut short, or with something missing."),
    translatable("Correct the application’s request as the reason says."),
    Act.APPLICATION_OWNER,
)
_START_AGAIN = translatable("Start again from the application.")
_SETTINGS = Cause(
    translatable("A change of configuration was refused; the sentence at the field says why."),
    translatable("Correct the field that is named and save again."),
    Act.OPERATOR,
)
_SIGN_IN = Cause(
    translatable("Nobody was signed in, or what was typed does not match."),
    translatable("Sign in again; an owner can send a new link to whoever lost their credentials."),
    Act.USER,
)
_LINK = Cause(
    translatable("The link has expired, was used, or was replaced by a newer one."),
    translatable("Send a new link."),
    Act.OPERATOR,
)
_UNREACHABLE = Cause(
    translatable("An address at the other side did not answer as it should."),
    translatable("Check that the address is right and can be reached from here; a file can be uploaded instead."),
    Act.CUSTOMER_IT,
)

BY_CODE: dict[str, Cause] = {
    "internal_error": Cause(
        translatable("A fault of ours; it was logged with this reference code."),
        translatable("Look up the reference code in the log and report the fault."),
        Act.OPERATOR,
    ),
    "bad_request": _REQUEST,
    "malformed_request": _REQUEST,
    "repeated_parameter": Cause(
        translatable("A parameter of the request occurs twice, so that nobody can say which one counts."),
        translatable("Send each parameter exactly once."),
        Act.APPLICATION_OWNER,
    ),
    "message_too_large": Cause(
        translatable("The message is larger than any honest one; often hundreds of groups are in it."),
        translatable("Send only the groups and attributes that are needed."),
        Act.APPLICATION_OWNER,
    ),
    "unknown_application": Cause(
        translatable("The application that asked is not registered here under the name that it sends."),
        translatable("Register the application, or correct the client id or entity ID that it sends."),
        Act.APPLICATION_OWNER,
    ),
    "unregistered_reply_address": Cause(
        translatable("The application wants the answer at an address that is not registered for it."),
        translatable("Register exactly this address for the application: every character counts, even a slash at the end."),
        Act.APPLICATION_OWNER,
    ),
    "invalid_request_signature": Cause(
        translatable("The application’s request is not signed with the certificate that is registered for it."),
        translatable("Register the application’s current certificate, or correct the key with which it signs."),
        Act.APPLICATION_OWNER,
    ),
    "not_found": Cause(
        translatable("There is no page at the address that was opened."),
        translatable("Correct the address, or start from the application."),
        Act.USER,
    ),
    "wrong_method": Cause(
        translatable("An address was opened in a way that it is not made for, often from a bookmark."),
        _START_AGAIN,
        Act.USER,
    ),
    "transaction_error": Cause(
        translatable("The browser came back with something that fits no waiting sign-in."), _START_AGAIN, Act.USER
    ),
    "unknown_transaction": Cause(
        translatable("No sign-in is waiting for this answer: it was started at the identity provider, or it is long over."),
        translatable("Start from the application. A tile at the identity provider must lead to the application’s start page."),
        Act.USER,
    ),
    "expired_transaction": Cause(
        translatable("The person waited too long at the identity provider; the sign-in had expired."),
        translatable("Start again from the application and sign in without a long pause."),
        Act.USER,
    ),
    "wrong_browser": Cause(
        translatable("The sign-in was finished in another browser than it began in, or this browser does not keep cookies."),
        translatable("Start again from the application, in one browser window, with cookies allowed for this site."),
        Act.USER,
    ),
    "completed_transaction": Cause(
        translatable("The sign-in had been completed already; somebody pressed back or reload."),
        translatable("Nothing to repair: the person is signed in and can go on in the application."),
        Act.USER,
    ),
    "login_failed": Cause(
        translatable("The sign-in ended without a more exact reason."),
        translatable("Read the last lines of this page; they say where it ended."),
        Act.OPERATOR,
    ),
    "invalid_authentication_request": Cause(
        translatable("The application’s request asks for something that is not allowed or not possible."),
        translatable("Correct the application’s request as the reason says."),
        Act.APPLICATION_OWNER,
    ),
    "interaction_required": Cause(
        translatable("The application asked whether somebody is signed in, without showing a page; nobody was."),
        translatable("Nothing to repair: the application should now send the person here to sign in."),
        Act.APPLICATION_OWNER,
    ),
    "no_home_realm": Cause(
        translatable("There is no way to sign in to this application: none of its tenants has a connection that is switched on."),
        translatable("Allow a tenant for the application and switch on one of its connections."),
        Act.OPERATOR,
    ),
    "unknown_domain": Cause(
        translatable("The person’s address belongs to no organisation that may use this application, or it was mistyped."),
        translatable("Check the address; if it is right, prove its domain for the tenant and switch its connection on."),
        Act.USER,
    ),
    "connector_unavailable": Cause(
        translatable("The identity provider did not answer us."),
        translatable("Check that the identity provider can be reached from here, and try again in a moment."),
        Act.CUSTOMER_IT,
    ),
    "upstream_refused": Cause(
        translatable("The identity provider itself refused to sign the person in."),
        translatable("Look at the identity provider’s own log for this person and time; its words stand beside the check."),
        Act.CUSTOMER_IT,
    ),
    "invalid_upstream_response": Cause(
        translatable("The identity provider’s answer failed one of our checks."),
        translatable("Compare the identity provider’s settings with this connection’s set-up sheet."),
        Act.CUSTOMER_IT,
    ),
    "replayed_response": Cause(
        translatable("The same answer of the identity provider was sent twice: somebody pressed back or reload, or it was copied."),
        translatable("Start again from the application. If nobody pressed back or reload, treat it as an attempt to break in."),
        Act.USER,
    ),
    "foreign_email": Cause(
        translatable("The person’s email address belongs to a domain that this organisation has not proved."),
        translatable("Prove the domain for this tenant, or correct the person’s address at the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "missing_claim": Cause(
        translatable("The identity provider did not send what we need to know the person: an identifier or an email address."),
        translatable("Release a lasting identifier and the email address to us at the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "switched_off_in_directory": Cause(
        translatable("The organisation’s own directory has switched the person off, or deleted them."),
        translatable("Switch the person on in the organisation’s directory, or assign them to this service again."),
        Act.CUSTOMER_IT,
    ),
    "unknown_in_directory": Cause(
        translatable("The organisation’s own directory has not told us of this person, and only people whom it knows may sign in."),
        translatable("Assign the person to this service in the organisation’s directory, or change how people are matched."),
        Act.CUSTOMER_IT,
    ),
    "identity_disabled": Cause(
        translatable("The person’s account here is switched off, or was removed."),
        translatable("Switch the account on again on the person’s page, if they should have access."),
        Act.OPERATOR,
    ),
    "access_denied": Cause(
        translatable("The person signed in, but a rule says that they may not use this application."),
        translatable("Put the person into a group that the rule permits, or change the application’s authorization rule."),
        Act.CUSTOMER_IT,
    ),
    "disabled": Cause(
        translatable("The application, the tenant or the connection is switched off."),
        translatable("Switch it on again, if that was not meant."),
        Act.OPERATOR,
    ),
    "subject_format_unavailable": Cause(
        translatable("The application asks for a kind of identifier that we do not offer."),
        translatable("Ask for another NameID format in the application, or have the email address released."),
        Act.APPLICATION_OWNER,
    ),
    "token_request_refused": Cause(
        translatable("The person had signed in, but the application then could not fetch its tokens."),
        translatable("Compare client id, client secret and redirect address in the application with the registration here."),
        Act.APPLICATION_OWNER,
    ),
    **dict.fromkeys(
        ("configuration_error", "invalid_settings", "invalid_metadata", "unknown_object", "conflict", "idempotency_mismatch"),
        _SETTINGS,
    ),
    "stale_version": Cause(
        translatable("Somebody else changed the same thing in the meantime."),
        translatable("Load it again and repeat the change."),
        Act.USER,
    ),
    "forbidden": Cause(
        translatable("Whoever asked does not have the right to do this."),
        translatable("Ask an owner for a role that may do it, or let somebody do it who has one."),
        Act.OPERATOR,
    ),
    "invalid_setup_link": _LINK,
    "invalid_invitation": _LINK,
    **dict.fromkeys(("access_error", "not_signed_in", "invalid_credentials", "reauthentication_required"), _SIGN_IN),
    "too_many_attempts": Cause(
        translatable("There were too many attempts in a short time."),
        translatable("Wait a moment and try again. If nobody was trying, somebody else is guessing."),
        Act.USER,
    ),
    "mail_not_sent": Cause(
        translatable("The mail server of this installation could not be reached, or did not take the mail."),
        translatable("Run vestibule doctor: it says what the mail server answers. Then correct VESTIBULE_SMTP_URL."),
        Act.OPERATOR,
    ),
    "check_required": Cause(
        translatable("After several tries, the next one came without the calculation that a browser makes."),
        translatable("Use a browser that runs scripts, or wait. If nobody was trying, somebody else is guessing."),
        Act.USER,
    ),
    "invalid_token": Cause(
        translatable("The access token is unknown, has expired, or was revoked."),
        translatable("Make a new token."),
        Act.OPERATOR,
    ),
    **dict.fromkeys(("fetch_failed", "fetch_timeout", "fetch_too_large"), _UNREACHABLE),
    "address_refused": Cause(
        translatable("An address that we were asked to read is not one that we connect to."),
        translatable("Upload the file instead, or give a public https address that answers directly."),
        Act.OPERATOR,
    ),
    "unreadable_body": Cause(
        translatable("What a script sent is no JSON object, or a name occurs in it twice."),
        translatable("Send one JSON object in UTF-8, with each name once."),
        Act.OPERATOR,
    ),
    "unsupported_media_type": Cause(
        translatable("What a script sent is not marked as JSON."),
        translatable("Send the header Content-Type: application/json."),
        Act.OPERATOR,
    ),
    "no_such_resource": Cause(
        translatable("A script asked for an address that the API does not have."),
        translatable("Compare the address with the description at /api/v1/openapi.json."),
        Act.OPERATOR,
    ),
}

SUCCEEDED = translatable("The person was signed in.")
PENDING = translatable("The browser was sent away and has not come back yet.")
ABANDONED = Cause(
    translatable("The person never came back from the identity provider: it showed an error of its own, or they gave up there."),
    translatable("Look at the identity provider’s own log for this person and time."),
    Act.CUSTOMER_IT,
)
GAVE_UP = Cause(
    translatable("The person never went on from our sign-in page: they closed it, or did not know which address to type."),
    translatable("Ask the person to start again, and tell them which address to type."),
    Act.USER,
)
