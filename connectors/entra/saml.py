"""Microsoft Entra ID as SAML identity provider."""

from __future__ import annotations

from connectors.contract import SetupStep
from connectors.saml.connector import Dialect, SamlConnectorType

OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
TENANT_ID = "http://schemas.microsoft.com/identity/claims/tenantid"


class EntraSamlConnectorType(SamlConnectorType):
    """Deviations: the subject is tenant id and object id, because NameID is the mutable user principal name (PRODUCT rule 2)."""

    name = "entra-saml"
    label = "Microsoft Entra ID (SAML)"
    dialect = Dialect(
        subject_attribute=OBJECT_ID,
        prefix_attribute=TENANT_ID,
        forward_login_hint="query",
        steps=(
            SetupStep("Sign on URL", "", "Leave it empty."),
            SetupStep("Attributes & Claims", OBJECT_ID, "Sent by itself; do not remove it. It identifies a person for ever."),
            SetupStep("Federation metadata", "App Federation Metadata Url", "Copy it from the same page and give it to us."),
        ),
    )


TYPE = EntraSamlConnectorType()
