"""Encryption against xmlsec on the other side; and faults, which all look alike."""

from __future__ import annotations

import pytest
import xmlsec
from lxml import etree

from broker.protocols import xml, xmlenc
from broker.protocols.xmlenc import AES128_GCM, AES256_GCM, XENC, DecryptionFault, DecryptionKey, EncryptionKey
from tests.support import saml_idp
from tests.support.saml_idp import SAML, key_pair

CERTIFICATE = key_pair("hub-encryption").certificate_pem
KEYS = (DecryptionKey.from_pem(key_pair("other").private_pem), DecryptionKey.from_pem(key_pair("hub-encryption").private_pem))


def holder(cipher="Aes256Gcm", **options):
    """EncryptedAssertion made by xmlsec, whose plaintext lacks the declaration of the outer prefix."""
    root = etree.fromstring(f'<r xmlns:saml="{SAML}" xmlns:o="urn:o"><saml:Assertion o:x="1">text</saml:Assertion></r>')
    return xml.parse(etree.tostring(saml_idp.encrypt(root[0], CERTIFICATE, cipher, **options)))


def test_given_xmlsec_encrypted_when_decrypting_then_the_element_is_read_in_its_context():
    # the holder is parsed from its own bytes here, with the namespaces that were in scope
    for cipher in ("Aes256Gcm", "Aes128Gcm", "Aes256Cbc", "Aes128Cbc"):
        element = xmlenc.decrypt(holder(cipher), KEYS, allow_cbc=True)
        assert element.tag == f"{{{SAML}}}Assertion"
        assert (element.text, element.get("{urn:o}x")) == ("text", "1")


@pytest.mark.parametrize("cipher", [AES256_GCM, AES128_GCM, XENC + "aes256-cbc", XENC + "aes128-cbc"])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 5000])
def test_given_we_encrypted_when_xmlsec_and_we_decrypt_then_the_plaintext_is_back(cipher, size):
    plaintext = b"<a>" + b"x" * size + b"</a>"
    box = etree.Element("box")
    box.append(xmlenc.encrypt(plaintext, EncryptionKey.from_certificate(CERTIFICATE, cipher=cipher)))
    box = xml.parse(etree.tostring(box))
    assert xmlenc.decrypt(box, KEYS, allow_cbc=True).text == "x" * size

    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(key_pair("hub-encryption").private_pem, xmlsec.KeyFormat.PEM))
    assert xmlsec.EncryptionContext(manager).decrypt(box[0]).text == "x" * size


def test_given_encrypted_key_beside_the_data_when_decrypting_then_it_is_found():
    element = holder()
    key = element.find(f".//{{{XENC}}}EncryptedKey")
    element.append(key)
    assert xmlenc.decrypt(element, KEYS, allow_cbc=False).text == "text"


def _method(name, value):
    return lambda e: e.find(f".//{{{XENC}}}{name}/{{{XENC}}}EncryptionMethod").set("Algorithm", value)


def _value(index, text):
    def change(element):
        element.findall(f".//{{{XENC}}}CipherValue")[index].text = text

    return change


FAULTS = {
    "unknown cipher": _method("EncryptedKey/../..", "urn:x"),
    "RSA 1.5": _method("EncryptedKey", XENC + "rsa-1_5"),
    "short ciphertext": _value(-1, "AAAA"),
    "no base64": _value(-1, "%"),
    "other ciphertext": _value(-1, "A" * 400),
    "other key": _value(0, "A" * 344),
    "no data": lambda e: e.remove(e[0]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_given_any_fault_when_decrypting_then_it_is_the_same_error(fault):
    element = holder()
    FAULTS[fault](element)
    with pytest.raises(DecryptionFault) as error:
        xmlenc.decrypt(element, KEYS, allow_cbc=True)
    assert error.value.cause == DecryptionFault().cause


@pytest.mark.parametrize("plaintext", [b"text", b"<a/><b/>", b"<a>", b"<!DOCTYPE a><a/>", b"<a/></context><context>", b"\xff"])
def test_given_a_bad_plaintext_when_decrypting_then_it_is_the_same_error(plaintext):
    box = etree.Element("box")
    box.append(xmlenc.encrypt(plaintext, EncryptionKey.from_certificate(CERTIFICATE)))
    with pytest.raises(DecryptionFault):
        xmlenc.decrypt(box, KEYS, allow_cbc=True)


def test_given_cbc_when_it_is_not_allowed_then_nothing_is_decrypted():
    with pytest.raises(xmlenc.UnauthenticatedCipher):
        xmlenc.decrypt(holder("Aes128Cbc"), KEYS, allow_cbc=False)


def test_given_an_elliptic_curve_key_when_encrypting_or_decrypting_then_it_is_a_value_error():
    pair = key_pair("curve", kind="p256")
    with pytest.raises(ValueError):
        EncryptionKey.from_certificate(pair.certificate_pem)
    with pytest.raises(ValueError):
        DecryptionKey.from_pem(pair.private_pem)
