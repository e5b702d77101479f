"""Signatures: form, keys, and that only digested bytes are handed on. Attacks on whole messages are in tests/attacks/saml."""

from __future__ import annotations

import copy

import pytest
import xmlsec
from lxml import etree

from broker.protocols import xml
from broker.protocols.xmldsig import (
    DS,
    SignatureFault,
    SigningHandle,
    VerificationKey,
    sign,
    sign_octets,
    verify,
    verify_octets,
)
from tests.support import saml_idp
from tests.support.saml_idp import key_pair

KINDS = ["rsa2048", "p256", "p384"]
DOCUMENT = b'<a xmlns="urn:a" xmlns:x="urn:x" ID="_1"><Issuer>i</Issuer><b x:c="d">text</b> tail</a>'


def handle(name="hub", kind="rsa2048"):
    pair = key_pair(name, kind=kind)
    return SigningHandle.from_pem(pair.private_pem, pair.certificate_pem)


def keys(*names, kind="rsa2048"):
    return tuple(VerificationKey.from_certificate(key_pair(name, kind=kind).certificate_pem) for name in names)


def signed_tree(kind="rsa2048"):
    root = xml.parse(DOCUMENT)
    sign(root, handle(kind=kind))
    return xml.parse(etree.tostring(root))


@pytest.mark.parametrize("kind", KINDS)
def test_given_our_signature_when_verified_then_the_covered_bytes_come_back(kind):
    root = signed_tree(kind)
    before = etree.tostring(root)
    verified = verify(root, root, keys("hub", kind=kind))
    assert etree.tostring(verified.root) == xml.canonical(xml.parse(DOCUMENT))
    assert verified.root is not root
    assert etree.tostring(root) == before
    assert root[1].tag == f"{{{DS}}}Signature"


@pytest.mark.parametrize("kind", KINDS)
def test_given_our_signature_when_xmlsec_verifies_it_then_it_agrees(kind):
    root = signed_tree(kind)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pair("hub", kind=kind).certificate_pem, xmlsec.KeyFormat.CERT_PEM)
    context.register_id(root, "ID")
    context.verify(root.find(f"{{{DS}}}Signature"))


def test_given_several_keys_when_verifying_then_the_right_one_is_found_and_named():
    root = signed_tree()
    found = keys("other", "hub")
    assert verify(root, root, found).key_name == found[1].name
    with pytest.raises(SignatureFault):
        verify(root, root, keys("other"))
    with pytest.raises(SignatureFault):
        verify(root, root, ())
    with pytest.raises(SignatureFault):
        verify(root, root, keys("curve", kind="p256"))


def test_given_xmlsec_believed_everything_when_verifying_then_the_own_digest_still_stops_a_change(monkeypatch):
    root = signed_tree()

    class Believer:
        def register_id(self, *_):
            pass

        def verify(self, _):
            pass

    monkeypatch.setattr("broker.protocols.xmldsig.xmlsec.SignatureContext", Believer)
    assert verify(root, root, keys("hub"))
    root.find("{urn:a}b").text = "changed"
    with pytest.raises(SignatureFault) as error:
        verify(root, root, keys("hub"))
    assert error.value.check == "signature.digest"


def test_given_inclusive_prefixes_when_verifying_an_inner_element_then_outer_namespaces_count():
    root = etree.fromstring(
        b'<r xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        b'<a ID="_1"><v i:type="xs:string">x</v></a></r>'
    )
    element = root[0]
    saml_idp.sign(element, key_pair("idp"))
    root = etree.fromstring(etree.tostring(root))
    signature = root[0][0]
    transform = signature.findall(f".//{{{DS}}}Transform")[1]
    etree.SubElement(transform, "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces").set("PrefixList", "xs")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pair("idp").private_pem, xmlsec.KeyFormat.PEM)
    context.register_id(root[0], "ID")
    context.sign(signature)
    root = xml.parse(etree.tostring(root))
    verified = verify(root, root[0], keys("idp"))
    assert b'xmlns:xs="http://www.w3.org/2001/XMLSchema"' in etree.tostring(verified.root)


