"""Okta as SAML identity provider."""

from __future__ import annotations

from connectors.contract import SetupStep
from connectors.saml.connector import Dialect, SamlConnectorType


class OktaConnectorType(SamlConnectorType):
    """Deviations: the NameID is usually the user name, which is an email; metadata is per application."""

    name = "okta"
    label = "Okta"
    dialect = Dialect(
        forward_login_hint="query",
        steps=(
            SetupStep("Name ID format", "Persistent"),
            SetupStep("Application username", "user.getInternalProperty('id')", "Choose Custom and enter this expression."),
            SetupStep("Attribute statements", "email, given_name, family_name", "user.email, user.firstName, user.lastName."),
        ),
    )


TYPE = OktaConnectorType()
