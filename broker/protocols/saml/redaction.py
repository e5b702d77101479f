"""A copy of a SAML message for the trace: recognisable to support, useless to anybody else."""

from __future__ import annotations

import copy

from lxml import etree

from broker.domain.redaction import mask
from broker.protocols import xml
from broker.protocols.saml import names

_MASKED = frozenset({names.saml("AttributeValue"), names.saml("NameID")})
_MEASURED = frozenset({names.ds("SignatureValue"), names.ds("X509Certificate"), names.xenc("CipherValue"), names.ds("Modulus")})
_BOTH = (*_MASKED, *_MEASURED)
_MAX_CHARACTERS = 60_000


def redacted(root: etree._Element) -> str:
    """The message, values masked, keys and ciphertexts replaced by their length. `readable` indents it for a person."""
    return redact_in_place(copy.deepcopy(root))


def redact_in_place(clone: etree._Element) -> str:
    """As `redacted`, for a tree that nobody needs any more: one of ours that has been sent."""
    for element in list(clone.iter(*_BOTH)):
        text = (element.text or "") if len(element) == 0 else xml.text_of(element)
        if element.tag in _MEASURED:
            element.text = f"[{len(text)} characters]"
            continue
        for child in list(element):
            element.remove(child)
        xml.set_text(element, mask(text))
    return etree.tostring(clone, encoding="unicode")[:_MAX_CHARACTERS]


def readable(text: str) -> str:
    """A kept message, indented; as it is when it is no XML or was cut short."""
    try:
        root = xml.parse(text.encode())
    except xml.XmlError:
        return text
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def unreadable(octets: bytes) -> str:
    """What the trace keeps of a message that is no XML: nothing can be masked in it."""
    return f"[unreadable, {len(octets)} bytes]"
