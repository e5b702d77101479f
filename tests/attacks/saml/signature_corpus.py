"""Forged SAML Responses, first part: signatures and encryption (SECURITY 1). See `corpus` for how they are used."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import xmlsec
from lxml import etree

from tests.support.saml_idp import DS, SAML, SAMLP, Answer, KeyPair, SmallIdp, encrypt, key_pair, sign

EVIL = "u-victim"
XENC = "http://www.w3.org/2001/04/xmlenc#"

Forge = Callable[[SmallIdp, Answer], bytes]


@dataclass(frozen=True)
class Attack:
    """`forge` makes the message out of what an honest answer would be; `check` is the validation that must stop it.

    `neighbour` is the honest message nearest to it, which must pass.
    """

    name: str
    reference: str
    check: str
    forge: Forge
    neighbour: Forge = lambda idp, answer: idp.respond(answer)


def find(root: etree._Element, name: str, namespace: str = SAML) -> etree._Element:
    found = root.find(f".//{{{namespace}}}{name}")
    assert found is not None, name
    return found


def forged(element: etree._Element, identifier: str) -> etree._Element:
    """A copy without signature, about somebody else, with other IDs."""
    evil = copy.deepcopy(element)
    for signature in list(evil.iter(f"{{{DS}}}Signature")):
        signature.getparent().remove(signature)
    for number, element in enumerate(evil.xpath("descendant-or-self::*[@ID]")):
        element.set("ID", f"{identifier}{number or ''}")  # unique, or the parser would already stop it
    find(evil, "NameID").text = EVIL
    return evil


def without_signature(element: etree._Element) -> tuple[etree._Element, etree._Element]:
    """(a copy without its own signature, that signature)."""
    clone = copy.deepcopy(element)
    signature = clone.find(f"{{{DS}}}Signature")
    clone.remove(signature)
    return clone, signature


def _signed(idp: SmallIdp, answer: Answer, *what: str) -> etree._Element:
    return etree.fromstring(idp.respond(replace(answer, sign=what)))


def _octets(root: etree._Element) -> bytes:
    return etree.tostring(root)


# --- XML signature wrapping, numbered as in SAML Raider -------------------------------------------------------------------


def xsw1(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "response")
    original, signature = without_signature(root)
    evil = forged(root, "_evil")
    signature.append(original)
    evil.insert(1, signature)
    return _octets(evil)


def xsw2(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "response")
    original, signature = without_signature(root)
    evil = forged(root, "_evil")
    evil.insert(1, signature)
    evil.insert(1, original)
    return _octets(evil)


def xsw3(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    original.addprevious(forged(original, "_evil"))
    return _octets(root)


def xsw4(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    evil = forged(original, "_evil")
    root.replace(original, evil)
    evil.append(original)
    return _octets(root)


def xsw5(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    stripped, signature = without_signature(original)
    evil = forged(original, "_evil")
    evil.insert(1, signature)
    root.replace(original, evil)
    root.append(stripped)
    return _octets(root)


def xsw6(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    stripped, signature = without_signature(original)
    evil = forged(original, "_evil")
    signature.append(stripped)
    evil.insert(1, signature)
    root.replace(original, evil)
    return _octets(root)


def xsw7(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(forged(original, "_evil"))
    root.insert(1, extensions)
    return _octets(root)


def xsw8(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    stripped, signature = without_signature(original)
    evil = forged(original, "_evil")
    etree.SubElement(signature, f"{{{DS}}}Object").append(stripped)
    evil.insert(1, signature)
    root.replace(original, evil)
    return _octets(root)


def xsw_same_id(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    original.addprevious(forged(original, str(original.get("ID"))))
    return _octets(root)


def reference_to_hidden(idp: SmallIdp, answer: Answer) -> bytes:
    """A signature at Response level whose Reference names a hidden honest assertion (CVE-2024-8698)."""
    root = _signed(idp, answer, "assertion")
    original = find(root, "Assertion")
    stripped, signature = without_signature(original)
    root.replace(original, forged(original, "_evil"))
    root.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(stripped)
    return _octets(root)


def reference_to_child(idp: SmallIdp, answer: Answer) -> bytes:
    """The same without hiding: one assertion, but the Response's signature covers only it."""
    root = _signed(idp, answer, "assertion")
    stripped, signature = without_signature(find(root, "Assertion"))
    root.replace(find(root, "Assertion"), stripped)
    root.insert(1, signature)
    return _octets(root)


