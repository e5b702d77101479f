"""One of the addresses at which applications trust the hub (PRODUCT rule 7)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """`base`: an address without a trailing slash, a constant to whoever trusts it; everything else follows from it.

    `tenant_id`: whose people alone may come in here; None in common.
    """

    base: str
    tenant_id: str | None = None

    @property
    def oidc_issuer(self) -> str:
        """Byte for byte the address below which discovery is (OIDC Discovery 4.3)."""
        return self.base

    @property
    def saml_issuer(self) -> str:
        """The entityID is the address of the metadata (SAML Metadata 4.1.1)."""
        return f"{self.base}/saml/metadata"

    @property
    def saml_sign_on(self) -> str:
        return f"{self.base}/saml/sso"
