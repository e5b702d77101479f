"""Our SAML metadata documents: one as service provider per connector, one as identity provider per endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from broker.domain.keys import SigningKey
from broker.protocols.saml import descriptors
from broker.protocols.xmldsig import SigningHandle


def write_service_provider(
    entity_id: str,
    acs: str,
    *,
    signing_keys: Sequence[SigningKey],
    encryption_keys: Sequence[SigningKey] = (),
    requests_signed: bool = False,
) -> bytes:
    """What an identity provider imports. All published keys are listed; the first signs the document (PRODUCT rule 9)."""
    return descriptors.service_provider(
        entity_id,
        acs,
        signing=[key.certificate_pem for key in signing_keys],
        encryption=[key.certificate_pem for key in encryption_keys],
        requests_signed=requests_signed,
        key=_handle(signing_keys),
    )


def write_identity_provider(
    entity_id: str,
    single_sign_on: str,
    *,
    signing_keys: Sequence[SigningKey],
    wants_requests_signed: bool = False,
) -> bytes:
    """What a service provider imports. `single_sign_on` takes Redirect and POST."""
    return descriptors.identity_provider(
        entity_id,
        single_sign_on,
        signing=[key.certificate_pem for key in signing_keys],
        wants_requests_signed=wants_requests_signed,
        key=_handle(signing_keys),
    )


def _handle(keys: Sequence[SigningKey]) -> SigningHandle | None:
    return SigningHandle.from_pem(keys[0].private_pem, keys[0].certificate_pem) if keys else None
