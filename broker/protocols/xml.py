"""The one XML parser of the hub, for messages, metadata and decrypted content.

It refuses everything that made two readers see two documents: DOCTYPE, comments, processing instructions, relative
namespace URIs, duplicate or namespaced IDs, other encodings than UTF-8, and sizes that only an attack has (SECURITY 1, 2).
"""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Iterator, Sequence
from typing import cast

from lxml import etree

from broker.domain.errors import MalformedRequest
from broker.domain.messages import filled

MAX_MESSAGE_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_ATTRIBUTES = 64
MAX_ELEMENTS = 20_000

# "<" cannot stand literally in text or attribute values, so in a well-formed document these bytes are always mark-up.
_FORBIDDEN_MARKUP = re.compile(rb"<!(?!\[CDATA\[)|<\?(?!xml[ \t\r\n])")
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
_DECLARED_ENCODING = re.compile(rb"""^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._\-]*)["']""")
_DECLARATION = re.compile(r"^<\?xml\s[^>]*\?>\s*")
# Any namespace declaration whose value is not empty and not an absolute URI. Canonicalisation fails on relative ones, and
# readers that take the failure for an empty string digest nothing (CVE-2025-66568). Occurrences in text can only be
# refused by mistake, never accepted. (The white space before it is looked at last: a search for a word is the faster one.)
_RELATIVE_NAMESPACE = re.compile(rb"""xmlns(?<=\sxmlns)(?::[^\s=]+)?\s*=(?!\s*(["'])(?:[A-Za-z][A-Za-z0-9+.\-]*:[^\s"'<>]*)?\1)""")
_ID_ATTRIBUTES = frozenset({"ID", "Id", "id", "AssertionID", "ResponseID", "RequestID"})
_TOO_DEEP = etree.XPath("boolean(/*" + "/*" * MAX_DEPTH + ")")
# What administrators' editors and PowerShell write; declared UTF-16 in an 8-bit file is a transcoded copy.
_METADATA_ENCODINGS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
}

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_local = threading.local()


class XmlError(MalformedRequest):
    """A document that the parser refuses. `problem` is a stable word for tests and for sentences about metadata."""

    def __init__(self, problem: str, cause: str) -> None:
        super().__init__(cause=filled("XML: %(cause)s", cause=cause), check="xml.document")
        self.problem = problem


def parse(data: bytes, *, limit: int = MAX_MESSAGE_BYTES) -> etree._Element:
    """The root of a protocol message. Raises XmlError."""
    _refuse_by_bytes(data, limit)
    if found := _FORBIDDEN_MARKUP.search(data):
        raise XmlError(
            "markup", filled("comment, processing instruction or declaration at byte %(position)s", position=found.start())
        )
    declared = _DECLARED_ENCODING.match(data)
    if declared and declared.group(1).lower() != b"utf-8":
        raise XmlError("encoding", "messages must be UTF-8")
    root = _parse(data, "message_parser")
    _inspect(root)
    return root


def parse_metadata(data: bytes, *, limit: int = MAX_MESSAGE_BYTES) -> etree._Element:
    """The root of a metadata document in any usual encoding; comments and instructions are dropped. Raises XmlError.

    Because of that dropping its signature must not be believed afterwards, and is not: whoever uploads is whom we trust.
    """
    if len(data) > limit:
        raise XmlError("too_large", filled("%(count)s bytes, the limit is %(most)s", count=len(data), most=limit))
    text = transcode(data)
    _refuse_by_bytes(text, limit * 2)
    root = _parse(text, "metadata_parser")
    _inspect(root)
    return root


def transcode(data: bytes) -> bytes:
    """Uploaded metadata as UTF-8 without byte order mark, XML declaration or white space in front. Raises XmlError."""
    try:
        text = data.decode(_encoding_of(data))
    except UnicodeDecodeError as error:
        raise XmlError("not_xml", filled("not readable as %(encoding)s", encoding=error.encoding)) from error
    return _DECLARATION.sub("", text.lstrip("\ufeff \t\r\n"), count=1).encode()


def canonical(element: etree._Element, prefixes: Sequence[str] = ()) -> bytes:
    """Exclusive canonical XML without comments (xml-exc-c14n). Raises XmlError: a failure is never the empty string.

    lxml ignores `#default` among the prefixes; where that matters the digest differs, and the document is refused.
    """
    try:
        octets = etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None
        )
    except etree.LxmlError as error:
        raise XmlError("canonicalisation", "the element cannot be canonicalised") from error
    if not octets:
        raise XmlError("canonicalisation", "canonicalisation gave nothing")
    return octets


