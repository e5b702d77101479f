"""XML signatures and detached signatures: verify what partners signed, sign what we say.

`verify` returns the covered element *parsed again from the very bytes that were digested*; whoever holds a
`SignedElement` cannot read anything that was not signed (SECURITY 1, PRODUCT rule 3). xmlsec does the cryptography on a
private copy, after the form of the signature was fixed here and without its KeyInfo: keys come from configuration only.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

import xmlsec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lxml import etree

from broker.domain.errors import InvalidRequestSignature
from broker.domain.messages import filled, listed
from broker.protocols import xml
from broker.protocols.certificates import PrivateKey, PublicKey, certificate_base64, load_certificate, load_private_key

DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = DS + "rsa-sha1"
_INCLUSIVE_NAMESPACES = f"{{{EXC_C14N}}}InclusiveNamespaces"


@dataclass(frozen=True, slots=True)
class _Method:
    key_type: type
    digest: type[hashes.HashAlgorithm]


_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
# An allow-list that is read before xmlsec sees the document (CVE-2009-0217 and HMAC with the public certificate).
_METHODS = {
    RSA_SHA256: _Method(rsa.RSAPublicKey, hashes.SHA256),
    _MORE + "rsa-sha384": _Method(rsa.RSAPublicKey, hashes.SHA384),
    _MORE + "rsa-sha512": _Method(rsa.RSAPublicKey, hashes.SHA512),
    _MORE + "ecdsa-sha256": _Method(ec.EllipticCurvePublicKey, hashes.SHA256),
    _MORE + "ecdsa-sha384": _Method(ec.EllipticCurvePublicKey, hashes.SHA384),
    _MORE + "ecdsa-sha512": _Method(ec.EllipticCurvePublicKey, hashes.SHA512),
}
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashes.SHA256,
    _MORE + "sha384": hashes.SHA384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashes.SHA512,
}
# Only where a connector's dated exception says so (NIST SP 800-131A).
_SHA1_METHODS = {RSA_SHA1: _Method(rsa.RSAPublicKey, hashes.SHA1)}
_SHA1_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {DS + "sha1": hashes.SHA1}


class SignatureFault(InvalidRequestSignature):
    """A signature that is missing, malformed or wrong. Readers of responses translate it."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A partner's public key, loaded once. Shared by threads: every use copies it into a context of its own."""

    name: str
    public: PublicKey
    loaded: xmlsec.Key = field(repr=False)

    @classmethod
    def from_certificate(cls, pem: str) -> VerificationKey:
        """From a PEM certificate; its validity period does not matter, it is pinned. Raises ValueError."""
        certificate = load_certificate(pem)
        # The bare public key, so that xmlsec has no certificate to hold an opinion about.
        loaded = xmlsec.Key.from_memory(certificate.public_pem, xmlsec.constants.KeyDataFormatPem)
        return cls(certificate.sha256[:16], certificate.public_key, loaded)


@dataclass(frozen=True, slots=True)
class SigningHandle:
    """Our private key, loaded once, with the signature skeleton that it fills in."""

    algorithm: str
    private: PrivateKey = field(repr=False)
    loaded: xmlsec.Key = field(repr=False)
    skeleton: etree._Element = field(repr=False)

    @classmethod
    def from_pem(cls, private_pem: str, certificate_pem: str) -> SigningHandle:
        """RSA-SHA256, or ECDSA with the hash that fits the curve. Raises ValueError."""
        private = load_private_key(private_pem)
        algorithm = RSA_SHA256
        if isinstance(private, ec.EllipticCurvePrivateKey):
            bits = private.curve.key_size
            algorithm = _MORE + f"ecdsa-sha{256 if bits <= 256 else 384 if bits <= 384 else 512}"
        loaded = xmlsec.Key.from_memory(private_pem.encode(), xmlsec.constants.KeyDataFormatPem)
        return cls(algorithm, private, loaded, _skeleton(algorithm, certificate_base64(certificate_pem)))


@dataclass(frozen=True, slots=True)
class SignedElement:
    """What a verified signature covers. `root` was parsed from the digested bytes; only `verify` makes one."""

    root: etree._Element
    key_name: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class _Form:
    """The parts of a well-formed signature."""

    method: _Method
    algorithm: str
    digest: hashes.HashAlgorithm
    digest_value: bytes
    prefixes: tuple[str, ...]


