"""XML Encryption of elements (SAML Core 6): decrypt what partners encrypted for us, encrypt for service providers.

Done with `cryptography` on values that are picked out one by one, not with a general engine: no CipherReference, no
RetrievalMethod, no other algorithm than the listed ones, and the plaintext goes to the one parser of the hub. Decryption
proves nothing about the sender: callers must verify a signature on what comes out, or on what contained it.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from broker.domain.errors import MalformedRequest
from broker.protocols import xml
from broker.protocols.certificates import certificate_base64, load_certificate, load_private_key

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DS = "http://www.w3.org/2000/09/xmldsig#"
TYPE_ELEMENT = XENC + "Element"
AES256_GCM = XENC11 + "aes256-gcm"
AES128_GCM = XENC11 + "aes128-gcm"
OAEP_MGF1P = XENC + "rsa-oaep-mgf1p"
OAEP = XENC11 + "rsa-oaep"
SHA1 = DS + "sha1"
SHA256 = XENC + "sha256"
_MGF1 = XENC11 + "mgf1"

_GCM = {AES128_GCM: 16, XENC11 + "aes192-gcm": 24, AES256_GCM: 32}
_CBC = {XENC + "aes128-cbc": 16, XENC + "aes192-cbc": 24, XENC + "aes256-cbc": 32}
_OAEP_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    # Inside OAEP the hash needs no collision resistance; SHA-1 is what rsa-oaep-mgf1p prescribes for the mask.
    SHA1: hashes.SHA1,
    SHA256: hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    XENC + "sha512": hashes.SHA512,
}
_OAEP_MASKS: dict[str, type[hashes.HashAlgorithm]] = {
    _MGF1 + "sha1": hashes.SHA1,
    _MGF1 + "sha256": hashes.SHA256,
    _MGF1 + "sha384": hashes.SHA384,
    _MGF1 + "sha512": hashes.SHA512,
}
_MAX_ENCRYPTED_KEYS = 8


class DecryptionFault(MalformedRequest):
    """Whatever went wrong: one error for all faults, because differences are an oracle (Jager & Somorovsky 2011)."""

    def __init__(self) -> None:
        super().__init__(
            cause="the encrypted content cannot be decrypted with any of our keys (RSA-OAEP with AES only)",
            fix="Have the identity provider reload our metadata; it must use RSA-OAEP and AES-GCM or AES-CBC.",
            check="saml.decryption",
        )


class UnauthenticatedCipher(MalformedRequest):
    """AES-CBC where nothing outside protects the ciphertext; known from the algorithm's name alone, before any decryption."""


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """One of our private keys, loaded once."""

    private: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: str) -> DecryptionKey:
        """Raises ValueError."""
        private = load_private_key(pem)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise ValueError("decryption needs an RSA key")
        return cls(private)


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A service provider's public key and the algorithms that it can read."""

    public: rsa.RSAPublicKey
    certificate: str
    cipher: str = AES256_GCM
    oaep_digest: str = SHA1

    @classmethod
    def from_certificate(cls, pem: str, *, cipher: str = AES256_GCM) -> EncryptionKey:
        """rsa-oaep-mgf1p with SHA-1 inside is what every service provider reads. Raises ValueError."""
        certificate = load_certificate(pem)
        if not isinstance(certificate.public_key, rsa.RSAPublicKey) or cipher not in (_GCM | _CBC):
            raise ValueError("encryption needs an RSA key and AES")
        return cls(certificate.public_key, certificate_base64(certificate.pem), cipher)


def decrypt(holder: etree._Element, keys: Sequence[DecryptionKey], *, allow_cbc: bool) -> etree._Element:
    """The element inside EncryptedAssertion or EncryptedID, as the root (or only child of the root) of a new document.

    `allow_cbc`: whether AES-CBC may be decrypted, because a verified signature covers the ciphertext or by a connector's
    named exception. Raises DecryptionFault (also when the parser refuses the plaintext), UnauthenticatedCipher.
    """
    data_list = holder.findall(f"{{{XENC}}}EncryptedData")
    if len(data_list) != 1:
        raise DecryptionFault
    data = data_list[0]
    algorithm = _algorithm(data)
    if algorithm in _CBC and not allow_cbc:
        raise UnauthenticatedCipher(
            cause="AES-CBC without a signature around it",
            fix="Have the response signed, or use AES-GCM, or allow CBC for this connector (AD FS needs that).",
            check="saml.decryption",
        )
    ciphertext = _cipher_value(data)
    for encrypted_key in _encrypted_keys(holder, data):
        for key in keys:
            plaintext = _try(encrypted_key, key, algorithm, ciphertext)
            if plaintext is not None:
                return _parse_in_context(plaintext, holder)
    raise DecryptionFault


