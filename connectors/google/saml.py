"""Google Workspace as SAML identity provider."""

from __future__ import annotations

from connectors.contract import SetupStep
from connectors.saml.connector import Dialect, SamlConnectorType


class GoogleSamlConnectorType(SamlConnectorType):
    """Deviations: no metadata address, only a file; the NameID is the primary email, an opaque but mutable key."""

    name = "google-saml"
    label = "Google Workspace (SAML)"
    dialect = Dialect(
        steps=(
            SetupStep("Name ID", "Primary email", "Format EMAIL, under Basic Information. Google offers nothing more stable."),
            SetupStep("Attribute mapping", "email, given_name, family_name", "From Primary email, First name and Last name."),
            SetupStep("Your metadata", "Download metadata", "Google gives a file, no address. Upload it here."),
        ),
    )


TYPE = GoogleSamlConnectorType()
