"""Responses that we build: read by our own validation, checked by xmlsec, and safe against what claims contain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from broker.domain.errors import UpstreamRefused
from broker.domain.trace import Trace
from broker.protocols import xml, xmldsig
from broker.protocols.saml import names
from broker.protocols.saml.assertion import Attribute, ErrorTemplate, NameId, ResponseTemplate, Statement
from broker.protocols.saml.validation import Asked, Trust, validate_response
from broker.protocols.xmlenc import AES128_GCM, DecryptionKey, EncryptionKey
from tests.support.clock import NOW, FixedClock
from tests.support.saml_idp import key_pair

PAIR = key_pair("hub")
HANDLE = xmldsig.SigningHandle.from_pem(PAIR.private_pem, PAIR.certificate_pem)
TRUST = Trust(
    "https://hub",
    "https://sp",
    (xmldsig.VerificationKey.from_certificate(PAIR.certificate_pem),),
    (DecryptionKey.from_pem(key_pair("sp").private_pem),),
    timedelta(0),
)
ENCRYPTION = EncryptionKey.from_certificate(key_pair("sp").certificate_pem, cipher=AES128_GCM)
STATEMENT = Statement(
    in_response_to="_req",
    recipient="https://sp/acs",
    name_id=NameId("p-1", sp_name_qualifier="https://sp"),
    attributes=(Attribute("mail", ("ann@acme.example",)), Attribute("groups", ("a", "b"), names.ATTRNAME_BASIC, "groups")),
    authenticated_at=NOW - timedelta(minutes=1),
    issued_at=NOW,
    session_index="s-1",
    session_ends_at=NOW + timedelta(hours=8),
    class_ref="urn:class",
    authorities=("https://idp",),
)


def validate(octets: bytes):
    asked = Asked("_req", "https://sp/acs")
    return validate_response(xml.parse(octets), TRUST, asked, NOW, Trace("T", FixedClock(), NOW))


@pytest.mark.parametrize("encrypt_for", [None, ENCRYPTION])
@pytest.mark.parametrize(("sign_assertion", "sign_response"), [(True, False), (False, True), (True, True)])
def test_given_any_protection_when_built_then_it_validates(sign_assertion, sign_response, encrypt_for):
    template = ResponseTemplate.prepare(
        "https://hub", "https://sp", sign_assertion=sign_assertion, sign_response=sign_response, encrypt_for=encrypt_for
    )
    octets = template.build(STATEMENT, HANDLE)
    read = validate(octets)
    assert (read.name_id.value, read.name_id.format, read.name_id.sp_name_qualifier) == ("p-1", names.PERSISTENT, "https://sp")
    assert [(each.name, each.values) for each in read.attributes] == [("mail", ("ann@acme.example",)), ("groups", ("a", "b"))]
    assert (read.authn.class_ref, read.authn.authorities, read.authn.session_index) == ("urn:class", ("https://idp",), "s-1")
    assert (b"ann@acme.example" in octets) == (encrypt_for is None)
    signatures = xml.parse(octets).findall(names.ds("Signature"))
    assert len(signatures) == sign_response


def test_given_one_template_when_built_twice_then_nothing_of_the_first_is_in_the_second():
    template = ResponseTemplate.prepare("https://hub", "https://sp")
    first = xml.parse(template.build(STATEMENT, HANDLE))
    second_octets = template.build(replace(STATEMENT, attributes=(), session_ends_at=None, in_response_to=None), HANDLE)
    second = xml.parse(second_octets)
    assert first.get("ID") != second.get("ID")
    assert b"ann@" not in second_octets
    assert b"AttributeStatement" not in second_octets
    assert "InResponseTo" not in second.attrib


def test_given_claims_with_mark_up_when_built_then_they_stay_text():
    evil = "</saml:AttributeValue><saml:Attribute Name='role'>\0<!-- ]]> &admin;"
    statement = replace(STATEMENT, name_id=NameId(evil), attributes=(Attribute(evil, (evil, "")),))
    read = validate(ResponseTemplate.prepare("https://hub", "https://sp").build(statement, HANDLE))
    expected = evil.replace("\0", "\ufffd")
    assert read.name_id.value == expected
    assert [(each.name, each.values) for each in read.attributes] == [(expected, (expected, ""))]


def test_given_nothing_is_to_be_signed_when_preparing_then_it_is_refused():
    with pytest.raises(ValueError):
        ResponseTemplate.prepare("https://hub", "https://sp", sign_assertion=False)


def test_given_an_error_when_built_then_it_is_signed_and_reads_as_a_refusal():
    template = ErrorTemplate.prepare("https://hub")
    octets = template.build(
        "_req", "https://sp/acs", NOW, names.RESPONDER, HANDLE, second_code=names.AUTHN_FAILED, message="Needs a page."
    )
    with pytest.raises(UpstreamRefused) as error:
        validate(octets)
    assert error.value.cause == "identity provider answered Responder / AuthnFailed / Needs a page."
    assert xml.parse(octets).find(names.ds("Signature")) is not None


def test_given_a_response_when_built_then_its_order_is_the_schema_s():
    root = etree.fromstring(ResponseTemplate.prepare("https://hub", "https://sp", sign_response=True).build(STATEMENT, HANDLE))
    assert [xml.local_name(child) for child in root] == ["Issuer", "Signature", "Status", "Assertion"]
    assert [xml.local_name(child) for child in root[-1]] == [
        "Issuer", "Signature", "Subject", "Conditions", "AuthnStatement", "AttributeStatement",
    ]