def encrypt(plaintext: bytes, recipient: EncryptionKey) -> etree._Element:
    """An EncryptedData element with its EncryptedKey inside."""
    size = _GCM.get(recipient.cipher) or _CBC[recipient.cipher]
    session_key = os.urandom(size)
    digest = _OAEP_DIGESTS[recipient.oaep_digest]()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), digest, None)
    wrapped = recipient.public.encrypt(session_key, oaep)

    data = etree.Element(f"{{{XENC}}}EncryptedData", {"Type": TYPE_ELEMENT}, nsmap={"xenc": XENC})
    etree.SubElement(data, f"{{{XENC}}}EncryptionMethod", {"Algorithm": recipient.cipher})
    key_info = etree.SubElement(data, f"{{{DS}}}KeyInfo", nsmap={"ds": DS})
    key = etree.SubElement(key_info, f"{{{XENC}}}EncryptedKey")
    method = etree.SubElement(key, f"{{{XENC}}}EncryptionMethod", {"Algorithm": OAEP_MGF1P})
    etree.SubElement(method, f"{{{DS}}}DigestMethod", {"Algorithm": recipient.oaep_digest})
    hint = etree.SubElement(etree.SubElement(key, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    etree.SubElement(hint, f"{{{DS}}}X509Certificate").text = recipient.certificate
    _add_cipher_value(key, wrapped)
    _add_cipher_value(data, _cipher_encrypt(recipient.cipher, session_key, plaintext))
    return data


def _try(encrypted_key: etree._Element, key: DecryptionKey, algorithm: str, ciphertext: bytes) -> bytes | None:
    """The plaintext, or None for every reason alike: the next key may fit."""
    size = _GCM.get(algorithm) or _CBC.get(algorithm)
    oaep = _oaep_of(encrypted_key)
    if size is None or oaep is None:
        return None
    try:
        session_key = key.private.decrypt(_cipher_value(encrypted_key), oaep)
        if len(session_key) != size:
            return None
        return _cipher_decrypt(algorithm, session_key, ciphertext)
    except (ValueError, InvalidTag):
        return None


def _oaep_of(encrypted_key: etree._Element) -> padding.OAEP | None:
    algorithm = _algorithm(encrypted_key)
    if algorithm not in {OAEP_MGF1P, OAEP}:
        return None  # RSA1_5 above all
    method = encrypted_key.find(f"{{{XENC}}}EncryptionMethod")
    digest_element = None if method is None else method.find(f"{{{DS}}}DigestMethod")
    mask_element = None if method is None else method.find(f"{{{XENC11}}}MGF")
    digest = _OAEP_DIGESTS.get(SHA1 if digest_element is None else str(digest_element.get("Algorithm")))
    # XML Encryption 1.1, 5.5.2: mgf1p fixes MGF1 with SHA-1; the newer identifier names its mask, SHA-1 by default.
    named = mask_element is not None and algorithm == OAEP
    mask = _OAEP_MASKS.get(str(mask_element.get("Algorithm")) if named and mask_element is not None else _MGF1 + "sha1")
    if digest is None or mask is None:
        return None
    return padding.OAEP(padding.MGF1(mask()), digest(), None)


def _cipher_decrypt(algorithm: str, key: bytes, ciphertext: bytes) -> bytes | None:
    if algorithm in _GCM:  # XML Encryption 1.1, 5.2.4: 96-bit IV in front, 128-bit tag behind
        return AESGCM(key).decrypt(ciphertext[:12], ciphertext[12:], None) if len(ciphertext) >= 28 else None
    if len(ciphertext) < 32 or len(ciphertext) % 16:
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(ciphertext[:16])).decryptor()
    padded = decryptor.update(ciphertext[16:]) + decryptor.finalize()
    # 5.2.2: the last octet counts the padding, whose other octets are arbitrary.
    return padded[: -padded[-1]] if 1 <= padded[-1] <= 16 else None


def _cipher_encrypt(algorithm: str, key: bytes, plaintext: bytes) -> bytes:
    if algorithm in _GCM:
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, None)
    iv = os.urandom(16)
    count = 16 - len(plaintext) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(plaintext + bytes(count - 1) + bytes([count])) + encryptor.finalize()


def _encrypted_keys(holder: etree._Element, data: etree._Element) -> list[etree._Element]:
    """Keys inside EncryptedData/KeyInfo and beside EncryptedData (SAML Core 6.2); references are not followed."""
    inside = data.findall(f"{{{DS}}}KeyInfo/{{{XENC}}}EncryptedKey")
    return [*inside, *holder.findall(f"{{{XENC}}}EncryptedKey")][:_MAX_ENCRYPTED_KEYS]


def _algorithm(element: etree._Element) -> str:
    method = element.find(f"{{{XENC}}}EncryptionMethod")
    return "" if method is None else str(method.get("Algorithm"))


def _cipher_value(element: etree._Element) -> bytes:
    values = element.findall(f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue")
    if len(values) != 1:  # a CipherReference would be an address to fetch
        raise DecryptionFault
    try:
        return base64.b64decode("".join(xml.text_of(values[0]).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecryptionFault from error


def _add_cipher_value(parent: etree._Element, octets: bytes) -> None:
    data = etree.SubElement(parent, f"{{{XENC}}}CipherData")
    etree.SubElement(data, f"{{{XENC}}}CipherValue").text = base64.b64encode(octets).decode()


def _parse_in_context(plaintext: bytes, holder: etree._Element) -> etree._Element:
    """Many encrypt without the namespace declarations that stood further out; XML Encryption 4.5 parses in context."""
    try:
        if plaintext.startswith(b"<?xml"):
            return xml.parse(plaintext)
        context = etree.Element("context", nsmap=cast("dict[str, str]", holder.nsmap))  # None, the default, may be a key
        opening = etree.tostring(context).removesuffix(b"/>")
        root = xml.parse(opening + b">" + plaintext + b"</context>")
    except xml.XmlError as error:
        raise DecryptionFault from error
    if len(root) != 1:
        raise DecryptionFault
    return root[0]
