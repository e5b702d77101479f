"""The one parser: what it refuses, and the harmless document beside each."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from broker.protocols import xml

REFUSED = [
    ("doctype", b"<!DOCTYPE a><a/>", b"<a>DOCTYPE</a>"),
    ("doctype", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', b"<a>&amp;x;</a>"),
    ("doctype", b'<!DocType a><a/>', b"<a/>"),
    ("markup", b"<a>b<!-- -->c</a>", b"<a>b&lt;!-- --&gt;c</a>"),
    ("markup", b"<a/><!-- -->", b"<a/>\n"),
    ("markup", b"<a>b<?p q?>c</a>", b"<a>b&lt;?p q?&gt;c</a>"),
    ("markup", b"<?xml-stylesheet href='x'?><a/>", b"<?xml version='1.0'?><a/>"),
    ("namespace", b'<a xmlns="relative"/>', b'<a xmlns="urn:x"/>'),
    ("namespace", b'<a xmlns:b = "x/y"/>', b'<a xmlns:b = "https://x/y"/>'),
    ("namespace", b"<a x=\"xmlns='urn:\" xmlns=\"rel\" y=\"'\"/>", b'<a x="xmlns" xmlns="urn:x"><b xmlns=""/></a>'),
    ("namespace", b'<a xmlns="ht&#116;p://x"/>', b'<a xmlns="http://x"/>'),
    ("duplicate_id", b'<a ID="1"><b ID="1"/></a>', b'<a ID="1"><b ID="2"/></a>'),
    ("duplicate_id", b'<a ID="1"><b Id="1"/></a>', b'<a ID="1"><b Ref="1"/></a>'),
    ("namespaced_id", b'<a xmlns:p="urn:p" p:ID="1"/>', b'<a xmlns:p="urn:p" p:IDs="1"/>'),
    ("namespaced_id", b'<a xml:id="x"/>', b'<a xml:lang="en"/>'),
    ("encoding", b'<?xml version="1.0" encoding="UTF-7"?><a/>', b'<?xml version="1.0" encoding="utf-8"?><a/>'),
    ("encoding", "<a/>".encode("utf-16"), b"\xef\xbb\xbf<a/>"),
    ("encoding", b"<a>\0</a>", b"<a> </a>"),
    ("not_xml", b"<a>\xff</a>", "<a>é</a>".encode()),
    ("not_xml", b"<a>&undefined;</a>", b"<a>&amp;</a>"),
    ("not_xml", b"<a>&#0;</a>", b"<a>&#9;</a>"),
    ("not_xml", b"<a", b"<a/>"),
    ("not_xml", b" <?xml version='1.0'?><a/>", b" <a/>"),
    ("empty", b" \n", b"<a/>"),
    ("too_deep", b"<a>" * 65 + b"</a>" * 65, b"<a>" * 64 + b"</a>" * 64),
    ("not_xml", b"<a>" * 100_000, b"<a/>"),
    ("too_many_attributes", b"<a " + b" ".join(b'a%d=""' % n for n in range(65)) + b"/>", b"<a " + b'a="" b=""/>'),
    ("too_large", b"<a>" + b"<b/>" * 20_001 + b"</a>", b"<a>" + b"<b/>" * 100 + b"</a>"),
    ("too_large", b"<a>" + b"x" * (1 << 20) + b"</a>", b"<a>" + b"x" * 1000 + b"</a>"),
]


@pytest.mark.parametrize(("problem", "bad", "good"), REFUSED, ids=[f"{n}-{row[0]}" for n, row in enumerate(REFUSED)])
def test_given_a_hostile_document_when_parsing_then_it_is_refused_and_its_neighbour_is_not(problem, bad, good):
    with pytest.raises(xml.XmlError) as error:
        xml.parse(bad)
    assert error.value.problem == problem
    assert xml.parse(good) is not None


def test_given_a_syntax_error_when_parsing_then_the_cause_quotes_nothing():
    with pytest.raises(xml.XmlError) as error:
        xml.parse(b"<a><secret></a>")
    assert "secret" not in error.value.cause


def test_given_split_text_when_reading_then_all_of_it_counts():
    root = xml.parse(b"<a>one<b>two</b><![CDATA[ & three]]></a>")
    assert xml.text_of(root) == "onetwo & three"
    assert xml.text_of(root[0]) == "two"
    assert xml.uri_of(xml.parse(b"<a>\n urn:x \n</a>")) == "urn:x"


@pytest.mark.parametrize("value", ["plain", "a<b>&c", "nul\0", "\ud800", "￾", "tab\tnew\nline", "😀"])
def test_given_any_text_when_setting_it_then_a_document_can_be_written(value):
    element = etree.Element("a")
    xml.set_text(element, value)
    xml.parse(etree.tostring(element))


METADATA = "<EntityDescriptor>é</EntityDescriptor>"


@pytest.mark.parametrize(
    "document",
    [
        METADATA.encode(),
        METADATA.encode("utf-8-sig"),
        METADATA.encode("utf-16"),
        METADATA.encode("utf-16-le"),
        METADATA.encode("utf-16-be"),
        ('<?xml version="1.0" encoding="utf-16"?>' + METADATA).encode("utf-16"),
        ('<?xml version="1.0" encoding="utf-16"?>' + METADATA).encode(),
        ('<?xml version="1.0" encoding="iso-8859-1"?>' + METADATA).encode("latin-1"),
        ('<?xml version="1.0" encoding="windows-1252"?>' + METADATA).encode("cp1252"),
        ('\r\n <?xml version="1.0"\n encoding="UTF-8"?>\n\n' + METADATA).encode(),
        ("<!-- a comment --><?stylesheet x?>" + METADATA).encode(),
    ],
)
def test_given_metadata_in_any_usual_encoding_when_parsing_then_it_is_read(document):
    assert xml.text_of(xml.parse_metadata(document)) == "é"


@pytest.mark.parametrize(
    ("problem", "document"),
    [
        ("doctype", b"<!DOCTYPE a><a/>"),
        ("doctype", "<!DOCTYPE a><a/>".encode("utf-16")),
        ("not_xml", b'<?xml version="1.0" encoding="utf-7"?><a/>'),
        ("not_xml", b"\xff\xfe<"),
        ("too_large", b"<a/>" + b" " * (1 << 20)),
    ],
)
def test_given_hostile_metadata_when_parsing_then_it_is_refused(problem, document):
    with pytest.raises(xml.XmlError) as error:
        xml.parse_metadata(document)
    assert error.value.problem == problem


def test_given_an_element_in_a_tree_when_canonicalising_then_its_bytes_stand_alone():
    root = xml.parse(b'<a xmlns="urn:a" xmlns:x="urn:x" xmlns:y="urn:y"><x:b z="1" a="2"/>tail</a>')
    assert xml.canonical(root[0]) == b'<x:b xmlns:x="urn:x" a="2" z="1"></x:b>'
    assert xml.canonical(root[0], ["y", "unknown"]) == b'<x:b xmlns:x="urn:x" xmlns:y="urn:y" a="2" z="1"></x:b>'


@given(st.binary(max_size=300))
def test_given_any_bytes_when_parsing_then_it_is_a_tree_or_an_xml_error(data):
    for parse in (xml.parse, xml.parse_metadata):
        with suppress(xml.XmlError):
            assert parse(data) is not None


@given(st.text(st.sampled_from("<>&\"'=/!?-[]: axmlnsID1#;\n"), max_size=80))
def test_given_anything_like_mark_up_when_parsed_then_no_forbidden_node_survives(text):
    try:
        root = xml.parse(f"<a>{text}</a>".encode())
    except xml.XmlError:
        return
    assert all(isinstance(node.tag, str) for node in root.iter())
    assert root.getroottree().docinfo.doctype == ""


def test_given_canonicalisation_fails_or_gives_nothing_then_it_is_an_error_and_never_the_empty_string(monkeypatch):
    with pytest.raises(xml.XmlError) as error:
        xml.canonical(etree.fromstring('<a xmlns:b="relative" b:c="1"/>'))
    assert error.value.problem == "canonicalisation"
    monkeypatch.setattr(etree, "tostring", lambda *_, **__: b"")
    with pytest.raises(xml.XmlError):
        xml.canonical(etree.Element("a"))