def verify(
    root: etree._Element, element: etree._Element, keys: Sequence[VerificationKey], *, allow_sha1: bool = False
) -> SignedElement:
    """Verify the one signature that is a direct child of `element`, which is `root` or a child of it.

    Neither tree is changed. Raises SignatureFault when there is no such signature, or none of the keys made it.
    """
    form = _read_form(_only_signature(element), element.get("ID"), allow_sha1)
    private_root = copy.deepcopy(root)
    covered = private_root if element is root else private_root[root.index(element)]
    signature = _only_signature(covered)
    for key_info in signature.findall(f"{{{DS}}}KeyInfo"):
        signature.remove(key_info)  # not covered by the signature, and never a source of keys (SECURITY 1)
    try:
        key = _verifying_key(covered, signature, form, keys)
    except SignatureFault as fault:
        fault.expected = listed([filled("certificate %(name)s", name=key.name) for key in keys])
        fault.received = _claimed_certificate(_only_signature(element))
        if any(f"certificate {key.name} " in fault.received for key in keys):
            # It names a key that we know, and that key did not make this value over these bytes.
            fault.cause = "changed since it was signed: the certificate that it names is a known one"
        raise

    _remove_keeping_tail(signature)
    octets = xml.canonical(covered, form.prefixes)
    if not hmac.compare_digest(_hash(form.digest, octets), form.digest_value):
        raise SignatureFault(cause="the digest of the covered element differs", check="signature.digest")
    return SignedElement(xml.parse(octets), key.name, form.algorithm)


