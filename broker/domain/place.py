"""One of the addresses at which applications trust the hub (PRODUCT rule 7)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.keys import HUB


@dataclass(frozen=True, slots=True)
class Place:
    """`base`: an address without a trailing slash, a constant to whoever trusts it; everything else follows from it.

    `tenant_id`: whose people alone may come in here; None in common. `application_id`: the one application that may ask here;
    None: every one.
    """

    base: str
    tenant_id: str | None = None
    application_id: str | None = None

    @property
    def key_owner(self) -> str:
        """Whose keys sign here, when they have some of their own; otherwise the hub's do."""
        return self.application_id or self.tenant_id or HUB

    def admits(self, application_id: str) -> bool:
        return self.application_id in (None, application_id)

    @classmethod
    def of_application(cls, public_url: str, application_id: str, slug: str) -> Place:
        return cls(f"{public_url}/a/{slug}", application_id=application_id)

    @classmethod
    def of_tenant(cls, public_url: str, tenant_id: str, slug: str) -> Place:
        return cls(f"{public_url}/t/{slug}", tenant_id)

    @property
    def oidc_issuer(self) -> str:
        """Byte for byte the address below which discovery is (OIDC Discovery 4.3)."""
        return self.base

    @property
    def oidc_keys(self) -> str:
        return f"{self.base}/oauth2/jwks"

    @property
    def saml_issuer(self) -> str:
        """The entityID is the address of the metadata (SAML Metadata 4.1.1)."""
        return f"{self.base}/saml/metadata"

    @property
    def saml_sign_on(self) -> str:
        return f"{self.base}/saml/sso"