# --- changes inside a signed message ----------------------------------------------------------------------------------------


def edit(change: Callable[[etree._Element], None], *what: str) -> Forge:
    """Sign `what`, then change the message."""
    return lambda idp, answer: idp.respond(replace(answer, sign=what or ("assertion",), edit_signed=change))


def edit_text(old: bytes, new: bytes, *what: str) -> Forge:
    """Sign, then change the octets: for what a tree cannot express."""

    def forge(idp: SmallIdp, answer: Answer) -> bytes:
        xml = idp.respond(replace(answer, sign=what or ("assertion",)))
        assert old in xml, old
        return xml.replace(old, new)

    return forge


def change_name_id(root: etree._Element) -> None:
    find(root, "NameID").text = EVIL


def change_response(root: etree._Element) -> None:
    root.set("Consent", "urn:evil")


def add_digest_elsewhere(root: etree._Element) -> None:
    change_name_id(root)
    detail = etree.SubElement(find(root, "Status", SAMLP), f"{{{SAMLP}}}StatusDetail")
    etree.SubElement(detail, f"{{{DS}}}DigestValue").text = "AAAA"


def _remove(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = find(root, name, DS)
        element.getparent().remove(element)

    return change


def _double(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = find(root, name, DS)
        element.addnext(copy.deepcopy(element))

    return change


def _set(name: str, attribute: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: find(root, name, DS).set(attribute, value)


def _empty_signature(root: etree._Element) -> None:
    signature = find(root, "Signature", DS)
    for child in list(signature):
        signature.remove(child)


def _add_transform(algorithm: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        etree.SubElement(find(root, "Transforms", DS), f"{{{DS}}}Transform").set("Algorithm", algorithm)

    return change


def _break_signature(place: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        parent = root if place == "response" else find(root, "Assertion")
        value = parent.find(f"{{{DS}}}Signature/{{{DS}}}SignatureValue")
        value.text = "AAAA" + "".join(value.text.split())[4:]

    return change


def break_inside(idp: SmallIdp, answer: Answer) -> bytes:
    root = _signed(idp, answer, "assertion")
    _break_signature("assertion")(root)
    sign(root, idp.key)
    return _octets(root)


# --- other keys and algorithms ----------------------------------------------------------------------------------------------


def with_key(pair: Callable[[], KeyPair], **answer_changes: object) -> Forge:
    """Everything right, but signed with another key; its certificate is in KeyInfo."""
    return lambda idp, answer: SmallIdp(idp.entity_id, pair()).respond(replace(answer, **answer_changes))


def weak(signature_method: str, digest_method: str = "Sha256") -> Forge:
    return lambda idp, answer: idp.respond(replace(answer, signature_method=signature_method, digest_method=digest_method))


def hmac_with_certificate(idp: SmallIdp, answer: Answer) -> bytes:
    """Algorithm confusion: an HMAC whose secret is the public certificate."""
    root = etree.fromstring(idp.respond(replace(answer, sign=())))
    assertion = find(root, "Assertion")
    find(assertion, "NameID").text = EVIL
    signature = xmlsec.template.create(assertion, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.HMAC_SHA256, ns="ds")
    assertion.insert(1, signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="#" + str(assertion.get("ID")))
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, idp.key.certificate_pem.encode())
    context.register_id(assertion, "ID")
    context.sign(signature)
    return _octets(root)


# --- encryption is not authentication ----------------------------------------------------------------------------------------


def encrypted(encryption_certificate: str, **changes: object) -> Forge:
    return lambda idp, answer: idp.respond(replace(answer, encrypt_for=encryption_certificate, **changes))


def encrypted_beside_signed(encryption_certificate: str) -> Forge:
    def forge(idp: SmallIdp, answer: Answer) -> bytes:
        root = _signed(idp, answer, "assertion")
        other = etree.fromstring(idp.respond(replace(answer, sign=(), encrypt_for=encryption_certificate, assertion_id="_evil")))
        root.append(find(other, "EncryptedAssertion"))
        return _octets(root)

    return forge


def wrapped_in_ciphertext(encryption_certificate: str) -> Forge:
    """XSW4 inside the ciphertext."""

    def forge(idp: SmallIdp, answer: Answer) -> bytes:
        root = _signed(idp, answer, "assertion")
        original = find(root, "Assertion")
        evil = forged(original, "_evil")
        root.replace(original, evil)
        evil.append(original)
        encrypt(evil, encryption_certificate)
        return _octets(root)

    return forge


def cipher_reference(encryption_certificate: str) -> Forge:
    def refer(root: etree._Element) -> None:
        data = root.findall(f".//{{{XENC}}}CipherData")[-1]
        for child in list(data):
            data.remove(child)
        etree.SubElement(data, f"{{{XENC}}}CipherReference").set("URI", "http://127.0.0.1:9/evil")

    return lambda idp, answer: idp.respond(replace(answer, encrypt_for=encryption_certificate, edit_signed=refer))


_HUB_ENCRYPTION = key_pair("hub-encryption").certificate_pem

ATTACKS = [
    *(
        Attack(forge.__name__, "Somorovsky et al., USENIX Security 2012; SAML Raider", "saml.shape", forge)
        for forge in (xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)
    ),
    Attack("xsw same ID", "Somorovsky 2012", "saml.xml", xsw_same_id),
    Attack("reference to a hidden assertion", "CVE-2024-8698", "saml.shape", reference_to_hidden),
    Attack("reference to the child", "CVE-2024-8698", "saml.response_signature", reference_to_child),
    Attack("changed after signing", "-", "saml.assertion_signature", edit(change_name_id)),
    Attack("changed after signing the response", "-", "saml.response_signature", edit(change_name_id, "response")),
    Attack("digest elsewhere", "CVE-2024-45409", "saml.assertion_signature", edit(add_digest_elsewhere)),
    Attack("SignedInfo twice", "CVE-2025-29775", "saml.assertion_signature", edit(_double("SignedInfo"))),
    Attack("Reference twice", "CVE-2025-29775", "saml.assertion_signature", edit(_double("Reference"))),
    Attack("DigestValue twice", "CVE-2025-29775", "saml.assertion_signature", edit(_double("DigestValue"))),
    Attack("Signature twice", "CVE-2025-29775", "saml.shape", edit(_double("Signature"))),
    Attack("comment in DigestValue", "CVE-2025-29774", "saml.xml", edit_text(b"<ds:DigestValue>", b"<ds:DigestValue><!--x-->")),
    Attack("comment in NameID", "CVE-2017-11427", "saml.xml", edit_text(b">u-4711<", b">u-<!---->4711<")),
    Attack("instruction in NameID", "OneUptime#2988", "saml.xml", edit_text(b">u-4711<", b">u-<?x y?>4711<")),
    Attack("DOCTYPE", "CVE-2016-10149", "saml.xml", edit_text(b"<samlp:Resp", b"<!DOCTYPE x><samlp:Resp")),
    Attack("relative namespace", "CVE-2025-66568", "saml.xml", edit_text(b"<saml:Subject>", b'<saml:Subject xmlns:x="1">')),
    Attack("namespaced ID", "The Fragile Lock, 2025", "saml.xml", edit_text(b"<saml:Subject>", b'<saml:Subject samlp:ID="_a">')),
    Attack("xml:id", "The Fragile Lock, 2025", "saml.xml", edit_text(b"<saml:Subject>", b'<saml:Subject xml:id="_a">')),
    Attack("no signature", "apache/cloudstack#4519", "saml.signed", lambda idp, a: idp.respond(replace(a, sign=()))),
    Attack("empty signature", "CVE-2017-18909", "saml.assertion_signature", edit(_empty_signature)),
    Attack("no Reference", "fail-open", "saml.assertion_signature", edit(_remove("Reference"))),
    Attack("no SignatureValue", "fail-open", "saml.assertion_signature", edit(_remove("SignatureValue"))),
    Attack("no signature and wrong address", "check order", "saml.destination", lambda idp, a: idp.respond(
        replace(a, sign=(), destination="https://elsewhere.example/acs"))),
    Attack("broken response signature", "SAML Core 5", "saml.response_signature",
           edit(_break_signature("response"), "assertion", "response"),
           neighbour=lambda idp, a: idp.respond(replace(a, sign=("assertion", "response")))),
    Attack("broken assertion signature", "SAML Core 5", "saml.assertion_signature",
           # the response is signed after the assertion was broken, so only the inner signature is wrong
           break_inside,
           neighbour=lambda idp, a: idp.respond(replace(a, sign=("assertion", "response")))),
    Attack("own key, certificate in KeyInfo", "CVE-2021-21239", "saml.assertion_signature", with_key(partial(key_pair, "mallory"))),
    Attack("own key, subject of the real one", "SAML Raider", "saml.assertion_signature",
           with_key(lambda: KeyPair(key_pair("mallory").private_pem, key_pair("idp").certificate_pem))),
    Attack("own key signs the response", "CVE-2021-21239", "saml.response_signature",
           with_key(partial(key_pair, "mallory"), sign=("response",))),
    Attack("HMAC keyed with the certificate", "CVE-2009-0217", "saml.assertion_signature", hmac_with_certificate),
    Attack("RSA-SHA1", "NIST SP 800-131A", "saml.assertion_signature", weak("RsaSha1")),
    Attack("SHA-1 digest", "NIST SP 800-131A", "saml.assertion_signature", weak("RsaSha256", "Sha1")),
    Attack("unknown algorithm", "CVE-2009-0217", "saml.assertion_signature", edit(_set("SignatureMethod", "Algorithm", "urn:x"))),
    Attack("XSLT", "CVE-2022-47966", "saml.assertion_signature", edit(_add_transform("http://www.w3.org/TR/1999/REC-xslt-19991116"))),
    Attack("XPath", "Hill 2007", "saml.assertion_signature", edit(_add_transform("http://www.w3.org/TR/1999/REC-xpath-19991116"))),
    Attack("no transforms", "Core 5.4.4", "saml.assertion_signature", edit(_remove("Transform"))),
    Attack("inclusive canonicalisation", "Core 5.4.3", "saml.assertion_signature", edit(
        _set("CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))),
    Attack("empty URI", "Core 5.4.2", "saml.assertion_signature", edit(_set("Reference", "URI", ""))),
    Attack("file URI", "Hill 2007", "saml.assertion_signature", edit(_set("Reference", "URI", "file:///etc/passwd"))),
    Attack("http URI", "Hill 2007", "saml.assertion_signature", edit(_set("Reference", "URI", "http://127.0.0.1:9/"))),
    Attack("xpointer URI", "Hill 2007", "saml.assertion_signature", edit(_set("Reference", "URI", "#xpointer(/)"))),
    Attack("encrypted but not signed", "CVE-2026-2092", "saml.signed", encrypted(_HUB_ENCRYPTION, sign=()),
           neighbour=encrypted(_HUB_ENCRYPTION)),
    Attack("encrypted beside a signed one", "CVE-2026-2092", "saml.shape", encrypted_beside_signed(_HUB_ENCRYPTION)),
    Attack("wrapping inside the ciphertext", "CVE-2016-5697", "saml.decryption", wrapped_in_ciphertext(_HUB_ENCRYPTION)),
    Attack("RSA 1.5 key transport", "Jager & Somorovsky 2011", "saml.decryption",
           encrypted(_HUB_ENCRYPTION, key_transport="Rsa15")),
    Attack("AES-CBC without outer signature", "Jager & Somorovsky 2011", "saml.decryption",
           encrypted(_HUB_ENCRYPTION, cipher="Aes256Cbc"),
           neighbour=encrypted(_HUB_ENCRYPTION, cipher="Aes256Cbc", sign=("response",))),
    Attack("encrypted for somebody else", "-", "saml.decryption", encrypted(key_pair("mallory").certificate_pem)),
    Attack("CipherReference", "XML Encryption 3.3.1", "saml.decryption", cipher_reference(_HUB_ENCRYPTION)),
]
