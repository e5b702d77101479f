"""Every deviation of a vendor's metadata that is tolerated or recognised, each with the fixture that shows it.

| what                                                            | shown by                                  |
|-----------------------------------------------------------------|-------------------------------------------|
| WS-Federation RoleDescriptors before the SAML roles, own keys    | tests/vendors/adfs, tests/vendors/entra    |
| encryption key listed before the signing keys                    | tests/vendors/adfs                         |
| IdP, SP and attribute authority in one EntityDescriptor          | tests/vendors/adfs, shibboleth             |
| line breaks and indentation inside X509Certificate               | tests/vendors/onelogin                     |
| NameIDFormat after SingleLogoutService, SOAP single sign-on      | tests/vendors/onelogin                     |
| a query in the single sign-on address, no metadata URL           | tests/vendors/google                       |
| SAML 1 single sign-on listed first, a comment before the root    | tests/vendors/shibboleth                   |
| an entityID that is no URL                                       | tests/vendors/ping                         |
| KeyDescriptor without use means both (CVE-2026-16443)            | tests/unit/metadata/test_saml_read.py      |
| UTF-16, byte order mark, white space before the XML declaration  | tests/unit/metadata/test_saml_read.py      |
| EntitiesDescriptor around a single provider                      | tests/unit/metadata/test_saml_read.py      |
| an expired certificate that still signs                          | tests/unit/metadata/test_saml_read.py      |
"""

from __future__ import annotations

from urllib.parse import urlsplit

VENDOR_LABELS = {
    "adfs": "Active Directory Federation Services",
    "entra": "Microsoft Entra ID",
    "google": "Google Workspace",
    "okta": "Okta",
    "onelogin": "OneLogin",
    "ping": "PingFederate",
    "shibboleth": "Shibboleth",
}

_ENTRA_HOSTS = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
_OKTA_DOMAINS = (".okta.com", ".oktapreview.com", ".okta-emea.com")


def vendor_of(entity_id: str, locations: tuple[str, ...], raw: bytes) -> str | None:
    """Who made the document, as far as it shows; never used for trust, only for words and defaults."""
    hosts = [urlsplit(location).hostname or "" for location in locations]
    paths = [urlsplit(location).path for location in locations]
    # In this order: federated Entra tenants mention AD FS, not the reverse.
    if entity_id.startswith("https://sts.windows.net/") or any(host in _ENTRA_HOSTS for host in hosts):
        return "entra"
    if any(path.lower().startswith("/adfs/") for path in paths):
        return "adfs"
    if entity_id.startswith("https://accounts.google.com/o/saml2"):
        return "google"
    if entity_id.startswith("http://www.okta.com/") or any(host.endswith(_OKTA_DOMAINS) for host in hosts):
        return "okta"
    if any(host.endswith(".onelogin.com") for host in hosts):
        return "onelogin"
    if any(path.endswith("/idp/SSO.saml2") for path in paths) or any(host.endswith(".pingone.com") for host in hosts):
        return "ping"
    if b"urn:mace:shibboleth:" in raw:
        return "shibboleth"
    return None
