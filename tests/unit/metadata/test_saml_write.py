"""Our metadata: read back by our reader, signed with KeyInfo."""

from __future__ import annotations

from broker.domain.keys import KeyUse
from broker.protocols import xml
from broker.protocols.saml import names
from broker.protocols.xmldsig import VerificationKey, verify
from metadata.saml_read import read_identity_provider, read_service_provider
from metadata.saml_write import write_identity_provider, write_service_provider
from tests.support.clock import NOW
from tests.support.saml_connector import signing_key
from tests.support.saml_idp import key_pair

KEYS = (signing_key(key_pair("hub")), signing_key(key_pair("hub-next")))
ENCRYPTION = (signing_key(key_pair("hub-encryption"), KeyUse.SAML_ENCRYPTION),)


def assert_signed(document: bytes) -> None:
    root = xml.parse(document)
    assert verify(root, root, [VerificationKey.from_certificate(key_pair("hub").certificate_pem)])
    # AD FS refuses metadata that is signed without KeyInfo (ID3276)
    assert root.find(f"{names.ds('Signature')}/{names.ds('KeyInfo')}//{names.ds('X509Certificate')}") is not None


def test_given_a_connector_when_its_metadata_is_written_then_a_reader_finds_everything():
    document = write_service_provider(
        "https://hub/metadata", "https://hub/acs", signing_keys=KEYS, encryption_keys=ENCRYPTION, requests_signed=True
    )
    party = read_service_provider(document, now=NOW).metadata
    assert (party.entity_id, party.requests_signed, party.wants_assertions_signed) == ("https://hub/metadata", True, True)
    assert [(each.binding, each.location, each.is_default) for each in party.assertion_consumer] == [
        (names.POST, "https://hub/acs", True)
    ]
    assert [certificate.subject for certificate in party.signing] == ["CN=hub", "CN=hub-next"]
    assert [certificate.subject for certificate in party.encryption] == ["CN=hub-encryption"]
    assert_signed(document)


def test_given_no_encryption_when_written_then_no_certificate_is_offered_for_it():
    document = write_service_provider("https://hub/metadata", "https://hub/acs", signing_keys=KEYS)
    assert read_service_provider(document, now=NOW).metadata.encryption == ()


def test_given_an_endpoint_when_its_metadata_is_written_then_a_reader_finds_everything():
    document = write_identity_provider("https://hub/saml/metadata", "https://hub/saml/sso", signing_keys=KEYS)
    provider = read_identity_provider(document, now=NOW).metadata
    assert provider.entity_id == "https://hub/saml/metadata"
    assert [(each.binding, each.location) for each in provider.single_sign_on] == [
        (names.REDIRECT, "https://hub/saml/sso"),
        (names.POST, "https://hub/saml/sso"),
    ]
    assert [certificate.subject for certificate in provider.signing] == ["CN=hub", "CN=hub-next"]
    assert not provider.wants_requests_signed
    assert names.PERSISTENT in provider.name_id_formats
    assert_signed(document)
