"""Causes of the hub's own checks: the browser, the tenant, the rules, the application's place."""

from __future__ import annotations

from broker.domain.errors import Act
from broker.domain.messages import translatable
from broker.services.diagnosis.model import Cause, Refined

BY_CHECK: dict[str, Cause] = {
    "transaction.browser": Cause(
        translatable("The sign-in was finished in another browser than it began in, or this browser does not keep cookies."),
        translatable("Start again from the application, in one browser window, with cookies allowed for this site."),
        Act.USER,
    ),
    "transaction.host": Cause(
        translatable("The sign-in began at one address of this hub and was to go on at another one."),
        translatable("Start again from the application, and do not copy the address of a sign-in page to another host name."),
        Act.USER,
    ),
    "transaction.time": Cause(
        translatable("The person waited too long at the identity provider; the sign-in had expired."),
        translatable("Start again from the application and sign in without a long pause."),
        Act.USER,
    ),
    "upstream.address": Cause(
        translatable("An answer of one identity provider arrived at the address of another connection."),
        translatable("Enter the return address of exactly this connection at the identity provider; every connection has its own."),
        Act.CUSTOMER_IT,
    ),
    "upstream.expected": Cause(
        translatable("An identity provider answered although nothing had been asked of it in this sign-in."),
        translatable("Start again from the application, not from a bookmark of the sign-in page."),
        Act.USER,
    ),
    "upstream.subject": Cause(
        translatable("The connection named a person without an identifier that we can use."),
        translatable("Update the connector type, or report the fault to whoever wrote it."),
        Act.OPERATOR,
    ),
    "upstream.used_once": Cause(
        translatable("The same answer of the identity provider was sent twice: somebody pressed back or reload, or it was copied."),
        translatable("Start again from the application. If nobody pressed back or reload, treat it as an attempt to break in."),
        Act.USER,
    ),
    "tenant.email": Cause(
        translatable("The identity provider did not send an email address."),
        translatable("Release the email address to us in the identity provider’s settings for this application."),
        Act.CUSTOMER_IT,
    ),
    "tenant.email_form": Cause(
        translatable("What was sent as email address is not exactly one plain address."),
        translatable("Send one plain address, without a name, a list or spaces around it."),
        Act.CUSTOMER_IT,
    ),
    "tenant.email_domain": Cause(
        translatable("The person’s email address belongs to a domain that this organisation has not proved."),
        translatable("Prove the domain for this tenant, or correct the person’s address at the identity provider."),
        Act.CUSTOMER_IT,
    ),
    "directory.active": Cause(
        translatable("The organisation’s own directory has switched the person off, or deleted them."),
        translatable("Switch the person on in the organisation’s directory, or assign them to this service again."),
        Act.CUSTOMER_IT,
    ),
    "directory.known": Cause(
        translatable("The organisation’s own directory has not told us of this person, and only people whom it knows may sign in."),
        translatable("Assign the person to this service in the organisation’s directory, or change how people are matched."),
        Act.CUSTOMER_IT,
    ),
    "rules.claims": Cause(
        translatable("The claim rules made far too many claims, usually one for every group of the person."),
        translatable("Let the identity provider send only the groups that applications need, or make the rule narrower."),
        Act.CUSTOMER_IT,
    ),
    "identity.enabled": Cause(
        translatable("The person’s account here is switched off, or was removed."),
        translatable("Switch the account on again on the person’s page, if they should have access."),
        Act.OPERATOR,
    ),
    "application.serves_tenant": Cause(
        translatable("The application does not admit this organisation or this connection, or was switched off meanwhile."),
        translatable("Allow the tenant and the connection in the application’s settings."),
        Act.OPERATOR,
    ),
    "application.authorization": Cause(
        translatable("The person signed in, but a rule says that they may not use this application."),
        translatable("Put the person into a group that the rule permits, or change the application’s authorization rule."),
        Act.CUSTOMER_IT,
    ),
    "application.address": Cause(
        translatable("The application sent its request to an address that is another application’s own."),
        translatable("Take the addresses from this application’s own page, and enter all of them anew in the application."),
        Act.APPLICATION_OWNER,
    ),
    "saml.application": Cause(
        translatable("The application that asked is not registered here under the name that it sends."),
        translatable("Compare the entity ID in the application with the one that is registered here, letter by letter."),
        Act.APPLICATION_OWNER,
    ),
    "saml.request": Cause(
        translatable("The application’s sign-in request is not well formed."),
        translatable("Correct the application’s request as the reason says."),
        Act.APPLICATION_OWNER,
    ),
    "saml.request_signature": Cause(
        translatable("The application’s request is not signed with the certificate that is registered for it."),
        translatable("Register the application’s current certificate, or correct the key with which it signs."),
        Act.APPLICATION_OWNER,
    ),
    "saml.acs": Cause(
        translatable("The application wants the answer at an address that is not registered for it."),
        translatable("Register exactly this address for the application: every character counts, even a slash at the end."),
        Act.APPLICATION_OWNER,
    ),
    "saml.name_id_policy": Cause(
        translatable("The application asks for a kind of identifier that we do not offer."),
        translatable("Ask for another NameID format in the application, or switch on that its wish is ignored."),
        Act.APPLICATION_OWNER,
    ),
    "saml.name_id_format": Cause(
        translatable("The identifier that the application asks for cannot be made, usually for want of an email address."),
        translatable("Ask for another NameID format in the application, or have the email address released."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.client": Cause(
        translatable("No application is registered here with the client id that was sent."),
        translatable("Compare the client id in the application with the one that is registered here."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.endpoint": Cause(
        translatable("The request goes to an address that is none of this hub’s for signing in."),
        translatable("Configure the application with the issuer from its page here; it reads the other addresses from there."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.redirect_uri": Cause(
        translatable("The application wants the answer at an address that is not registered for it."),
        translatable("Register exactly this address for the application: every character counts, even a slash at the end."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.request": Cause(
        translatable("The application’s request asks for something that is not allowed or not possible."),
        translatable("Correct the application’s request as the reason says."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.client_authentication": Cause(
        translatable("The application gave a wrong client secret, or gave it in another way than is registered."),
        translatable("Enter the current client secret in the application, and use the registered authentication method."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.code_client": Cause(
        translatable("An application tried to use a sign-in that was made for another one."),
        translatable("Use the same client id for the sign-in and for fetching the tokens."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.code_issuer": Cause(
        translatable("The application mixes the common addresses with those of one tenant."),
        translatable("Take all addresses from one discovery document."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.code_once": Cause(
        translatable("The application fetched its tokens twice with the same code; everything that it got was revoked."),
        translatable("Make sure that the application redeems each code once, also when a page is loaded again."),
        Act.APPLICATION_OWNER,
    ),
    "oidc.enabled": Cause(
        translatable("The application, the tenant or the connection was switched off after the person had signed in."),
        translatable("Switch it on again, if that was not meant."),
        Act.OPERATOR,
    ),
    "oidc.access_token": Cause(
        translatable("The application used an access token that is unknown or has expired."),
        translatable("Fetch new tokens in the application instead of keeping the old one."),
        Act.APPLICATION_OWNER,
    ),
    "xml.document": Cause(
        translatable("The message is no XML that we accept: damaged, cut short, or with parts that only attacks have."),
        translatable("Send the message again, unchanged; look for a proxy or mail filter that changes it."),
        Act.APPLICATION_OWNER,
    ),
    "net.certificate": Cause(
        translatable("The server at an address that we were asked to read has no certificate that we can verify for its name."),
        translatable("Have a valid certificate for this name installed there, with its whole chain."),
        Act.CUSTOMER_IT,
    ),
    **dict.fromkeys(
        ("net.url", "net.scheme", "net.credentials", "net.port", "net.public_address", "net.redirect", "net.encoding", "net.size"),
        Cause(
            translatable("An address that we were asked to read is not one that we connect to."),
            translatable("Upload the file instead, or give a public https address that answers directly."),
            Act.OPERATOR,
        ),
    ),
}

REFINED: tuple[Refined, ...] = (
    Refined(
        "application.authorization",
        Cause(
            translatable("The person signed in, but no rule of the application permits anybody like them."),
            translatable("Add a rule that permits the right people, or take away the rules to permit everybody."),
            Act.OPERATOR,
        ),
        said="no rule permits",
    ),
)
