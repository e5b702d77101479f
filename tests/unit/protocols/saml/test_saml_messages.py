"""AuthnRequest read and written; times; redaction."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from broker.domain.errors import MalformedRequest
from broker.protocols import xml
from broker.protocols.saml import names
from broker.protocols.saml.messages import AuthnRequestTemplate, NameIdPolicy, read_authn_request, unverified_issuer
from broker.protocols.saml.redaction import redacted
from broker.protocols.saml.times import format_instant, parse_instant

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HEAD = f'xmlns:samlp="{names.SAMLP}" xmlns:saml="{names.SAML}" ID="_1" Version="2.0" IssueInstant="2026-03-02T09:00:00Z"'


def request(attributes: str = "", children: str = "", issuer: str = "<saml:Issuer>https://sp.example</saml:Issuer>"):
    return xml.parse(f"<samlp:AuthnRequest {HEAD} {attributes}>{issuer}{children}</samlp:AuthnRequest>".encode())


def test_given_a_bare_request_when_read_then_everything_absent_is_absent():
    read = read_authn_request(request())
    assert (read.id, read.issuer, read.issued_at) == ("_1", "https://sp.example", NOW)
    assert (read.acs_url, read.acs_index, read.name_id_policy, read.destination) == (None, None, None, None)
    assert not read.force_authn
    assert not read.is_passive


def test_given_a_full_request_when_read_then_everything_is_there():
    read = read_authn_request(
        request(
            'ForceAuthn="1" IsPassive="true" Destination="https://hub/sso" ProviderName="App" '
            f'AssertionConsumerServiceURL="https://sp/acs" ProtocolBinding="{names.POST}"',
            "<saml:Subject><saml:NameID>ann@acme.example</saml:NameID></saml:Subject>"
            f'<samlp:NameIDPolicy Format="{names.TRANSIENT}" SPNameQualifier="q" AllowCreate="true"/>'
            '<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef> urn:a </saml:AuthnContextClassRef>'
            "<saml:AuthnContextClassRef>urn:b</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
            '<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID="https://idp"/><samlp:IDPEntry/></samlp:IDPList></samlp:Scoping>',
        )
    )
    assert read.force_authn
    assert read.is_passive
    assert (read.acs_url, read.protocol_binding, read.destination) == ("https://sp/acs", names.POST, "https://hub/sso")
    assert read.name_id_policy == NameIdPolicy(names.TRANSIENT, "q", True)
    assert (read.requested_contexts, read.context_comparison) == (("urn:a", "urn:b"), "minimum")
    assert (read.idp_list, read.subject_hint, read.provider_name) == (("https://idp",), "ann@acme.example", "App")
    assert read_authn_request(request('AssertionConsumerServiceIndex="3"')).acs_index == 3


@pytest.mark.parametrize(
    "root",
    [
        xml.parse(f"<samlp:LogoutRequest {HEAD}/>".encode()),
        request(issuer=""),
        request(issuer="<saml:Issuer> </saml:Issuer>"),
        request(issuer="<saml:Issuer>a</saml:Issuer><saml:Issuer>b</saml:Issuer>"),
        request(issuer=f"<saml:Issuer>{'x' * 1025}</saml:Issuer>"),
        request('ForceAuthn="yes"'),
        request('AssertionConsumerServiceIndex="-1"'),
        request('AssertionConsumerServiceIndex="70000"'),
        request('AssertionConsumerServiceIndex="0" AssertionConsumerServiceURL="https://sp/acs"'),
        request(children="<samlp:NameIDPolicy/><samlp:NameIDPolicy/>"),
        xml.parse(etree.tostring(request()).replace(b'"2.0"', b'"1.1"')),
        xml.parse(etree.tostring(request()).replace(b' ID="_1"', b"")),
        xml.parse(etree.tostring(request()).replace(b"09:00:00Z", b"09:00:00+01:00")),
    ],
)
def test_given_a_malformed_request_when_read_then_it_is_refused(root):
    with pytest.raises(MalformedRequest):
        read_authn_request(root)


def test_given_mark_up_in_an_issuer_when_read_then_it_is_text():
    root = request(issuer="<saml:Issuer>https://sp.example<x>/evil</x></saml:Issuer>")
    assert unverified_issuer(root) == "https://sp.example/evil"


def test_given_a_template_when_filled_then_our_own_reader_reads_it():
    template = AuthnRequestTemplate.prepare("https://hub", "https://hub/acs", name_id_format=names.PERSISTENT, omit_policy=False)
    filled = template.fill(
        "_9", NOW, "https://idp/sso", force_authn=True, requested_contexts=("urn:a",), subject_hint='"<&>ann'
    )
    read = read_authn_request(xml.parse(xml.serialise(filled)))
    assert (read.id, read.issued_at, read.destination, read.acs_url) == ("_9", NOW, "https://idp/sso", "https://hub/acs")
    assert read.name_id_policy == NameIdPolicy(names.PERSISTENT, None, True)
    assert (read.force_authn, read.is_passive, read.subject_hint) == (True, False, '"<&>ann')
    # Core 3.4.1 orders: Issuer, Subject, NameIDPolicy, RequestedAuthnContext
    order = ["Issuer", "Subject", "NameIDPolicy", "RequestedAuthnContext"]
    assert [xml.local_name(child) for child in filled] == order
    assert read_authn_request(template.fill("_10", NOW, "https://idp/sso")).subject_hint is None


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [("2026-03-02T09:00:00Z", 0), ("2026-03-02T09:00:00.5Z", 500000), ("2026-03-02T09:00:00.1234567Z", 123456)],
)
def test_given_a_utc_time_when_parsed_then_it_is_aware(text, microsecond):
    assert parse_instant(text) == NOW.replace(microsecond=microsecond)


@pytest.mark.parametrize(
    "text",
    [None, "", "2026-03-02", "2026-03-02T09:00:00", "2026-03-02T09:00:00+00:00", "2026-03-02t09:00:00z", "2026-13-02T09:00:00Z",
     "2026-03-02T09:00:00.Z", "٢٠26-03-02T09:00:00Z", "2026-03-02T24:00:00Z"],
)
def test_given_another_time_when_parsed_then_it_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse_instant(text)


@given(st.integers(0, 4_000_000_000))
def test_given_any_moment_when_written_and_read_then_it_is_the_same(seconds):
    moment = datetime.fromtimestamp(seconds, UTC)
    assert parse_instant(format_instant(moment)) == moment


def test_given_a_message_when_redacted_then_no_value_and_no_key_is_left_and_the_original_is_untouched():
    root = xml.parse(
        f'<saml:Assertion xmlns:saml="{names.SAML}" xmlns:ds="{names.DS}" xmlns:xenc="{names.XENC}" ID="_1">'
        "<saml:NameID>secret-name</saml:NameID><saml:AttributeValue>secret@acme.example</saml:AttributeValue>"
        "<saml:AttributeValue><saml:NameID>secret-nested</saml:NameID></saml:AttributeValue>"
        "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:X509Certificate>BBBB</ds:X509Certificate>"
        "<xenc:CipherValue>CCCC</xenc:CipherValue></saml:Assertion>".encode()
    )
    before = etree.tostring(root)
    text = redacted(root)
    for secret in ("secret-", "secret@", "AAAA", "BBBB", "CCCC"):
        assert secret not in text
    assert "s…t@acme.example" in text
    assert "[4 characters]" in text
    assert etree.tostring(root) == before
