"""How each vendor's directory is told to push people to us: its steps, and a picture of its form, in the vendor's own words."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.messages import translatable
from broker.portal.sketches import Box, Drawing, Sketch, drawing

ADDRESS, TOKEN = "address", "token"
"""Our two values, in the order in which the page numbers them."""


@dataclass(frozen=True, slots=True)
class Guide:
    """`note`: what to know before one begins."""

    name: str
    steps: tuple[str, ...]
    sketch: Sketch
    note: str = ""

    @property
    def drawing(self) -> Drawing:
        return drawing(self.sketch, {ADDRESS: 1, TOKEN: 2})


GUIDES: dict[str, Guide] = {
    "entra": Guide(
        "Microsoft Entra ID",
        (
            translatable("In the Microsoft Entra admin center: Enterprise applications → this application → Provisioning."),
            translatable("Enter value 1 as Tenant URL and value 2 as Secret token. Choose Test connection, then Create or Save."),
            translatable("Users and groups → Add user/group: assign whoever should have access, best as groups."),
            translatable("Provisioning → Start provisioning. Entra ID runs about every 40 minutes; the first run can take longer."),
        ),
        Sketch(
            "Admin Credentials",
            "Enterprise applications › Provisioning",
            (Box("Provisioning Mode", text="Automatic"), Box("Tenant URL", ADDRESS), Box("Secret Token", TOKEN, "vsd_…")),
            "Save",
        ),
        translatable(
            "If the application has no “Provisioning”, create one of your own beside it (Create your own application, non-gallery)."
        ),
    ),
    "okta": Guide(
        "Okta",
        (
            translatable("In the Okta Admin Console: Applications → this application → General → App Settings → Edit: SCIM, Save."),
            translatable(
                "Provisioning → Integration → Edit: value 1 as base URL, userName as unique identifier, HTTP Header with value 2. "
                "Tick the pushes of users, profiles and groups; test, then Save."
            ),
            translatable("Provisioning → To App → Edit: switch on Create Users, Update User Attributes and Deactivate Users."),
            translatable("Assign people or groups under Assignments; choose the groups to be sent under Push Groups."),
        ),
        Sketch(
            "SCIM Connection",
            "Applications › Provisioning › Integration",
            (
                Box("SCIM connector base URL", ADDRESS),
                Box("Unique identifier field for users", text="userName"),
                Box("Authentication Mode", text="HTTP Header"),
                Box("Authorization: Bearer", TOKEN, "vsd_…"),
            ),
            "Save",
        ),
    ),
    "onelogin": Guide(
        "OneLogin",
        (
            translatable("In OneLogin: Applications → Add App → SCIM Provisioner with SAML (SCIM v2 Enterprise)."),
            translatable(
                "Configuration: value 1 as SCIM Base URL, value 2 as SCIM Bearer Token. API Connection → Enable, then Save."
            ),
            translatable("Provisioning → Enable provisioning. When users are deleted in OneLogin: Suspend, or Delete."),
            translatable("Assign the application to people or roles under Access, and approve them if OneLogin asks."),
        ),
        Sketch(
            "API Connection",
            "Applications › SCIM Provisioner › Configuration",
            (Box("SCIM Base URL", ADDRESS), Box("SCIM Bearer Token", TOKEN, "vsd_…"), Box("API Status", text="Enable")),
            "Save",
        ),
    ),
    "ping": Guide(
        "PingOne, PingFederate",
        (
            translatable("In PingOne: Integrations → Provisioning → New Connection → Identity Store → SCIM Outbound."),
            translatable("Value 1 as SCIM Base URL. Authentication Method: OAuth 2 Bearer Token, with value 2. Test Connection."),
            translatable(
                "Under Rules: from the PingOne directory to this connection, with whoever should have access. Switch both on."
            ),
        ),
        Sketch(
            "SCIM Outbound",
            "Integrations › Provisioning › New Connection",
            (
                Box("SCIM BASE URL", ADDRESS),
                Box("Authentication Method", text="OAuth 2 Bearer Token"),
                Box("OAuth Access Token", TOKEN, "vsd_…"),
                Box("Remove Action", text="Disable"),
            ),
            "Save",
        ),
    ),
    "other": Guide(
        translatable("Another directory"),
        (
            translatable("Look for “Provisioning” or “SCIM 2.0” in the settings of this application in your directory."),
            translatable("Enter value 1 as address (base URL, tenant URL) and value 2 as token (bearer token, API token)."),
            translatable("Assign the people and groups who should have access, and switch provisioning on."),
        ),
        Sketch("SCIM 2.0", "", (Box("Base URL / Tenant URL", ADDRESS), Box("Bearer token", TOKEN, "vsd_…")), "Save"),
    ),
}
NOTES = {
    "google": translatable(
        "Google Workspace pushes people to applications of its own catalogue only. If you have another directory, take that one."
    ),
    "adfs": translatable("AD FS itself does not push people. If your company also uses Microsoft Entra ID, let that do it."),
}


def vendor_of(kind: str) -> str:
    """Of a connector's type: `entra-saml` and `entra-oidc` are one vendor."""
    vendor = kind.partition("-")[0]
    return {"adfs": "entra"}.get(vendor, vendor if vendor in GUIDES else "other")


def note_of(kind: str) -> str:
    return NOTES.get(kind.partition("-")[0], "")