def test_given_sha1_when_it_is_not_allowed_by_name_then_it_is_refused():
    root = etree.fromstring(DOCUMENT)
    saml_idp.sign(root, key_pair("hub"), "RsaSha1", "Sha1")
    root = xml.parse(etree.tostring(root))
    assert verify(root, root, keys("hub"), allow_sha1=True)
    with pytest.raises(SignatureFault) as error:
        verify(root, root, keys("hub"))
    assert error.value.check == "signature.algorithm"


FORM_FAULTS = {
    "no ID": lambda root, _: root.attrib.pop("ID"),
    "other URI": lambda _, s: s[0][2].set("URI", "#_2"),
    "Object": lambda _, s: etree.SubElement(s, f"{{{DS}}}Object"),
    "two KeyInfo": lambda _, s: s.append(copy.deepcopy(s[2])),
    "order": lambda _, s: s.append(s[0]),
    "HMACOutputLength": lambda _, s: etree.SubElement(s[0][1], f"{{{DS}}}HMACOutputLength"),
    "digest parameter": lambda _, s: etree.SubElement(s[0][2][1], f"{{{DS}}}X"),
    "enveloped parameter": lambda _, s: etree.SubElement(s[0][2][0][0], f"{{{DS}}}X"),
    "c14n parameter": lambda _, s: etree.SubElement(s[0][2][0][1], f"{{{DS}}}X"),
    "SignedInfo c14n parameter": lambda _, s: etree.SubElement(s[0][0], f"{{{DS}}}X"),
    "transforms swapped": lambda _, s: s[0][2][0].append(s[0][2][0][0]),
    "with comments": lambda _, s: s[0][2][0][1].set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
    "value not base64": lambda _, s: setattr(s[1], "text", "%"),
    "child in value": lambda _, s: etree.SubElement(s[1], "x"),
    "child in digest": lambda _, s: etree.SubElement(s[0][2][2], "x"),
    "md5": lambda _, s: s[0][2][1].set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5"),
}


@pytest.mark.parametrize("fault", FORM_FAULTS)
def test_given_a_signature_of_another_form_when_verifying_then_xmlsec_never_sees_it(fault, monkeypatch):
    root = signed_tree()
    FORM_FAULTS[fault](root, root[1])
    monkeypatch.setattr("broker.protocols.xmldsig.xmlsec.SignatureContext", None)
    with pytest.raises(SignatureFault):
        verify(root, root, keys("hub"))


@pytest.mark.parametrize("kind", KINDS)
def test_given_a_detached_signature_when_verified_then_only_its_octets_and_key_fit(kind):
    signer = handle(kind=kind)
    value = sign_octets(b"octets", signer)
    assert verify_octets(b"octets", value, signer.algorithm, keys("other", "hub", kind=kind))
    for octets, signature, algorithm in [
        (b"others", value, signer.algorithm),
        (b"octets", value[:-1], signer.algorithm),
        (b"octets", b"", signer.algorithm),
        (b"octets", value, "urn:none"),
        (b"octets", value, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    ]:
        with pytest.raises(SignatureFault):
            verify_octets(octets, signature, algorithm, keys("hub", kind=kind))


def test_given_secrets_when_shown_then_they_are_not():
    text = repr(handle()) + repr(keys("hub"))
    assert "PRIVATE" not in text
    assert "xmlsec" not in text


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_given_no_certificate_when_loading_then_it_is_a_value_error(pem):
    with pytest.raises(ValueError):
        VerificationKey.from_certificate(pem)


def test_given_a_weak_key_when_loading_then_it_is_refused():
    with pytest.raises(ValueError, match="1024"):
        VerificationKey.from_certificate(key_pair("weak", kind="rsa1024").certificate_pem)
