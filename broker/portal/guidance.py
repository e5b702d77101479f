"""What the page says and asks per kind of identity provider. Texts are message ids; menus keep the vendor's English names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One input of the OpenID Connect form. A secret is never shown again."""

    name: str
    label: str
    hint: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Guidance:
    """`where`: where the values of step 2 are entered; `find`: where the answer of step 3 is found."""

    where: str
    find: str
    fields: tuple[Field, ...] = ()


_ID_AND_SECRET = (
    Field("client_id", "Client ID"),
    Field("client_secret", "Client secret", "Stored encrypted, never shown again. Empty keeps the stored one.", secret=True),
)
_GENERIC_FIELDS = (Field("issuer", "Issuer", "The https address of your system, as it names itself."), *_ID_AND_SECRET)

SAML = Guidance(
    "Create a SAML application (also called service provider or relying party) in your system, with these values.",
    "Your system offers its own metadata as an XML file or under an address.",
)
OIDC = Guidance(
    "Register an OpenID Connect application (also called client) in your system, with these values.",
    "Your system shows these three values where you registered the application.",
    _GENERIC_FIELDS,
)

BY_KIND = {
    "adfs": Guidance(
        "In AD FS Management: Relying Party Trusts → Add Relying Party Trust → Claims aware → Import data published online.",
        "Open https://YOUR-ADFS-SERVER/FederationMetadata/2007-06/FederationMetadata.xml in a browser and save the file.",
    ),
    "entra-saml": Guidance(
        "In the Microsoft Entra admin center: Enterprise applications → New application → Create your own → Single sign-on → SAML.",
        "On the same page, under “SAML Certificates”: Federation Metadata XML → Download, or copy the App Federation Metadata Url.",
    ),
    "google-saml": Guidance(
        "In the Google Admin console: Apps → Web and mobile apps → Add app → Add custom SAML app.",
        "On the page “Google Identity Provider details” choose Download metadata. Google offers no metadata address.",
    ),
    "okta": Guidance(
        "In the Okta Admin Console: Applications → Create App Integration → SAML 2.0.",
        "On the application’s Sign On tab: copy the Metadata URL, or open it and save the page.",
    ),
    "onelogin": Guidance(
        "In OneLogin: Administration → Applications → Add App → SAML Custom Connector (Advanced).",
        "In the application: More Actions → SAML Metadata.",
    ),
    "ping": Guidance(
        "In PingFederate: Applications → SP Connections → Create Connection. In PingOne: Applications → Add → SAML Application.",
        "In PingFederate: System → Protocol Metadata → Metadata Export. In PingOne: the application’s Configuration tab.",
    ),
    "entra-oidc": Guidance(
        "In the Microsoft Entra admin center: App registrations → New registration.",
        "Overview shows both IDs. Certificates & secrets → New client secret: copy its Value, not its Secret ID.",
        (Field("tenant", "Directory (tenant) ID"), Field("client_id", "Application (client) ID"), _ID_AND_SECRET[1]),
    ),
    "google-oidc": Guidance(
        "In the Google Cloud console: APIs & Services → Credentials → Create credentials → OAuth client ID.",
        "Google shows client ID and secret when the OAuth client has been created.",
        (*_ID_AND_SECRET, Field("hosted_domains", "Workspace domains", "Separate several with commas.")),
    ),
}


def guidance_for(kind: str, protocol: str) -> Guidance:
    return BY_KIND.get(kind) or (OIDC if protocol == "oidc" else SAML)
