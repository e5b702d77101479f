"""Redirect and POST bindings: both directions, and every way to get them wrong."""

from __future__ import annotations

import base64
import zlib
from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.errors import BrokerError, MalformedRequest, MessageTooLarge, RepeatedParameter
from broker.domain.http import Incoming
from broker.protocols.saml import bindings, names
from broker.protocols.xmldsig import SignatureFault, SigningHandle, VerificationKey, sign_octets
from tests.support.saml_idp import key_pair

XML = b"<a>\xc3\xa9</a>"


def handle(name="hub", kind="rsa2048"):
    pair = key_pair(name, kind=kind)
    return SigningHandle.from_pem(pair.private_pem, pair.certificate_pem)


def keys(*names_):
    return tuple(VerificationKey.from_certificate(key_pair(name).certificate_pem) for name in names_)


def get(query: str | bytes) -> Incoming:
    return Incoming("GET", "/", raw_query=query if isinstance(query, bytes) else query.encode())


def deflated(data: bytes) -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return quote(base64.b64encode(deflater.compress(data) + deflater.flush()), safe="")


def query_of(url: str) -> str:
    return urlsplit(url).query


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
@pytest.mark.parametrize("relay_state", [None, "", "a b&c=d/é+%"])
def test_given_a_signed_redirect_when_received_then_message_relay_state_and_signature_are_there(kind, relay_state):
    url = bindings.redirect_url("https://x.example/sso", "SAMLRequest", XML, relay_state, handle(kind=kind))
    received = bindings.receive(get(query_of(url)), "SAMLRequest")
    assert (received.binding, received.xml, received.relay_state) == (names.REDIRECT, XML, relay_state)
    found = (VerificationKey.from_certificate(key_pair("hub", kind=kind).certificate_pem),)
    assert bindings.verify_query(received, found) == found[0].name
    with pytest.raises(SignatureFault):
        bindings.verify_query(received, keys("other"))


def test_given_lower_case_quoting_and_another_order_when_received_then_the_signature_still_verifies():
    # Entra and AD FS quote in lower case (pysaml2#957); the order of Bindings 3.4.4.1 is rebuilt from raw values.
    signer = handle()
    raw = f"SAMLRequest={deflated(XML)}&RelayState=a%2fb&SigAlg={quote(signer.algorithm, safe='').replace('%2F', '%2f')}"
    signature = quote(base64.b64encode(sign_octets(raw.encode(), signer)), safe="")
    message, relay_state, algorithm = raw.split("&")
    shuffled = "&".join([f"Signature={signature}", algorithm, "extra=1", relay_state, message])
    received = bindings.receive(get(shuffled), "SAMLRequest")
    assert bindings.verify_query(received, keys("hub"))
    assert received.relay_state == "a/b"


def _signed_query() -> str:
    return query_of(bindings.redirect_url("https://x.example/", "SAMLRequest", XML, "state", handle()))


@pytest.mark.parametrize(
    "tamper",
    [
        lambda q: q.replace("RelayState=state", "RelayState=other"),
        lambda q: q.replace("&RelayState=state", ""),
        lambda q: q.replace("SAMLRequest=", f"SAMLRequest={deflated(b'<b/>')}&x="),
        lambda q: q.replace("rsa-sha256", "rsa-sha1"),
        lambda q: q.replace("rsa-sha256", "hmac-sha256"),
        lambda q: q[: q.index("&SigAlg")],
        lambda q: q[: q.index("&Signature")],
        lambda q: q.replace("&SigAlg", "&Other"),
    ],
)
def test_given_a_tampered_query_when_verifying_then_it_is_a_signature_fault(tamper):
    with pytest.raises(SignatureFault):
        bindings.verify_query(bindings.receive(get(tamper(_signed_query())), "SAMLRequest"), keys("hub"))


