"""Our own metadata as SAML descriptors, built with pysaml2's classes and signed (SAML Metadata 2.4.3, 2.4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from saml2 import md, xmldsig

from broker.domain.random_ids import xml_id
from broker.protocols import xml
from broker.protocols.certificates import certificate_base64
from broker.protocols.saml import names
from broker.protocols.saml.skeletons import skeleton
from broker.protocols.xmldsig import SigningHandle, sign

_READABLE_CIPHERS = (
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
)


def service_provider(
    entity_id: str,
    acs: str,
    *,
    signing: Sequence[str],
    encryption: Sequence[str],
    requests_signed: bool,
    name_id_formats: Sequence[str] = (),
    key: SigningHandle | None,
) -> bytes:
    """Metadata of one connector: we as service provider. Certificates are PEM; signed when a key is given."""
    descriptor = md.SPSSODescriptor(
        protocol_support_enumeration=names.SAMLP,
        authn_requests_signed=_boolean(requests_signed),
        want_assertions_signed="true",
        key_descriptor=_keys(signing, encryption),
        name_id_format=[md.NameIDFormat(text=each) for each in name_id_formats],
        assertion_consumer_service=md.AssertionConsumerService(binding=names.POST, location=acs, index="0", is_default="true"),
    )
    return _document(md.EntityDescriptor(id=xml_id(), entity_id=entity_id, spsso_descriptor=descriptor), key)


def identity_provider(
    entity_id: str,
    single_sign_on: str,
    *,
    signing: Sequence[str],
    encryption: Sequence[str] = (),
    wants_requests_signed: bool = False,
    name_id_formats: Sequence[str] = (names.PERSISTENT, names.EMAIL_ADDRESS, names.TRANSIENT, names.UNSPECIFIED),
    key: SigningHandle | None,
) -> bytes:
    """Metadata of an endpoint of ours as identity provider: one address for Redirect and POST."""
    descriptor = md.IDPSSODescriptor(
        protocol_support_enumeration=names.SAMLP,
        want_authn_requests_signed=_boolean(wants_requests_signed),
        key_descriptor=_keys(signing, encryption),
        name_id_format=[md.NameIDFormat(text=each) for each in name_id_formats],
        single_sign_on_service=[
            md.SingleSignOnService(binding=binding, location=single_sign_on) for binding in (names.REDIRECT, names.POST)
        ],
    )
    return _document(md.EntityDescriptor(id=xml_id(), entity_id=entity_id, idpsso_descriptor=descriptor), key)


def _document(entity: md.EntityDescriptor, key: SigningHandle | None) -> bytes:
    root = skeleton(entity)
    if key is not None:
        sign(root, key)  # with KeyInfo: AD FS refuses a signature without (ID3276)
    return xml.serialise(root)


def _keys(signing: Sequence[str], encryption: Sequence[str]) -> list[Any]:
    methods = [md.EncryptionMethod(algorithm=algorithm) for algorithm in _READABLE_CIPHERS]
    return [
        *(md.KeyDescriptor(use="signing", key_info=_key_info(pem)) for pem in signing),
        *(md.KeyDescriptor(use="encryption", key_info=_key_info(pem), encryption_method=methods) for pem in encryption),
    ]


def _key_info(pem: str) -> Any:
    certificate = xmldsig.X509Certificate(text=certificate_base64(pem))
    return xmldsig.KeyInfo(x509_data=xmldsig.X509Data(x509_certificate=certificate))


def _boolean(value: bool) -> str:
    return "true" if value else "false"
