"""OneLogin as SAML identity provider."""

from __future__ import annotations

from connectors.contract import SetupStep
from connectors.saml.connector import Dialect, SamlConnectorType


class OneLoginConnectorType(SamlConnectorType):
    """Deviations: none in messages; metadata also lists a SOAP single sign-on address, which is ignored."""

    name = "onelogin"
    label = "OneLogin"
    dialect = Dialect(
        steps=(
            SetupStep("ACS (Consumer) URL Validator", "{acs_pattern}", "A regular expression."),
            SetupStep("SAML nameID format", "Persistent", "Parameters > NameID value: OneLogin ID."),
            SetupStep("SAML signature element", "Both", "Assertion or Response alone is accepted too."),
        ),
    )


TYPE = OneLoginConnectorType()