@pytest.mark.parametrize(
    ("error", "query"),
    [
        (MalformedRequest, ""),
        (MalformedRequest, "SAMLRequest="),
        (MalformedRequest, "SAMLRequest=%21"),
        (MalformedRequest, "SAMLRequest=AAAA"),
        (MalformedRequest, "SAMLRequest=" + quote(base64.b64encode(XML))),
        (MalformedRequest, "SAMLRequest=" + deflated(XML)[:-8]),
        (MalformedRequest, "SAMLRe%71uest=" + deflated(XML)),
        (MalformedRequest, f"SAMLRequest={deflated(XML)}&SAMLResponse={deflated(XML)}"),
        (MalformedRequest, f"SAMLResponse={deflated(XML)}"),
        (MalformedRequest, f"SAMLRequest={deflated(XML)}&SAMLEncoding=urn:x"),
        (RepeatedParameter, f"SAMLRequest={deflated(XML)}&SAMLRequest={deflated(XML)}"),
        (RepeatedParameter, f"SAMLRequest={deflated(XML)}&RelayState=a&RelayState=b"),
        (RepeatedParameter, f"SAMLRequest={deflated(XML)}&SigAlg=a&SigAlg=a&Signature=AAAA"),
        (MessageTooLarge, f"SAMLRequest={deflated(b'<a>' + b' ' * (2 << 20) + b'</a>')}"),
        (MessageTooLarge, f"SAMLRequest={deflated(XML)}&RelayState={'x' * 4097}"),
        (MessageTooLarge, "SAMLRequest=" + "A" * (2 << 20)),
        (SignatureFault, f"SAMLRequest={deflated(XML)}&SigAlg=x"),
    ],
)
def test_given_a_bad_query_when_received_then_it_is_refused(error, query):
    with pytest.raises(error):
        bindings.receive(get(query), "SAMLRequest")


def post(*form: tuple[str, str]) -> Incoming:
    return Incoming("POST", "/", raw_query=b"SAMLRequest=ignored", form=form)


def test_given_our_form_when_received_then_message_and_relay_state_are_there():
    received = bindings.receive(post(*bindings.post_fields("SAMLRequest", XML, "state")), "SAMLRequest")
    assert (received.binding, received.xml, received.relay_state) == (names.POST, XML, "state")
    wrapped = base64.encodebytes(XML * 20).decode()
    assert bindings.receive(post(("SAMLRequest", f" {wrapped}\r\n")), "SAMLRequest").xml == XML * 20


@pytest.mark.parametrize(
    ("error", "form"),
    [
        (MalformedRequest, []),
        (MalformedRequest, [("SAMLRequest", "!")]),
        (MalformedRequest, [("SAMLRequest", "PGEvPg")]),
        (MalformedRequest, [("SAMLRequest", "PGEvPg=="), ("SAMLResponse", "PGEvPg==")]),
        (RepeatedParameter, [("SAMLRequest", "PGEvPg=="), ("SAMLRequest", "PGEvPg==")]),
        (RepeatedParameter, [("SAMLRequest", "PGEvPg=="), ("RelayState", "a"), ("RelayState", "b")]),
        (MessageTooLarge, [("SAMLRequest", "A" * (2 << 20))]),
    ],
)
def test_given_a_bad_form_when_received_then_it_is_refused(error, form):
    with pytest.raises(error):
        bindings.receive(post(*form), "SAMLRequest")


def test_given_a_compressed_post_when_received_then_support_reads_what_to_change():
    with pytest.raises(MalformedRequest) as error:
        bindings.decode_post(base64.b64encode(zlib.compress(XML)[2:-4]).decode())
    assert "skipRequestCompression" in error.value.fix


@given(st.binary(max_size=200))
def test_given_any_query_when_received_then_it_is_a_message_or_a_broker_error(query):
    for parameter in ("SAMLRequest", "SAMLResponse"):
        with suppress(BrokerError):
            assert bindings.receive(get(query), parameter).xml


@given(st.text(max_size=60), st.binary(min_size=1, max_size=300))
def test_given_any_message_when_it_goes_out_and_in_then_it_is_the_same(relay_state, message):
    url = bindings.redirect_url("https://x.example/?a=b", "SAMLResponse", message, relay_state)
    received = bindings.receive(get(query_of(url)), "SAMLResponse")
    assert (received.xml, received.relay_state) == (message, relay_state)
