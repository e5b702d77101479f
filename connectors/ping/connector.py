"""PingFederate and PingOne as SAML identity providers."""

from __future__ import annotations

from connectors.contract import SetupStep
from connectors.saml.connector import Dialect, SamlConnectorType


class PingConnectorType(SamlConnectorType):
    """Deviations: usually wants signed requests, which its metadata says; the entityID may be no URL."""

    name = "ping"
    label = "PingFederate / PingOne"
    dialect = Dialect(
        steps=(
            SetupStep("Bindings", "POST and Redirect", "Artifact and SOAP are not used."),
            SetupStep("Subject (SAML_SUBJECT)", "entryUUID or objectGUID", "An identifier that never changes; no email."),
        ),
    )


TYPE = PingConnectorType()
