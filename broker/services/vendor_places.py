"""Where at each vendor a mistake is put right: its own menus, in its own (English) words; general systems in ours."""

from __future__ import annotations

from enum import StrEnum

from broker.domain.messages import translatable


class Place(StrEnum):
    """What has to be changed over there."""

    IDENTIFIER = "identifier"  # our entityID: audience
    REPLY_ADDRESS = "reply_address"  # ACS or redirect URI
    METADATA = "metadata"  # where the newest description or certificate is found
    SIGNING = "signing"
    ENCRYPTION = "encryption"
    NAME_ID = "name_id"
    EMAIL = "email"
    ASSIGNED = "assigned"  # who may use the application
    CLIENT = "client"  # client id
    SECRET = "secret"
    CONSENT = "consent"
    CLAIMS = "claims"


_ENTRA_USERS = "Microsoft Entra admin center → Enterprise applications → Users and groups"
_ENTRA_SSO = "Microsoft Entra admin center → Enterprise applications → Single sign-on"
_ENTRA_APP = "Microsoft Entra admin center → App registrations"
_GOOGLE = "Google Admin console → Apps → Web and mobile apps"
_GOOGLE_CLOUD = "Google Cloud console → APIs & Services"
_OKTA = "Okta Admin Console → Applications"
_ONELOGIN = "OneLogin Administration → Applications"
_ADFS = "AD FS Management → Relying Party Trusts"
_PING = "PingFederate: SP Connections"