def _claimed_certificate(signature: etree._Element) -> str:
    """Which certificate a signature says it was made with: nobody believes it, but support compares it."""
    found = signature.find(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    try:
        certificate = None if found is None else load_certificate(xml.text_of(found))
    except ValueError:
        return ""
    if certificate is None:
        return ""
    day = f"{certificate.not_after:%Y-%m-%d}"
    named = {"name": certificate.sha256[:16], "subject": certificate.subject, "day": day}
    return filled("certificate %(name)s (%(subject)s, valid until %(day)s)", **named)


def is_signed(element: etree._Element) -> bool:
    """Whether the element carries a signature as a direct child; says nothing about its worth."""
    return element.find(f"{{{DS}}}Signature") is not None


def sign(element: etree._Element, handle: SigningHandle) -> None:
    """Put an enveloped signature into `element`, after its Issuer if it has one (SAML Core 5.4), else first."""
    signature = copy.deepcopy(handle.skeleton)
    signature[0][2].set("URI", "#" + str(element.get("ID")))
    has_issuer = len(element) > 0 and xml.local_name(element[0]) == "Issuer"
    element.insert(1 if has_issuer else 0, signature)
    context = xmlsec.SignatureContext()
    context.key = handle.loaded
    context.register_id(element, "ID")
    context.sign(signature)


def sign_octets(octets: bytes, handle: SigningHandle) -> bytes:
    """A detached signature by `handle.algorithm`, in XML Signature's format (RFC 4050 3.3: r and s side by side)."""
    method = _METHODS[handle.algorithm]
    if isinstance(handle.private, rsa.RSAPrivateKey):
        return handle.private.sign(octets, padding.PKCS1v15(), method.digest())
    size = (handle.private.curve.key_size + 7) // 8
    r, s = decode_dss_signature(handle.private.sign(octets, ec.ECDSA(method.digest())))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verify_octets(
    octets: bytes, signature: bytes, algorithm: str, keys: Sequence[VerificationKey], *, allow_sha1: bool = False
) -> str:
    """The name of the key that made a detached signature. Raises SignatureFault."""
    method = _METHODS.get(algorithm) or (_SHA1_METHODS.get(algorithm) if allow_sha1 else None)
    if method is None:
        raise SignatureFault(cause="signature algorithm not accepted", check="signature.algorithm")
    for key in keys:
        if isinstance(key.public, method.key_type) and _matches(key.public, signature, octets, method.digest()):
            return key.name
    raise SignatureFault(cause=filled("made by none of the %(count)s known keys", count=len(keys)), check="signature.value")


def _matches(public: PublicKey, signature: bytes, octets: bytes, digest: hashes.HashAlgorithm) -> bool:
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, octets, padding.PKCS1v15(), digest)
        else:
            half = (public.curve.key_size + 7) // 8
            if len(signature) != 2 * half:
                return False
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            public.verify(encode_dss_signature(r, s), octets, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _only_signature(element: etree._Element) -> etree._Element:
    signatures = element.findall(f"{{{DS}}}Signature")
    if len(signatures) != 1:
        raise SignatureFault(
            cause=filled("%(count)s signatures in %(element)s", count=len(signatures), element=xml.local_name(element)),
            check="signature.present",
        )
    return signatures[0]


def _read_form(signature: etree._Element, element_id: str | None, allow_sha1: bool) -> _Form:
    """Fix every element of the signature before any library acts on it (SAML Core 5.4.2-5.4.4)."""
    children = _children(signature, "Signature", ("SignedInfo", "SignatureValue"), optional="KeyInfo")
    signed_info, value = children[0], children[1]
    canonicalization, signature_method, reference = _children(
        signed_info, "SignedInfo", ("CanonicalizationMethod", "SignatureMethod", "Reference")
    )
    _base64(value)
    if canonicalization.get("Algorithm") != EXC_C14N:
        raise SignatureFault(cause="SignedInfo is not canonicalised by exc-c14n", check="signature.form")
    _prefix_list(canonicalization)
    algorithm = str(signature_method.get("Algorithm"))
    method = _METHODS.get(algorithm) or (_SHA1_METHODS.get(algorithm) if allow_sha1 else None)
    if method is None or len(signature_method):
        raise SignatureFault(
            cause=filled("signature algorithm not accepted: %(algorithm)s", algorithm=repr(algorithm[:80])),
            check="signature.algorithm",
        )

    if not element_id or reference.get("URI") != "#" + element_id:
        raise SignatureFault(cause="the reference is not the signature's own parent", check="signature.reference")
    transforms, digest_method, digest_value = _children(reference, "Reference", ("Transforms", "DigestMethod", "DigestValue"))
    enveloped, exclusive = _children(transforms, "Transforms", ("Transform", "Transform"))
    if (enveloped.get("Algorithm"), exclusive.get("Algorithm")) != (ENVELOPED, EXC_C14N) or len(enveloped):
        raise SignatureFault(cause="transforms are not enveloped-signature, exc-c14n", check="signature.transforms")
    digest_name = str(digest_method.get("Algorithm"))
    digest = _DIGESTS.get(digest_name) or (_SHA1_DIGESTS.get(digest_name) if allow_sha1 else None)
    if digest is None or len(digest_method):
        raise SignatureFault(
            cause=filled("digest algorithm not accepted: %(algorithm)s", algorithm=repr(digest_name[:80])),
            check="signature.algorithm",
        )
    return _Form(method, algorithm, digest(), _base64(digest_value), _prefix_list(exclusive))


def _children(
    parent: etree._Element, name: str, expected: tuple[str, ...], *, optional: str | None = None
) -> list[etree._Element]:
    children = list(parent)
    names = [child.tag for child in children]
    wanted = [f"{{{DS}}}{each}" for each in expected]
    if names != wanted and (optional is None or names != [*wanted, f"{{{DS}}}{optional}"]):
        raise SignatureFault(
            cause=filled("%(name)s does not consist of %(expected)s", name=name, expected=", ".join(expected)),
            check="signature.form",
        )
    return children


def _prefix_list(transform: etree._Element) -> tuple[str, ...]:
    if len(transform) == 0:
        return ()
    if len(transform) > 1 or transform[0].tag != _INCLUSIVE_NAMESPACES or len(transform[0]):
        raise SignatureFault(cause="exc-c14n with unknown parameters", check="signature.transforms")
    return tuple(str(transform[0].get("PrefixList", "")).split())


def _base64(element: etree._Element) -> bytes:
    if len(element):
        raise SignatureFault(cause=filled("%(element)s has children", element=xml.local_name(element)), check="signature.form")
    try:
        return base64.b64decode("".join(xml.text_of(element).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureFault(
            cause=filled("%(element)s is not base64", element=xml.local_name(element)), check="signature.form"
        ) from error


def _verifying_key(
    covered: etree._Element, signature: etree._Element, form: _Form, keys: Sequence[VerificationKey]
) -> VerificationKey:
    """The key that made the signature. All are tried: partners replace theirs without notice (VENDORS, PRODUCT rule 9)."""
    for key in keys:
        if not isinstance(key.public, form.method.key_type):
            continue
        context = xmlsec.SignatureContext()
        context.key = key.loaded
        context.register_id(covered, "ID")
        try:
            context.verify(signature)
        except xmlsec.Error:
            continue
        return key
    raise SignatureFault(
        cause=filled("made by none of the %(count)s known keys, or changed since", count=len(keys)), check="signature.value"
    )


def _remove_keeping_tail(element: etree._Element) -> None:
    # lxml takes the text that follows away with the element; the enveloped-signature transform does not.
    parent, previous, tail = element.getparent(), element.getprevious(), element.tail
    assert parent is not None  # it was found as a child
    if tail:
        if previous is None:
            parent.text = (parent.text or "") + tail
        else:
            previous.tail = (previous.tail or "") + tail
    element.tail = None
    parent.remove(element)


def _hash(algorithm: hashes.HashAlgorithm, octets: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(octets)
    return digest.finalize()


def _skeleton(algorithm: str, certificate: str) -> etree._Element:
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})

    def child(parent: etree._Element, name: str, algorithm: str | None = None) -> etree._Element:
        made = etree.SubElement(parent, f"{{{DS}}}{name}")
        if algorithm is not None:
            made.set("Algorithm", algorithm)
        return made

    signed_info = child(signature, "SignedInfo")
    child(signed_info, "CanonicalizationMethod", EXC_C14N)
    child(signed_info, "SignatureMethod", algorithm)
    reference = child(signed_info, "Reference")
    transforms = child(reference, "Transforms")
    child(transforms, "Transform", ENVELOPED)
    child(transforms, "Transform", EXC_C14N)
    child(reference, "DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256")
    child(reference, "DigestValue")
    child(signature, "SignatureValue")
    # AD FS refuses documents that are signed without KeyInfo (ID3276).
    key_info = child(child(child(signature, "KeyInfo"), "X509Data"), "X509Certificate")
    key_info.text = certificate
    return signature