def serialise(element: etree._Element) -> bytes:
    """The octets of a message of ours."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)


def text_of(element: etree._Element) -> str:
    """All character data inside. `element.text` ends at the first child node, comments included (CERT VU#475445)."""
    return "".join(cast("Iterator[str]", element.itertext()))


def uri_of(element: etree._Element) -> str:
    """Character data of an anyURI: white space around it is insignificant (XML Schema 2, 3.2.17: collapse)."""
    return text_of(element).strip(" \t\r\n")


def set_text(element: etree._Element, value: str) -> None:
    """Set character data. What XML 1.0 cannot express (a NUL out of JSON) becomes U+FFFD instead of an error."""
    try:
        element.text = value
    except ValueError:
        element.text = _NOT_XML.sub("\ufffd", value)


def set_attribute(element: etree._Element, name: str, value: str) -> None:
    """The same for an attribute."""
    try:
        element.set(name, value)
    except ValueError:
        element.set(name, _NOT_XML.sub("\ufffd", value))


def local_name(element: etree._Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def _refuse_by_bytes(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise XmlError("too_large", filled("%(count)s bytes, the limit is %(most)s", count=len(data), most=limit))
    if not data.strip():
        raise XmlError("empty", "the document is empty")
    if b"\0" in data:
        raise XmlError("encoding", "contains NUL")
    if _DOCTYPE.search(data):
        raise XmlError("doctype", "contains a DOCTYPE")
    if found := _RELATIVE_NAMESPACE.search(data):
        raise XmlError("namespace", filled("relative namespace URI at byte %(position)s", position=found.start()))


def _parse(data: bytes, parser: str) -> etree._Element:
    try:
        return etree.fromstring(data, _parser(parser))
    except etree.XMLSyntaxError as error:
        # libxml2's text quotes the document, which may hold personal data; the kind of error and its place do not.
        number = getattr(error, "code", 0)
        raise XmlError(
            "not_xml",
            filled(
                "not well-formed at line and column %(position)s (libxml2 error %(number)s)", position=error.position, number=number
            ),
        ) from None


def _parser(kind: str) -> etree.XMLParser:
    # One per thread: lxml serialises threads that share a parser.
    parser: etree.XMLParser | None = getattr(_local, kind, None)
    if parser is None:
        dropping = kind == "metadata_parser"
        parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            recover=False,
            remove_comments=dropping,
            remove_pis=dropping,
        )
        setattr(_local, kind, parser)
    return parser


def _inspect(root: etree._Element) -> None:
    if _TOO_DEEP(root):
        raise XmlError("too_deep", filled("elements nested deeper than %(most)s", most=MAX_DEPTH))
    ids: set[str] = set()
    for number, element in enumerate(root.iter()):
        if number >= MAX_ELEMENTS:
            raise XmlError("too_large", filled("more than %(most)s elements", most=MAX_ELEMENTS))
        attributes = element.items()
        if len(attributes) > MAX_ATTRIBUTES:
            raise XmlError("too_many_attributes", filled("an element with more than %(most)s attributes", most=MAX_ATTRIBUTES))
        for key, value in attributes:
            name = str(key)
            if name in _ID_ATTRIBUTES:
                if value in ids:
                    raise XmlError("duplicate_id", "two elements have the same ID")
                ids.add(str(value))
            elif name[0] == "{" and name.rpartition("}")[2].lower() == "id":
                # xml:id is an ID to libxml2 and samlp:ID to careless readers (PortSwigger, The Fragile Lock, 2025).
                raise XmlError("namespaced_id", "an ID attribute in a namespace")


def _encoding_of(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    start = data.lstrip(b" \t\r\n")[:200]
    if start.startswith(b"<\0"):
        return "utf-16-le"
    if start.startswith(b"\0<"):
        return "utf-16-be"
    declared = _DECLARED_ENCODING.match(start)
    name = declared.group(1).decode().lower() if declared else ""
    if name not in _METADATA_ENCODINGS:
        raise XmlError("not_xml", filled("unusual encoding %(name)s", name=repr(name[:20])))
    return _METADATA_ENCODINGS[name]