PLACES: dict[Place, dict[str, str]] = {
    Place.IDENTIFIER: {
        "saml": translatable("Audience (entity ID, identifier) of our application in your system"),
        "adfs": f"{_ADFS} → Properties → Identifiers → Relying party identifiers",
        "entra-saml": f"{_ENTRA_SSO} → Basic SAML Configuration → Identifier (Entity ID)",
        "google-saml": f"{_GOOGLE} → Service provider details → Entity ID",
        "okta": f"{_OKTA} → General → SAML Settings → Audience URI (SP Entity ID)",
        "onelogin": f"{_ONELOGIN} → Configuration → Audience (EntityID)",
        "ping": f"{_PING} → General Info → Partner’s Entity ID · PingOne: Applications → Configuration → SP Entity ID",
    },
    Place.REPLY_ADDRESS: {
        "saml": translatable("Assertion consumer service (ACS, reply URL) of our application in your system"),
        "adfs": f"{_ADFS} → Properties → Endpoints → SAML Assertion Consumer Endpoints",
        "entra-saml": f"{_ENTRA_SSO} → Basic SAML Configuration → Reply URL (Assertion Consumer Service URL)",
        "google-saml": f"{_GOOGLE} → Service provider details → ACS URL",
        "okta": f"{_OKTA} → General → SAML Settings → Single sign-on URL",
        "onelogin": f"{_ONELOGIN} → Configuration → ACS (Consumer) URL",
        "ping": f"{_PING} → Browser SSO → Assertion Consumer Service URL · PingOne: Applications → Configuration → ACS URLs",
        "oidc": translatable("Redirect URI of our application in your system"),
        "entra-oidc": f"{_ENTRA_APP} → Authentication → Web → Redirect URIs",
        "google-oidc": f"{_GOOGLE_CLOUD} → Credentials → OAuth 2.0 Client IDs → Authorized redirect URIs",
    },
    Place.METADATA: {
        "saml": translatable("Metadata (XML) of your system"),
        "adfs": "https://YOUR-ADFS-SERVER/FederationMetadata/2007-06/FederationMetadata.xml",
        "entra-saml": f"{_ENTRA_SSO} → SAML Certificates → Federation Metadata XML",
        "google-saml": f"{_GOOGLE} → Download metadata",
        "okta": f"{_OKTA} → Sign On → Metadata URL",
        "onelogin": f"{_ONELOGIN} → More Actions → SAML Metadata",
        "ping": "PingFederate: System → Protocol Metadata → Metadata Export · PingOne: Applications → Configuration",
        "oidc": translatable("Issuer of your system"),
        "entra-oidc": f"{_ENTRA_APP} → Overview → Directory (tenant) ID",
        "google-oidc": f"{_GOOGLE_CLOUD} → Credentials",
    },
    Place.SIGNING: {
        "saml": translatable("Signing of responses and assertions for our application in your system"),
        "adfs": f"{_ADFS} → Properties → Advanced → Secure hash algorithm: SHA-256",
        "entra-saml": f"{_ENTRA_SSO} → SAML Certificates → Signing Option: Sign SAML response and assertion, SHA-256",
        "google-saml": f"{_GOOGLE} → Service provider details → Signed response",
        "okta": f"{_OKTA} → SAML Settings → Show Advanced Settings → Response, Assertion Signature: Signed, RSA-SHA256",
        "onelogin": f"{_ONELOGIN} → Configuration → SAML signature element; SSO → SAML Signature Algorithm: SHA-256",
        "ping": f"{_PING} → Credentials → Digital Signature Settings: RSA SHA256",
        "oidc": translatable("Signing algorithm of ID tokens for our application in your system"),
    },
    Place.ENCRYPTION: {
        "saml": translatable("Encryption of assertions for our application in your system"),
        "adfs": f"{_ADFS} → Properties → Encryption",
        "entra-saml": "Microsoft Entra admin center → Enterprise applications → Token encryption",
        "okta": f"{_OKTA} → SAML Settings → Show Advanced Settings → Assertion Encryption",
        "onelogin": f"{_ONELOGIN} → Configuration → Encrypt assertion",
        "ping": f"{_PING} → Credentials → Select XML Encryption Certificate",
    },
    Place.NAME_ID: {
        "saml": translatable("NameID of our application in your system"),
        "adfs": f"{_ADFS} → Edit Claim Issuance Policy → Add Rule",
        "entra-saml": f"{_ENTRA_SSO} → Attributes & Claims → http://schemas.microsoft.com/identity/claims/objectidentifier",
        "google-saml": f"{_GOOGLE} → Service provider details → Name ID",
        "okta": f"{_OKTA} → General → SAML Settings → Name ID format, Application username",
        "onelogin": f"{_ONELOGIN} → Parameters → NameID value",
        "ping": f"{_PING} → Browser SSO → Attribute Contract → SAML_SUBJECT",
        "oidc": translatable("Claim sub of our application in your system"),
        "entra-oidc": f"{_ENTRA_APP} → Token configuration",
    },
    Place.EMAIL: {
        "saml": translatable("Attributes (claims) for our application in your system: email"),
        "adfs": f"{_ADFS} → Edit Claim Issuance Policy → E-Mail-Addresses → E-Mail Address",
        "entra-saml": f"{_ENTRA_SSO} → Attributes & Claims → emailaddress: user.mail",
        "google-saml": f"{_GOOGLE} → SAML attribute mapping → Primary email → email",
        "okta": f"{_OKTA} → General → SAML Settings → Attribute Statements → email: user.email",
        "onelogin": f"{_ONELOGIN} → Parameters → email, Include in SAML assertion",
        "ping": f"{_PING} → Browser SSO → Attribute Contract Fulfillment → email",
        "oidc": translatable("Scopes and claims for our application in your system: email"),
        "entra-oidc": f"{_ENTRA_APP} → Token configuration → Add optional claim → ID → email",
        "google-oidc": f"{_GOOGLE_CLOUD} → OAuth consent screen → Scopes: email",
    },
    Place.ASSIGNED: {
        "saml": translatable("People who may use our application in your system"),
        "adfs": f"{_ADFS} → Edit Access Control Policy",
        "entra-saml": _ENTRA_USERS,
        "google-saml": f"{_GOOGLE} → User access",
        "okta": f"{_OKTA} → Assignments",
        "onelogin": f"{_ONELOGIN} → Access",
        "ping": f"{_PING} → Authentication Source Mapping · PingOne: Applications → Access",
        "oidc": translatable("People who may use our application in your system"),
        "entra-oidc": _ENTRA_USERS,
        "google-oidc": f"{_GOOGLE_CLOUD} → OAuth consent screen → User type: Internal",
    },
    Place.CLIENT: {
        "oidc": translatable("Client ID of our application in your system"),
        "entra-oidc": f"{_ENTRA_APP} → Overview → Application (client) ID",
        "google-oidc": f"{_GOOGLE_CLOUD} → Credentials → OAuth 2.0 Client IDs → Client ID",
    },
    Place.SECRET: {
        "oidc": translatable("Client secret of our application in your system"),
        "entra-oidc": f"{_ENTRA_APP} → Certificates & secrets → Client secrets → Value",
        "google-oidc": f"{_GOOGLE_CLOUD} → Credentials → OAuth 2.0 Client IDs → Client secret",
    },
    Place.CONSENT: {
        "oidc": translatable("Consent to our application in your system"),
        "entra-oidc": "Microsoft Entra admin center → Enterprise applications → Permissions → Grant admin consent",
        "google-oidc": f"{_GOOGLE_CLOUD} → OAuth consent screen",
    },
    Place.CLAIMS: {
        "oidc": translatable("Scopes and claims for our application in your system"),
        "entra-oidc": f"{_ENTRA_APP} → Token configuration → Add optional claim → ID",
        "google-oidc": f"{_GOOGLE_CLOUD} → OAuth consent screen → Scopes",
    },
}


def place_at(place: Place, connector_type: str, protocol: str) -> str:
    """The vendor's own menu; of a type that the table does not know, that of its protocol."""
    known = PLACES[place]
    return known.get(connector_type) or known.get(protocol, "")
