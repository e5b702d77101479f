"""What is configured per SAML application, and its prepared form."""

from __future__ import annotations

from dataclasses import dataclass, field

from broker.domain.settings_fields import setting
from broker.protocols.saml.assertion import ErrorTemplate, ResponseTemplate
from broker.protocols.xmldsig import VerificationKey

NAME_ID_CHOICES = ("persistent", "transient", "emailAddress", "unspecified")
SIGN_CHOICES = ("assertion", "response", "both")
ATTRIBUTE_NAME_CHOICES = ("uri", "short", "oid")


@dataclass(frozen=True, slots=True)
class SamlApplicationSettings:
    """A service provider. Usually filled in from its metadata."""

    entity_id: str = setting("The application's entityID, exactly as it sends it.", default="")
    acs_urls: tuple[str, ...] = setting("Assertion consumer service addresses (HTTP-POST); the first is the default.", default=())
    acs_indexes: tuple[int, ...] = setting("The index of each address, in the same order; empty counts from 0.", default=())
    signing_certificates: tuple[str, ...] = setting("Certificates (PEM) that verify its requests.", default=(), multiline=True)
    encryption_certificate: str = setting("Certificate (PEM) to encrypt assertions for.", default="", multiline=True)
    require_signed_requests: bool = setting("Refuse requests without a valid signature.", default=False)
    encrypt_assertions: bool = setting("Encrypt assertions for the encryption certificate.", default=False)
    sign: str = setting("What is signed.", default="assertion", choices=SIGN_CHOICES)
    name_id_format: str = setting(
        "Format of the NameID when the request names none.", default="persistent", choices=NAME_ID_CHOICES
    )
    force_name_id_format: bool = setting("Use this format whatever the request asks for.", default=False)
    attribute_names: str = setting(
        "Names of attributes: claim URIs as AD FS sends them, short names (email), or urn:oid: names.",
        default="uri",
        choices=ATTRIBUTE_NAME_CHOICES,
    )

    def index_of(self, index: int) -> str | None:
        """The address registered under an AssertionConsumerServiceIndex."""
        indexes = self.acs_indexes or tuple(range(len(self.acs_urls)))
        return dict(zip(indexes, self.acs_urls, strict=False)).get(index)


@dataclass(frozen=True, slots=True)
class PreparedSamlApplication:
    """Templates for the common issuer; those of tenant issuers are made when first needed and kept."""

    verification_keys: tuple[VerificationKey, ...]
    templates: dict[str, tuple[ResponseTemplate, ErrorTemplate]] = field(default_factory=dict)
