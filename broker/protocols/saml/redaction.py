"""A copy of a SAML message for the trace: recognisable to support, useless to anybody else."""

from __future__ import annotations

import copy

from lxml import etree

from broker.domain.redaction import mask
from broker.protocols import xml
from broker.protocols.saml import names

_MASKED = (names.saml("AttributeValue"), names.saml("NameID"))
_MEASURED = (names.ds("SignatureValue"), names.ds("X509Certificate"), names.xenc("CipherValue"), names.ds("Modulus"))
_MAX_CHARACTERS = 60_000


def redacted(root: etree._Element) -> str:
    """The message as indented text, values masked, keys and ciphertexts replaced by their length."""
    return redact_in_place(copy.deepcopy(root))


def redact_in_place(clone: etree._Element) -> str:
    """As `redacted`, for a tree that nobody needs any more: one of ours that has been sent."""
    for element in list(clone.iter(*_MASKED)):
        text = mask(xml.text_of(element))
        for child in list(element):
            element.remove(child)
        xml.set_text(element, text)
    for element in clone.iter(*_MEASURED):
        element.text = f"[{len(xml.text_of(element))} characters]"
    etree.indent(clone)
    return etree.tostring(clone, encoding="unicode")[:_MAX_CHARACTERS]


def unreadable(octets: bytes) -> str:
    """What the trace keeps of a message that is no XML: nothing can be masked in it."""
    return f"[unreadable, {len(octets)} bytes]"
