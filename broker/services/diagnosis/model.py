"""The shape of the table."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.errors import Act


@dataclass(frozen=True, slots=True)
class Cause:
    """Both sentences are message ids. Neither contains anything that was received."""

    cause: str
    fix: str
    act: Act


@dataclass(frozen=True, slots=True)
class Refined:
    """A more exact cause of a check or code: when its reason contains `said`, or the connector is of one of these types."""

    of: str
    cause: Cause
    said: str = ""
    types: frozenset[str] = frozenset()

    def fits(self, reason: str, connector_type: str) -> bool:
        return self.said in reason and (not self.types or connector_type in self.types)


ADFS = frozenset({"adfs"})
ENTRA = frozenset({"entra", "entra-saml", "entra-oidc"})
GOOGLE = frozenset({"google", "google-saml", "google-oidc"})
OKTA = frozenset({"okta", "okta-saml", "okta-oidc"})
